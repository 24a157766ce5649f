//! What a process waits for, and whom: chains are followed from one to the next.

use std::time::Duration;

use midair_beam::{
    Connection, Term,
    watch::{
        Look, ProcessLook, Seen, Waits,
        look::{Neighbour, Party},
    },
};
use tokio::time::{Instant, sleep};

use crate::{
    node::{LONG, eval},
    pair::Pair,
    subject::{Subject, read},
};

/// Reads until it waits so.
async fn until(look: &mut Look, is: impl Fn(&Waits) -> bool) -> ProcessLook {
    let start = Instant::now();
    loop {
        let seen = read(look).await;
        if is(&seen.waits) {
            return seen;
        }
        assert!(start.elapsed() < LONG, "it waits for {:?}", seen.waits);
        sleep(Duration::from_millis(100)).await;
    }
}

/// Reads until it is in a call whose callee is known.
async fn until_calling(look: &mut Look) -> Neighbour {
    let seen = until(look, |waits| matches!(waits, Waits::Call { callee: Some(_), .. })).await;
    match seen.waits {
        Waits::Call { callee: Some(callee), .. } => callee,
        other => panic!("in no call: {other:?}"),
    }
}

async fn look_at(connection: &Connection, release: u32, pid: &Term) -> Look {
    Look::start(connection, pid.as_pid().unwrap().clone(), release, LONG).await.unwrap()
}

