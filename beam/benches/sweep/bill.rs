//! What is read of the target's process: CPU time, memory, and what it counts itself.

use std::fs;

use midair_beam::{Connection, Mfa, Term};
use tokio::time::Instant;

use crate::{Failure, LONG};

/// A target of which is known what it takes at rest.
pub(crate) struct Target {
    pub(crate) connection: Connection,
    pub(crate) os_pid: u32,
    pub(crate) n: u64,
}

/// All that is counted at one moment.
#[derive(Clone, Copy)]
pub(crate) struct Meter {
    at: Instant,
    cpu_us: u64,
    switches: u64,
    wire_bytes: u64,
}

/// What a time took, per second.
#[derive(Clone, Copy, Default)]
pub(crate) struct Rates {
    /// Share of a core.
    pub(crate) cpu: f64,
    pub(crate) switches: f64,
    pub(crate) wire_bytes: f64,
    pub(crate) seconds: f64,
}

impl Rates {
    /// Less what is taken at rest.
    pub(crate) fn beyond(self, rest: Self) -> Self {
        Self { cpu: self.cpu - rest.cpu, switches: self.switches - rest.switches, ..self }
    }
}

impl Target {
    pub(crate) async fn call(&self, function: &'static str, args: Vec<Term>) -> Result<Term, Failure> {
        Ok(self.connection.call(Mfa::new("target", function), args, LONG).await?)
    }

    pub(crate) async fn meter(&self) -> Result<Meter, Failure> {
        let switches = self.call("switches", vec![]).await?.as_count().ok_or("no count of switches")?;
        let traffic = self.connection.traffic();
        let wire_bytes = traffic.received + traffic.sent;
        Ok(Meter { at: Instant::now(), cpu_us: self.cpu_us()?, switches, wire_bytes })
    }

    pub(crate) async fn since(&self, before: Meter) -> Result<Rates, Failure> {
        let now = self.meter().await?;
        let seconds = (now.at - before.at).as_secs_f64();
        let rate = |now: u64, before: u64| now.saturating_sub(before) as f64 / seconds;
        Ok(Rates {
            cpu: rate(now.cpu_us, before.cpu_us) / 1e6,
            switches: rate(now.switches, before.switches),
            wire_bytes: rate(now.wire_bytes, before.wire_bytes),
            seconds,
        })
    }

    /// CPU time of all threads: proc(5), `/proc/PID/task/*/schedstat`.
    fn cpu_us(&self) -> Result<u64, Failure> {
        let mut ns: u64 = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.os_pid))? {
            let text = fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default(); // A thread that has just ended.
            ns += text.split_whitespace().next().map_or(Ok(0), str::parse)?;
        }
        Ok(ns / 1000)
    }

    /// Its resident memory in MB.
    pub(crate) fn rss_mb(&self) -> Result<f64, Failure> {
        self.status_mb("VmRSS:")
    }

    /// The most that it ever had, in MB.
    pub(crate) fn peak_mb(&self) -> Result<f64, Failure> {
        self.status_mb("VmHWM:")
    }

    /// Of proc(5), `/proc/PID/status`.
    fn status_mb(&self, name: &str) -> Result<f64, Failure> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.os_pid))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("no size of memory")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
    }

    /// Round trips inside of it since they were taken last: 99 of 100 were shorter, in us.
    pub(crate) async fn p99_us(&self) -> Result<f64, Failure> {
        let took = self.call("round_trips", vec![]).await?;
        let p99 = took.as_tuple().and_then(|took| took.get(1)).and_then(Term::as_count).ok_or("no round trips")?;
        Ok(p99 as f64 / 1000.0)
    }
}
