//! The command line of `midair-agent`.

mod tls;

use std::{path::PathBuf, str::FromStr, sync::Arc, time::Duration};

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use midair_config::{Program, Section};
use midair_tls::{Connector, Credentials};

use crate::{
    config::{BeamConfig, BlackBoxConfig, Collector, Config, OFF_DIR, Place, SourceChoice},
    cost::Payer,
    join::{self, Hub},
};

pub use tls::Tls;

/// The port of an agent or a hub where none is given.
const PORT: u16 = 7070;

/// The section of this program in files of settings.
pub const SECTION: &str = "agent";

/// The settings of this program.
pub fn program() -> Program {
    let of = |command: Option<&str>| command.is_none().then_some(SECTION);
    let sections = vec![Section { name: SECTION, command: Cli::command() }];
    Program { sections, others: vec!["hub", "dashboard"], of }
}

/// Samples this host and streams its vitals to whoever watches: midair, a hub, or any client of midair.v1.
#[derive(Debug, Parser)]
#[command(name = "midair-agent", version, max_term_width = 100, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do instead of sampling.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Also listen on this TCP address, 0.0.0.0:7070 for example; needs --tls-ca, --tls-cert and --tls-key, or --insecure
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,

    /// Call in at this hub, and serve it on that connection: for hosts that the hub cannot reach. As many hubs as needed;
    /// default port 7070; needs the same as --listen
    #[arg(long = "join", value_name = "HUB[:PORT]", value_parser = hub)]
    pub joins: Vec<String>,

    /// Allow --listen and --join without encryption and without asking who is at the other end
    #[arg(long)]
    pub insecure: bool,

    /// By which certificates
    #[command(flatten)]
    pub tls: Tls,

    /// Unix socket to listen on [default: /run/midair/agent.sock, else below the user's runtime directory]
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,

    /// Group whose members may connect to the Unix socket
    #[arg(long)]
    pub group: Option<String>,

    /// Name of this node [default: host name and machine-id]
    #[arg(long, value_name = "NAME")]
    pub node: Option<String>,

    /// Labels by which nodes are grouped, as many as needed: --label role=chat,dc=a --label rack=7
    #[arg(long = "label", value_name = "KEY=VALUE", value_delimiter = ',', value_parser = label)]
    pub labels: Vec<(String, String)>,

    /// Time between two samples, from 250ms to 60s
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = interval)]
    pub interval: Duration,

    /// Where values come from
    #[arg(long, value_enum, default_value_t)]
    pub source: SourceChoice,

    /// How tasks are read on Linux
    #[arg(long, value_enum, default_value_t)]
    pub collector: Collector,

    /// Where the kernel shows its processes
    #[arg(long, value_name = "DIR", default_value = "/proc")]
    pub proc_root: PathBuf,

    /// Send the arguments of commands, with secrets masked
    #[arg(long)]
    pub show_args: bool,

    /// CPU time that the agent may use, in per cent of one core, from 0.1% to 100%, or "off". What it leaves out to stay
    /// within is part of each sample
    #[arg(long, value_name = "PERCENT", default_value = "1%")]
    pub budget: Budget,

    /// Directory in which a file switches off the part of the agent that it is named after (sockets, threads, names,
    /// cgroups, namespaces, bpf, kernel, sysinfo, beam); its first line is the reason given
    #[arg(long, value_name = "DIR", default_value = OFF_DIR)]
    pub off_dir: PathBuf,

    /// Directory in which is kept what was measured, or "off" [default: /var/lib/midair/black-box as root, else
    /// midair/black-box in the user's state directory; where neither can be had, memory]
    #[arg(long, value_name = "DIR")]
    pub black_box: Option<PathBuf>,

    /// How large it gets on disk, from 1MiB
    #[arg(long, value_name = "SIZE", default_value = "128MiB", value_parser = size)]
    pub black_box_bytes: u64,

    /// How old it gets, from 1min
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = age)]
    pub black_box_age: Duration,

    /// How Erlang VMs are reached
    #[command(flatten)]
    pub vms: Vms,

    /// How the log on stderr is written
    #[arg(long, value_enum, default_value_t)]
    pub log_format: LogFormat,

    /// Print one sample as JSON and end
    #[arg(long)]
    pub once: bool,
}

