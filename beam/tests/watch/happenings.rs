//! Events: nodes that come and go, and the system monitor where it is free.

use std::time::Instant;

use midair_beam::{
    Connection, Term,
    watch::{
        EventOptions, EventWatch, Vm,
        events::{Event, EventReading, MOST_EVENTS, Slot, What},
    },
};
use tokio::time::{Duration, sleep};

use crate::{
    node::{LONG, Node, call, eval, until},
    pair::{Pair, ping, stop},
};

async fn watch(connection: &Connection, options: EventOptions) -> EventWatch {
    let vm = Vm::read(connection, LONG).await.unwrap();
    EventWatch::start(connection, &vm, options, LONG).await.unwrap()
}

/// Reads until something that is looked for has happened.
async fn wait<T>(watch: &mut EventWatch, mut is_it: impl FnMut(&EventReading) -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        let reading = watch.read().await.unwrap();
        if let Some(found) = is_it(&reading) {
            return found;
        }
        assert!(start.elapsed() < LONG, "it never happened; the last reading: {reading:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn wait_for(watch: &mut EventWatch, is_it: impl Fn(&What) -> bool) -> Event {
    wait(watch, |reading| reading.events.iter().find(|event| is_it(&event.what)).cloned()).await
}

async fn monitor(connection: &Connection) -> Term {
    call(connection, "erlang", "system_monitor", vec![]).await
}

#[tokio::test]
async fn a_node_that_is_killed_is_told_with_its_reason() {
    let mut pair = Pair::start(&[]).await;
    let a = pair.connect("a").await;
    let mut watch = watch(&a, EventOptions::default()).await;
    ping(&a).await;
    let up = wait_for(&mut watch, |what| matches!(what, What::NodeUp(peer) if peer.node == "b@127.0.0.1")).await;
    let What::NodeUp(peer) = &up.what else { unreachable!() };
    assert_eq!((peer.is_hidden, peer.is_ours), (Some(false), false));
    pair.kill_b().await;
    let down = wait_for(&mut watch, |what| matches!(what, What::NodeDown(peer, _) if peer.node == "b@127.0.0.1")).await;
    let What::NodeDown(_, reason) = &down.what else { unreachable!() };
    assert_eq!(reason.as_deref(), Some("connection_closed"));
    assert!(down.at_us > up.at_us);
    // Somebody who comes hidden, as we do.
    let other = pair.connect("a").await;
    let is_other = |what: &What| matches!(what, What::NodeUp(peer) if peer.node == other.agreed().name.as_str());
    let event = wait_for(&mut watch, is_other).await;
    assert!(matches!(event.what, What::NodeUp(peer) if peer.is_hidden == Some(true) && !peer.is_ours));
}

#[tokio::test]
async fn who_is_suspended_on_a_link_is_told() {
    let pair = Pair::start(&[]).await;
    let (a, b) = (pair.connect("a").await, pair.connect("b").await);
    ping(&a).await;
    let mut watch = watch(&a, EventOptions::default()).await;
    stop(&b).await;
    let sender = eval(
        &a,
        "Big = binary:copy(<<7>>, 100000), spawn(fun() -> (fun Loop() -> {x, 'b@127.0.0.1'} ! Big, Loop() end)() end).",
    )
    .await;
    let event = wait_for(&mut watch, |what| matches!(what, What::BusyLink { .. })).await;
    let What::BusyLink { process, port } = event.what else { unreachable!() };
    assert_eq!(Some(&process), sender.as_pid());
    assert!(port.is_some());
}

#[tokio::test]
async fn a_large_heap_is_told_and_the_slot_is_free_after_the_cut() {
    let node = Node::start().await;
    let (connection, other) = (node.connect().await, node.connect().await);
    assert_eq!(monitor(&other).await, Term::atom("undefined"));
    let mut watch =
        watch(&connection, EventOptions { large_heap_bytes: Some(8 << 20), ..EventOptions::default() }).await;
    wait(&mut watch, |reading| (reading.slot == Slot::Ours).then_some(())).await;
    let owner = loop {
        if let Term::Tuple(monitor) = monitor(&other).await {
            break monitor[0].clone();
        }
    };
    let hungry = "spawn(fun() -> L = lists:seq(1, 2000000), timer:sleep(infinity), L end).";
    let of_ours = eval(&connection, hungry).await;
    let event = wait_for(&mut watch, |what| matches!(what, What::LargeHeap { .. })).await;
    assert_eq!((event.what.process(), event.is_of_ours), (of_ours.as_pid(), Some(true)), "what we asked for");
    let hungry = eval(&other, hungry).await;
    let is_other = |what: &What| matches!(what, What::LargeHeap { .. }) && what.process() == hungry.as_pid();
    let event = wait_for(&mut watch, is_other).await;
    assert_eq!(event.is_of_ours, Some(false));
    let What::LargeHeap { process, heap_words } = event.what else { unreachable!() };
    assert_eq!(Some(&process), hungry.as_pid());
    assert!(heap_words > Some(1 << 20));
    let helper = Term::from(watch.process().clone());
    call(&other, "erlang", "disconnect_node", vec![connection.agreed().name.clone().into()]).await;
    until(&other, "erlang", "system_monitor", &[], &Term::atom("undefined")).await;
    for process in [owner, helper] {
        until(&other, "erlang", "is_process_alive", &[process], &Term::atom("false")).await;
    }
    watch.read().await.unwrap_err();
}

const TAKE: &str = "Us = self(), P = spawn(fun() -> register(the_owner, self()),
    erlang:system_monitor(self(), [busy_port]), Us ! ready, timer:sleep(infinity) end), receive ready -> P end.";

