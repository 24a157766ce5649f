//! The command line of the bench.

use std::time::Duration;

use anyhow::Context;

use crate::{
    profile::Profile,
    subject::{Collector, Times},
};

/// What a person asks of the bench.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Beside which loads.
    pub(crate) profiles: Vec<Profile>,
    /// Only this collector.
    pub(crate) collector: Option<Collector>,
    /// Whether others of its kind are measured too.
    pub(crate) with_peers: bool,
    /// How long.
    pub(crate) times: Times,
}

impl Options {
    /// Reads the arguments.
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let times = Times { warm_up: Duration::from_secs(15), window: Duration::from_secs(20) };
        let mut options = Self { profiles: Vec::new(), collector: None, with_peers: false, times };
        let mut connections = 195_000;
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "S" => options.profiles.push(Profile::S),
                "M" => options.profiles.push(Profile::M),
                "L" => options.profiles.push(Profile::L),
                "C" => options.profiles.push(Profile::C { connections: 0 }),
                "--peers" => options.with_peers = true,
                "--collector" => options.collector = Some(collector(&value()?)?),
                "--seconds" => options.times.window = Duration::from_secs(value()?.parse()?),
                "--warm-up" => options.times.warm_up = Duration::from_secs(value()?.parse()?),
                "--connections" => connections = value()?.parse()?,
                // Cargo says so to every bench.
                "--bench" => {}
                other => anyhow::bail!(
                    "{other} is not known; give S, M, L or C, --peers, --collector bpf|proc, --seconds N, --warm-up N, \
                     --connections N"
                ),
            }
        }
        if options.profiles.is_empty() {
            options.profiles = vec![Profile::S, Profile::M, Profile::L];
        }
        for profile in &mut options.profiles {
            if let Profile::C { connections: asked } = profile {
                *asked = connections;
            }
        }
        Ok(options)
    }
}

fn collector(word: &str) -> anyhow::Result<Collector> {
    let known = Collector::ALL.into_iter().find(|collector| collector.word() == word);
    known.with_context(|| format!("there is no collector {word}; bpf and proc are"))
}
