//! The real program, built by the same cargo invocation, and a connection to it.

use std::{
    fs::{self, File},
    os::unix::net::UnixStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

use anyhow::Context;
use hyper_util::rt::TokioIo;
use midair_agent::Clock;
use midair_proto::{
    CONTRACT, MESSAGE_MAX,
    v1::{Control, Envelope, Hello, Version, agent_client::AgentClient, control},
};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Streaming, transport::Endpoint};

/// The program.
pub(crate) const AGENT: &str = env!("CARGO_BIN_EXE_midair-agent");

/// An agent that does not answer by then does not start.
const STARTS_WITHIN_US: u64 = 20_000_000;

/// A running agent; it ends when this is dropped.
pub(crate) struct Agent {
    /// The process.
    pub(crate) child: Child,
    /// Where its socket, its black box (`black-box`) and its log are.
    pub(crate) folder: TempDir,
    /// Time since it was started, and since anything.
    pub(crate) clock: Clock,
}

impl Agent {
    /// Starts one, and waits until it answers.
    pub(crate) fn start(arguments: &[&str]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut command = Command::new(AGENT);
        command.args(["--source", "kernel", "--node", "bench", "--socket"]).arg(folder.path().join("agent.sock"));
        // Never the host's own.
        command.arg("--black-box").arg(folder.path().join("black-box"));
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(File::create(folder.path().join("log"))?);
        let child = command.spawn().context("the agent does not start")?;
        let mut agent = Self { child, folder, clock: Clock::system() };
        let end_us = agent.clock.mono_us() + STARTS_WITHIN_US;
        while UnixStream::connect(agent.socket()).is_err() {
            let is_over = agent.child.try_wait()?.is_some() || agent.clock.mono_us() > end_us;
            anyhow::ensure!(!is_over, "the agent does not answer: {}", agent.log());
            sleep(Duration::from_millis(20));
        }
        Ok(agent)
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("agent.sock")
    }

    /// All that it has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let asked = kill_process(Pid::from_child(&self.child), Signal::TERM);
        for _ in 0..200 {
            if asked.is_err() || !matches!(self.child.try_wait(), Ok(None)) {
                break;
            }
            sleep(Duration::from_millis(20));
        }
        // It may have ended by itself, which is as good.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Watches the agent behind a socket, and asks it for one thing. It watches until what is given back is dropped.
pub(crate) async fn watch(
    socket: PathBuf,
    viewer: &str,
    asked: control::Kind,
) -> anyhow::Result<(Streaming<Envelope>, mpsc::Sender<Control>)> {
    let connect = move |_| {
        let socket = socket.clone();
        async move { tokio::net::UnixStream::connect(socket).await.map(TokioIo::new) }
    };
    let endpoint = Endpoint::from_static("http://unix.invalid");
    let channel = endpoint.connect_with_connector(tower::service_fn(connect)).await.context("cannot connect")?;
    // Full never: two controls are sent.
    let (controls, receiver) = mpsc::channel(4);
    let version = Version { contract: Some(CONTRACT), program: Some(viewer.into()) };
    let hello = Hello { version: Some(version), viewer: Some(viewer.into()), node: None };
    controls.send(Control { kind: Some(control::Kind::Hello(hello)) }).await?;
    controls.send(Control { kind: Some(asked) }).await?;
    let mut client = AgentClient::new(channel).max_decoding_message_size(MESSAGE_MAX);
    let events = client.watch(ReceiverStream::new(receiver)).await.context("no watch")?.into_inner();
    Ok((events, controls))
}
