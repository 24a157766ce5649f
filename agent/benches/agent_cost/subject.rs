//! The agent that is measured, with one watcher.

use std::{process::Command, time::Duration};

use anyhow::Context;

use crate::{
    check::{Found, Witness},
    load::Ready,
    profile::{Profile, Running},
    program::{AGENT, Agent},
    spent::Spent,
    table::Row,
    watch::Watch,
};

/// The governor is off.
const NO_BUDGET: &str = "off";

/// How the agent reads tasks and queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Collector {
    /// BPF iterators.
    Bpf,
    /// `/proc` and netlink.
    Proc,
}

impl Collector {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::Bpf, Self::Proc];

    /// Its name on the command line.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Bpf => "bpf",
            Self::Proc => "proc",
        }
    }
}

/// How the agent is run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Variant {
    /// How it reads.
    pub(crate) collector: Collector,
    /// Whether its budget is the default, or none.
    pub(crate) is_budgeted: bool,
}

/// What this build of the agent can be told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flags {
    collector: bool,
    budget: bool,
}

impl Flags {
    /// Reads the agent's help.
    pub(crate) fn read() -> anyhow::Result<Self> {
        let output = Command::new(AGENT).arg("--help").output().context("the agent does not start")?;
        let help = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(Self { collector: help.contains("--collector"), budget: help.contains("--budget") })
    }

    /// The ways in which this build can be run.
    pub(crate) fn variants(self, only: Option<Collector>) -> Vec<Variant> {
        let collectors = Collector::ALL.into_iter().filter(|c| only.is_none_or(|only| only == *c));
        let built = collectors.filter(|c| self.collector || *c == Collector::Proc);
        let budgets: &[bool] = if self.budget { &[false, true] } else { &[false] };
        built.flat_map(|collector| budgets.iter().map(move |b| Variant { collector, is_budgeted: *b })).collect()
    }

    fn arguments(self, variant: Variant) -> Vec<&'static str> {
        let mut arguments = Vec::new();
        if self.collector {
            arguments.extend(["--collector", variant.collector.word()]);
        }
        if self.budget && !variant.is_budgeted {
            arguments.extend(["--budget", NO_BUDGET]);
        }
        arguments
    }
}

/// How long is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// Before it.
    pub(crate) warm_up: Duration,
    /// The window.
    pub(crate) window: Duration,
}

/// Runs the agent beside a load, and says what it costs and what it did not see.
pub(crate) async fn measure(
    profile: Profile,
    load: &Running,
    (flags, variant): (Flags, Variant),
    times: Times,
) -> anyhow::Result<(Row, Vec<Found>)> {
    let agent = Agent::start(&flags.arguments(variant))?;
    let settling = Settling { most: profile.first_round(), variant };
    let measured = agent.window(times, settling, &load.planted).await.with_context(|| agent.log())?;
    let Window { before, after, watch, seconds, witness, settled } = measured;
    let held = &watch.held;
    let found = witness.found(held, seconds, variant.collector == Collector::Bpf);
    let per_s = |us: u64| us as f64 / 1e3 / seconds;
    let sources: Vec<String> = held.source_us.iter().map(|(name, us)| format!("{name} {:.1}", per_s(*us))).collect();
    let waited = per_s(held.run_delay_us());
    let mut notes = vec![format!(
        "by its own books {:.1} ms/s ({}); it waited {waited:.0} ms/s for a CPU",
        per_s(held.sample_us),
        sources.join(", ")
    )];
    if profile.first_round() > Duration::ZERO {
        notes.push(held.round().map_or_else(
            || "no round over all connections was seen to end".into(),
            |round| format!("a round over all connections takes {:.0} s", round.as_secs_f64()),
        ));
        notes.push(format!("it was measured when it had run for {:.0} s", settled.as_secs_f64()));
    }
    notes.extend(held.reasons.iter().map(|(reason, n)| format!("{n} of {} samples: {reason}", held.n_samples)));
    let shed = held.shed.iter().map(|(part, n)| format!("{part} ({n} of {})", held.n_samples)).collect::<Vec<_>>();
    if !shed.is_empty() {
        notes.push(format!("left out: {}", shed.join(", ")));
    }
    notes.extend(found.iter().filter_map(|found| match found {
        Found::Seen => None,
        Found::Unknown(plant) => Some(format!("{}: -", plant.word())),
        Found::Rarely(what) => Some(format!("missing {what}")),
        Found::Shed(what) => Some(format!("left out, too: {what}")),
        Found::Missing(what) => Some(format!("MISSING {what}")),
    }));
    let budget = match (flags.budget, variant.is_budgeted, held.budget_milli) {
        (true, true, Some(milli)) => format!("budget {milli} ms/s"),
        (true, true, None) => "default budget".into(),
        _ => "no budget".into(),
    };
    let row = Row {
        load: profile.name(),
        what: format!("midair {}, {budget}", variant.collector.word()),
        cpu_ms: after.ms_since(&before) / seconds,
        n_samples_per_s: Some(held.n_samples as f64 / seconds),
        cpu_bar: Some(cpu_bar(profile, variant.collector)),
        rss_kib: after.rss_kib,
        rss_bar_mib: rss_bar(profile).map(|(now, _)| now),
        peak_kib: after.peak_kib,
        peak_bar_mib: rss_bar(profile).map(|(_, peak)| peak),
        bytes_per_s: Some(held.n_bytes as f64 / seconds),
        bytes_per_sample: Some(held.n_bytes as f64 / held.n_samples.max(1) as f64),
        notes,
    };
    Ok((row, found))
}

