//! What a process waits for, and whom: chains are followed from one to the next.

use std::time::Duration;

use midair_beam::watch::{Look, Seen, Waits, look::Party};
use tokio::time::{Instant, sleep};

use crate::{
    node::{LONG, eval},
    pair::Pair,
    subject::{Subject, read},
};

#[tokio::test]
async fn a_chain_of_calls_is_followed_to_its_end() {
    let subject = Subject::start().await;
    let mut pids = Vec::new();
    for name in ["first", "second", "third"] {
        pids.push(subject.pid(&format!("subject:start({name}).")).await);
    }
    subject.eval("subject:chain([first, second, third]).").await;
    sleep(Duration::from_millis(300)).await;
    let mut at = pids[0].clone();
    for (next, name) in [(&pids[1], "second"), (&pids[2], "third")] {
        let seen = read(&mut subject.look(&at).await).await;
        let Waits::Call { through, callee: Some(callee), n_candidates } = seen.waits else {
            panic!("{at} is in no call: {:?}", seen.waits);
        };
        assert_eq!((through.to_string().as_str(), n_candidates), ("gen:do_call/4", 1));
        assert_eq!((callee.pid(), callee.name.as_deref(), callee.node.as_deref()), (Some(next), Some(name), None));
        at = next.clone();
    }
    let seen = read(&mut subject.look(&at).await).await;
    assert!(matches!(seen.waits, Waits::Message(_)), "{:?}", seen.waits);
    assert_eq!(seen.monitored_by.n, Some(1));
}

#[tokio::test]
async fn the_callee_is_told_from_what_is_monitored_always() {
    let subject = Subject::start().await;
    let callee = subject.pid("subject:start(first).").await;
    subject.pid("subject:start(second).").await;
    let caller = subject.pid("spawn(subject, called, [[whereis(first), whereis(second)]]).").await;
    let mut look = subject.look(&caller).await;
    let seen = read(&mut look).await;
    assert_eq!(seen.monitors.n, Some(2));
    assert!(matches!(seen.waits, Waits::Message(_)), "{:?}", seen.waits);
    subject.eval(&format!("list_to_pid(\"{caller}\") ! go.")).await;
    sleep(Duration::from_millis(1200)).await;
    let Waits::Call { callee: Some(found), .. } = read(&mut look).await.waits else { panic!("in no call") };
    assert_eq!(found.pid(), Some(&callee));
    // Who comes later cannot know which of the two it is, and says so.
    let seen = read(&mut subject.look(&caller).await).await;
    assert!(matches!(seen.waits, Waits::Call { callee: None, n_candidates: 2, .. }), "{:?}", seen.waits);
}

#[tokio::test]
async fn a_loop_computes_and_a_sleeper_sleeps() {
    let subject = Subject::start().await;
    let spinning = subject.pid("spawn(subject, spin, []).").await;
    let mut look = subject.look(&spinning).await;
    read(&mut look).await;
    sleep(Duration::from_millis(1200)).await;
    let seen = read(&mut look).await;
    assert_eq!(seen.waits, Waits::Computing);
    assert!(seen.tally.n() >= 5 && seen.tally.n_active() == seen.tally.n(), "{:?}", seen.tally);
    assert_eq!(seen.n_waits, seen.tally.n());
    assert_eq!(seen.tally.tops()[0].0.to_string(), "subject:spin/0");

    let sleeping = subject.pid("spawn(timer, sleep, [100000]).").await;
    // The module may have to be loaded first.
    sleep(Duration::from_millis(500)).await;
    assert_eq!(read(&mut subject.look(&sleeping).await).await.waits, Waits::Sleep);
}

#[tokio::test]
async fn who_receives_from_a_socket_waits_for_a_port() {
    let subject = Subject::start().await;
    let pid = subject
        .pid("spawn(fun() -> {ok, L} = gen_tcp:listen(0, [{ip, {127,0,0,1}}]), {ok, P} = inet:port(L), {ok, _} = gen_tcp:connect({127,0,0,1}, P, []), {ok, S} = gen_tcp:accept(L), inet:setopts(S, [{active, false}]), gen_tcp:recv(S, 0) end).")
        .await;
    sleep(Duration::from_millis(500)).await;
    let seen = read(&mut subject.look(&pid).await).await;
    let Waits::Port { through, port, .. } = &seen.waits else { panic!("for no port: {:?}", seen.waits) };
    // The listening socket is its own too, and so it cannot be known which one it waits for.
    assert_eq!((through.module.as_str(), port), ("prim_inet", &None));
    assert!(seen.links.n.unwrap() > 1);
}

