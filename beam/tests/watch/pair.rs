//! Two VMs that know each other, through an epmd of their own.

use midair_beam::{Address, Connection, Term, connect};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::{
    mapper::Mapper,
    node::{call, eval, launch, options},
};

pub(crate) struct Pair {
    mapper: Mapper,
    nodes: [(Child, TempDir); 2],
}

impl Pair {
    /// `a@127.0.0.1` and `b@127.0.0.1`, with these arguments for both, not yet connected.
    pub(crate) async fn start(args: &[&str]) -> Self {
        let mapper = Mapper::start().await;
        let port = Some(mapper.port);
        let (a, b) = tokio::join!(launch("a", args, port), launch("b", args, port));
        Self { mapper, nodes: [a.expect("a starts"), b.expect("b starts")] }
    }

    pub(crate) async fn connect(&self, name: &str) -> Connection {
        connect(&Address::Epmd { epmd: self.mapper.at.clone(), name: name.into() }, &options())
            .await
            .expect("it takes us")
    }

    /// Ends `b`, at once and without a word.
    pub(crate) async fn kill_b(&mut self) {
        self.nodes[1].0.kill().await.expect("b runs");
    }
}

/// Lets a VM stand still, as a host does that is in trouble. It is ended with its pair all the same.
pub(crate) async fn stop(connection: &Connection) {
    let pid = call(connection, "os", "getpid", vec![]).await.to_text().unwrap();
    let status = Command::new("kill").args(["-STOP", &pid]).status().await.unwrap();
    assert!(status.success());
}

/// Links `a` to `b`.
pub(crate) async fn ping(a: &Connection) {
    assert_eq!(eval(a, "net_adm:ping('b@127.0.0.1').").await, Term::atom("pong"));
}
