//! The agent whose black box is measured.

use std::{
    fs,
    path::{Path, PathBuf},
    thread::sleep,
    time::Duration,
};

use anyhow::Context;
use midair_recording::Entry;

use crate::{
    named::{self, Named},
    parts,
    program::Agent,
    spent::Spent,
};

/// The load and the agent have settled by then; the first counts have been made.
const SETTLE: Duration = Duration::from_secs(25);

/// For so long names are compared.
const COMPARE: Duration = Duration::from_secs(30);

/// What a black box costs and keeps.
pub(crate) struct Measured {
    /// Bytes a second, of all files.
    pub(crate) bytes_per_s: f64,
    /// CPU time of its thread.
    pub(crate) cpu_us_per_sample: f64,
    /// Resident memory of the agent, with nobody watching.
    pub(crate) rss_kib: u64,
    /// Whether it names who must be named.
    pub(crate) named: Named,
    /// All that it kept.
    pub(crate) entries: Vec<Entry>,
}

/// Runs the agent beside what there is.
pub(crate) fn measure(window: Duration) -> anyhow::Result<Measured> {
    let agent = Agent::start(&["--budget", "off"])?;
    sleep(SETTLE);
    let (bytes, cpu_us, from_us) =
        (size(&agent.folder.path().join("black-box"))?, agent.thread_us(), agent.clock.mono_us());
    sleep(window);
    let rss_kib = Spent::read(agent.child.id()).rss_kib;
    let seconds = (agent.clock.mono_us() - from_us) as f64 / 1e6;
    let bytes_per_s = (size(&agent.folder.path().join("black-box"))? - bytes) as f64 / seconds;
    let cpu_us_per_sample = (agent.thread_us() - cpu_us) as f64 / seconds;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tables = runtime.block_on(named::tables(agent.socket(), COMPARE)).with_context(|| agent.log())?;
    sleep(Duration::from_secs(2));
    let mut files: Vec<PathBuf> =
        fs::read_dir(agent.folder.path().join("black-box"))?.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let mut entries = Vec::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "midair")) {
        entries.extend(parts::read(file)?);
    }
    let named = named::compare(&tables, &entries)?;
    Ok(Measured { bytes_per_s, cpu_us_per_sample, rss_kib, named, entries })
}

/// Bytes of all files below a directory.
fn size(directory: &Path) -> anyhow::Result<u64> {
    let mut n_bytes = 0;
    for entry in fs::read_dir(directory)?.flatten() {
        let about = entry.metadata()?;
        n_bytes += if about.is_dir() { size(&entry.path())? } else { about.len() };
    }
    Ok(n_bytes)
}

impl Agent {
    /// CPU time of the thread of the black box, microseconds (proc(5), schedstat).
    fn thread_us(&self) -> u64 {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).into_iter().flatten().flatten();
        let of_black_box = |task: &fs::DirEntry| {
            // The kernel keeps 15 bytes of a name.
            fs::read_to_string(task.path().join("comm")).is_ok_and(|name| name.trim() == "midair-blackbox")
        };
        let read = |task: fs::DirEntry| fs::read_to_string(task.path().join("schedstat")).ok();
        let ns =
            tasks.filter(of_black_box).filter_map(read).filter_map(|text| text.split(' ').next()?.parse::<u64>().ok());
        ns.sum::<u64>() / 1_000
    }
}
