//! What active processes do, all over a VM.

use std::process::Command;

use midair_beam::{
    Connection,
    watch::{
        ActiveReading,
        active::{MOST_ASKED, MOST_PROCESSES, active},
    },
};
use tempfile::TempDir;

use crate::node::{LONG, Node, eval};

/// A VM that knows `users.erl`.
async fn start() -> (Node, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/watch/users.erl");
    let status = Command::new("erlc").arg("-o").arg(folder.path()).arg(source).status();
    assert!(status.expect("erlc is there: install erlang-base").success());
    (Node::start_with(&["-pa", folder.path().to_str().unwrap()]).await, folder)
}

async fn look(connection: &Connection) -> ActiveReading {
    active(connection, &[], 5, LONG).await.unwrap()
}

/// How many were in functions of a module.
fn within(reading: &ActiveReading, module: &str) -> u64 {
    reading.functions.iter().filter(|(function, _)| function.starts_with(module)).map(|(_, n)| n).sum()
}

#[tokio::test]
async fn users_of_one_table_are_found_in_its_functions() {
    let (node, _code) = start().await;
    let (connection, other) = (node.connect().await, node.connect().await);
    eval(&other, "[spawn(timer, sleep, [infinity]) || _ <- lists:seq(1, 3000)], users:of_one_table(16).").await;
    let (mut n_tables, mut n_users, mut n_all) = (0, 0, 0);
    // On a machine that is busy itself, few answer in time.
    for _ in 0..60 {
        let reading = look(&connection).await;
        assert!(reading.n_looked > Some(3000) && reading.n_looked <= reading.n_processes, "{reading:?}");
        assert!(reading.n_active >= Some(10) && reading.n_active < Some(40), "{reading:?}");
        n_tables += within(&reading, "ets:");
        n_users += within(&reading, "users:counting");
        n_all += reading.n_answered.unwrap();
        if n_all >= 150 {
            break;
        }
    }
    assert!(n_tables + n_users > n_all * 9 / 10 && n_tables > n_all / 2, "{n_tables} and {n_users} of {n_all}");
}

#[tokio::test]
async fn of_very_many_that_are_active_some_are_asked_and_helpers_are_not_counted() {
    let (node, _code) = start().await;
    let (connection, other) = (node.connect().await, node.connect().await);
    let at_rest = look(&connection).await;
    assert_eq!(at_rest.functions, [], "nobody works there but ourselves");
    eval(&other, "users:spinning(400).").await;
    // A helper of ours that works all the time.
    eval(&connection, "spawn(lists, seq, [1, 1000000000]).").await;
    let reading = look(&connection).await;
    assert!(reading.n_active >= Some(400), "{reading:?}");
    let n_asked = MOST_ASKED as u64;
    assert!(reading.n_answered.is_some_and(|n| n <= n_asked && n >= n_asked - 1), "{reading:?}");
    assert_eq!(reading.functions.len(), 1, "{reading:?}");
    assert_eq!(reading.functions[0], ("users:spin/0".into(), reading.n_answered.unwrap()));
}

#[tokio::test]
async fn on_a_vm_with_very_many_processes_those_that_are_known_are_looked_at() {
    let (node, _code) = start().await;
    let (connection, other) = (node.connect().await, node.connect().await);
    let crowd = "[spawn(timer, sleep, [infinity]) || _ <- lists:seq(1, 20000)], hd(users:spinning(3)).";
    let known = eval(&other, crowd).await.as_pid().unwrap().clone();
    let reading = active(&connection, &[known], 5, LONG).await.unwrap();
    assert!(reading.n_processes > Some(MOST_PROCESSES));
    assert_eq!((reading.n_looked, reading.n_active, reading.n_answered), (Some(1), Some(1), Some(1)));
    assert_eq!(reading.functions, [("users:spin/0".to_owned(), 1)]);
}

#[tokio::test]
async fn nothing_of_a_look_stays() {
    let (node, _code) = start().await;
    let (connection, other) = (node.connect().await, node.connect().await);
    let count = || async { eval(&other, "length(processes()).").await.as_count().unwrap() };
    eval(&other, "users:spinning(2).").await;
    let before = count().await;
    look(&connection).await;
    assert_eq!(count().await, before);
}
