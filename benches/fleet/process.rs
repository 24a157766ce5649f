//! What the kernel counts of a process.

use std::fs;

use anyhow::Context as _;

/// CPU time of all threads of a process, those that have ended included (proc(5), stat), microseconds.
pub(crate) fn cpu_us(pid: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).context("the process has ended")?;
    let fields: Vec<&str> = stat.rsplit_once(')').context("no stat")?.1.split_whitespace().collect();
    let ticks = |n: usize| fields.get(n).and_then(|field| field.parse::<f64>().ok()).unwrap_or(f64::NAN);
    Ok((ticks(11) + ticks(12)) * 1e6 / rustix::param::clock_ticks_per_second() as f64)
}

/// Resident memory of a process, MiB.
pub(crate) fn rss_mib(pid: u32) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("the process has ended")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
    let kib: f64 = line.split_whitespace().nth(1).context("no number")?.parse().context("no number")?;
    Ok(kib / 1024.0)
}