/// How Erlang VMs are reached. All of it is seldom needed: VMs are found by themselves, and each one's cookie where it has
/// it from.
#[derive(Args, Clone, Debug, Default)]
pub struct Vms {
    /// File with the cookie of Erlang VMs [default: MIDAIR_COOKIE, else each VM's own -setcookie, RELEASE_COOKIE or
    /// .erlang.cookie]
    #[arg(long, value_name = "PATH")]
    pub cookie_file: Option<PathBuf>,

    /// File with the cookie of one node: --vm-cookie chat@host=/etc/chat.cookie
    #[arg(long = "vm-cookie", value_name = "NODE=PATH", value_parser = label)]
    pub vm_cookies: Vec<(String, String)>,

    /// Where a node listens that epmd does not know: --vm chat@host=127.0.0.1:9100
    #[arg(long = "vm", value_name = "NODE=HOST:PORT", value_parser = label)]
    pub vm_addresses: Vec<(String, String)>,

    /// Name under which to connect, for nodes that allow some alone: midair@host [default: one that the VM gives]
    #[arg(long, value_name = "NAME")]
    pub vm_as: Option<String>,

    /// Authorities of VMs that speak TLS, PEM
    #[arg(long, value_name = "PATH")]
    pub vm_tls_ca: Option<PathBuf>,

    /// Certificate to show to these, PEM
    #[arg(long, value_name = "PATH", requires = "vm_tls_key")]
    pub vm_tls_cert: Option<PathBuf>,

    /// Key of that certificate, PEM
    #[arg(long, value_name = "PATH", requires = "vm_tls_cert")]
    pub vm_tls_key: Option<PathBuf>,

    /// CPU time that sweeps may take inside of each VM, in per cent of one core [default: 2% up to a period of 10 s, at
    /// most 6% beyond]
    #[arg(long, value_name = "PERCENT")]
    pub vm_budget: Option<Budget>,

    /// Tell of Erlang processes and ports that run for so many milliseconds without a break; it costs a busy VM up to 12 % of
    /// its time [default: not asked for]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u32).range(1..=60_000))]
    pub vm_long_schedule: Option<u32>,
}

impl Vms {
    fn config(&self) -> BeamConfig {
        BeamConfig {
            cookie_file: self.cookie_file.clone(),
            cookies: self.vm_cookies.iter().map(|(node, path)| (node.clone(), path.into())).collect(),
            addresses: self.vm_addresses.clone(),
            own_name: self.vm_as.clone(),
            tls_authorities: self.vm_tls_ca.clone(),
            tls_certificate: self.vm_tls_cert.clone(),
            tls_key: self.vm_tls_key.clone(),
            vm_budget_milli: self.vm_budget.and_then(Budget::milli),
            long_schedule_ms: self.vm_long_schedule,
        }
    }
}

/// What the agent may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// As much as it takes.
    Off,
    /// Per mille of one core.
    Milli(u32),
}

impl Budget {
    /// Per mille of one core; `None`: as much as it takes.
    pub fn milli(self) -> Option<u32> {
        match self {
            Self::Off => None,
            Self::Milli(milli) => Some(milli),
        }
    }
}

impl FromStr for Budget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self::Off);
        }
        let words = || "it lies from 0.1% to 100% of one core, 1% for example, or is off".to_owned();
        let percent: f64 = text.strip_suffix('%').unwrap_or(text).trim().parse().map_err(|_| words())?;
        let milli = (percent * 10.0).round();
        if (1.0..=1_000.0).contains(&milli) { Ok(Self::Milli(milli as u32)) } else { Err(words()) }
    }
}

/// What is done instead of sampling.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// As root, once after each boot: load the BPF iterators, so that the agent reads the kernel without privilege
    Setup(Setup),
}

/// The command line of `setup`.
#[derive(Args, Debug)]
pub struct Setup {
    /// Group whose members may read every thread and every queue of this host [default: root alone]
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,

    /// Remove all that setup has made
    #[arg(long, conflicts_with = "group")]
    pub undo: bool,

    /// Folder in a BPF file system [default: /sys/fs/bpf/midair, or in /run/midair-bpf where others cannot reach that]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For programs, one object a line.
    Json,
}