#[tokio::test]
async fn a_slot_that_is_taken_is_left_alone() {
    let node = Node::start().await;
    let connection = node.connect().await;
    let owner = eval(&connection, TAKE).await;
    let theirs = monitor(&connection).await;
    let mut watch = watch(&connection, EventOptions::default()).await;
    for _ in 0..3 {
        assert_eq!(watch.read().await.unwrap().slot, Slot::TakenBy("the_owner".into()));
    }
    assert_eq!(monitor(&connection).await, theirs);
    // When it is free again it is taken, and given back to nobody else.
    call(&connection, "erlang", "exit", vec![owner, Term::atom("kill")]).await;
    wait(&mut watch, |reading| (reading.slot == Slot::Ours).then_some(())).await;
}

#[tokio::test]
async fn another_who_takes_the_slot_keeps_it() {
    let node = Node::start().await;
    let (connection, other) = (node.connect().await, node.connect().await);
    let mut watch = watch(&connection, EventOptions::default()).await;
    wait(&mut watch, |reading| (reading.slot == Slot::Ours).then_some(())).await;
    eval(&connection, TAKE).await;
    let theirs = monitor(&connection).await;
    for _ in 0..3 {
        assert_eq!(watch.read().await.unwrap().slot, Slot::TakenBy("the_owner".into()));
    }
    let helper = Term::from(watch.process().clone());
    call(&other, "erlang", "disconnect_node", vec![connection.agreed().name.clone().into()]).await;
    until(&other, "erlang", "is_process_alive", &[helper], &Term::atom("false")).await;
    assert_eq!(monitor(&other).await, theirs);
}

#[tokio::test]
async fn a_flood_is_cut_and_counted() {
    let node = Node::start().await;
    let connection = node.connect().await;
    // Each garbage collection of a heap of 16,384 words (no fewer are taken) is an event; here are thousands a second.
    let options = EventOptions { large_heap_bytes: Some(8), ..EventOptions::default() };
    let mut watch = watch(&connection, options).await;
    eval(
        &connection,
        "[spawn(fun() -> (fun Loop() -> lists:seq(1, 30000), Loop() end)() end) || _ <- lists:seq(1, 4)].",
    )
    .await;
    let dropped = wait(&mut watch, |reading| reading.n_dropped.filter(|n| *n > 1000)).await;
    let mut most = 0;
    for _ in 0..10 {
        sleep(Duration::from_millis(50)).await;
        let reading = watch.read().await.unwrap();
        most = most.max(reading.events.len());
    }
    assert!(dropped > 1000 && most <= MOST_EVENTS && most > 0, "{dropped} dropped, {most} at once");
    // What waits at the helper is as bounded as what it sends.
    let length = [Term::from(watch.process().clone()), Term::atom("message_queue_len")];
    let length = call(&connection, "erlang", "process_info", length.to_vec()).await;
    assert!(length.as_tuple().unwrap()[1].as_count().unwrap() <= 2 * MOST_EVENTS as u64, "{length}");
}

#[tokio::test]
async fn a_long_mailbox_is_told_from_the_release_on_that_tells_it() {
    let node = Node::start().await;
    let connection = node.connect().await;
    let vm = Vm::read(&connection, LONG).await.unwrap();
    let options = EventOptions { long_queue: Some((10, 100)), ..EventOptions::default() };
    let mut watch = EventWatch::start(&connection, &vm, options, LONG).await.unwrap();
    wait(&mut watch, |reading| (reading.slot == Slot::Ours).then_some(())).await;
    let full = eval(
        &connection,
        "P = spawn(fun() -> receive go -> (fun Drain() -> receive _ -> Drain() after 0 -> ok end end)() end,
         timer:sleep(infinity) end), [P ! N || N <- lists:seq(1, 200)], P.",
    )
    .await;
    if vm.otp_release < Some(27) {
        // Nothing of the kind was asked for there: that would have been refused, and with it all else.
        call(&connection, "erlang", "garbage_collect", vec![full]).await;
        let reading = watch.read().await.unwrap();
        assert!(
            reading.slot == Slot::Ours && reading.events.iter().all(|event| event.what != What::Other),
            "{reading:?}"
        );
        return;
    }
    let process = full.as_pid().unwrap().clone();
    let long = What::LongQueue { process: process.clone(), is_long: true };
    wait_for(&mut watch, |what| *what == long).await;
    call(&connection, "erlang", "send", vec![full, Term::atom("go")]).await;
    wait_for(&mut watch, |what| *what == What::LongQueue { process: process.clone(), is_long: false }).await;
}