/// A binary matched against itself with no yield: seconds of one BIF.
#[tokio::test]
async fn a_process_in_a_long_bif_is_silent_and_then_back() {
    let subject = Subject::start().await;
    // A scheduler that sleeps takes nothing over from the one that is held: so both have something to do.
    subject.eval("[spawn_opt(subject, tick, [], [{scheduler, N}]) || N <- [1, 2]].").await;
    let pid = subject.pid("spawn(fun() -> receive go -> ok end, subject:long(), subject:idle() end).").await;
    let within = Duration::from_millis(300);
    let mut look =
        midair_beam::watch::Look::start(&subject.connection, pid.clone(), subject.release, within).await.unwrap();
    let before = read(&mut look).await;
    subject.eval(&format!("list_to_pid(\"{pid}\") ! go.")).await;
    let (start, mut n_silent) = (Instant::now(), 0);
    let after = loop {
        assert!(start.elapsed() < LONG, "it stays silent");
        match look.read().await.unwrap() {
            Seen::Silent(silence) => {
                n_silent += usize::from(silence.does_node_answer);
                let last = silence.last.clone().unwrap();
                assert_eq!(last.initial_call, before.initial_call);
                let says = if silence.does_node_answer { "inside a BIF or NIF" } else { "nor its node" };
                assert!(silence.lasts >= within && silence.to_string().contains(says), "{silence}");
            }
            Seen::Answered(seen) if n_silent > 0 => break seen,
            Seen::Answered(_) => sleep(Duration::from_millis(20)).await,
            Seen::Gone => panic!("it died"),
        }
    };
    assert!(after.reductions > before.reductions, "{after:?}");
}

#[tokio::test]
async fn a_callee_on_another_node_is_named_and_followed_there() {
    let pair = Pair::start().await;
    let callee = eval(&pair.two, "subject:start(far).").await.as_pid().unwrap().clone();
    let caller = eval(&pair.one, "subject:start(near).").await.as_pid().unwrap().clone();
    eval(&pair.one, "subject:chain([near, {far, 'two@127.0.0.1'}]).").await;
    sleep(Duration::from_millis(500)).await;
    let mut look = Look::start(&pair.one, caller, pair.release, LONG).await.unwrap();
    let Waits::Call { callee: Some(found), .. } = read(&mut look).await.waits else { panic!("in no call") };
    assert_eq!((found.node.as_deref(), found.party), (Some("two@127.0.0.1"), Party::Name("far".into())));

    let by_pid = eval(
        &pair.one,
        "P = rpc:call('two@127.0.0.1', erlang, whereis, [far]), spawn(gen_server, call, [P, {pass, []}, infinity]).",
    )
    .await;
    sleep(Duration::from_millis(500)).await;
    let mut look = Look::start(&pair.one, by_pid.as_pid().unwrap().clone(), pair.release, LONG).await.unwrap();
    let seen = read(&mut look).await;
    let Waits::Call { callee: Some(found), .. } = seen.waits else { panic!("in no call: {seen:?}") };
    assert_eq!((found.node.as_deref(), found.pid()), (Some("two@127.0.0.1"), Some(&callee)));
    let mut there = Look::start(&pair.two, callee, pair.release, LONG).await.unwrap();
    assert_eq!(read(&mut there).await.name.as_deref(), Some("far"));
}

#[tokio::test]
async fn a_remote_procedure_call_leads_to_its_process() {
    let pair = Pair::start().await;
    let caller = eval(&pair.one, "spawn(rpc, call, ['two@127.0.0.1', timer, sleep, [100000]]).").await;
    sleep(Duration::from_millis(700)).await;
    let mut look = Look::start(&pair.one, caller.as_pid().unwrap().clone(), pair.release, LONG).await.unwrap();
    let seen = read(&mut look).await;
    let Waits::Call { callee: Some(found), .. } = seen.waits else { panic!("in no call: {seen:?}") };
    assert_eq!(found.node.as_deref(), Some("two@127.0.0.1"));
    let mut there = Look::start(&pair.two, found.pid().unwrap().clone(), pair.release, LONG).await.unwrap();
    assert_eq!(read(&mut there).await.waits, Waits::Sleep);
}

#[tokio::test]
async fn who_sends_over_a_full_link_is_suspended_and_the_link_is_named() {
    let pair = Pair::start().await;
    pair.signal_second("-STOP").await;
    let sender = eval(&pair.one, "spawn(subject, flood, [{nobody, 'two@127.0.0.1'}]).").await;
    let mut look = Look::start(&pair.one, sender.as_pid().unwrap().clone(), pair.release, LONG).await.unwrap();
    let start = Instant::now();
    let seen = loop {
        sleep(Duration::from_millis(300)).await;
        let seen = read(&mut look).await;
        if matches!(&seen.waits, Waits::Suspended { links, .. } if !links.is_empty()) || start.elapsed() > LONG {
            break seen;
        }
    };
    pair.signal_second("-CONT").await;
    let Waits::Suspended { links, .. } = &seen.waits else { panic!("not suspended: {seen:?}") };
    assert_eq!(links.iter().map(|link| link.node.as_str()).collect::<Vec<_>>(), ["two@127.0.0.1"]);
    assert!(links[0].pending > Some(0), "{links:?}");
    assert!(seen.tally.n_suspended() > 0);
}

#[tokio::test]
async fn who_sends_to_a_socket_that_nobody_reads_waits_for_its_port() {
    let subject = Subject::start().await;
    let pid = subject.pid("subject:pushing().").await;
    let mut look = subject.look(&pid).await;
    let start = Instant::now();
    loop {
        sleep(Duration::from_millis(200)).await;
        let seen = read(&mut look).await;
        if let Waits::Port { through, port: Some(port), queued: Some(queued) } = &seen.waits {
            assert_eq!((through.module.as_str(), port.node.as_str()), ("prim_inet", "target@127.0.0.1"));
            assert!(*queued > 0);
            break;
        }
        assert!(start.elapsed() < LONG, "it waits for {:?}", seen.waits);
    }
}
