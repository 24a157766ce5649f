//! What a process keeps: shown on request, refused where asking could harm.

use midair_beam::{
    Pid, Term,
    watch::look::{Printed, StateError, dictionary, state},
};

use crate::{
    node::LONG,
    subject::{Subject, read},
};

async fn asked(subject: &Subject, expression: &str) -> (Pid, Result<Printed, StateError>) {
    let pid = subject.pid(expression).await;
    let state = state(&subject.connection, &pid, LONG).await;
    (pid, state)
}

#[tokio::test]
async fn the_state_of_a_server_is_printed_and_cut() {
    let subject = Subject::start().await;
    let (_, told) = asked(&subject, "subject:keeper({count, 7, <<\"ä\"/utf8>>}).").await;
    assert_eq!(told.unwrap(), Printed { text: "{count,7,<<\"ä\"/utf8>>}".into(), is_cut: false });
    let (pid, told) =
        asked(&subject, "subject:keeper([{N, \"text of some length\"} || N <- lists:seq(1, 400)]).").await;
    let told = told.unwrap();
    assert!(told.text.len() <= 4096 && told.text.starts_with("[{1,\"text of some length\"},"), "{told:?}");
    assert!(told.text.ends_with("...]") || told.is_cut, "{told:?}");
    let seen = read(&mut subject.look(&pid).await).await;
    assert_eq!(seen.mailbox, Some(0));
}

#[tokio::test]
async fn the_state_is_refused_where_asking_could_harm() {
    let subject = Subject::start().await;
    let large = "subject:keeper(lists:seq(1, 100000)).";
    assert!(matches!(asked(&subject, large).await.1, Err(StateError::Heap(bytes)) if bytes > 262_144));
    let (plain, told) = asked(&subject, "spawn(subject, idle, []).").await;
    assert_eq!(told, Err(StateError::Elsewise("subject:idle/0".into())));
    let (_, told) = asked(&subject, "spawn(gen_server, call, [subject:keeper(x), {pass, []}, infinity]).").await;
    assert!(matches!(told, Err(StateError::Elsewise(_))), "{told:?}");
    subject.eval(&format!("[list_to_pid(\"{plain}\") ! N || N <- lists:seq(1, 101)].")).await;
    assert_eq!(state(&subject.connection, &plain, LONG).await, Err(StateError::Mailbox(101)));
    let (gone, _) = asked(&subject, "P = subject:keeper(x), gen_server:stop(P), P.").await;
    assert_eq!(state(&subject.connection, &gone, LONG).await, Err(StateError::Gone));
    // None of these got a request that it keeps.
    let length = subject.eval(&format!("erlang:process_info(list_to_pid(\"{plain}\"), message_queue_len).")).await;
    assert_eq!(length.as_tuple().unwrap()[1], Term::from(101));
}

#[tokio::test]
async fn the_dictionary_is_printed_for_any_process_with_a_small_heap() {
    let subject = Subject::start().await;
    let pid = subject.pid("spawn(fun() -> put(colour, green), subject:idle() end).").await;
    let told = dictionary(&subject.connection, &pid, LONG).await.unwrap();
    assert_eq!(told.text, "[{colour,green}]");
    let pid = subject.pid("spawn(fun() -> put(much, lists:seq(1, 100000)), subject:idle() end).").await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(matches!(dictionary(&subject.connection, &pid, LONG).await, Err(StateError::Heap(_))));
}
