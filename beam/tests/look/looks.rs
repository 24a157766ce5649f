//! What a process is: its names, its stack, its neighbours.

use std::time::Duration;

use midair_beam::{
    Atom,
    watch::{
        Look, LookError, Seen, TraceError, Waits,
        look::{Party, StateError, Status, dictionary, state},
        receive_trace,
    },
};
use tokio::time::{Instant, sleep};

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
    // Its arity is another one in other releases.
    assert!(top.function.to_string().starts_with("gen_server:loop/"), "{top}");
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
    // Ten looks take one second, where nobody holds the VM up.
    sleep(Duration::from_millis(3000)).await;
    let seen = read(&mut look).await;
    assert_eq!((seen.tally.n(), seen.tally.n_waiting(), seen.tally.n_active()), (12, 12, 0));
    let tops = seen.tally.tops();
    assert_eq!(tops.iter().map(|(top, n)| (top.to_string(), *n)).collect::<Vec<_>>(), [("subject:idle/0".into(), 12)]);
}

#[tokio::test]
async fn many_links_are_cut_and_their_number_is_right() {
    let subject = Subject::start().await;
    let pid = subject.pid("P = subject:hub(1000), register(many, P), P.").await;
    let seen = read(&mut subject.look(&pid).await).await;
    assert_eq!((seen.links.n, seen.links.some.len(), seen.neighbours_age), (Some(1000), 64, 0));
    let child = seen.links.some[0].pid().unwrap();
    let seen = read(&mut subject.look(child).await).await;
    assert_eq!(seen.links.n, Some(1));
    assert_eq!(seen.links.some[0].party, Party::Process(pid));
    assert_eq!(seen.links.some[0].name.as_deref(), Some("many"));
    assert_eq!(seen.parent.unwrap().name.as_deref(), Some("many"));
}

#[tokio::test]
async fn very_many_links_are_asked_seldom() {
    let subject = Subject::start().await;
    let pid = subject.pid("subject:hub(5000).").await;
    let mut look = subject.look(&pid).await;
    let mut ages = Vec::new();
    for _ in 0..7 {
        let seen = read(&mut look).await;
        assert_eq!((seen.links.n, seen.links.some.len()), (Some(5000), 64));
        ages.push(seen.neighbours_age);
    }
    assert_eq!(ages, [0, 1, 2, 0, 1, 2, 0]);
}

#[tokio::test]
async fn a_process_is_called_what_it_calls_itself() {
    let subject = Subject::start().await;
    let queue = "{rabbit_amqqueue_process, {resource, <<\"/\">>, queue, <<\"q1\">>}}";
    for (key, value, text) in [
        ("'$process_label'", "{worker, 7}", "{worker,7}"),
        ("'$process_label'", "\"by name\"", "by name"),
        ("process_name", queue, "queue q1 in vhost /"),
        ("process_name", "lists:seq(1000, 1200)", "[1000,1001,1002,1003"),
    ] {
        let pid = subject.pid(&format!("subject:labelled({key}, {value}).")).await;
        let label = read(&mut subject.look(&pid).await).await.label.unwrap();
        assert!(label.starts_with(text) && label.len() <= 400, "{key}: {label}");
    }
    // On whose behalf it works: Elixir's tasks say so.
    let pid = subject.pid("subject:labelled('$callers', [self(), whereis(init)]).").await;
    let callers = read(&mut subject.look(&pid).await).await.callers;
    assert_eq!((callers.n, callers.some[1].name.as_deref()), (Some(2), Some("init")));
}

#[tokio::test]
async fn what_walks_the_mailbox_is_not_asked_where_it_is_long() {
    let subject = Subject::start().await;
    let mut looks = Vec::new();
    for n in [0, 500_000] {
        let pid = subject.pid(&format!("subject:full({n}).")).await;
        let mut look = subject.look(&pid).await;
        let seen = read(&mut look).await;
        assert_eq!((seen.mailbox, seen.links.n), (Some(n), Some(0)));
        assert_eq!(seen.stack[0].function.to_string(), "subject:idle/0");
        let asked = (seen.heap.memory.is_some(), seen.heap.estimated().is_some());
        assert_eq!(asked, (n == 0, n == 0));
        looks.push(look);
    }
    // Whoever reads in turns sees both under the same load.
    let mut took = [Vec::new(), Vec::new()];
    for _ in 0..21 {
        for (look, took) in looks.iter_mut().zip(&mut took) {
            let start = Instant::now();
            read(look).await;
            took.push(start.elapsed());
        }
    }
    let [empty, full] = took.map(|mut took| {
        took.sort();
        took[took.len() / 2]
    });
    eprintln!("a look takes {empty:?}, and {full:?} with 500,000 messages");
    assert!(full < empty * 8, "{empty:?}, and {full:?} with 500,000 messages");
}

