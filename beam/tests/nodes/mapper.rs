//! An epmd of a test's own.

use std::process::Stdio;

use midair_beam::epmd;
use tokio::{
    process::{Child, Command},
    time::{Duration, sleep},
};

use crate::node::{LONG, free_port};

pub(crate) struct Mapper {
    pub(crate) port: u16,
    /// Host and port.
    pub(crate) at: String,
    _process: Child,
}

impl Mapper {
    /// One that answers already, and ends when dropped.
    pub(crate) async fn start() -> Self {
        let port = free_port();
        let process = Command::new("epmd")
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
        Self { port, at, _process: process }
    }
}
