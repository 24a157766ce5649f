//! A VM with the module `subject` in its path, and looks at its processes.

use std::process::Command;

use midair_beam::{
    Connection, Pid, Term,
    watch::{Look, ProcessLook, Seen},
};
use tempfile::TempDir;

use crate::node::{LONG, Node, eval};

/// OTP 25 is what Debian 12 has; others are read from the node.
pub(crate) struct Subject {
    pub(crate) node: Node,
    pub(crate) connection: Connection,
    pub(crate) release: u32,
    _code: TempDir,
}

/// A folder with the compiled module.
pub(crate) fn compiled() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/look/subject.erl");
    let status = Command::new("erlc").arg("-o").arg(folder.path()).arg(source).status();
    assert!(status.expect("erlc is there: install erlang-base").success());
    folder
}

impl Subject {
    pub(crate) async fn start() -> Self {
        let code = compiled();
        let node = Node::start_with(&["-pa", code.path().to_str().unwrap()]).await;
        let connection = node.connect().await;
        let release = release_of(&connection).await;
        eval(&connection, "code:ensure_loaded(subject).").await;
        Self { node, connection, release, _code: code }
    }

    pub(crate) async fn eval(&self, expression: &str) -> Term {
        eval(&self.connection, expression).await
    }

    /// The process that an expression starts there and lets live on: expressions run in a process that ends.
    pub(crate) async fn pid(&self, expression: &str) -> Pid {
        let term = self.eval(expression).await;
        term.as_pid().unwrap_or_else(|| panic!("{expression} is {term}")).clone()
    }

    pub(crate) async fn look(&self, pid: &Pid) -> Look {
        Look::start(&self.connection, pid.clone(), self.release, LONG).await.unwrap()
    }
}

pub(crate) async fn release_of(connection: &Connection) -> u32 {
    let release = eval(connection, "erlang:system_info(otp_release).").await;
    release.to_text().unwrap().parse().unwrap()
}

pub(crate) async fn read(look: &mut Look) -> ProcessLook {
    match look.read().await.unwrap() {
        Seen::Answered(look) => *look,
        other => panic!("no answer: {other:?}"),
    }
}