/// Logs to stderr from now on: what RUST_LOG says, else this level.
pub fn start_log(format: LogFormat, level: &str) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| level.into());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.with_target(false).with_ansi(rustix::termios::isatty(std::io::stderr())).init(),
        LogFormat::Json => log.json().init(),
    }
}

impl Cli {
    /// What of this is for the agent itself.
    pub fn config(&self) -> anyhow::Result<Config> {
        let has_tls = self.tls.files()?.is_some();
        let flag = if self.listen.is_some() { "--listen" } else { "--join" };
        let is_local = self.listen.is_none() && self.joins.is_empty();
        anyhow::ensure!(
            is_local || self.insecure || has_tls,
            "{flag} sends this host's processes over the network, unencrypted, to anyone who is there; \
             give --tls-ca, --tls-cert and --tls-key (`midair certs` makes some for trials), or add --insecure if that is \
             what you want, or leave {flag} away and use the Unix socket"
        );
        anyhow::ensure!(!(self.insecure && has_tls), "--insecure and certificates exclude each other; choose one");
        let config = Config {
            node: self.node.clone(),
            labels: self.labels.clone(),
            interval: self.interval,
            source: self.source,
            collector: self.collector,
            proc_root: self.proc_root.clone(),
            show_args: self.show_args,
            budget_milli: self.budget.milli(),
            payer: Payer::Process,
            off_dir: self.off_dir.clone(),
            beam: self.vms.config(),
            black_box: self.black_box(),
            is_demo: false,
        };
        config.check()?;
        Ok(config)
    }

    /// The hubs to call in at, each once, by these credentials where there are any.
    pub fn hubs(&self, credentials: Option<&Arc<Credentials>>) -> Vec<Hub> {
        let tls = credentials.map(|credentials| Connector::new(Arc::clone(credentials)));
        let mut hubs: Vec<Hub> = Vec::new();
        for address in &self.joins {
            if !hubs.iter().any(|hub| hub.address == *address) {
                hubs.push(Hub { address: address.clone(), tls: tls.clone() });
            }
        }
        hubs
    }

    fn black_box(&self) -> BlackBoxConfig {
        let place = match &self.black_box {
            None => Place::usual(),
            Some(off) if off.as_os_str() == "off" => Place::Off,
            Some(directory) => Place::Directory(directory.clone()),
        };
        BlackBoxConfig { place, bytes: self.black_box_bytes, age: self.black_box_age }
    }
}

fn hub(text: &str) -> Result<String, String> {
    join::address(text, PORT).map_err(|error| error.to_string())
}

fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        Some(_) | None => Err("write it as KEY=VALUE, role=chat for example".into()),
    }
}

fn interval(text: &str) -> Result<Duration, String> {
    let (number, unit_ms) = match text.strip_suffix("ms") {
        Some(number) => (number, 1.0),
        None => (text.strip_suffix('s').unwrap_or(text), 1_000.0),
    };
    let ms = number.trim().parse::<f64>().map_err(|_| "write it as 250ms or 2s".to_owned())? * unit_ms;
    if !(250.0..=60_000.0).contains(&ms) {
        return Err("it lies from 250ms to 60s".into());
    }
    Ok(Duration::from_secs_f64(ms / 1_000.0))
}

/// A size in bytes, written with its unit.
///
/// # Errors
/// In words, where it is none, or below 1 MiB.
pub fn size(text: &str) -> Result<u64, String> {
    let words = || "write it as 512KiB, 128MiB or 1GiB; it is at least 1MiB".to_owned();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let unit = match unit.trim() {
        "KiB" => 1_u64 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(words()),
    };
    let bytes = number.parse::<u64>().ok().and_then(|n| n.checked_mul(unit));
    bytes.filter(|bytes| *bytes >= 1 << 20).ok_or_else(words)
}

/// A length of time, written with its unit.
fn age(text: &str) -> Result<Duration, String> {
    let words = || "write it as 30min, 24h or 7d; it is at least 1min".to_owned();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let unit_s = match unit.trim() {
        "min" | "m" => 60,
        "h" => 3_600,
        "d" => 24 * 3_600,
        _ => return Err(words()),
    };
    let seconds = number.parse::<u64>().ok().and_then(|n| n.checked_mul(unit_s));
    seconds.filter(|s| (60..=366 * 24 * 3_600).contains(s)).map(Duration::from_secs).ok_or_else(words)
}

#[cfg(test)]
mod tests;
