//! What a process is: its names, its stack, its neighbours.

use std::time::Duration;

use midair_beam::watch::{
    Look, Seen, Waits,
    look::{Party, Status},
};
use tokio::time::sleep;

use crate::{
    node::LONG,
    subject::{Subject, read},
};

#[tokio::test]
async fn a_server_is_shown_with_names_stack_and_neighbours() {
    let subject = Subject::start().await;
    let pid = subject.pid("subject:start(first).").await;
    let mut look = subject.look(&pid).await;
    let seen = read(&mut look).await;
    assert_eq!(seen.name.as_deref(), Some("first"));
    assert_eq!(seen.initial_call.as_ref().unwrap().to_string(), "subject:init/1");
    assert_eq!(seen.priority.as_deref(), Some("normal"));
    assert_eq!((seen.traps_exits, seen.is_mailbox_off_heap), (Some(false), Some(false)));
    assert_eq!((seen.status.clone(), seen.mailbox), (Some(Status::Waiting), Some(0)));
    assert!(seen.reductions.unwrap() > 0);
    let top = &seen.stack[0];
    assert_eq!(top.function.to_string(), "gen_server:loop/7");
    assert!(top.file.as_ref().unwrap().ends_with("gen_server.erl") && top.line.unwrap() > 0, "{top}");
    let estimated = seen.heap.estimated().unwrap();
    let memory = seen.heap.memory.unwrap();
    assert!(estimated <= memory && estimated * 4 >= memory, "{estimated} of {memory}");
    assert_eq!((seen.links.n, seen.monitors.n, seen.monitored_by.n), (Some(0), Some(0), Some(0)));
    assert_eq!(seen.ancestors.n, Some(1));
    assert!(
        matches!(&seen.waits, Waits::Message(function) if function.module.as_str() == "gen_server"),
        "{:?}",
        seen.waits
    );
}

#[tokio::test]
async fn looks_between_two_reads_are_counted() {
    let subject = Subject::start().await;
    let pid = subject.pid("spawn(subject, idle, []).").await;
    let mut look = subject.look(&pid).await;
    assert_eq!(read(&mut look).await.tally.n(), 1);
    sleep(Duration::from_millis(1500)).await;
    let seen = read(&mut look).await;
    assert_eq!((seen.tally.n(), seen.tally.n_waiting(), seen.tally.n_active()), (22, 22, 0));
    let tops = seen.tally.tops();
    assert_eq!(tops.iter().map(|(top, n)| (top.to_string(), *n)).collect::<Vec<_>>(), [("subject:idle/0".into(), 22)]);
}

#[tokio::test]
async fn many_links_are_cut_and_their_number_is_right() {
    let subject = Subject::start().await;
    let pid = subject
        .pid("spawn(fun() -> register(many, self()), [spawn_link(subject, idle, []) || _ <- lists:seq(1, 1000)], subject:idle() end).")
        .await;
    sleep(Duration::from_millis(300)).await;
    let seen = read(&mut subject.look(&pid).await).await;
    assert_eq!((seen.links.n, seen.links.some.len()), (Some(1000), 64));
    let child = seen.links.some[0].pid().unwrap();
    let seen = read(&mut subject.look(child).await).await;
    assert_eq!(seen.links.n, Some(1));
    assert_eq!(seen.links.some[0].party, Party::Process(pid));
    assert_eq!(seen.links.some[0].name.as_deref(), Some("many"));
    assert_eq!(seen.parent.unwrap().name.as_deref(), Some("many"));
}

#[tokio::test]
async fn a_process_that_dies_between_looks_is_gone() {
    let subject = Subject::start().await;
    let pid = subject.pid("spawn(subject, idle, []).").await;
    let mut look = subject.look(&pid).await;
    read(&mut look).await;
    subject.eval(&format!("exit(list_to_pid(\"{pid}\"), kill).")).await;
    sleep(Duration::from_millis(200)).await;
    assert_eq!(look.read().await.unwrap(), Seen::Gone);
    assert_eq!(look.read().await.unwrap(), Seen::Gone);
}

#[tokio::test]
async fn two_hundred_looks_leave_few_atoms() {
    let subject = Subject::start().await;
    let pid = subject.pid("subject:start(first).").await;
    let atoms = || async { subject.eval("erlang:system_info(atom_count).").await.as_int().unwrap() };
    atoms().await;
    let before = atoms().await;
    for _ in 0..200 {
        let connection = subject.node.connect().await;
        let mut look = Look::start(&connection, pid.clone(), subject.release, LONG).await.unwrap();
        read(&mut look).await;
    }
    let made = atoms().await - before;
    let new = format!("[binary_to_term(<<131, 75, N:24>>) || N <- lists:seq({before}, {before} + {made} - 1)].");
    eprintln!("{made} atoms after 200 looks: {}", subject.eval(&new).await);
    // Four keys of ours, five that the VM makes for its own answer, and names for connections that overlap.
    assert!(made <= 12, "{made} atoms after 200 looks");
}