#[tokio::test]
async fn a_read_that_is_dropped_half_way_is_gone_on_with() {
    let subject = Subject::start().await;
    let pid = subject.pid("subject:start(first).").await;
    let mut look = subject.look(&pid).await;
    for micros in 0..50 {
        // Whether it gets an answer or not.
        let dropped = tokio::time::timeout(Duration::from_micros(micros * 20), look.read()).await;
        drop(dropped);
    }
    assert_eq!(read(&mut look).await.name.as_deref(), Some("first"));
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
async fn a_holder_of_binaries_shows_them() {
    let subject = Subject::start().await;
    let pid = subject.pid("subject:labelled(held, binary:copy(<<1>>, 10000000)).").await;
    let heap = read(&mut subject.look(&pid).await).await.heap;
    let binaries = heap.binaries.unwrap();
    assert!((10_000_000..11_000_000).contains(&binaries) && heap.memory.unwrap() < 1_000_000, "{heap:?}");
}

#[tokio::test]
async fn a_helper_that_was_killed_is_replaced() {
    let subject = Subject::start().await;
    let pid = subject.pid("subject:start(first).").await;
    let mut look = subject.look(&pid).await;
    read(&mut look).await;
    let helpers = "[P || P <- processes(), P =/= self(), {_, {erl_eval, expr, 3}} <- [process_info(P, initial_call)]]";
    subject.eval(&format!("[exit(P, kill) || P <- {helpers}].")).await;
    let start = Instant::now();
    while look.read().await.is_ok() {
        assert!(start.elapsed() < LONG, "the helper lives on");
    }
    assert_eq!(read(&mut look).await.name.as_deref(), Some("first"));
    assert_eq!(subject.eval(&format!("length({helpers}).")).await, 1.into());
    drop(look);
    while subject.eval(&format!("length({helpers}).")).await != 0.into() {
        assert!(start.elapsed() < LONG, "the helper lives on");
    }
}

#[tokio::test]
async fn a_process_of_another_node_is_not_asked_about_here() {
    let subject = Subject::start().await;
    let mut pid = subject.pid("whereis(init).").await;
    pid.node = Atom::fixed("elsewhere@127.0.0.1");
    let error = Look::start(&subject.connection, pid.clone(), subject.release, LONG).await.unwrap_err();
    assert!(matches!(&error, LookError::Elsewhere(node) if node.contains("elsewhere")), "{error}");
    assert!(matches!(state(&subject.connection, &pid, LONG).await, Err(StateError::Elsewhere(_))));
    let trace = receive_trace(&subject.connection, &pid, subject.release, Duration::from_secs(1), 1).await;
    assert!(matches!(trace, Err(TraceError::Elsewhere(_))));
}

#[tokio::test]
async fn two_hundred_drill_downs_leave_few_atoms() {
    let subject = Subject::start().await;
    let pid = subject.pid("subject:start(first).").await;
    let atoms = || async { subject.eval("erlang:system_info(atom_count).").await.as_int().unwrap() };
    // What the printing of any term loads is the node's own.
    subject.eval("io_lib:format(\"~0tP\", [[a], 9], [{chars_limit, 100}]), sys:get_state(first).").await;
    let before = atoms().await;
    let connection = subject.connect().await;
    for _ in 0..200 {
        let mut look = Look::start(&connection, pid.clone(), subject.release, LONG).await.unwrap();
        read(&mut look).await;
        state(&connection, &pid, LONG).await.unwrap();
        dictionary(&connection, &pid, LONG).await.unwrap();
        receive_trace(&connection, &pid, subject.release, Duration::from_millis(1), 10).await.unwrap();
    }
    let made = atoms().await - before;
    let new = format!("[binary_to_term(<<131, 75, N:24>>) || N <- lists:seq({before}, {before} + {made} - 1)].");
    eprintln!("{made} atoms after 200 drill-downs: {}", subject.eval(&new).await);
    // Three keys of ours, five that the VM makes for its own answer, three functions of `trace` from OTP 27 on, and names
    // for connections that overlap.
    assert!(made <= 14, "{made} atoms after 200 drill-downs");
}
