//! `midair demo`: a made-up cluster with incidents, for training and for measuring.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use midair_demo::{
    Scenario,
    children::{Share, Wanted},
};

use super::{PORT, go, interval, length};

/// Nodes at most: as many as have addresses of their own and fit into the memory of a large host.
const N_NODES: u64 = 100_000;

/// What is made up.
#[derive(Args, Clone, Debug)]
pub struct DemoArgs {
    /// How many nodes there are.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=N_NODES))]
    nodes: u64,

    /// Where all chance comes from: the same seed makes the same cluster and the same incidents.
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,

    /// One incident alone, a few seconds after the beginning and for as long as you watch; `all`, one after the other;
    /// `healthy`, none. Without it a new one begins every minute or two.
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,

    /// Tell which incidents there are, and what to look for, and no more.
    #[arg(long)]
    pub list: bool,

    /// Serve without a dashboard, until it is told to stop.
    #[arg(long)]
    pub headless: bool,

    /// Write the addresses of the agents to this file, for `midair --insecure --agents-file FILE`.
    #[arg(long, value_name = "FILE")]
    pub agents_file: Option<PathBuf>,

    /// With --headless: have the agents call in at this hub, which was started with --insecure.
    #[arg(long, value_name = "HUB[:PORT]", requires = "headless", value_parser = hub)]
    join: Option<String>,

    /// With --headless: for how long, 10m for example; else until SIGINT or SIGTERM.
    #[arg(long = "for", value_name = "TIME", requires = "headless", value_parser = length)]
    pub length: Option<Duration>,

    /// Where to start: a node, one of its runtimes, a task of that.
    #[arg(long, value_name = "NODE[/RUNTIME[/TASK]]", value_parser = go)]
    pub go: Option<String>,

    /// Time between two samples: 250ms to 60s.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = interval)]
    pub interval: Duration,

    /// Leave the mouse to the terminal.
    #[arg(long)]
    pub no_mouse: bool,
}

/// What a process of agents is told by the demo that starts it.
#[derive(Args, Clone, Debug)]
pub struct PartArgs {
    #[arg(long)]
    nodes: usize,
    #[arg(long)]
    seed: u64,
    #[arg(long)]
    scenario: Option<String>,
    #[arg(long)]
    join: Option<String>,
    #[arg(long)]
    from: usize,
    #[arg(long)]
    to: usize,
    #[arg(long)]
    port: u16,
    #[arg(long)]
    start_us: u64,
}

/// The command under which a process of agents is started.
const PART: &str = "demo-part";

impl DemoArgs {
    /// The fleet.
    pub fn wanted(&self) -> Wanted {
        let n_nodes = usize::try_from(self.nodes).expect("the parser allows few");
        Wanted { n_nodes, seed: self.seed, scenario: self.scenario.clone(), join: self.join.clone() }
    }

    /// Whether its agents call in at a hub.
    pub fn calls_in(&self) -> bool {
        self.join.is_some()
    }

    /// The interval in milliseconds.
    pub fn interval_ms(&self) -> u32 {
        super::milliseconds(self.interval)
    }

    /// The incidents, in words.
    pub fn told() -> String {
        let one = |scenario: Scenario| {
            format!("{:<17} {}\n{:18}look for: {}\n", scenario.word(), scenario.what(), "", scenario.look_for())
        };
        let all = "all               all of these, one after the other\nhealthy           nothing at all\n";
        Scenario::ALL.into_iter().map(one).chain([all.to_owned()]).collect()
    }
}

fn hub(text: &str) -> Result<String, String> {
    midair_agent::join::address(text, PORT).map_err(|error| error.to_string())
}

impl PartArgs {
    /// The arguments that say the same.
    pub fn of(share: &Share) -> Vec<String> {
        let mut pairs = vec![
            ("--nodes", share.fleet.n_nodes.to_string()),
            ("--seed", share.fleet.seed.to_string()),
            ("--from", share.nodes.start.to_string()),
            ("--to", share.nodes.end.to_string()),
            ("--port", share.port.to_string()),
            ("--start-us", share.start_us.to_string()),
        ];
        pairs.extend(share.fleet.scenario.clone().map(|scenario| ("--scenario", scenario)));
        pairs.extend(share.fleet.join.clone().map(|hub| ("--join", hub)));
        let pairs = pairs.into_iter().flat_map(|(name, value)| [name.to_owned(), value]);
        std::iter::once(PART.to_owned()).chain(pairs).collect()
    }

    /// What it is told.
    pub fn share(&self) -> Share {
        let (n_nodes, seed) = (self.nodes, self.seed);
        let fleet = Wanted { n_nodes, seed, scenario: self.scenario.clone(), join: self.join.clone() };
        Share { fleet, nodes: self.from..self.to, port: self.port, start_us: self.start_us, tls: None }
    }
}
