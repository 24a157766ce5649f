//! A close look says what a process waits for; a trace says who sends to it.

use midair_proto::v1::{TaskId, WaitKind};

use crate::{
    agent::Watched,
    vm::{Vm, alone},
};

/// A caller that waits for a server that never answers, and somebody who talks to the server all the time.
const CHAIN: &str = "\
    register(server, spawn(timer, sleep, [infinity])), \
    register(caller, spawn(fun() -> gen_server:call(server, hello, infinity) end)), \
    spawn(fun F() -> server ! {ping, 1}, timer:sleep(10), F() end),";

async fn row(watched: &mut Watched, name: &str) -> TaskId {
    watched.until(name, |w| w.row(name)?.id).await
}

#[tokio::test]
async fn a_caller_is_seen_to_wait_for_its_callee_which_can_be_followed() {
    let _alone = alone().await;
    let vm = Vm::start("chain", CHAIN);
    let mut watched = Watched::start(&[]).await;
    let server = row(&mut watched, "server").await;
    watched.focus(server).await;
    // One look may come just when a message does.
    let sleeps = |w: &Watched| {
        let look = w.details.as_ref()?.erlang.clone()?;
        (look.wait == Some(WaitKind::Sleep.into())).then_some(look)
    };
    let look = watched.until("the server sleeps beside its messages", sleeps).await;
    assert_eq!(look.registered.as_deref(), Some("server"));
    // Whoever monitors it is its caller, and can be looked at though it ranks nowhere.
    let caller = look.monitored_by.iter().find_map(|one| one.task).expect("gen_server:call monitors");
    watched.focus(caller).await;
    let look = watched.until("a look at the caller", |w| w.details.as_ref()?.erlang.clone()).await;
    assert_eq!(look.registered.as_deref(), Some("caller"));
    let look = watched
        .until("whom it calls", |w| {
            let look = w.details.as_ref()?.erlang.clone()?;
            (look.wait == Some(WaitKind::Call.into()) && look.waits_for.is_some()).then_some(look)
        })
        .await;
    let callee = look.waits_for.unwrap();
    assert_eq!((callee.name.as_deref(), callee.task), (Some("server"), Some(server)), "Enter leads back");
    drop(vm);
    watched.until("the caller is gone with its VM", |w| w.details.as_ref()?.gone).await;
}

#[tokio::test]
async fn a_trace_counts_what_a_process_receives_and_by_what_name() {
    let _alone = alone().await;
    let _vm = Vm::start("traced", CHAIN);
    let mut watched = Watched::start(&[]).await;
    let server = row(&mut watched, "server").await;
    watched.trace(server).await;
    let traced = watched.until("a trace", |w| w.traced.clone()).await;
    assert!(traced.n_messages > Some(20), "{traced:?}");
    let tags: Vec<&str> = traced.tags.iter().filter_map(|tag| tag.function.as_deref()).collect();
    assert!(tags.iter().any(|tag| tag.contains("ping")), "{tags:?}");
    // What is not there is refused in words.
    watched.trace(TaskId { number: Some(1 << 20), ..server }).await;
    let refused = watched.until("a refusal", |w| w.refused.clone()).await;
    assert_eq!(refused.id, Some(3));
    assert!(!refused.reason.unwrap().is_empty());
}
