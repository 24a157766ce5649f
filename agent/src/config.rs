//! What an agent is told at its start.

mod beam;
mod black_box;

use std::{path::PathBuf, time::Duration};

pub use beam::{BeamConfig, COOKIE_VARIABLE};
pub use black_box::{BlackBoxConfig, Place};

use crate::{
    cost::Payer,
    governor::{BUDGET_MILLI, BUDGET_MILLI_MAX},
};

/// Shortest interval between two samples.
pub const INTERVAL_MIN: Duration = Duration::from_millis(250);

/// Longest interval between two samples.
pub const INTERVAL_MAX: Duration = Duration::from_secs(60);

/// Where files switch off parts of an agent, where nobody says otherwise.
pub const OFF_DIR: &str = "/etc/midair/off.d";

/// How an agent is to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Name of the node; `None`: host name and machine-id.
    pub node: Option<String>,
    /// Labels by which nodes are grouped.
    pub labels: Vec<(String, String)>,
    /// Time between two samples, 250 ms to 60 s.
    pub interval: Duration,
    /// Where values come from.
    pub source: SourceChoice,
    /// How the kernel source reads tasks.
    pub collector: Collector,
    /// Where the kernel shows its processes.
    pub proc_root: PathBuf,
    /// Whether arguments of commands are sent, with secrets masked.
    pub show_args: bool,
    /// CPU time that the agent may use, per mille of one core, 1 to 1,000; `None`: as much as it takes.
    pub budget_milli: Option<u32>,
    /// Whose CPU time that is.
    pub payer: Payer,
    /// Directory in which files switch off parts of the agent.
    pub off_dir: PathBuf,
    /// How Erlang VMs are reached.
    pub beam: BeamConfig,
    /// What is kept of what was measured.
    pub black_box: BlackBoxConfig,
    /// Whether what is told is made up, and not measured: the agent says so to everybody.
    pub is_demo: bool,
}

/// Where values come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum SourceChoice {
    /// The best that this system has.
    #[default]
    Auto,
    /// The Linux kernel: /proc and netlink.
    Kernel,
    /// The sysinfo crate: node and processes only, on any system.
    Sysinfo,
}

/// How the kernel source reads tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Collector {
    /// BPF where it may be had, else /proc.
    #[default]
    Auto,
    /// BPF iterators, pinned by `midair-agent setup` or loaded by the agent; said to be degraded where there are none.
    Bpf,
    /// /proc and netlink.
    Proc,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            node: None,
            labels: Vec::new(),
            interval: Duration::from_secs(1),
            source: SourceChoice::Auto,
            collector: Collector::Auto,
            proc_root: PathBuf::from("/proc"),
            show_args: false,
            budget_milli: Some(BUDGET_MILLI),
            payer: Payer::Threads,
            off_dir: PathBuf::from(OFF_DIR),
            beam: BeamConfig::default(),
            black_box: BlackBoxConfig::default(),
            is_demo: false,
        }
    }
}

impl Config {
    /// Checks what a person may have set wrong.
    pub fn check(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            (INTERVAL_MIN..=INTERVAL_MAX).contains(&self.interval),
            "interval {:?} is outside 250 ms to 60 s; give one within",
            self.interval
        );
        anyhow::ensure!(
            self.budget_milli.is_none_or(|milli| (1..=BUDGET_MILLI_MAX).contains(&milli)),
            "a budget of {} per mille of a core is outside 1 to {BUDGET_MILLI_MAX}; give one within",
            self.budget_milli.unwrap_or(0)
        );
        Ok(())
    }
}
