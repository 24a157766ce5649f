use midair_agent::sampler::SharedWants;
use midair_vitals::{TaskId, TaskKind};

use super::*;
use crate::{Plan, Scenario};

/// A source of a world with one incident, and the clock by which it reads.
fn made(plan: Plan, is_victim: impl Fn(&Values) -> bool) -> (Made, Clock) {
    let (world, clock) = (Arc::new(World::new(5, 60, plan)), Clock::scripted(1_000_000));
    let number = world.cluster.nodes.iter().position(|node| is_victim(&world.values(node, 68.0))).expect("somebody is");
    (Made::new(world, number, clock.clone(), 1_000_000, Arc::default()), clock)
}

fn read(made: &mut Made, is_few: bool) -> Reading {
    let mut reading = Reading::default();
    made.read(&Wants { is_few, ..SharedWants::default().copy() }, &mut reading);
    reading
}

fn mailbox(values: &Values) -> bool {
    values.vm.actors.iter().any(|actor| actor.mailbox > 100_000.0)
}

#[test]
fn counters_only_grow_and_their_differences_are_the_rates() {
    let (mut made, clock) = made(Plan::Healthy, |_| true);
    let mut before = read(&mut made, false);
    for _ in 0..50 {
        clock.forward(1_000_000);
        let now = read(&mut made, false);
        let rate = now.node.tcp_in.unwrap() - before.node.tcp_in.unwrap();
        assert!((10_000..60_000).contains(&rate), "{rate} segments a second");
        let all = now.node.cpu;
        let used = all.busy_us().unwrap() - before.node.cpu.busy_us().unwrap();
        let idle = all.idle_us.unwrap() - before.node.cpu.idle_us.unwrap();
        assert!(used > 1_000_000 && (15_500_000..16_500_000).contains(&(used + idle)), "{used} and {idle}");
        for (task, earlier) in now.tasks.iter().zip(&before.tasks) {
            assert_eq!(task.id, earlier.id);
            assert!(task.cpu_us >= earlier.cpu_us && task.run_delay_us >= earlier.run_delay_us, "{:?}", task.name);
        }
        before = now;
    }
}

#[test]
fn the_reading_of_a_victim_has_the_mailbox_in_its_rows_and_another_vm_after_the_kill() {
    let (mut made, clock) = made(Plan::One(Scenario::Mailbox), mailbox);
    clock.forward(60_000_000);
    let ill = read(&mut made, true);
    let depth = |reading: &Reading| {
        let depths = reading.tasks.iter().filter(|task| task.name.as_deref() == Some("chat_router"));
        depths.flat_map(|task| task.queues()).filter_map(|queue| queue.depth).max()
    };
    assert!(depth(&ill) > Some(400_000));
    assert!(ill.sums.iter().any(|sum| sum.kind == QueueKind::Mailbox && sum.depth > Some(400_000)));
    clock.forward(125_000_000);
    let anew = read(&mut made, true);
    assert!(depth(&anew) < Some(100));
    assert_ne!(ill.runtimes[0].id, anew.runtimes[0].id);
    assert_eq!((ill.n_oom_kills, anew.n_oom_kills), (Some(0), Some(1)));
}

#[test]
fn few_rows_are_enough_for_many_and_all_are_there_for_one() {
    let (mut made, clock) = made(Plan::Healthy, |_| true);
    let (few, all) = (read(&mut made, true), read(&mut made, false));
    assert!(few.threads.is_empty() && few.node.disks.is_empty() && few.tasks.len() < all.tasks.len());
    assert_eq!((all.threads.len(), all.node.cpus.len()), (16, 16));
    clock.forward(1_000_000);
    let again = read(&mut made, false);
    assert!(again.threads.iter().all(|thread| thread.gained().is_some_and(|(gained, _)| gained.cpu_ns > 0)));
    assert!(all.tasks.is_sorted_by(|a, b| (a.kind, a.id) < (b.kind, b.id)), "in the order that a tick wants");
}

#[test]
fn a_close_look_says_for_whom_a_process_waits() {
    let (mut made, clock) = made(Plan::One(Scenario::Mailbox), mailbox);
    clock.forward(60_000_000);
    let is_router = |task: &&midair_vitals::TaskReading| task.name.as_deref() == Some("chat_router");
    let id: TaskId = read(&mut made, true).tasks.iter().find(is_router).expect("it has a row").id;
    let mut reading = Reading::default();
    made.read(&Wants { close: vec![id], ..Wants::default() }, &mut reading);
    let look = &reading.close[&id];
    assert_eq!(look.task.kind, TaskKind::Erlang);
    let waits_for = look.erlang.as_ref().and_then(|look| look.waits_for.as_ref()).expect("it waits");
    assert_eq!(waits_for.name.as_deref(), Some("store_writer"));
    assert!(waits_for.node.as_deref().is_some_and(|node| node.starts_with("store@store-")));
}
