//! The process that watches VMs: a thread for each, and answers to the agent's questions.
//!
//! It ends when the agent does: its standard input ends then, and with the connections everything that ran on the VMs.

mod cookie;
mod cost;
mod fold;
mod functions;
mod guard;
mod looks;
mod notes;
mod offset;
mod others;
mod outside;
mod own;
mod pids;
mod place;
mod processes;
mod reach;
mod requests;
mod traces;
mod vm;

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    io::{self, BufReader},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{
    FLAG,
    handle::Handle,
    said::{Ask, Said, read_frame, write_frame},
};
use crate::clock::Clock;
use guard::Guard;

static IS_HONOURED: AtomicBool = AtomicBool::new(false);

/// What a program does first of all that runs an agent: where it was started as a watcher of VMs, it watches, and this is
/// how it ended.
pub fn beam_child() -> Option<ExitCode> {
    IS_HONOURED.store(true, Ordering::Relaxed);
    (std::env::args_os().nth(1).as_deref() == Some(OsStr::new(FLAG))).then(run)
}

/// Starts a watcher, where this program honours the hidden argument.
pub(super) fn start() -> Result<Handle, String> {
    if !IS_HONOURED.load(Ordering::Relaxed) {
        return Err("this program watches no Erlang VMs: it is none of midair's own".into());
    }
    Handle::start().map_err(|error| format!("cannot start the watcher of Erlang VMs: {error}"))
}

fn run() -> ExitCode {
    // It was started as /proc/self/exe; only a name is lost where this fails.
    drop(std::fs::write("/proc/self/comm", "midair-beam"));
    let clock = Clock::system();
    let mut config = Arc::default();
    let mut guards: BTreeMap<u32, Guard> = BTreeMap::new();
    let mut questions = BufReader::new(io::stdin().lock());
    let mut answers = io::stdout().lock();
    // An error means that the agent has gone.
    while let Ok(mut ask) = read_frame::<Ask>(&mut questions) {
        if let Some(reach) = ask.config.take() {
            config = Arc::new(reach.into_config());
        }
        guards.retain(|_, guard| ask.targets.iter().chain(&ask.ended).any(|target| *target == guard.target));
        for target in &ask.ended {
            guards.get(&target.runtime).into_iter().for_each(Guard::mourn);
        }
        for target in &ask.targets {
            let guard = guards.entry(target.runtime);
            guard.or_insert_with(|| Guard::start(target.clone(), Arc::clone(&config), clock.clone())).ask(&ask);
        }
        let said = Said {
            vms: guards.values().map(Guard::said).collect(),
            cpu_us: clock.process_cpu_us(),
            rss_bytes: own_rss_bytes().unwrap_or(0),
        };
        if write_frame(&mut answers, &said).is_err() {
            break;
        }
    }
    ExitCode::SUCCESS
}

/// Resident memory of this process (proc(5), statm, second field).
fn own_rss_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?; // Then it is not known.
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?; // The kernel writes numbers.
    Some(pages * rustix::param::page_size() as u64)
}