#[tokio::test]
async fn a_chain_of_calls_is_followed_to_its_end() {
    let subject = Subject::start().await;
    let mut pids = Vec::new();
    for name in ["first", "second", "third"] {
        pids.push(subject.pid(&format!("subject:start({name}).")).await);
    }
    subject.eval("subject:chain([first, second, third]).").await;
    let mut at = pids[0].clone();
    for (next, name) in [(&pids[1], "second"), (&pids[2], "third")] {
        let mut look = subject.look(&at).await;
        let callee = until_calling(&mut look).await;
        assert_eq!((callee.pid(), callee.name.as_deref(), callee.node.as_deref()), (Some(next), Some(name), None));
        let Waits::Call { through, n_candidates, .. } = read(&mut look).await.waits else { panic!("in no call") };
        assert_eq!((through.to_string().as_str(), n_candidates), ("gen:do_call/4", 1));
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
    let caller = subject.pid("spawn(subject, called, [[whereis(first), whereis(second)], 100000]).").await;
    let mut look = subject.look(&caller).await;
    let seen = until(&mut look, |waits| matches!(waits, Waits::Message(top) if top.module.as_str() == "subject")).await;
    assert_eq!(seen.monitors.n, Some(2));
    subject.eval(&format!("list_to_pid(\"{caller}\") ! go.")).await;
    assert_eq!(until_calling(&mut look).await.pid(), Some(&callee));
    // Who comes later cannot know which of the two it is, and says so: its heap is too large for its stack to be read.
    let seen = read(&mut subject.look(&caller).await).await;
    assert!(matches!(seen.waits, Waits::Call { callee: None, n_candidates: 2, .. }), "{:?}", seen.waits);
}

#[tokio::test]
async fn the_callee_is_told_by_the_stack_to_whom_comes_late() {
    let subject = Subject::start().await;
    let callee = subject.pid("subject:start(first).").await;
    subject.pid("subject:start(second).").await;
    for to in ["first", "{first, node()}", "whereis(first)"] {
        let ready = "monitor(process, whereis(second)), monitor(process, whereis(first))";
        let caller =
            subject.pid(&format!("spawn(fun() -> {ready}, gen_server:call({to}, {{pass, []}}, infinity) end).")).await;
        let found = until_calling(&mut subject.look(&caller).await).await;
        assert_eq!((found.pid(), found.name.as_deref()), (Some(&callee), Some("first")), "{to}");
    }
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
    until(&mut subject.look(&sleeping).await, |waits| *waits == Waits::Sleep).await;
}

#[tokio::test]
async fn who_receives_from_a_socket_waits_for_a_port() {
    let subject = Subject::start().await;
    let pid = subject
        .pid("spawn(fun() -> {ok, L} = gen_tcp:listen(0, [{ip, {127,0,0,1}}]), {ok, P} = inet:port(L), {ok, _} = gen_tcp:connect({127,0,0,1}, P, []), {ok, S} = gen_tcp:accept(L), inet:setopts(S, [{active, false}]), gen_tcp:recv(S, 0) end).")
        .await;
    let seen = until(&mut subject.look(&pid).await, |waits| matches!(waits, Waits::Port { .. })).await;
    let Waits::Port { through, port, .. } = &seen.waits else { panic!("for no port") };
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
                n_silent += 1;
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
    let callee = eval(&pair.two, "subject:start(far).").await;
    let caller = eval(&pair.one, "subject:start(near).").await;
    eval(&pair.one, "subject:chain([near, {far, 'two@127.0.0.1'}]).").await;
    let mut look = look_at(&pair.one, pair.release, &caller).await;
    let found = until_calling(&mut look).await;
    assert_eq!((found.node.as_deref(), found.party), (Some("two@127.0.0.1"), Party::Name("far".into())));

    let call =
        "P = rpc:call('two@127.0.0.1', erlang, whereis, [far]), spawn(gen_server, call, [P, {pass, []}, infinity]).";
    let by_pid = eval(&pair.one, call).await;
    let found = until_calling(&mut look_at(&pair.one, pair.release, &by_pid).await).await;
    assert_eq!((found.node.as_deref(), found.pid()), (Some("two@127.0.0.1"), callee.as_pid()));
    let mut there = look_at(&pair.two, pair.release, &callee).await;
    assert_eq!(read(&mut there).await.name.as_deref(), Some("far"));
}

#[tokio::test]
async fn a_remote_procedure_call_leads_to_its_process() {
    let pair = Pair::start().await;
    let caller = eval(&pair.one, "spawn(rpc, call, ['two@127.0.0.1', timer, sleep, [100000]]).").await;
    let found = until_calling(&mut look_at(&pair.one, pair.release, &caller).await).await;
    assert_eq!(found.node.as_deref(), Some("two@127.0.0.1"));
    let mut there = look_at(&pair.two, pair.release, &found.pid().unwrap().clone().into()).await;
    until(&mut there, |waits| *waits == Waits::Sleep).await;
}

#[tokio::test]
async fn who_sends_over_a_full_link_is_suspended_and_the_link_is_named() {
    let pair = Pair::start().await;
    pair.signal_second("-STOP").await;
    let sender = eval(&pair.one, "spawn(subject, flood, [{nobody, 'two@127.0.0.1'}]).").await;
    let mut look = look_at(&pair.one, pair.release, &sender).await;
    let seen = until(&mut look, |waits| matches!(waits, Waits::Suspended { links, .. } if !links.is_empty())).await;
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
    let is = |waits: &Waits| matches!(waits, Waits::Port { port: Some(_), queued: Some(1..), .. });
    let Waits::Port { through, port: Some(port), .. } = until(&mut look, is).await.waits else { panic!("for no port") };
    assert_eq!((through.module.as_str(), port.node.as_str()), ("prim_inet", "target@127.0.0.1"));
}

#[tokio::test]
async fn who_writes_to_a_program_that_does_not_read_is_suspended_and_the_port_is_named() {
    let subject = Subject::start().await;
    let pid = subject.pid("subject:feeding().").await;
    let is = |waits: &Waits| matches!(waits, Waits::Suspended { ports, .. } if !ports.is_empty());
    let seen = until(&mut subject.look(&pid).await, is).await;
    let Waits::Suspended { links, ports } = &seen.waits else { panic!("not suspended") };
    assert!(links.is_empty() && ports.len() == 1 && ports[0].queued > 0, "{links:?}, {ports:?}");
    let port = Party::Port(ports[0].port.clone());
    assert!(seen.links.some.iter().any(|near| near.party == port));
    subject.eval("subject:unfed().").await;
}
