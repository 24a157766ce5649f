//! A VM is found by itself, and shows its hottest processes among many.

use midair_proto::v1::{Health, QueueKind, SchedulerKind, TaskState};

use crate::{
    agent::Watched,
    vm::{Vm, alone},
};

/// A crowd that sleeps, a mailbox that grows and a process that never rests.
const BUSY: &str = "\
    [spawn(timer, sleep, [infinity]) || _ <- lists:seq(1, 5000)], \
    register(hot_mailbox, spawn(timer, sleep, [infinity])), \
    spawn(fun F() -> hot_mailbox ! {hello, world}, timer:sleep(5), F() end), \
    register(spinner, spawn(fun F() -> F() end)),";

#[tokio::test]
async fn the_hottest_among_thousands_are_found_with_nothing_said_beforehand() {
    let _alone = alone().await;
    let vm = Vm::start("busy", BUSY);
    let mut watched = Watched::start(&[]).await;
    let (depth, before) = watched
        .until("a mailbox that grows", |w| {
            let row = w.row("hot_mailbox")?;
            let depth = |queues: &midair_proto::v1::Queues| queues.queue.first()?.depth;
            let queue = row.queues.as_ref()?.queue.first()?;
            assert_eq!(queue.kind, Some(QueueKind::Mailbox.into()));
            Some((depth(row.queues.as_ref()?)?, depth(row.previous.as_ref()?.queues.as_ref()?)?))
        })
        .await;
    assert!(depth > before, "{depth} after {before}");
    watched
        .until("a process that always runs", |w| {
            let row = w.row("spinner")?;
            let is_running = row.state == Some(TaskState::Running.into());
            (is_running && row.active_milli? > 900).then_some(())
        })
        .await;
    let runtime = watched.runtime(&vm.name).unwrap().clone();
    assert_eq!(runtime.health, Some(Health::Ok.into()));
    assert!(runtime.n_tasks > Some(5000), "{runtime:?}");
    // Which OS process and which threads it is.
    let (id, threads) = watched
        .until("its schedulers are threads", |w| {
            let said = w.vm(&vm.name)?;
            let all = &said.schedulers.as_ref()?.scheduler;
            let normal = all.iter().filter(|one| one.kind == Some(SchedulerKind::Normal.into()));
            let both: Option<Vec<_>> = normal.map(|one| Some((one.total?, one.thread?.number?))).collect();
            Some((said.process?.number?, both?))
        })
        .await;
    assert_eq!((id, threads.len()), (u64::from(vm.pid()), 2));
    for (_, thread) in threads {
        let comm = std::fs::read_to_string(format!("/proc/{}/task/{thread}/comm", vm.pid())).unwrap();
        assert!(comm.contains("sched"), "{comm}");
    }
    let said = watched.vm(&vm.name).unwrap();
    assert!(said.cost_us > Some(0) && said.wire_bytes > Some(0), "what watching costs is said: {said:?}");
    let said = watched.until("a whole pass", |w| w.vm(&vm.name)?.sweep.clone()).await;
    assert!(said.n_processes > Some(5000) && said.n_messages > Some(0), "{said:?}");
}
