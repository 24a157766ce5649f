//! The command line: what a person typed, as what to watch and how.

pub mod agents;
mod certs;
pub mod config;
mod demo;
mod hub;
mod info;
mod mark;
mod out;
mod tls;

use std::{
    net::Ipv6Addr,
    os::unix::fs::FileTypeExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args, Parser, Subcommand};
use midair_agent::{SourceChoice, cli::Budget};

use crate::{
    app,
    clock::Clock,
    feed::{live::Target, local},
};

pub use agents::Listed;
pub use certs::CertsCommand;
pub use config::ConfigCommand;
pub use demo::{DemoArgs, PartArgs};
pub use hub::HubArgs;
pub use info::Info;
pub use mark::MarkArgs;
pub use out::{CutArgs, ExportArgs, ReportArgs};
pub use tls::{Tcp, TlsArgs};

/// The port of an agent where none is given.
pub const PORT: u16 = 7070;

/// Live-cluster observability in the terminal.
///
/// Without hosts, this host is watched: through its agent's socket where one answers, else through an agent inside this
/// program.
#[derive(Clone, Debug, Parser)]
#[command(name = "midair", version, max_term_width = 100, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do instead of watching.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Agents to watch: HOST, HOST:PORT (default port 7070), or the path of an agent's socket.
    #[arg(value_name = "HOST[:PORT]")]
    hosts: Vec<String>,

    /// Hosts after `--` are hosts, whatever they are called.
    #[arg(last = true, value_name = "HOST[:PORT]", hide = true, conflicts_with_all = ["agents_file", "dns"])]
    more_hosts: Vec<String>,

    /// Agents that are not named one by one.
    #[command(flatten)]
    pub listed: Listed,

    /// Watch this host with an agent inside this program, though a local one may answer.
    #[arg(long, conflicts_with_all = ["hosts", "more_hosts", "agents_file", "dns"])]
    pub embedded: bool,

    /// How agents are reached by TCP.
    #[command(flatten)]
    pub tls: TlsArgs,

    /// Where to start: a node, one of its runtimes, a task of that.
    #[arg(long, value_name = "NODE[/RUNTIME[/TASK]]", value_parser = go)]
    pub go: Option<String>,

    /// Time between two samples: 250ms to 60s.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = interval)]
    pub interval: Duration,

    /// Leave the mouse to the terminal.
    #[arg(long)]
    pub no_mouse: bool,

    /// Where the agent inside this program gets its values from.
    #[arg(long, value_enum, conflicts_with_all = ["hosts", "more_hosts", "agents_file", "dns"])]
    pub source: Option<SourceChoice>,

    /// CPU time that the agent inside this program may use, in per cent of one core, or "off".
    #[arg(long, value_name = "PERCENT", default_value = "1%")]
    pub budget: Budget,

    /// Write what this program has to tell about itself to this file.
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
}

/// What midair does beside watching.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Show a recording: the same screens and keys, at any moment of it.
    Replay(ReplayArgs),
    /// Record what agents say into a file, until it is told to stop.
    Record(RecordArgs),
    /// Put a mark on the time line of agents, and wait until they have taken it.
    Mark(MarkArgs),
    /// Say what a recording holds.
    Info {
        /// The recording.
        file: PathBuf,
    },
    /// Write a recording as rows for other programs.
    Export(ExportArgs),
    /// Write a page for a postmortem: time line, who hurt, marks, screens.
    Report(ReportArgs),
    /// Make and show certificates, for agents that are watched by TCP.
    #[command(subcommand)]
    Certs(CertsCommand),
    /// Watch all agents of a fleet, and serve many dashboards.
    Hub(HubArgs),
    /// Check files of settings, and show what holds and why.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Write a range or some nodes of a recording into a new one that stands alone.
    Cut(CutArgs),
    /// Watch a made-up messaging cluster in which things go wrong: for training, and to measure what a fleet costs.
    Demo(DemoArgs),
    /// Agents of a demo.
    #[command(hide = true)]
    DemoPart(PartArgs),
}

/// How a recording is shown.
#[derive(Args, Clone, Debug)]
pub struct ReplayArgs {
    /// The recording.
    pub file: PathBuf,

    /// Where to start: 10m (after its beginning), 14:03, 14:03:27, 2026-11-23 14:03 (UTC), or end.
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,

    /// How fast it is played: 0.25 to 64 times.
    #[arg(long, value_name = "TIMES", default_value_t = 1.0, value_parser = speed)]
    pub speed: f64,

    /// Where to start: a node, one of its runtimes, a task of that.
    #[arg(long, value_name = "NODE[/RUNTIME[/TASK]]", value_parser = go)]
    pub go: Option<String>,

    /// Leave the mouse to the terminal.
    #[arg(long)]
    pub no_mouse: bool,
}

/// What is recorded.
#[derive(Args, Clone, Debug)]
pub struct RecordArgs {
    /// Agents to record, as those to watch; none: this host.
    #[arg(value_name = "HOST[:PORT]")]
    pub hosts: Vec<String>,

    /// Agents that are not named one by one.
    #[command(flatten)]
    pub listed: Listed,

    /// The file to write; it must not be there yet.
    #[arg(long, short, value_name = "FILE")]
    pub out: PathBuf,

    /// For how long, 10m for example; else until SIGINT or SIGTERM.
    #[arg(long = "for", value_name = "TIME", value_parser = length)]
    pub length: Option<Duration>,

