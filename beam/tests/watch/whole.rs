//! The node as a whole: what it is, and its ticks.

use std::time::Instant;

use midair_beam::{
    Connection, Term,
    watch::{
        NodeTick, NodeWatch, Vm,
        node::{Scheduler, SchedulerKind},
    },
};
use tokio::time::{Duration, sleep};

use crate::node::{LONG, Node, call, eval, until};

async fn info(connection: &Connection, item: &'static str) -> Option<u64> {
    call(connection, "erlang", "system_info", vec![Term::atom(item)]).await.as_count()
}

async fn watch(connection: &Connection) -> NodeWatch {
    let vm = Vm::read(connection, LONG).await.unwrap();
    NodeWatch::start(connection, &vm, LONG).await.unwrap()
}

/// The shares in which schedulers of a kind ran something between two ticks.
fn utilisation(before: &NodeTick, after: &NodeTick, kind: SchedulerKind) -> Vec<f64> {
    let share = |(a, b): (&Scheduler, &Scheduler)| (b.active - a.active) as f64 / (b.total - a.total) as f64;
    let pairs = before.schedulers.iter().zip(&after.schedulers);
    pairs.filter(|(a, _)| a.kind == Some(kind)).map(share).collect()
}

#[tokio::test]
async fn a_vm_is_what_it_says_to_others() {
    let node = Node::start().await;
    let (connection, other) = (node.connect().await, node.connect().await);
    let vm = Vm::read(&connection, LONG).await.unwrap();
    assert_eq!(vm.name, node.name);
    let release = call(&other, "erlang", "system_info", vec![Term::atom("otp_release")]).await.to_text().unwrap();
    assert_eq!(vm.otp_release, Some(release.parse().unwrap()));
    let erts = call(&other, "erlang", "system_info", vec![Term::atom("version")]).await.to_text();
    assert!(erts.is_some() && vm.erts == erts);
    assert_eq!(vm.os_pid, call(&other, "os", "getpid", vec![]).await.to_text().unwrap().parse().ok());
    for (value, item) in [
        (vm.creation, "creation"),
        (vm.word_bytes, "wordsize"),
        (vm.schedulers.normal, "schedulers"),
        (vm.schedulers.normal_online, "schedulers_online"),
        (vm.schedulers.dirty_cpu, "dirty_cpu_schedulers"),
        (vm.schedulers.dirty_cpu_online, "dirty_cpu_schedulers_online"),
        (vm.schedulers.dirty_io, "dirty_io_schedulers"),
        (vm.process_limit, "process_limit"),
        (vm.port_limit, "port_limit"),
        (vm.atom_limit, "atom_limit"),
        (vm.ets_limit, "ets_limit"),
        (vm.dist_buf_busy_bytes, "dist_buf_busy_limit"),
    ] {
        assert!(value.is_some(), "{item} is unknown");
        assert_eq!(value, info(&other, item).await, "{item}");
    }
    assert_eq!(vm.tick_time_s, Some(60));
    assert!(matches!(vm.flavor.as_deref(), Some("jit" | "emu")), "{:?}", vm.flavor);
    let now = call(&other, "erlang", "system_time", vec![Term::atom("microsecond")]).await.as_int().unwrap();
    let uptime = now - vm.started_us.unwrap();
    assert!((0..LONG.as_micros() as i64).contains(&uptime), "up for {uptime} us");
}

#[tokio::test]
async fn a_tick_says_what_others_are_told() {
    let node = Node::start().await;
    let (connection, other) = (node.connect().await, node.connect().await);
    let mut watch = watch(&connection).await;
    eval(
        &other,
        "Us = self(), spawn(fun() -> [spawn(fun() -> timer:sleep(infinity) end) || _ <- lists:seq(1, 5000)],
             T = ets:new(x, []), ets:insert(T, {1, lists:duplicate(1000000, 7)}), Us ! ready, timer:sleep(infinity) end),
         receive ready -> ok end.",
    )
    .await;
    let tick = watch.tick().await.unwrap();
    let told = |item| info(&other, item);
    assert!(tick.counts.processes.unwrap().abs_diff(told("process_count").await.unwrap()) <= 2);
    assert_eq!(tick.counts.ports, told("port_count").await);
    assert_eq!(tick.counts.ets, told("ets_count").await);
    assert_eq!(tick.counts.atoms, told("atom_count").await);
    let memory = call(&other, "erlang", "memory", vec![]).await;
    let m = tick.memory;
    for (name, bytes) in [
        ("total", m.total),
        ("processes", m.processes),
        ("processes_used", m.processes_used),
        ("system", m.system),
        ("atom", m.atom),
        ("atom_used", m.atom_used),
        ("binary", m.binary),
        ("code", m.code),
        ("ets", m.ets),
    ] {
        let (bytes, told) = (bytes.unwrap() as f64, memory.get(name).unwrap().as_float().unwrap());
        // What asking itself takes may be a good part of what there is little of.
        assert!((bytes - told).abs() <= 0.05 * told + 65_536.0, "{name}: {bytes}, told {told}");
    }
    assert_eq!(tick.run_queues.len(), 2);
    assert!(tick.dirty_cpu_queue.is_some() && tick.dirty_io_queue.is_some());
    assert!(tick.io_in_bytes > Some(0) && tick.io_out_bytes > Some(0));
    let next = watch.tick().await.unwrap();
    assert!(next.at_us > tick.at_us && next.wall_us > tick.wall_us && next.helper_us > tick.helper_us);
    assert!(next.reductions > tick.reductions && next.context_switches > tick.context_switches);
    assert!(next.n_gcs.is_some() && next.gc_words.is_some());
}

