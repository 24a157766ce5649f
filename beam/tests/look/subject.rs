//! A VM with the module `subject` in its path, and looks at its processes.

use std::process::Command;

use midair_beam::{
    Connection, Cookie, Options, Pid, Term,
    watch::{Look, ProcessLook, Seen},
};
use tempfile::TempDir;

use crate::node::{LONG, Node, eval, options};

/// OTP 25 is what Debian 12 has; others are read from the node.
pub(crate) struct Subject {
    node: Node,
    pub(crate) connection: Connection,
    pub(crate) release: u32,
    _code: TempDir,
}

const COOKIE: &str = "known to one";

fn known() -> Options {
    let mut options = options();
    options.cookie = Cookie::from_text(COOKIE).unwrap();
    options
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
        // Another midair may find this node on its host. What it does there is not what is tested: so the node gets a
        // cookie that no command line tells, and whoever came before that has to go.
        eval(&node.connect().await, &format!("erlang:set_cookie('{COOKIE}').")).await;
        let connection = node.try_connect(&known()).await.unwrap();
        let ours = &connection.agreed().name;
        eval(&connection, &format!("[erlang:disconnect_node(N) || N <- nodes(hidden), N =/= {ours}].")).await;
        let release = release_of(&connection).await;
        eval(&connection, "code:ensure_loaded(subject).").await;
        Self { node, connection, release, _code: code }
    }

    /// One connection more.
    pub(crate) async fn connect(&self) -> Connection {
        self.node.try_connect(&known()).await.unwrap()
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