    /// Record what has happened instead: the last 30m for example, from the agents' black boxes. Rollups of all nodes; in
    /// full those named with --full, those with a mark, and the worst.
    #[arg(long, value_name = "TIME", conflicts_with_all = ["length", "interval"], value_parser = length)]
    pub last: Option<Duration>,

    /// With --last: up to this moment instead of now: "3h ago", 14:03, 2026-11-23 14:03 (UTC).
    #[arg(long, value_name = "TIME", requires = "last")]
    pub until: Option<String>,

    /// With --last: a node that is recorded in full; may be given more than once.
    #[arg(long, value_name = "NODE", requires = "last")]
    pub full: Vec<String>,

    /// With --last: how many of the worst nodes are recorded in full.
    #[arg(long, value_name = "N", requires = "last", default_value_t = 8)]
    pub worst: usize,

    /// With --last: say what would be recorded and how large it would be, and no more.
    #[arg(long, requires = "last")]
    pub dry_run: bool,

    /// Why, to be read in it.
    #[arg(long, value_name = "TEXT")]
    pub why: Option<String>,

    /// How agents are reached by TCP.
    #[command(flatten)]
    pub tls: TlsArgs,

    /// Time between two samples: 250ms to 60s.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = interval)]
    pub interval: Duration,
}

/// Where an agent is to be found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// At "host:port".
    Tcp(String),
    /// At the socket with this path.
    Socket(PathBuf),
}

impl Place {
    /// The agent there, to whom TCP is spoken so.
    pub fn target(self, tcp: &Tcp, clock: Clock) -> Target {
        match (self, tcp) {
            (Self::Tcp(address), Tcp::Insecure) => local::tcp(address),
            (Self::Tcp(address), Tcp::Tls(connector)) => local::tls(address, connector.clone(), clock),
            (Self::Socket(path), _) => local::socket(path),
        }
    }
}

impl Cli {
    /// The places named, in order, each once; none: this host.
    pub fn places(&self) -> anyhow::Result<Vec<Place>> {
        places(self.hosts.iter().chain(&self.more_hosts))
    }

    /// The interval in milliseconds.
    pub fn interval_ms(&self) -> u32 {
        milliseconds(self.interval)
    }
}

impl RecordArgs {
    /// The places named, in order, each once; none: this host.
    pub fn places(&self) -> anyhow::Result<Vec<Place>> {
        places(self.hosts.iter())
    }

    /// The interval in milliseconds.
    pub fn interval_ms(&self) -> u32 {
        milliseconds(self.interval)
    }
}

fn milliseconds(interval: Duration) -> u32 {
    u32::try_from(interval.as_millis()).expect("the parser allows 60 s at most")
}

fn places<'a>(words: impl Iterator<Item = &'a String>) -> anyhow::Result<Vec<Place>> {
    let mut places = Vec::new();
    for word in words {
        let place = place(word, Path::new(""))?;
        if !places.contains(&place) {
            places.push(place);
        }
    }
    Ok(places)
}

/// What a word names, where relative paths start at a folder.
fn place(word: &str, folder: &Path) -> anyhow::Result<Place> {
    if let Some(path) = word.strip_prefix("unix:") {
        return Ok(Place::Socket(path.into()));
    }
    // A socket that is there is meant, though a host might be called so.
    let is_socket = folder.join(word).metadata().is_ok_and(|found| found.file_type().is_socket());
    if word.contains('/') || is_socket {
        return Ok(Place::Socket(word.into()));
    }
    Ok(Place::Tcp(with_port(word)?))
}

/// HOST, HOST:PORT, [V6], [V6]:PORT or V6.
fn with_port(word: &str) -> anyhow::Result<String> {
    let wrong = || anyhow::anyhow!("{word:?} is no address; write HOST, HOST:PORT or [IPV6]:PORT");
    let (host, port) = match word.rsplit_once(':') {
        None => (word, None),
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(port)),
        // More than one colon and no brackets: an IPv6 address without a port, or [V6].
        Some(_) => (word, None),
    };
    let port = match port {
        Some(port) => port.parse::<u16>().ok().filter(|p| *p > 0).ok_or_else(wrong)?,
        None => PORT,
    };
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    // A zone may follow an IPv6 address: fe80::1%eth0.
    let is_v6 = bare.split('%').next().is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    if bare.is_empty() || bare.contains(['[', ']', ' ']) || (bare.contains(':') && !is_v6) {
        return Err(wrong());
    }
    Ok(if bare.contains(':') { format!("[{bare}]:{port}") } else { format!("{bare}:{port}") })
}

fn interval(text: &str) -> Result<Duration, String> {
    app::interval(text).map(|ms| Duration::from_millis(ms.into()))
}

fn speed(text: &str) -> Result<f64, String> {
    let times =
        text.strip_suffix('x').unwrap_or(text).parse::<f64>().ok().filter(|times| (0.25..=64.0).contains(times));
    times.ok_or_else(|| format!("{text:?} is outside 0.25 to 64 times"))
}

fn length(text: &str) -> Result<Duration, String> {
    app::length(text).ok_or_else(|| format!("{text:?} is no length of time; write it as 90s, 10m or 1h30m"))
}

fn go(text: &str) -> Result<String, String> {
    match text.trim().split('/').next() {
        None | Some("") => Err("write it as NODE, NODE/RUNTIME or NODE/RUNTIME/TASK".to_owned()),
        Some(_) => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests;
