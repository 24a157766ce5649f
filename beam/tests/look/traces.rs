//! Who sends to a process: counted for a moment, with nothing left behind.

use std::time::Duration;

use midair_beam::{
    Connection, Term,
    watch::{
        TraceError, receive_trace,
        trace::{Count, Sender},
    },
};
use tokio::time::{Instant, sleep};

use crate::{
    node::{LONG, eval, until},
    pair::Pair,
    subject::{Subject, release_of},
};

/// Waits until the process has a trace on it, or none, and the node no pattern of one.
async fn until_traced(connection: &Connection, name: &str, is_traced: bool) {
    let release = release_of(connection).await;
    let flags = format!("erlang:trace_info(whereis({name}), flags) =/= {{flags, []}}");
    let pattern = "erlang:trace_info('receive', match_spec) =/= {match_spec, true}";
    // From OTP 27 on each tracer has a session of its own (`trace:session_info/1`).
    let any = match release {
        27.. => format!("{flags} orelse trace:session_info(whereis({name})) =/= [] orelse {pattern}."),
        _ => format!("{flags} orelse {pattern}."),
    };
    let (start, wanted) = (Instant::now(), Term::atom(if is_traced { "true" } else { "false" }));
    while eval(connection, &any).await != wanted {
        assert!(start.elapsed() < LONG, "{name}: that it is traced is not {wanted}");
        sleep(Duration::from_millis(20)).await;
    }
}

fn find<'a>(counts: &'a [Count], name: &str) -> &'a Count {
    let is = |count: &&Count| match &count.sender {
        Sender::Known(who) => who.name.as_deref() == Some(name) || who.node.as_deref() == Some(name),
        Sender::Node(_) | Sender::Vm(_) | Sender::Others => false,
    };
    counts.iter().find(is).unwrap_or_else(|| panic!("nothing of {name}: {counts:?}"))
}

#[tokio::test]
async fn three_senders_are_counted_right_and_one_of_them_is_remote() {
    let pair = Pair::start().await;
    let sink = eval(&pair.one, "subject:sink(sink).").await;
    eval(&pair.one, "subject:sender(a, sink, 300, {get, 1}).").await;
    eval(&pair.one, "subject:sender(b, sink, 200, {'$gen_cast', {put, 1}}).").await;
    let to = "{sink, 'one@127.0.0.1'}";
    eval(&pair.two, &format!("subject:sender(c, {to}, 100, <<1>>).")).await;
    let call = "{'$gen_call', {whereis(c), make_ref()}, stop}";
    eval(&pair.two, &format!("subject:sender(d, {to}, 50, {call}).")).await;
    let pid = sink.as_pid().unwrap();
    let (one, two) = (pair.one.clone(), pair.two.clone());
    let go = async {
        sleep(Duration::from_millis(1000)).await;
        eval(&one, "a ! go, b ! go.").await;
        eval(&two, "c ! go, d ! go.").await;
    };
    let trace = receive_trace(&pair.one, pid, pair.release, Duration::from_secs(4), 5000);
    let (received, ()) = tokio::join!(trace, go);
    let received = received.unwrap();
    assert_eq!((received.n, received.is_cut, received.counts.len()), (650, false, 4), "{received:?}");
    let told = |name: &str| (find(&received.counts, name).n, find(&received.counts, name).tag.clone().unwrap());
    assert_eq!(told("a"), (300, "{get, ..}".into()));
    assert_eq!(told("b"), (200, "cast {put, ..}".into()));
    // From another node: who calls stands in the call; of other messages the VM tells the node alone.
    let caller = find(&received.counts, "two@127.0.0.1");
    assert_eq!((caller.n, caller.tag.as_deref()), (50, Some("call stop")));
    let others = received.counts.iter().find(|count| count.n == 100).unwrap();
    assert_eq!((&others.sender, others.tag.as_deref()), (&Sender::Node("two@127.0.0.1".into()), Some("binary")));
    assert!(received.lasted >= Duration::from_secs(4) && received.per_second().unwrap() <= 163.0, "{received:?}");
    until_traced(&pair.one, "sink", false).await;
}

