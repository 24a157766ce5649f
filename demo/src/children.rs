//! The processes in which the agents of a demo run: started, waited for, and ended with whoever started them.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    ops::Range,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use anyhow::Context as _;
use midair_agent::Clock;
use midair_tls::{Credentials, Files, Roles};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{
    World,
    cluster::address,
    script::Plan,
    serve::{N_AGENTS, Part, Served},
};

/// Files that a process needs for itself, and for each agent: three may watch it.
const FILES_OWN: u64 = 64;
const FILES_EACH: u64 = 4;

/// What a child says once all its agents listen.
const READY: &str = "ready";

/// A fleet of agents, as a person asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// How many nodes.
    pub n_nodes: usize,
    /// Where all chance comes from.
    pub seed: u64,
    /// The word for what is to happen; `None`: the schedule.
    pub scenario: Option<String>,
    /// The hub at which the agents call in, "host:port", without TLS; `None`: at none.
    pub join: Option<String>,
}

/// What one child is told: all of it on its command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The whole fleet.
    pub fleet: Wanted,
    /// The nodes of this child.
    pub nodes: Range<usize>,
    /// The port of all agents.
    pub port: u16,
    /// `CLOCK_MONOTONIC` of the beginning, microseconds.
    pub start_us: u64,
    /// By which certificates its agents listen; `None`: without any.
    pub tls: Option<Files>,
}

/// A fleet that runs. Its processes end when this is dropped, and when this process ends in whatever way.
#[derive(Debug)]
pub struct Fleet {
    parts: Vec<Process>,
    n_nodes: usize,
    port: u16,
}

/// A process of agents, and how it is started.
#[derive(Debug)]
struct Process {
    command: Command,
    child: Child,
    nodes: Range<usize>,
}

impl Wanted {
    /// What is planned.
    pub fn plan(&self) -> anyhow::Result<Plan> {
        let Some(word) = &self.scenario else { return Ok(Plan::Schedule) };
        Plan::named(word)
            .with_context(|| format!("there is no scenario {word:?}; `midair demo --list` tells those that there are"))
    }
}

impl Share {
    /// Serves these nodes, until whoever started this process has gone.
    pub fn serve(self) -> anyhow::Result<()> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start tokio")?;
        runtime.block_on(async {
            let world = Arc::new(World::new(self.fleet.seed, self.fleet.n_nodes, self.fleet.plan()?));
            let tls = self.tls.map(|files| Credentials::load(files, Roles::default(), Clock::system().mono_us()));
            let tls = tls.transpose().context("cannot use the certificates")?.map(Arc::new);
            let (nodes, join) = (self.nodes, self.fleet.join);
            let part = Part { world, nodes, port: self.port, start_us: self.start_us, tls, join };
            let opened = Served::open(&part);
            // What went wrong is said in place of the word, and only then: who started this shows it.
            let word = opened.as_ref().map_or_else(|error| format!("{error:#}"), |_| READY.to_owned());
            writeln!(io::stdout(), "{word}").context("nobody waits for these agents")?;
            let served = opened?;
            end_with_parent();
            served.run().await
        })
    }
}

/// Ends this process as soon as the one that started it has: its end of the pipe closes then, however it went.
fn end_with_parent() {
    std::thread::spawn(|| {
        let mut byte = [0];
        // Nothing is ever sent, and an error says as much as the end.
        while io::stdin().read(&mut byte).is_ok_and(|n| n > 0) {}
        std::process::exit(0);
    });
}

impl Fleet {
    /// Starts a fleet, and waits until all of it listens. `program` runs [`Share::serve`] when it is given these arguments.
    pub fn start(wanted: &Wanted, program: &Path, arguments: impl Fn(&Share) -> Vec<String>) -> anyhow::Result<Self> {
        Self::in_parts(wanted, (N_AGENTS, None), program, arguments)
    }

