//! What a sweep costs a VM, and that it goes on where there is no time.

use std::time::Duration;

use midair_beam::{
    Connection, Term,
    watch::sweep::{Order, SweepBudget, SweepOptions},
};
use tokio::time::{Instant, sleep};

use crate::{
    node::{Node, call, eval, until},
    target::{crowd, fast, pass, planted, sweep},
};

async fn switches(connection: &Connection) -> f64 {
    let switches = call(connection, "erlang", "statistics", vec![Term::atom("context_switches")]).await;
    switches.as_tuple().unwrap()[0].as_count().unwrap() as f64
}

#[tokio::test]
async fn nobody_is_woken_among_a_hundred_thousand() {
    let node = Node::start().await;
    let connection = node.connect().await;
    // Thirty of them work ten times a second, each with thousands that wait before it and after it.
    let busy = "[begin [spawn(timer, sleep, [infinity]) || _ <- lists:seq(1, 3400)], spawn(fun() -> (fun L() -> receive after 100 -> lists:sum(lists:seq(1, 100)), L() end end)() end) end || _ <- lists:seq(1, 30)], done.";
    eval(&connection, busy).await;
    let (start, before) = (Instant::now(), switches(&connection).await);
    sleep(Duration::from_secs(2)).await;
    let at_rest = (switches(&connection).await - before) / start.elapsed().as_secs_f64();
    let mut sweep = sweep(&connection, fast()).await;
    let first = pass(&mut sweep).await;
    assert!(first.n_swept > 100_000 && first.n_parts == 4, "{first:?}");
    pass(&mut sweep).await;
    let (start, before) = (Instant::now(), switches(&connection).await);
    for _ in 0..4 {
        pass(&mut sweep).await;
    }
    let all = switches(&connection).await - before - at_rest * start.elapsed().as_secs_f64();
    let per_pass = all / 4.0;
    assert!(per_pass < 1000.0, "{per_pass} switches for 102,000 processes: is one of them woken?");
    assert!(per_pass > 1.0, "it does look: {per_pass}");

    // Those that are born are looked at in the next pass, and those that died are not looked at any more.
    let swept = pass(&mut sweep).await.n_swept;
    let hold = "register(hold, spawn(fun() -> [spawn_link(timer, sleep, [infinity]) || _ <- lists:seq(1, 5000)], receive go -> exit(go) end end)).";
    eval(&connection, hold).await;
    // Among so many they are looked for in every second pass, and one may be under way.
    pass(&mut sweep).await;
    pass(&mut sweep).await;
    let more = pass(&mut sweep).await.n_swept;
    assert!((swept + 4990..swept + 5010).contains(&more), "{swept}, then {more}");
    eval(&connection, "exit(whereis(hold), kill).").await;
    pass(&mut sweep).await;
    let less = pass(&mut sweep).await.n_swept;
    assert!(less.abs_diff(swept) < 10, "{swept}, and {less} after their end");
    // Where they were there is room for others, one of whom is hot.
    let hot = planted(&connection, "P = spawn(timer, sleep, [infinity]), [P ! N || N <- lists:seq(1, 321)], P.").await;
    pass(&mut sweep).await;
    pass(&mut sweep).await;
    assert_eq!(pass(&mut sweep).await.first(Order::Mailbox)[0].pid, hot);
}

#[tokio::test]
async fn what_the_first_pass_costs_does_not_slow_others() {
    let node = Node::start().await;
    let connection = node.connect().await;
    crowd(&connection, 30_000).await;
    let budget = SweepBudget { share: 0.02, share_beyond: 0.03, ..fast().budget };
    let mut sweep = sweep(&connection, SweepOptions { budget, ..fast() }).await;
    let [first, second, third] = [pass(&mut sweep).await, pass(&mut sweep).await, pass(&mut sweep).await];
    let least = first.n_swept * 17 / 10 * 50;
    assert!(first.period_us >= least, "1.7 us for each process, at a fiftieth of a core: {}", first.period_us);
    // A few processes more or less.
    assert!(second.period_us.abs_diff(first.period_us) < least / 100, "{} and {}", first.period_us, second.period_us);
    // Half of it measured, in the pass that looks for the born, and half assumed.
    let work_us = (second.own_work_us + second.n_swept * 17 / 10) / 2;
    let expected = (work_us * 50).min(10_000_000).max(work_us * 100 / 3).max(500_000);
    assert!(
        third.period_us.abs_diff(expected) < expected / 50,
        "{} us after {} us of work",
        third.period_us,
        second.own_work_us
    );
}

