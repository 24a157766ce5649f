//! Two VMs that know each other, through an epmd of their own.

use std::process::Stdio;

use midair_beam::{Address, Connection, Term, connect, epmd};
use tempfile::TempDir;
use tokio::{
    process::{Child, Command},
    time::{Duration, sleep},
};

use crate::node::{LONG, call, eval, free_port, launch, options};

pub(crate) struct Pair {
    at: String,
    _epmd: Child,
    nodes: [(Child, TempDir); 2],
}

impl Pair {
    /// `a@127.0.0.1` and `b@127.0.0.1`, with these arguments for both, not yet connected.
    pub(crate) async fn start(args: &[&str]) -> Self {
        let port = free_port();
        let epmd = Command::new("epmd")
            .args(["-port", &port.to_string(), "-address", "127.0.0.1"])
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("epmd is there: install erlang-base");
        let at = format!("127.0.0.1:{port}");
        let mut tries = 0;
        while epmd::names(&at, LONG).await.is_err() {
            tries += 1;
            assert!(tries < 200, "epmd does not come up");
            sleep(Duration::from_millis(20)).await;
        }
        let (a, b) = tokio::join!(launch("a", args, Some(port)), launch("b", args, Some(port)));
        Self { at, _epmd: epmd, nodes: [a.expect("a starts"), b.expect("b starts")] }
    }

    pub(crate) async fn connect(&self, name: &str) -> Connection {
        connect(&Address::Epmd { epmd: self.at.clone(), name: name.into() }, &options()).await.expect("it takes us")
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