#[tokio::test]
async fn it_ends_at_its_most_messages_and_leaves_nothing() {
    let subject = Subject::start().await;
    let sink = subject.eval("subject:sink(sink).").await;
    subject.eval("subject:sender(a, sink, 100000000, hello), a ! go.").await;
    let pid = sink.as_pid().unwrap();
    let received =
        receive_trace(&subject.connection, pid, subject.release, Duration::from_secs(5), 1000).await.unwrap();
    assert!(received.is_cut && received.lasted < Duration::from_secs(5), "{received:?}");
    assert_eq!(received.counts.iter().map(|count| count.n).sum::<u64>(), 1000);
    assert!(received.n >= 1000, "{received:?}");
    eprintln!("{} messages seen in {:?} at a limit of 1000", received.n, received.lasted);
    until_traced(&subject.connection, "sink", false).await;
}

#[tokio::test]
async fn nothing_is_left_where_the_link_is_cut_or_the_tracer_killed() {
    let subject = Subject::start().await;
    let sink = subject.eval("subject:sink(sink).").await;
    let pid = sink.as_pid().unwrap().clone();
    let release = subject.release;
    for how in ["cut", "killed", "dropped"] {
        let other = subject.connect().await;
        let (asker, pid) = (other.clone(), pid.clone());
        let trace =
            tokio::spawn(async move { receive_trace(&asker, &pid, release, Duration::from_secs(5), 5000).await });
        until_traced(&subject.connection, "sink", true).await;
        match how {
            "cut" => {
                let name = other.agreed().name.clone().into();
                crate::node::call(&subject.connection, "erlang", "disconnect_node", vec![name]).await;
                assert!(matches!(trace.await.unwrap(), Err(TraceError::Helper(_))));
            }
            "killed" => {
                // Of all processes, that which has our interpreter at the bottom of its stack and waits for a trace.
                subject.eval("[exit(P, kill) || P <- processes(), P =/= self(), {_, {erl_eval, expr, 3}} <- [process_info(P, initial_call)], is_process_alive(P)].").await;
                trace.await.unwrap().unwrap_err();
            }
            _ => trace.abort(),
        }
        until_traced(&subject.connection, "sink", false).await;
    }
}

#[tokio::test]
async fn it_is_refused_where_somebody_else_traces() {
    let subject = Subject::start().await;
    let sink = subject.eval("subject:sink(sink).").await;
    let pid = sink.as_pid().unwrap();
    let ask = || receive_trace(&subject.connection, pid, subject.release, Duration::from_secs(1), 10);
    subject.eval("subject:tracer(sink).").await;
    let flags = [sink.clone(), Term::atom("flags")];
    let flagged = Term::tuple([Term::atom("flags"), Term::list([Term::atom("send")])]);
    until(&subject.connection, "erlang", "trace_info", &flags, &flagged).await;
    match (subject.release, ask().await) {
        (27.., received) => assert_eq!(received.unwrap().n, 0),
        (_, Err(error @ TraceError::Traced(_))) => {
            assert!(error.to_string().contains("somebody else traces"), "{error}")
        }
        (_, other) => panic!("not refused: {other:?}"),
    }
    until(&subject.connection, "erlang", "trace_info", &flags, &flagged).await;
    subject.eval("exit(whereis(other_tracer), kill).").await;
    until_traced(&subject.connection, "sink", false).await;

    subject.eval("erlang:trace_pattern('receive', [{'_', [], []}], []).").await;
    match (subject.release, ask().await) {
        (27.., received) => assert_eq!(received.unwrap().n, 0),
        (_, received) => assert_eq!(received.unwrap_err(), TraceError::Pattern),
    }
    let pattern = subject.eval("erlang:trace_info('receive', match_spec).").await;
    assert_eq!(pattern.to_string(), "{match_spec,[{'_',[],[]}]}");
    subject.eval("erlang:trace_pattern('receive', true, []).").await;
    assert_eq!(ask().await.unwrap().n, 0);
    until_traced(&subject.connection, "sink", false).await;

    subject.eval("exit(whereis(sink), kill).").await;
    assert_eq!(ask().await.unwrap_err(), TraceError::Gone);
    let pattern = subject.eval("erlang:trace_info('receive', match_spec).").await;
    assert_eq!(pattern.to_string(), "{match_spec,true}");
}

#[tokio::test]
async fn large_messages_end_the_trace_and_not_the_node() {
    let subject = Subject::start().await;
    subject.eval("subject:sink(sink).").await;
    subject.eval("subject:sender(a, sink, 100000000, lists:seq(1, 20000)), a ! go.").await;
    let pid = subject.pid("whereis(sink).").await;
    let told = receive_trace(&subject.connection, &pid, subject.release, Duration::from_secs(5), 5000).await;
    assert_eq!(told, Err(TraceError::Large));
    until_traced(&subject.connection, "sink", false).await;
    subject.eval("exit(whereis(a), kill).").await;
}