#[tokio::test]
async fn passes_end_while_processes_are_born_and_die() {
    let node = Node::start().await;
    let connection = node.connect().await;
    crowd(&connection, 2000).await;
    let churn = "spawn(fun() -> (fun L() -> [spawn(timer, sleep, [N]) || N <- lists:seq(1, 300)], receive after 100 -> L() end end)() end).";
    planted(&connection, churn).await;
    let full = planted(&connection, "P = spawn(timer, sleep, [infinity]), [P ! x || _ <- lists:seq(1, 99)], P.").await;
    let mut sweep = sweep(&connection, fast()).await;
    for number in 1..=8 {
        let found = pass(&mut sweep).await;
        assert_eq!(found.number, number);
        assert_eq!(found.first(Order::Mailbox)[0].pid, full);
        assert!((2000..3500).contains(&found.n_swept), "the dead are not counted: {}", found.n_swept);
    }
}

#[tokio::test]
async fn passes_end_where_there_is_no_time_left() {
    let node = Node::start().await;
    let connection = node.connect().await;
    crowd(&connection, 10_000).await;
    eval(&connection, "[spawn(fun() -> (fun L() -> L() end)() end) || _ <- lists:seq(1, 16)], done.").await;
    let mut sweep = sweep(&connection, fast()).await;
    for number in 1..=3 {
        let found = pass(&mut sweep).await;
        assert_eq!(found.number, number);
        assert!(found.n_swept > 10_016, "{}", found.n_swept);
        assert!(found.statuses.running + found.statuses.runnable >= 14, "{:?}", found.statuses);
        assert!(found.left_out.is_empty(), "nobody is stuck, all wait their turn: {:?}", found.left_out);
    }
}

#[tokio::test]
async fn who_is_always_active_is_before_who_makes_more_reductions() {
    let node = Node::start().await;
    let connection = node.connect().await;
    crowd(&connection, 500).await;
    // Each call copies the whole table, for which it is charged little.
    let bound = "spawn(fun() -> T = ets:new(t, []), [ets:insert(T, {N, lists:seq(1, 300)}) || N <- lists:seq(1, 3000)], (fun L() -> ets:tab2list(T), L() end)() end).";
    let bound = planted(&connection, bound).await;
    let busy = "spawn(fun() -> (fun L() -> receive after 90 -> lists:sum(lists:seq(1, 200000)), L() end end)() end).";
    let busy = planted(&connection, busy).await;
    let mut sweep = sweep(&connection, fast()).await;
    let mut last = pass(&mut sweep).await;
    for _ in 0..8 {
        last = pass(&mut sweep).await;
    }
    let active = last.first(Order::ActiveShare);
    assert_eq!(active[0].pid, bound, "{active:?}");
    assert!(active[0].looks.unwrap().share().unwrap() > 0.8, "{active:?}");
    let reductions = last.first(Order::Reductions);
    let rate = |pid| reductions.iter().find(|row| row.pid == pid).unwrap().reductions_rate().unwrap();
    assert!(rate(busy) > rate(bound), "by reductions it is the other way round: {reductions:?}");
}

#[tokio::test]
async fn a_cut_connection_leaves_nothing() {
    let node = Node::start().await;
    let (ours, other) = (node.connect().await, node.connect().await);
    crowd(&ours, 1000).await;
    eval(&other, "persistent_term:put(before, processes()).").await;
    let mut sweep = sweep(&ours, fast()).await;
    pass(&mut sweep).await;
    let keeper = sweep.process().clone();
    let owner = format!("c:pid(0, {}, {})", keeper.id, keeper.serial);
    let tables = format!("length([T || T <- ets:all(), ets:info(T, owner) =:= {owner}]).");
    assert_eq!(eval(&other, &tables).await, Term::Int(1));
    // Agents that run on this machine may have come in as well: only what works for our connection, by its group leader, counts.
    let leader = format!("persistent_term:put(leader, node(element(2, process_info({owner}, group_leader)))).");
    eval(&other, &leader).await;
    let of_ours = "[P || P <- processes() -- persistent_term:get(before), {_, L} <- [process_info(P, group_leader)], node(L) =:= persistent_term:get(leader)]";
    let working = eval(&other, &format!("length({of_ours}).")).await.as_count().unwrap();
    assert!(working >= 2, "who keeps the sweep and who looks: {working}");
    drop((sweep, ours));
    until(&other, "erlang", "is_process_alive", &[keeper.into()], &Term::atom("false")).await;
    assert_eq!(eval(&other, &tables).await, Term::Int(0));
    let more = format!("[{{P, process_info(P, [initial_call, current_function])}} || P <- {of_ours}].");
    let mut left = Term::List(vec![]);
    for _ in 0..200 {
        left = eval(&other, &more).await;
        if left.as_list().is_some_and(<[Term]>::is_empty) {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("left: {left}");
}