/// The time from one look at whether the agent has come to know the host to the next.
const LOOK: Duration = Duration::from_secs(5);

/// How an agent that starts on a host with very many connections comes to know them.
#[derive(Clone, Copy, Debug)]
struct Settling {
    /// What is measured after this time is measured in any case.
    most: Duration,
    variant: Variant,
}

impl Settling {
    /// Whether the agent says how long a round over all connections takes, and all that was planted has been found, but for
    /// what it says that it leaves out: what it costs to find the owners of 100,000 sockets for the first time is paid once.
    fn is_over(self, watch: &Watch, witness: &Witness) -> bool {
        let found = witness.found(&watch.held, 0.0, self.variant.collector == Collector::Bpf);
        let lacks = found.iter().any(|found| matches!(found, Found::Missing(_)));
        watch.held.round().is_some() && !lacks
    }
}

/// CPU milliseconds per second that the agent may cost.
fn cpu_bar(profile: Profile, collector: Collector) -> f64 {
    match (profile, collector) {
        (Profile::S, Collector::Bpf) => 2.0,
        (Profile::S, Collector::Proc) => 6.0,
        (Profile::M, Collector::Bpf) => 6.0,
        (Profile::M, Collector::Proc) => 25.0,
        (Profile::L, Collector::Bpf) => 35.0,
        (Profile::L, Collector::Proc) => 60.0,
        (Profile::C { .. }, _) => 10.0,
    }
}

/// MiB that the agent may have resident, now and at most.
fn rss_bar(profile: Profile) -> Option<(u64, u64)> {
    match profile {
        Profile::S | Profile::M => Some((16, 24)),
        Profile::L => Some((40, 40)),
        Profile::C { .. } => None,
    }
}

/// What a window has shown.
struct Window {
    before: Spent,
    after: Spent,
    watch: Watch,
    seconds: f64,
    witness: Witness,
    /// From the start of the agent to that of the window.
    settled: Duration,
}

impl Agent {
    async fn window(&self, times: Times, settling: Settling, planted: &[Ready]) -> anyhow::Result<Window> {
        let started_us = self.clock.mono_us();
        let mut watch = Watch::open(self.socket()).await?;
        watch.watch_for(times.warm_up, &mut Witness::default()).await?;
        let end_us = self.clock.mono_us() + u64::try_from(settling.most.as_micros())?;
        while self.clock.mono_us() < end_us {
            let mut witness = Witness::new(planted);
            watch.watch_for(LOOK, &mut witness).await?;
            if settling.is_over(&watch, &witness) {
                break;
            }
        }
        let settled = Duration::from_micros(self.clock.mono_us() - started_us);
        let mut witness = Witness::new(planted);
        watch.reset();
        let before = Spent::read(self.child.id());
        let from_us = self.clock.mono_us();
        watch.watch_for(times.window, &mut witness).await?;
        let seconds = (self.clock.mono_us() - from_us) as f64 / 1e6;
        let after = Spent::read(self.child.id());
        Ok(Window { before, after, watch, seconds, witness, settled })
    }
}