#[tokio::test]
async fn a_spinning_process_fills_one_scheduler() {
    let node = Node::start().await;
    let connection = node.connect().await;
    let mut watch = watch(&connection).await;
    let at_rest = watch.tick().await.unwrap();
    sleep(Duration::from_millis(300)).await;
    let before = watch.tick().await.unwrap();
    let idle: f64 = utilisation(&at_rest, &before, SchedulerKind::Normal).iter().sum();
    eval(&connection, "spawn(fun() -> (fun Loop() -> Loop() end)() end).").await;
    let before = watch.tick().await.unwrap();
    sleep(Duration::from_millis(300)).await;
    let after = watch.tick().await.unwrap();
    let normal = utilisation(&before, &after, SchedulerKind::Normal);
    assert_eq!(normal.len(), 2);
    let busy: f64 = normal.iter().sum();
    // It may move from one to the other; together they run it all the time.
    assert!(busy > 0.9 && idle < 0.5, "{busy} of two schedulers, {idle} at rest");
    assert_eq!(utilisation(&before, &after, SchedulerKind::DirtyCpu), [0.0, 0.0]);
}

#[tokio::test]
async fn the_flag_and_the_helper_are_gone_after_the_cut() {
    let node = Node::start().await;
    let (connection, other) = (node.connect().await, node.connect().await);
    let mut watch = watch(&connection).await;
    assert!(!watch.tick().await.unwrap().schedulers.is_empty());
    let process = Term::from(watch.process().clone());
    let flag = Term::atom("scheduler_wall_time");
    assert_ne!(call(&other, "erlang", "statistics", vec![flag.clone()]).await, Term::atom("undefined"));
    call(&other, "erlang", "disconnect_node", vec![connection.agreed().name.clone().into()]).await;
    until(&other, "erlang", "is_process_alive", &[process], &Term::atom("false")).await;
    until(&other, "erlang", "statistics", &[flag], &Term::atom("undefined")).await;
    watch.tick().await.unwrap_err();
}

#[tokio::test]
async fn dirty_jobs_show_on_dirty_schedulers_and_those_that_wait_in_their_queue() {
    let node = Node::start().await;
    let connection = node.connect().await;
    let mut watch = watch(&connection).await;
    let before = watch.tick().await.unwrap();
    assert_eq!(before.dirty_cpu_queue, Some(0));
    // Two dirty CPU schedulers for eight jobs, each of them longer than this test.
    eval(&connection, "[spawn(fun() -> erts_debug:dirty_cpu(wait, 30000) end) || _ <- lists:seq(1, 8)].").await;
    let start = Instant::now();
    let waiting = loop {
        let tick = watch.tick().await.unwrap();
        if tick.dirty_cpu_queue >= Some(6) {
            break tick;
        }
        assert!(start.elapsed() < LONG, "{:?}", tick.dirty_cpu_queue);
        sleep(Duration::from_millis(20)).await;
    };
    sleep(Duration::from_millis(300)).await;
    let after = watch.tick().await.unwrap();
    let busy = utilisation(&waiting, &after, SchedulerKind::DirtyCpu);
    assert!(busy.len() == 2 && busy.iter().all(|share| *share > 0.9), "{busy:?}");
    assert!(utilisation(&waiting, &after, SchedulerKind::DirtyIo).iter().all(|share| *share < 0.1));
    assert_eq!((after.dirty_cpu_queue, after.dirty_io_queue), (Some(6), Some(0)));
}
