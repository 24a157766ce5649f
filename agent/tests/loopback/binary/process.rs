//! The binary as a process of its own: started in a scratch folder, ended when dropped.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::host::SOON;

pub(crate) const AGENT: &str = env!("CARGO_BIN_EXE_midair-agent");

/// A running agent.
pub(crate) struct Running {
    child: Child,
    folder: TempDir,
}

impl Running {
    /// Starts an agent with these arguments more, whose log is as talkative as `log` says; it answers already.
    pub(crate) fn start(arguments: &[&str], log: &str) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), arguments, log)
    }

    /// Another one where this one was.
    pub(crate) fn succeeded(self, log: &str) -> Self {
        self.succeeded_by(&[], log)
    }

    /// Another one where this one was, with these arguments more.
    pub(crate) fn succeeded_by(mut self, arguments: &[&str], log: &str) -> Self {
        self.ended();
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        Self::start_in(folder, arguments, log)
    }

    fn start_in(folder: TempDir, arguments: &[&str], log: &str) -> Self {
        let stderr = File::create(folder.path().join("log")).unwrap();
        // Never the host's own.
        let kept = format!("--black-box={}", folder.path().join("black-box").display());
        let child = Command::new(AGENT)
            .args(["--node", "node-1", "--interval", "250ms", "--socket"])
            .arg(folder.path().join("agent.sock"))
            .args(if arguments.contains(&"--black-box") { None } else { Some(&kept) })
            .args(arguments)
            .env("RUST_LOG", log)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()
            .unwrap();
        let mut running = Self { child, folder };
        wait_for(|| std::os::unix::net::UnixStream::connect(running.socket()).is_ok() || running.has_ended());
        assert!(!running.has_ended(), "{}", running.log());
        running
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("agent.sock")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// All that it has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory in KiB.
    pub(crate) fn rss_kib(&self) -> u64 {
        self.status_kib("VmRSS:")
    }

    /// Memory that it took itself, KiB (`RssAnon` of proc(5)): what of the program lies in memory is not in it.
    pub(crate) fn own_kib(&self) -> u64 {
        self.status_kib("RssAnon:")
    }

    fn status_kib(&self, key: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        wait_for(|| self.has_ended());
        self.child.wait().unwrap()
    }

    fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Waits, not for ever, until something is so.
pub(crate) fn wait_for(mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < SOON, "it is not so after {SOON:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