    /// The same in processes of at most so many agents, which listen by these certificates.
    pub fn in_parts(
        wanted: &Wanted,
        (n_most, tls): (usize, Option<Files>),
        program: &Path,
        arguments: impl Fn(&Share) -> Vec<String>,
    ) -> anyhow::Result<Self> {
        wanted.plan()?;
        let n_each = n_agents(open_files()).min(n_most);
        anyhow::ensure!(n_each > 0, "this user may not open enough files; raise the limit (`ulimit -Hn`)");
        let (port, start_us) = (free_port()?, Clock::system().mono_us());
        let mut fleet = Self { parts: Vec::new(), n_nodes: wanted.n_nodes, port };
        for from in (0..wanted.n_nodes).step_by(n_each) {
            let nodes = from..(from + n_each).min(wanted.n_nodes);
            let share = Share { fleet: wanted.clone(), nodes, port, start_us, tls: tls.clone() };
            fleet.parts.push(Process::start(program, &arguments(&share), share.nodes)?);
        }
        // All open their addresses at the same time.
        fleet.parts.iter_mut().try_for_each(|part| wait(&mut part.child))?;
        Ok(fleet)
    }

    /// The nodes of a process.
    pub fn nodes(&self, part: usize) -> Range<usize> {
        self.parts.get(part).map_or(0..0, |part| part.nodes.clone())
    }

    /// Ends a process as if its hosts had lost power.
    ///
    /// # Errors
    /// When there is none such.
    pub fn kill(&mut self, part: usize) -> anyhow::Result<()> {
        let child = &mut self.parts.get_mut(part).context("there is no such process")?.child;
        child.kill().context("it has ended before")?;
        child.wait().context("it cannot be waited for").map(|_| ())
    }

    /// Starts a process again that has ended, and waits until its agents listen.
    ///
    /// # Errors
    /// When there is none such, or it does not begin.
    pub fn start_again(&mut self, part: usize) -> anyhow::Result<()> {
        let part = self.parts.get_mut(part).context("there is no such process")?;
        part.child = part.command.spawn().context("it cannot be started again")?;
        wait(&mut part.child)
    }

    /// Where its agents listen, in order of their numbers.
    pub fn addresses(&self) -> impl Iterator<Item = String> {
        let port = self.port;
        (0..self.n_nodes).map(move |number| format!("{}:{port}", address(number)))
    }

    /// Whether all of them still run.
    ///
    /// # Errors
    /// In words, where one has ended by itself.
    pub fn all_run(&mut self) -> anyhow::Result<()> {
        for Process { child, .. } in &mut self.parts {
            if let Some(status) = child.try_wait().context("cannot look at an agent process of the demo")? {
                let pid = child.id();
                anyhow::bail!(
                    "an agent process of the demo ({pid}) has ended by itself, and its nodes fell silent: {status}"
                );
            }
        }
        Ok(())
    }

    /// The processes.
    pub fn pids(&self) -> impl Iterator<Item = u32> {
        self.parts.iter().map(|part| part.child.id())
    }
}

impl Process {
    fn start(program: &Path, arguments: &[String], nodes: Range<usize>) -> anyhow::Result<Self> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // The terminal is the dashboard's.
            .stderr(Stdio::null())
            // What keys of the terminal send is for who has it.
            .process_group(0);
        let child = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
        Ok(Self { command, child, nodes })
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for part in &mut self.parts {
            // One that has ended already needs no more.
            drop(part.child.kill());
        }
        for part in &mut self.parts {
            drop(part.child.wait());
        }
    }
}

/// How many files a process may have open: as many as it may ask for, from now on. Those that it starts have as many.
fn open_files() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit { current: limit.maximum, maximum: limit.maximum };
    // Where that is refused, what there is has to do.
    let granted = if setrlimit(Resource::Nofile, most).is_ok() { limit.maximum } else { limit.current };
    granted.unwrap_or(u64::MAX)
}

/// How many agents fit into a process with so many files: each has a socket that listens, and connections.
fn n_agents(n_files: u64) -> usize {
    usize::try_from(n_files.saturating_sub(FILES_OWN) / FILES_EACH).unwrap_or(N_AGENTS).min(N_AGENTS)
}

fn wait(child: &mut Child) -> anyhow::Result<()> {
    let mut word = String::new();
    let stdout = child.stdout.take().context("a child without a way to speak")?;
    BufReader::new(stdout).read_line(&mut word).context("cannot hear an agent process of the demo")?;
    match word.trim_end() {
        READY => Ok(()),
        "" => anyhow::bail!("an agent process of the demo ended before it listened"),
        why => anyhow::bail!("the demo cannot begin: {why}"),
    }
}

/// A port that is free now.
fn free_port() -> anyhow::Result<u16> {
    let listener = std::net::TcpListener::bind("0.0.0.0:0").context("no port is free")?;
    Ok(listener.local_addr().context("no port is free")?.port())
}

#[cfg(test)]
mod tests;
