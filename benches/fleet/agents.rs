//! Agents of a demo in processes of their own.

use std::{collections::BTreeSet, ops::Range, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use midair_demo::{
    Plan, World,
    children::{Fleet, Share, Wanted},
};
use midair_tls::Files;
use rustix::process::{Pid, Signal, kill_process};

use super::{hub::Pki, process::cpu_us};

const SEED: u64 = 1;

/// The word by which this program is told to be a process of agents.
const PART: &str = "--serve";

/// A fleet that runs.
pub(crate) struct Agents {
    pub(crate) fleet: Fleet,
    pub(crate) n_nodes: usize,
    world: World,
}

/// The value after a word of the command line.
pub(crate) fn argument<T: std::str::FromStr>(name: &str) -> Option<T> {
    std::env::args().skip_while(|argument| argument != name).nth(1)?.parse().ok()
}

/// Whether this is a process of agents.
pub(crate) fn is_part() -> bool {
    std::env::args().nth(1).is_some_and(|word| word == PART)
}

/// Is one.
pub(crate) fn serve() -> anyhow::Result<()> {
    let number = |name: &str| argument(name).unwrap_or_default();
    let fleet = Wanted { n_nodes: number("--of"), seed: SEED, scenario: argument("--scenario"), join: None };
    let tls = argument::<PathBuf>("--certs").map(|folder| Files {
        ca: folder.join("ca.pem"),
        cert: folder.join("agent.pem"),
        key: folder.join("agent-key.pem"),
    });
    let (port, start_us) = (argument("--port").unwrap_or_default(), argument("--start").unwrap_or_default());
    Share { fleet, nodes: number("--from")..number("--to"), port, start_us, tls }.serve()
}

fn arguments(share: &Share) -> Vec<String> {
    let mut pairs = vec![
        ("--of", share.fleet.n_nodes.to_string()),
        ("--from", share.nodes.start.to_string()),
        ("--to", share.nodes.end.to_string()),
        ("--port", share.port.to_string()),
        ("--start", share.start_us.to_string()),
        ("--scenario", share.fleet.scenario.clone().unwrap_or_default()),
    ];
    let folder = share.tls.as_ref().and_then(|files| files.ca.parent());
    pairs.extend(folder.map(|folder| ("--certs", folder.display().to_string())));
    std::iter::once(PART.to_owned()).chain(pairs.into_iter().flat_map(|(n, v)| [n.to_owned(), v])).collect()
}

impl Agents {
    /// Starts so many, at most `n_each` in a process.
    pub(crate) fn start(n_nodes: usize, scenario: &str, n_each: usize, pki: Option<&Pki>) -> anyhow::Result<Self> {
        let wanted = Wanted { n_nodes, seed: SEED, scenario: Some(scenario.to_owned()), join: None };
        let tls = pki.map(|pki| pki.files("agent"));
        let fleet = Fleet::in_parts(&wanted, (n_each, tls), &std::env::current_exe()?, arguments)?;
        Ok(Self { fleet, n_nodes, world: World::new(SEED, n_nodes, Plan::Healthy) })
    }

    /// Names of nodes by number.
    pub(crate) fn names(&self, numbers: Range<usize>) -> BTreeSet<Arc<str>> {
        self.world.cluster.nodes[numbers].iter().map(|node| Arc::from(&*node.name)).collect()
    }

    /// Names of all, in order of their numbers.
    pub(crate) fn names_in_order(&self) -> Vec<Arc<str>> {
        self.world.cluster.nodes.iter().map(|node| Arc::from(&*node.name)).collect()
    }

    /// CPU time of all processes, microseconds.
    pub(crate) fn cpu_us(&self) -> f64 {
        self.fleet.pids().filter_map(|pid| cpu_us(pid).ok()).sum()
    }

    /// A process stands still: its hosts no longer answer, and nobody is told.
    pub(crate) fn stop(&self, part: usize) -> anyhow::Result<()> {
        self.signal(part, Signal::STOP)
    }

    /// And goes on.
    pub(crate) fn go_on(&self, part: usize) -> anyhow::Result<()> {
        self.signal(part, Signal::CONT)
    }

    fn signal(&self, part: usize, signal: Signal) -> anyhow::Result<()> {
        let pid = self.fleet.pids().nth(part).and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        kill_process(pid.context("there is no such process")?, signal).context("it takes no signal")
    }
}

impl Drop for Agents {
    fn drop(&mut self) {
        // One that stands still could not be waited for.
        (0..self.fleet.pids().count()).for_each(|part| drop(self.go_on(part)));
    }
}
