//! Calls: results, failures in words, and what is left on the node after those that hang.

use std::time::{Duration, Instant};

use midair_beam::{CallError, DecodeError, Ended, Mfa, SpawnOptions, Term, connection::Priority};
use tokio::task::JoinSet;

use crate::node::{LONG, Node, call, eval, options, until};

#[tokio::test]
async fn a_failure_is_said_in_words() {
    let node = Node::start().await;
    let connection = node.connect().await;
    let says = async |module, function, args| {
        connection.call(Mfa::new(module, function), args, LONG).await.unwrap_err().to_string()
    };
    assert_eq!(says("erlang", "error", vec![Term::atom("normal")]).await, "erlang:error failed: error: normal");
    assert_eq!(says("erlang", "throw", vec![7.into()]).await, "erlang:throw failed: throw: 7");
    assert_eq!(says("erlang", "exit", vec![Term::atom("kill")]).await, "erlang:exit failed: exit: kill");
    assert_eq!(says("lists", "node", vec![]).await, "lists:node failed: error: undef");
    assert!(connection.is_up());
}

#[tokio::test]
async fn a_reply_of_ten_megabytes_comes_whole() {
    let node = Node::start().await;
    let connection = node.connect().await;
    let n = 10 << 20;
    let reply = call(&connection, "binary", "copy", vec![Term::binary("x"), n.into()]).await;
    assert!(reply.as_binary().is_some_and(|bytes| bytes.len() == n as usize && bytes.iter().all(|b| *b == b'x')));
    let reply = call(&connection, "lists", "seq", vec![1.into(), 1_000_000.into()]).await;
    assert_eq!(reply.as_list().map(<[Term]>::len), Some(1_000_000));
}

#[tokio::test]
async fn a_large_argument_and_a_large_reply_go_at_once() {
    let node = Node::start().await;
    let connection = node.connect().await;
    let large = Term::binary(vec![7; 20 << 20]);
    let ask = || call(&connection, "erlang", "binary_to_list", vec![Term::binary("x")]);
    let echo = || call(&connection, "erlang", "list_to_binary", vec![Term::list([large.clone()])]);
    let (a, b, c, d) = tokio::join!(echo(), ask(), echo(), ask());
    assert!(a == large && c == large && b == Term::string("x") && d == b);
}

#[tokio::test]
async fn a_thousand_calls_at_once_get_each_its_own_result() {
    let node = Node::start().await;
    let connection = node.connect().await;
    let mut calls = JoinSet::new();
    for n in 0..1_000_i64 {
        let connection = connection.clone();
        calls.spawn(async move { (n, call(&connection, "erlang", "abs", vec![(-n).into()]).await) });
    }
    for (n, result) in calls.join_all().await {
        assert_eq!(result, Term::from(n));
    }
}

#[tokio::test]
async fn a_result_beyond_the_bounds_fails_its_call_alone() {
    let node = Node::start().await;
    let mut small = options();
    small.limits.bounds.memory = 1 << 20;
    let connection = node.try_connect(&small).await.unwrap();
    let error = connection.call(Mfa::new("lists", "seq"), vec![1.into(), 100_000.into()], LONG).await.unwrap_err();
    assert!(matches!(error, CallError::Unreadable { source: DecodeError::Large, .. }), "{error}");
    call(&connection, "erlang", "node", vec![]).await;
}

#[tokio::test]
async fn a_frame_beyond_the_limit_ends_the_connection_in_words() {
    let node = Node::start().await;
    let mut small = options();
    small.limits.frame = 1 << 20;
    let connection = node.try_connect(&small).await.unwrap();
    let args = vec![Term::binary("x"), (2 << 20).into()];
    let error = connection.call(Mfa::new("binary", "copy"), args, LONG).await.unwrap_err();
    assert!(matches!(error, CallError::Connection(Ended::LargeFrame { .. })), "{error}");
    assert!(matches!(connection.ended().await, Ended::LargeFrame { limit: 1_048_576, .. }));
}

