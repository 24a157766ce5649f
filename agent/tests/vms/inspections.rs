//! What a process keeps is shown on request, to who may see it, and where asking does no harm. What cannot be asked is told
//! at once.

use midair_beam::{Connection, Term};
use midair_proto::v1::{Health, Inspected, Keeps, TaskId};

use crate::{
    agent::Watched,
    vm::{Vm, alone, call},
};

/// A process with a dictionary, one with a long mailbox, and one that receives all the time.
const KEEPERS: &str = "\
    register(drawer, spawn(fun() -> put(colour, green), receive never -> ok end end)), \
    register(full, spawn(timer, sleep, [infinity])), \
    [full ! N || N <- lists:seq(1, 5000)],";

/// An Erlang process by its registered name, whether it ranks or not.
async fn task(watched: &mut Watched, vm: &Vm, of: &Connection, name: &'static str) -> TaskId {
    let runtime = watched
        .until("an answer", |w| {
            let runtime = w.runtime(&vm.name)?;
            (runtime.health == Some(Health::Ok.into())).then_some(runtime.id?)
        })
        .await;
    let Term::Pid(pid) = call(of, "erlang", "whereis", vec![Term::atom(name)]).await else { panic!("no {name}") };
    let number = u64::from(pid.serial) << 32 | u64::from(pid.id);
    TaskId { runtime: Some(runtime), number: Some(number), start: Some(pid.creation.into()) }
}

async fn inspected(watched: &mut Watched, task: TaskId, what: Keeps) -> Inspected {
    watched.inspected = None;
    watched.inspect(task, what).await;
    watched.until("an inspection", |w| w.inspected.clone()).await
}

#[tokio::test]
async fn state_and_dictionary_are_shown_on_request_and_refused_where_it_could_harm() {
    let _alone = alone().await;
    let vm = Vm::start("keeps", KEEPERS);
    let ours = vm.connect().await;
    let mut watched = Watched::start(&[]).await;
    let drawer = task(&mut watched, &vm, &ours, "drawer").await;
    let shown = inspected(&mut watched, drawer, Keeps::Dictionary).await;
    assert_eq!((shown.id, shown.task, shown.what()), (Some(4), Some(drawer), Keeps::Dictionary));
    assert_eq!(
        (shown.lines.as_slice(), shown.bytes, shown.cut),
        (&["[{colour,green}]".to_owned()][..], Some(16), Some(false))
    );
    let not_a_server = inspected(&mut watched, drawer, Keeps::State).await;
    assert!(not_a_server.refused.unwrap().contains("only servers of OTP"));
    let supervisor = task(&mut watched, &vm, &ours, "kernel_safe_sup").await;
    let shown = inspected(&mut watched, supervisor, Keeps::State).await;
    assert!(shown.lines.join("").contains("kernel_safe_sup"), "{shown:?}");
    let full = task(&mut watched, &vm, &ours, "full").await;
    let refused = inspected(&mut watched, full, Keeps::Dictionary).await;
    assert!(refused.refused.as_ref().unwrap().contains("5000 messages"), "{refused:?}");
    assert!(refused.lines.is_empty() && refused.bytes.is_none(), "{refused:?}");
}

#[tokio::test]
async fn what_no_process_can_be_is_refused_at_once_in_words() {
    let _alone = alone().await;
    let vm = Vm::start("possible", KEEPERS);
    let ours = vm.connect().await;
    let mut watched = Watched::start(&[]).await;
    let drawer = task(&mut watched, &vm, &ours, "drawer").await;
    let impossible = TaskId { number: Some(u64::MAX), ..drawer };
    let elsewhere = TaskId { runtime: Some(4711), ..drawer };
    for (task, words) in [(impossible, "no Erlang process can be"), (elsewhere, "no Erlang VM here")] {
        watched.trace(task).await;
        let refused = watched.refusal().await;
        assert!(refused.contains(words), "{refused}");
        watched.inspect(task, Keeps::State).await;
        let refused = watched.refusal().await;
        assert!(refused.contains(words), "{refused}");
    }
    watched.ask_focus(impossible).await;
    let refused = watched.refusal().await;
    assert!(refused.contains("no Erlang process can be"), "{refused}");
    // None of these ended the connection.
    let shown = inspected(&mut watched, drawer, Keeps::Dictionary).await;
    assert!(shown.refused.is_none(), "{shown:?}");
}

#[tokio::test]
async fn sockets_that_are_no_ports_and_what_midair_holds_are_told() {
    let _alone = alone().await;
    let expressions = "spawn(fun() -> register(plug, self()), \
        {ok, L} = socket:open(inet, stream, tcp), \
        ok = socket:bind(L, #{family => inet, port => 0, addr => {127, 0, 0, 1}}), ok = socket:listen(L), \
        {ok, At} = socket:sockname(L), {ok, C} = socket:open(inet, stream, tcp), ok = socket:connect(C, At), \
        {ok, _} = socket:accept(L), ok = socket:send(C, <<1, 2, 3>>), receive never -> ok end end),";
    let vm = Vm::start("plugged", expressions);
    let mut watched = Watched::start(&[]).await;
    let sockets = watched.until("its sockets", |w| w.vm(&vm.name)?.sockets.clone()).await;
    assert_eq!((sockets.n_total, sockets.socket.len(), &sockets.partial), (Some(3), 3, &None), "{sockets:?}");
    let sender = sockets.socket.iter().find(|socket| socket.out_bytes == Some(3)).expect("one has sent");
    assert_eq!(sender.owner.as_ref().unwrap().name.as_deref(), Some("plug"));
    assert_eq!(sender.owner.as_ref().unwrap().task.unwrap().runtime, watched.runtime(&vm.name).unwrap().id);
    assert!(sender.address.as_ref().unwrap().starts_with("127.0.0.1:"));
    let held = watched.until("what midair holds", |w| w.vm(&vm.name)?.own_bytes).await;
    let all = watched.vm(&vm.name).unwrap().memory.as_ref().unwrap().total_bytes.unwrap();
    assert!(held > 10_000 && held < all / 2, "{held} of {all}");
}

#[tokio::test]
async fn a_vm_that_nobody_can_ask_is_quietly_off() {
    let _alone = alone().await;
    let vm = Vm::unnamed();
    let mut watched = Watched::start(&[]).await;
    let name = format!("pid {}", vm.pid());
    let runtime = watched
        .until("a VM without a name", |w| {
            w.runtime(&name)
                .filter(|one| one.reason.as_ref().is_some_and(|why| why.contains("not distributed")))
                .cloned()
        })
        .await;
    assert_eq!((runtime.undistributed, runtime.health), (Some(true), Some(Health::Off.into())), "{runtime:?}");
    let threads = watched.until("its threads", |w| w.vms.get(&runtime.id?)?.schedulers.clone()).await;
    assert!(threads.scheduler.iter().any(|one| one.thread.is_some()), "it is seen from outside");
    // Sources and runtimes are told when they change, and each by itself.
    let is_quiet = |w: &Watched| {
        let beam = w.sources.iter().find(|one| one.name.as_deref() == Some("beam"))?;
        (!beam.reason.as_ref().is_some_and(|why| why.contains(&name))).then_some(())
    };
    watched.until("that it is nobody's trouble", is_quiet).await;
}
