//! What passes find.

use midair_beam::watch::sweep::{Order, Status};

use crate::{
    node::{Node, eval},
    target::{crowd, fast, pass, planted, sweep},
};

/// A process that reads nothing and has so many messages.
fn mailbox(n: u32) -> String {
    format!("P = spawn(timer, sleep, [infinity]), [P ! N || N <- lists:seq(1, {n})], P.")
}

#[tokio::test]
async fn the_first_of_each_order_are_found_among_all() {
    let node = Node::start().await;
    let connection = node.connect().await;
    crowd(&connection, 3000).await;
    let full = planted(&connection, &mailbox(777)).await;
    let spinning = planted(&connection, "spawn(fun() -> (fun L() -> L() end)() end).").await;
    let growing = "spawn(fun() -> (fun L() -> self() ! x, receive after 5 -> L() end end)() end).";
    let growing = planted(&connection, growing).await;
    let halted = planted(
        &connection,
        "P = spawn(timer, sleep, [infinity]), spawn(fun() -> erlang:suspend_process(P), timer:sleep(infinity) end), P.",
    )
    .await;
    let mut sweep = sweep(&connection, fast()).await;

    let first = pass(&mut sweep).await;
    assert!(first.is_first() && first.n_swept > 3003, "{first:?}");
    let n = eval(&connection, "length(processes()).").await.as_count().unwrap();
    assert!(first.n_swept.abs_diff(n) < 8, "{} of {n}", first.n_swept);
    assert!(first.rows.iter().all(|row| row.before.is_none()), "no rates yet");
    assert_eq!(first.first(Order::Mailbox)[0].pid, full);
    assert_eq!(first.first(Order::Mailbox)[0].now.mailbox, Some(777));

    let second = pass(&mut sweep).await;
    assert_eq!((second.number, second.is_first()), (2, false));
    assert_eq!(second.first(Order::Mailbox)[0].pid, full);
    let grown = second.first(Order::MailboxGrowth)[0];
    assert_eq!(grown.pid, growing);
    assert!((1.0..201.0).contains(&grown.mailbox_growth().unwrap()), "one each 5 ms at most: {grown:?}");
    assert_eq!(second.first(Order::Reductions)[0].pid, spinning);
    assert_eq!(second.first(Order::ActiveShare)[0].pid, spinning);
    assert_eq!(second.suspended().map(|row| &row.pid).collect::<Vec<_>>(), [&halted]);
    assert_eq!(second.statuses.suspended, 1);
    assert!(second.statuses.running + second.statuses.runnable >= 1, "{:?}", second.statuses);
    assert!(second.n_messages > 777 && second.n_messages < 20_000);
    assert_eq!(second.first(Order::Mailbox)[0].now.status, Some(Status::Waiting));
}

#[tokio::test]
async fn those_that_hold_most_are_found_without_being_asked() {
    let node = Node::start().await;
    let connection = node.connect().await;
    crowd(&connection, 1000).await;
    let parts = "S = self(), P = spawn(fun() -> L = [binary:part(binary:copy(<<0>>, 1000000), 1, 1000) || _ <- lists:seq(1, 98)], S ! ready, receive stop -> L end end), receive ready -> P end.";
    let binaries = planted(&connection, parts).await;
    let large = "S = self(), P = spawn(fun() -> L = lists:seq(1, 3000000), S ! ready, receive stop -> L end end), receive ready -> P end.";
    let large = planted(&connection, large).await;
    let growing = "spawn(fun() -> (fun G(L) -> receive after 20 -> G([binary:copy(<<0>>, 100000), lists:seq(1, 500) | L]) end end)([]) end).";
    let growing = planted(&connection, growing).await;
    let mut sweep = sweep(&connection, fast()).await;
    let first = pass(&mut sweep).await;
    assert_eq!(first.n_parts, 1);
    assert_eq!(first.first(Order::Memory)[0].pid, large);
    let held = first.first(Order::Binaries)[0];
    assert_eq!(held.pid, binaries);
    assert!(held.size.unwrap().binary_bytes >= 98_000_000, "{held:?}");
    assert!(held.size.unwrap().memory_bytes < 1_000_000, "its heap is small: {held:?}");
    let mut grown = pass(&mut sweep).await;
    for _ in 0..6 {
        if grown.first(Order::BinariesGrowth).first().is_some_and(|row| row.pid == growing) {
            break;
        }
        grown = pass(&mut sweep).await;
    }
    let row = grown.first(Order::BinariesGrowth)[0];
    assert_eq!(row.pid, growing);
    assert!(row.binaries_growth().unwrap() > 100_000.0, "{row:?}");
}