#[tokio::test]
async fn a_call_that_hangs_is_given_up_and_its_process_killed() {
    let node = Node::start().await;
    let connection = node.connect().await;
    let count = || call(&connection, "erlang", "system_info", vec![Term::atom("process_count")]);
    count().await;
    let before = count().await;
    let hang = connection.call(Mfa::new("timer", "sleep"), vec![3_600_000.into()], Duration::from_millis(50));
    let error = hang.await.unwrap_err();
    assert_eq!(error.to_string(), "timer:sleep did not answer within 50 ms; its process was killed");
    until(&connection, "erlang", "system_info", &[Term::atom("process_count")], &before).await;
    call(&connection, "erlang", "node", vec![]).await;
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_is_killed_at_its_deadline_even_before_it_started() {
    let node = Node::start().await;
    let connection = node.connect().await;
    let count = || call(&connection, "erlang", "system_info", vec![Term::atom("process_count")]);
    count().await;
    let before = count().await;
    for within_ms in [0, 1, 20] {
        let within = Duration::from_millis(within_ms);
        let error = connection.call(Mfa::new("timer", "sleep"), vec![3_600_000.into()], within).await.unwrap_err();
        assert!(matches!(error, CallError::Timeout { .. }), "{error}");
    }
    let dropped = connection.call(Mfa::new("timer", "sleep"), vec![3_600_000.into()], Duration::from_millis(300));
    assert!(tokio::time::timeout(Duration::from_millis(30), dropped).await.is_err());
    until(&connection, "erlang", "system_info", &[Term::atom("process_count")], &before).await;
}

#[tokio::test]
async fn options_of_a_process_hold() {
    let node = Node::start().await;
    let connection = node.connect().await;
    let options = SpawnOptions {
        priority: Priority::Low,
        max_heap_words: Some(100_000),
        is_mailbox_off_heap: true,
        is_monitored: true,
    };
    let seq = |n: i64| connection.call_with(Mfa::new("lists", "seq"), vec![1.into(), n.into()], options, LONG);
    assert_eq!(seq(3).await.unwrap(), Term::list([1.into(), 2.into(), 3.into()]));
    let error = seq(20_000_000).await.unwrap_err();
    assert_eq!(error.to_string(), "the process of lists:seq was ended: killed");

    let limit = Mfa::new("erlang", "process_flag");
    let was =
        connection.call_with(limit, vec![Term::atom("priority"), Term::atom("low")], options, LONG).await.unwrap();
    assert_eq!(was.as_atom(), Some("low"));
    let args = vec![Term::atom("message_queue_data"), Term::atom("off_heap")];
    let was = connection.call_with(limit, args, options, LONG).await.unwrap();
    assert_eq!(was.as_atom(), Some("off_heap"));
}

#[tokio::test]
async fn what_a_call_prints_does_not_hold_it_up() {
    let node = Node::start().await;
    let connection = node.connect().await;
    assert_eq!(call(&connection, "io", "format", vec![Term::string("hello~n")]).await, Term::atom("ok"));
    let error = call(&connection, "io", "get_line", vec![Term::string("> ")]).await;
    assert_eq!(error.to_string(), "{error,enotsup}");
}

#[tokio::test]
async fn a_node_that_stops_ends_all_that_waits() {
    let node = Node::start().await;
    let connection = node.connect().await;
    let waiting = connection.call(Mfa::new("timer", "sleep"), vec![3_600_000.into()], LONG);
    let stop = async {
        eval(&connection, "erlang:node().").await;
        drop(node);
    };
    let (result, ()) = tokio::join!(waiting, stop);
    assert!(matches!(result, Err(CallError::Connection(Ended::Closed))), "{result:?}");
    assert_eq!(connection.ended().await, Ended::Closed);
    assert!(!connection.is_up());
}

#[tokio::test]
async fn a_small_call_is_a_few_hundred_bytes() {
    let node = Node::start().await;
    let connection = node.connect().await;
    call(&connection, "erlang", "node", vec![]).await;
    let (n, before) = (2_000, connection.traffic());
    let mut took_us = Vec::new();
    for _ in 0..n {
        let start = Instant::now();
        call(&connection, "erlang", "node", vec![]).await;
        took_us.push(start.elapsed().as_micros());
    }
    took_us.sort_unstable();
    let after = connection.traffic();
    let (received, sent) = ((after.received - before.received) / n, (after.sent - before.sent) / n);
    let (p50, p99) = (took_us[took_us.len() / 2], took_us[took_us.len() * 99 / 100]);
    eprintln!("a call: p50 {p50} us, p99 {p99} us, {received} bytes in, {sent} bytes out");
    assert!(received < 400 && sent < 400, "{received} bytes in, {sent} bytes out");
}
