//! VMs that hang, die and come back, and an agent that dies: nothing of it stays on the VM.

use std::time::{Duration, Instant};

use midair_beam::Term;
use midair_proto::v1::Health;
use rustix::process::Signal;

use crate::{
    agent::Watched,
    vm::{LONG, Vm, alone, call},
};

async fn answers(watched: &mut Watched, name: &str) {
    watched.until("an answer", |w| (w.runtime(name)?.health == Some(Health::Ok.into())).then_some(())).await;
}

#[tokio::test]
async fn a_vm_that_hangs_is_still_seen_from_outside_and_comes_back() {
    let _alone = alone().await;
    let vm = Vm::start("hung", "");
    let mut watched = Watched::start(&[]).await;
    answers(&mut watched, &vm.name).await;
    vm.signal(Signal::STOP);
    let runtime = watched
        .until("no answer", |w| {
            let runtime = w.runtime(&vm.name)?;
            (runtime.health == Some(Health::Off.into())).then(|| runtime.clone())
        })
        .await;
    assert!(runtime.reason.unwrap().contains("does not answer"));
    let said = watched.vm(&vm.name).unwrap();
    assert!(said.answered_us.is_some(), "the age of what it said last: {said:?}");
    let threads = said.schedulers.as_ref().unwrap().scheduler.iter().filter(|one| one.thread.is_some());
    assert!(threads.count() >= 2, "its threads are seen by the kernel");
    vm.signal(Signal::CONT);
    answers(&mut watched, &vm.name).await;
}

#[tokio::test]
async fn a_vm_that_is_killed_is_told_and_its_next_life_is_another_one() {
    let _alone = alone().await;
    let vm = Vm::start("reborn", "");
    let name = vm.name.clone();
    let mut watched = Watched::start(&[]).await;
    answers(&mut watched, &name).await;
    let first = watched.runtime(&name).unwrap().id;
    let vm = vm.restarted("register(second_life, spawn(timer, sleep, [infinity])), second_life ! hello,");
    watched
        .until("the second life", |w| {
            let runtime = w.runtime(&name)?;
            (runtime.id != first && runtime.health == Some(Health::Ok.into())).then_some(())
        })
        .await;
    let down = format!("the Erlang VM {name}");
    watched.until("a mark", |w| w.marks.iter().any(|mark| mark.starts_with(&down)).then_some(())).await;
    watched.until("its processes", |w| w.row("second_life").map(|_| ())).await;
    drop(vm);
}

#[tokio::test]
async fn an_agent_that_is_killed_leaves_nothing_on_the_vm() {
    let _alone = alone().await;
    let vm = Vm::start("clean", "");
    let ours = vm.connect().await;
    let processes =
        async || call(&ours, "erlang", "system_info", vec![Term::atom("process_count")]).await.as_int().unwrap();
    let (before, n_tables) = (processes().await, tables(&ours).await);
    let mut watched = Watched::start(&[]).await;
    watched.until("a pass", |w| w.vm(&vm.name)?.sweep.as_ref()?.ended_us).await;
    let meanwhile = processes().await;
    assert!(meanwhile > before, "its helpers are there: {before}, {meanwhile}");
    watched.kill();
    let start = Instant::now();
    while processes().await > before || tables(&ours).await > n_tables {
        assert!(
            start.elapsed() < LONG,
            "{} processes more, {} tables",
            processes().await - before,
            tables(&ours).await
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(call(&ours, "erlang", "system_monitor", vec![]).await, Term::atom("undefined"));
    let wall_time = call(&ours, "erlang", "statistics", vec![Term::atom("scheduler_wall_time")]).await;
    assert_eq!(wall_time, Term::atom("undefined"), "the flag is off again");
}

/// What watching leaves for ever on a VM is its atoms. Memory by type makes the VM load what is its own the first time that
/// anybody asks (`erlang:memory/0`), so that it is asked before they are counted.
#[tokio::test]
async fn however_often_an_agent_comes_and_looks_few_atoms_stay() {
    let _alone = alone().await;
    let crowd = "[register(list_to_atom(\"p\" ++ integer_to_list(N)), spawn(timer, sleep, [infinity])) || N <- lists:seq(1, 40)], \
                 [list_to_atom(\"p\" ++ integer_to_list(N)) ! N || N <- lists:seq(1, 40)],";
    let vm = Vm::start("atoms", crowd);
    let ours = vm.connect().await;
    call(&ours, "erlang", "memory", vec![]).await;
    let atoms = async || call(&ours, "erlang", "system_info", vec![Term::atom("atom_count")]).await.as_int().unwrap();
    let before = atoms().await;
    for _ in 0..3 {
        let mut watched = Watched::start(&[]).await;
        let tasks = watched
            .until("rows", |w| {
                let tasks: Vec<_> = (1..=40).filter_map(|n| w.row(&format!("p{n}"))?.id).collect();
                (tasks.len() >= 10).then_some(tasks)
            })
            .await;
        for task in tasks.into_iter().take(3) {
            watched.focus(task).await;
            watched.until("a look", |w| w.details.as_ref()?.erlang.as_ref().map(|_| ())).await;
            watched.traced = None;
            watched.trace(task).await;
            watched.until("a trace", |w| w.traced.as_ref().map(|_| ())).await;
        }
        watched.kill();
    }
    let after = atoms().await;
    let more = after - before;
    let mut named = Vec::new();
    for n in before..after {
        // An atom by its place in the table (ATOM_INTERNAL_REF3, erts/emulator/beam/external.h).
        let n = u32::try_from(n).unwrap().to_be_bytes();
        named.push(call(&ours, "erlang", "binary_to_term", vec![Term::binary([131, 75, n[1], n[2], n[3]])]).await);
    }
    assert!(more <= 50, "{more} atoms more after 3 agents, 9 looks and 9 traces: {named:?}");
    eprintln!("{more} atoms more after 3 agents, 9 looks and 9 traces");
}

async fn tables(of: &midair_beam::Connection) -> usize {
    call(of, "ets", "all", vec![]).await.as_list().unwrap().len()
}
