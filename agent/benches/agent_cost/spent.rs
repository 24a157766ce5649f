//! What a program costs, as the kernel counts it: CPU time and memory of a process and all below it.

use std::{collections::HashMap, fs};

/// What processes have cost up to a moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spent {
    /// CPU time of each living thread, nanoseconds (proc(5), schedstat).
    threads: HashMap<(u32, u32), u64>,
    /// CPU time of each process and of its children that have ended, in clock ticks (proc(5), stat fields 14 to 17):
    /// user, system, and the same of its children.
    ticks: HashMap<u32, [u64; 4]>,
    /// Resident memory of all, KiB.
    pub(crate) rss_kib: u64,
    /// The sum of the most that each ever had resident, KiB.
    pub(crate) peak_kib: u64,
}

impl Spent {
    /// Reads a process and all that descend from it.
    pub(crate) fn read(root: u32) -> Self {
        let mut spent = Self::default();
        for pid in tree(root) {
            let Some(stat) = stat_fields(pid) else { continue };
            let tick = |n: usize| stat.get(n).and_then(|field| field.parse().ok()).unwrap_or(0);
            spent.ticks.insert(pid, [tick(11), tick(12), tick(13), tick(14)]);
            spent.rss_kib += status_kib(pid, "VmRSS:");
            spent.peak_kib += status_kib(pid, "VmHWM:");
            for tid in numbers(&format!("/proc/{pid}/task")) {
                let text = fs::read_to_string(format!("/proc/{pid}/task/{tid}/schedstat")).unwrap_or_default();
                if let Some(ns) = text.split(' ').next().and_then(|field| field.parse().ok()) {
                    spent.threads.insert((pid, tid), ns);
                }
            }
        }
        spent
    }

    /// CPU time since an earlier moment, milliseconds.
    pub(crate) fn ms_since(&self, before: &Self) -> f64 {
        let since = |id: &(u32, u32), ns: u64| ns.saturating_sub(before.threads.get(id).copied().unwrap_or(0));
        let threads_ms = self.threads.iter().map(|(id, ns)| since(id, *ns)).sum::<u64>() as f64 / 1e6;
        let tick_ms = 1e3 / rustix::param::clock_ticks_per_second() as f64;
        let (mut own, mut children) = (0, 0);
        for (pid, now) in &self.ticks {
            let then = before.ticks.get(pid).copied().unwrap_or_default();
            own += now[0] + now[1] - (then[0] + then[1]).min(now[0] + now[1]);
            children += now[2] + now[3] - (then[2] + then[3]).min(now[2] + now[3]);
        }
        let (own_ms, children_ms) = (own as f64 * tick_ms, children as f64 * tick_ms);
        // The threads' own books are exact, but end with them; the process' book has whole ticks, so it says more only
        // where it says much more.
        let slack_ms = 3.0 * tick_ms * self.ticks.len() as f64;
        children_ms + if own_ms > threads_ms + slack_ms { own_ms } else { threads_ms }
    }
}

/// A process and all that descend from it.
pub(crate) fn tree(root: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for pid in numbers("/proc") {
        let parent = stat_fields(pid).and_then(|fields| fields.get(1)?.parse::<u32>().ok());
        children.entry(parent.unwrap_or(0)).or_default().push(pid);
    }
    let (mut all, mut next) = (vec![root], 0);
    while let Some(pid) = all.get(next).copied() {
        all.extend(children.remove(&pid).unwrap_or_default());
        next += 1;
    }
    all
}

/// The fields of stat from the state on.
fn stat_fields(pid: u32) -> Option<Vec<String>> {
    let text = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let text = String::from_utf8_lossy(&text);
    let (_, fields) = text.rsplit_once(')')?;
    Some(fields.split_ascii_whitespace().map(str::to_owned).collect())
}

fn status_kib(pid: u32, field: &str) -> u64 {
    let text = fs::read(format!("/proc/{pid}/status")).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|value| value.split_ascii_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// The names in a folder that are numbers: processes, or threads.
pub(crate) fn numbers(folder: &str) -> Vec<u32> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}
