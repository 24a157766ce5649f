//! `midair hub`: which agents, where viewers come in, and how it says what it does.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use clap::Args;
use midair_agent::cli::LogFormat;

use crate::hub::Wanted;

use super::{Listed, Place, TlsArgs, interval, milliseconds, places};

/// A hub.
#[derive(Args, Clone, Debug)]
pub struct HubArgs {
    /// Agents to watch beside those that call in: HOST, HOST:PORT (default port 7070), or the path of an agent's socket.
    #[arg(value_name = "HOST[:PORT]")]
    hosts: Vec<String>,

    /// Agents that are not named one by one.
    #[command(flatten)]
    pub listed: Listed,

    /// Where dashboards come in, and agents call in (`midair-agent --join`), 0.0.0.0:7071 for example; by the certificates of --tls-..., or --insecure.
    #[arg(long, value_name = "ADDR")]
    pub listen: String,

    /// Name of this hub [default: hub@ and the host's name].
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// How agents are reached by TCP, and dashboards let in.
    #[command(flatten)]
    pub tls: TlsArgs,

    /// Time between two samples of each node: 250ms to 60s.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = interval)]
    interval: Duration,

    /// Record into files of this directory what a dashboard would that follows the hottest nodes.
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,

    /// How large these files get together, from 64MiB; the oldest go.
    #[arg(long, value_name = "SIZE", default_value = "4GiB", requires = "record", value_parser = room)]
    record_max: u64,

    /// Serve what it counts to Prometheus there, at /metrics: a port of this host alone, or a whole address, from which
    /// everybody who reaches it reads these numbers.
    #[arg(long, value_name = "[HOST:]PORT", value_parser = metrics)]
    pub metrics: Option<SocketAddr>,

    /// How the log on stderr is written.
    #[arg(long, value_enum, default_value_t)]
    pub log_format: LogFormat,
}

impl HubArgs {
    /// The places named, in order, each once.
    ///
    /// # Errors
    /// Where one is no address.
    pub fn places(&self) -> anyhow::Result<Vec<Place>> {
        places(self.hosts.iter())
    }

    /// Where to record, and how much.
    pub fn wanted(&self) -> Option<Wanted> {
        Some(Wanted { directory: self.record.clone()?, most_bytes: self.record_max })
    }

    /// The interval in milliseconds.
    pub fn interval_ms(&self) -> u32 {
        milliseconds(self.interval)
    }
}

fn room(text: &str) -> Result<u64, String> {
    let bytes = midair_agent::cli::size(text).ok().filter(|bytes| *bytes >= 64 << 20);
    bytes.ok_or_else(|| "write it as 512MiB or 4GiB; it is at least 64MiB".to_owned())
}

fn metrics(text: &str) -> Result<SocketAddr, String> {
    let port = text.strip_prefix(':').unwrap_or(text).parse().ok();
    let local = port.map(|port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let given = || text.parse().map_err(|_| "write it as 9090 or 10.0.0.7:9090".to_owned());
    local.map_or_else(given, Ok)
}
