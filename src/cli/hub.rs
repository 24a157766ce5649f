//! `midair hub`: which agents, where viewers come in, and how it says what it does.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use midair_agent::cli::LogFormat;

use super::{Place, TlsArgs, agents, interval, milliseconds, places};

/// A hub.
#[derive(Args, Clone, Debug)]
pub struct HubArgs {
    /// Agents to watch: HOST, HOST:PORT (default port 7070), or the path of an agent's socket.
    #[arg(value_name = "HOST[:PORT]", required_unless_present = "agents_file")]
    hosts: Vec<String>,

    /// Watch the agents that this file names, one address a line; it is read again when it changes.
    #[arg(long, value_name = "FILE", conflicts_with = "hosts")]
    pub agents_file: Option<PathBuf>,

    /// Where dashboards come in, 0.0.0.0:7071 for example; by the certificates of --tls-..., or --insecure.
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

    /// How the log on stderr is written.
    #[arg(long, value_enum, default_value_t)]
    pub log_format: LogFormat,
}

impl HubArgs {
    /// The places named, in order, each once.
    ///
    /// # Errors
    /// Where one is no address, or the file cannot be read.
    pub fn places(&self) -> anyhow::Result<Vec<Place>> {
        match &self.agents_file {
            Some(file) => agents::read(file),
            None => places(self.hosts.iter()),
        }
    }

    /// The interval in milliseconds.
    pub fn interval_ms(&self) -> u32 {
        milliseconds(self.interval)
    }
}
