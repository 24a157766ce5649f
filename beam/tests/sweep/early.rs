//! Mailboxes that are told before their pass ends.

use std::time::Duration;

use midair_beam::{
    Connection, Pid,
    watch::sweep::{Early, Found, Order, Sweep, SweepBudget, SweepOptions},
};
use tokio::time::timeout;

use crate::{
    node::{LONG, Node, eval},
    target::{crowd, fast, pass, pass_and_early, planted, sweep},
};

/// Three chunks of processes, and passes long enough that something can happen amid one.
async fn slow(node: &Node) -> (Connection, Sweep) {
    let connection = node.connect().await;
    crowd(&connection, 20_000).await;
    let budget = SweepBudget { least: Duration::from_secs(2), ..fast().budget };
    let sweep = sweep(&connection, SweepOptions { budget, ..fast() }).await;
    (connection, sweep)
}

/// Messages for the process at a place among all, in order of their pids.
async fn sent(connection: &Connection, place: &str, messages: u32) -> Pid {
    let to = format!(
        "A = lists:sort(processes()), P = lists:nth({place}, A), [P ! hot || _ <- lists:seq(1, {messages})], P."
    );
    planted(connection, &to).await
}

/// What is told next, which is not the end of a pass.
async fn early(sweep: &mut Sweep) -> Early {
    match timeout(LONG, sweep.next()).await.unwrap().unwrap() {
        Found::Early(early) => early,
        Found::Pass(pass) => panic!("not told before the end of {pass:?}"),
    }
}

#[tokio::test]
async fn a_mailbox_behind_the_sweep_is_told_before_the_next_pass_ends() {
    let node = Node::start().await;
    let (connection, mut sweep) = slow(&node).await;
    let first = pass(&mut sweep).await;
    let last = sent(&connection, "19030", 200).await;
    let told = early(&mut sweep).await;
    assert_eq!((told.pass, told.rows.len()), (first.number + 1, 1), "{told:?}");
    assert_eq!((&told.rows[0].pid, told.rows[0].now.mailbox), (&last, Some(200)));

    // The last chunk has been looked at: the first is behind.
    let behind = sent(&connection, "1000", 1500).await;
    let (second, more) = pass_and_early(&mut sweep).await;
    assert_eq!((second.number, &more[..]), (told.pass, &[][..]));
    assert_eq!(second.first(Order::Mailbox)[0].pid, last, "the one behind was not seen");
    let told = early(&mut sweep).await;
    assert_eq!((told.pass, told.rows.len()), (second.number + 1, 1), "{told:?}");
    let row = &told.rows[0];
    assert_eq!((&row.pid, row.now.mailbox, row.before.and_then(|look| look.mailbox)), (&behind, Some(1500), Some(0)));
    let (third, more) = pass_and_early(&mut sweep).await;
    assert_eq!((third.number, &more[..]), (told.pass, &[][..]), "the one that was reported is not told again");
    assert_eq!(third.first(Order::Mailbox)[0].pid, behind);

    // Those that were reported grow: one to less than ten times, the other to more.
    let to_ten = |pid: &Pid, n: u32| format!("Q = list_to_pid(\"{pid}\"), [Q ! hot || _ <- lists:seq(1, {n})], done.");
    eval(&connection, &to_ten(&behind, 5000)).await;
    eval(&connection, &to_ten(&last, 2500)).await;
    let mut told = Vec::new();
    for _ in 0..2 {
        let (_, early) = pass_and_early(&mut sweep).await;
        told.extend(early.into_iter().flat_map(|early| early.rows));
    }
    let told: Vec<_> = told.iter().map(|row| (&row.pid, row.now.mailbox)).collect();
    assert_eq!(told, [(&last, Some(2700))]);
}

#[tokio::test]
async fn however_many_mailboxes_are_hot_few_are_told_early_and_the_longest_is_among_them() {
    let node = Node::start().await;
    let (connection, mut sweep) = slow(&node).await;
    pass(&mut sweep).await;
    // Short ones are no news; the longest is looked at after all the others.
    let fill = "A = lists:sort(processes()), Fill = fun(At, N) -> P = lists:nth(At, A), [P ! hot || _ <- lists:seq(1, N)] end, [{Fill(100 * I, 100 + I), Fill(100 * I + 50, 99)} || I <- lists:seq(2, 190)], done.";
    eval(&connection, fill).await;
    let longest = sent(&connection, "19030", 9000).await;
    let mut told = Vec::new();
    // They came amid some pass, and in the next but one all have been looked at.
    for _ in 0..3 {
        let (pass, early) = pass_and_early(&mut sweep).await;
        let rows: Vec<_> = early.into_iter().flat_map(|early| early.rows).collect();
        assert!(rows.len() <= pass.n_first, "{} of {}", rows.len(), pass.n_first);
        assert!(rows.iter().all(|row| row.now.mailbox > Some(99)), "{rows:?}");
        told.extend(rows);
    }
    let all: Vec<_> = told.iter().map(|row| (row.pid.id, row.now.mailbox)).collect();
    assert!(told.len() > 1 && told.iter().any(|row| row.pid == longest), "{longest} among {all:?}");
}
