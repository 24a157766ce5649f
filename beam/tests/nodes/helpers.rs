//! Helpers: what they send arrives, and nothing of them is left when we go.

use midair_beam::{CallError, Connection, Helper, HelperEnded, Mfa, SpawnOptions, Term, connect};

use crate::node::{LONG, Node, call, eval, options, until};

async fn sleeper(connection: &Connection) -> Helper {
    let args = |_: &_| vec![Term::atom("infinity")];
    connection.spawn_linked(Mfa::new("timer", "sleep"), args, SpawnOptions::default(), LONG).await.unwrap()
}

async fn until_gone(watch: &Connection, helper: Term) {
    until(watch, "erlang", "is_process_alive", &[helper], &Term::atom("false")).await;
}

#[tokio::test]
async fn a_message_arrives_and_then_the_end() {
    let node = Node::start().await;
    let connection = node.connect().await;
    let send = Mfa::new("erlang", "send");
    let args = |us: &midair_beam::Pid| vec![us.clone().into(), Term::string("hello")];
    let mut helper = connection.spawn_linked(send, args, SpawnOptions::default(), LONG).await.unwrap();
    assert_eq!(helper.next().await.unwrap(), Term::string("hello"));
    assert_eq!(helper.next().await.unwrap_err(), HelperEnded::Exited(Term::atom("normal")));
    assert_eq!(helper.next().await.unwrap_err(), HelperEnded::Exited(Term::atom("normal")));
}

/// A helper that runs an expression with `Us` bound to our pid, without any code loaded there.
async fn interpreted(connection: &Connection, expression: &str) -> Helper {
    let scan = format!("element(2, erl_parse:parse_exprs(element(2, erl_scan:string({expression:?})))).");
    let forms = eval(connection, &scan).await;
    let args = |us: &midair_beam::Pid| {
        let bound = Term::tuple([Term::atom("Us"), us.clone().into()]);
        vec![forms, Term::list([bound])]
    };
    connection.spawn_linked(Mfa::new("erl_eval", "exprs"), args, SpawnOptions::default(), LONG).await.unwrap()
}

#[tokio::test]
async fn a_helper_answers_what_it_is_sent() {
    let node = Node::start().await;
    let connection = node.connect().await;
    let mut helper = interpreted(&connection, "receive {add, A, B} -> Us ! A + B end.").await;
    helper.send(Term::tuple([Term::atom("add"), 2.into(), 3.into()])).await.unwrap();
    assert_eq!(helper.next().await.unwrap(), Term::from(5));
}

#[tokio::test]
async fn messages_that_nobody_takes_are_dropped_and_counted() {
    let node = Node::start().await;
    let mut small = options();
    small.limits.inbox = 4;
    let connection = node.try_connect(&small).await.unwrap();
    let mut helper = interpreted(&connection, "[Us ! N || N <- lists:seq(1, 1000)], done.").await;
    until_gone(&connection, helper.process().clone().into()).await;
    let mut taken = Vec::new();
    while let Ok(message) = helper.next().await {
        taken.extend(message.as_int());
    }
    assert_eq!(taken, [1, 2, 3, 4]);
    assert_eq!(helper.n_dropped(), 996);
}

#[tokio::test]
async fn a_helper_dies_when_its_handle_is_dropped() {
    let node = Node::start().await;
    let connection = node.connect().await;
    let helper = sleeper(&connection).await;
    let process = Term::from(helper.process().clone());
    assert_eq!(call(&connection, "erlang", "is_process_alive", vec![process.clone()]).await, Term::atom("true"));
    drop(helper);
    until_gone(&connection, process).await;
    assert!(connection.is_up());
}

#[tokio::test]
async fn a_helper_dies_when_the_link_is_cut() {
    let node = Node::start().await;
    let (watch, connection) = (node.connect().await, node.connect().await);
    let helper = sleeper(&connection).await;
    let process = Term::from(helper.process().clone());
    let flag = interpreted(&connection, "erlang:system_flag(scheduler_wall_time, true), receive stop -> ok end.").await;
    let flag_process = Term::from(flag.process().clone());
    assert_eq!(call(&watch, "erlang", "is_process_alive", vec![process.clone()]).await, Term::atom("true"));
    call(&watch, "erlang", "disconnect_node", vec![connection.agreed().name.clone().into()]).await;
    let ended = connection.ended().await;
    until_gone(&watch, process).await;
    until_gone(&watch, flag_process).await;
    until(&watch, "erlang", "statistics", &[Term::atom("scheduler_wall_time")], &Term::atom("undefined")).await;
    let mut helper = helper;
    assert_eq!(helper.next().await.unwrap_err(), HelperEnded::Connection(ended));
}

#[tokio::test]
async fn a_helper_dies_with_the_agent() {
    let node = Node::start().await;
    let watch = node.connect().await;
    // An agent of its own: a runtime, whose end closes the socket while all handles are still held.
    let agent = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (address, options) = (node.address(), options());
    let started = agent.spawn(async move {
        let connection = connect(&address, &options).await.unwrap();
        let helper = sleeper(&connection).await;
        (connection, helper)
    });
    let (connection, mut helper) = started.await.unwrap();
    let process = Term::from(helper.process().clone());
    assert_eq!(call(&watch, "erlang", "is_process_alive", vec![process.clone()]).await, Term::atom("true"));
    agent.shutdown_background();
    until_gone(&watch, process).await;
    assert!(!connection.is_up());
    assert!(matches!(helper.next().await, Err(HelperEnded::Connection(_))));
}

#[tokio::test]
async fn a_helper_dies_when_all_handles_are_gone() {
    let node = Node::start().await;
    let watch = node.connect().await;
    let connection = node.connect().await;
    let helper = sleeper(&connection).await;
    let process = Term::from(helper.process().clone());
    drop(connection);
    assert_eq!(call(&watch, "erlang", "is_process_alive", vec![process.clone()]).await, Term::atom("true"));
    drop(helper);
    until_gone(&watch, process).await;
    until(&watch, "erlang", "nodes", &[Term::atom("hidden")], &Term::list([watch.agreed().name.clone().into()])).await;
}

#[tokio::test]
async fn a_helper_that_cannot_start_says_why() {
    let node = Node::start().await;
    let connection = node.connect().await;
    let options = SpawnOptions { max_heap_words: Some(1), ..SpawnOptions::default() };
    let error = connection.call_with(Mfa::new("erlang", "node"), vec![], options, LONG).await.unwrap_err();
    assert!(matches!(error, CallError::NotStarted { .. }), "{error}");
}

#[tokio::test]
async fn those_who_ask_after_processes_that_are_not_there_are_answered() {
    let node = Node::start().await;
    let connection = node.connect().await;
    let mut helper = interpreted(
        &connection,
        "receive {pid, P} -> R = erlang:monitor(process, P), receive {'DOWN', R, _, _, W} -> Us ! W end end.",
    )
    .await;
    let us = helper.pid().clone();
    let absent = midair_beam::Pid { id: us.id + 1000, ..us };
    helper.send(Term::tuple([Term::atom("pid"), absent.clone().into()])).await.unwrap();
    assert_eq!(helper.next().await.unwrap(), Term::atom("noproc"));

    let mut helper = interpreted(
        &connection,
        "process_flag(trap_exit, true), receive {pid, P} -> link(P), receive {'EXIT', P, W} -> Us ! W end end.",
    )
    .await;
    helper.send(Term::tuple([Term::atom("pid"), absent.into()])).await.unwrap();
    assert_eq!(helper.next().await.unwrap(), Term::atom("noproc"));
}
