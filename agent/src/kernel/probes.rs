//! Messages of the tasks that somebody looks at closely: counted only while that is so.

use std::{collections::HashMap, sync::Arc};

use midair_vitals::{Flow, TaskId, Unit};

use super::bpf::{Choice, Counts, Later, Messages};
use crate::{
    clock::Clock,
    governor::Off,
    reading::{Close, Health, SourceState},
};

/// Who is counted.
#[derive(Default)]
pub(super) struct Probes {
    /// Who loads what counts; `None` where this is not the kernel that is read.
    from: Option<Choice>,
    of: HashMap<TaskId, Probe>,
    /// Why nothing can be counted, and until when that is taken for granted, microseconds.
    refused: Option<(Arc<str>, u64)>,
}

struct Probe {
    state: State,
    /// When somebody looked last, microseconds.
    asked_us: u64,
}

enum State {
    Beginning(Later<Messages>),
    Counting(Messages),
}

/// So many tasks at most; an agent has no more focuses.
const MOST: usize = 4;

/// Looks may be far between while the agent saves: then counting goes on for so long after one, microseconds, and two
/// readings more.
const LINGERS_US: u64 = 10_000_000;

/// A kernel that refused is asked again after so long, microseconds: somebody may have given the agent what it lacked.
const AGAIN_US: u64 = 600_000_000;

/// By which it is switched off, and what its state is called.
const NAME: &str = "probes";

impl Probes {
    /// Probes that are loaded from there.
    pub(super) fn new(from: Choice) -> Self {
        Self { from: Some(from), ..Self::default() }
    }

    /// Begins to count for whom somebody looks at now, and ends it for whom nobody does any more. `over_us` is the time
    /// since the reading before.
    pub(super) fn keep(&mut self, close: &[TaskId], (now_us, over_us): (u64, u64), off: &Off) -> Option<SourceState> {
        let from = self.from.clone()?;
        if let Some(why) = off.why(NAME).or_else(|| off.why("bpf")) {
            self.of.clear();
            return off.why(NAME).map(|_| SourceState::new(NAME, Health::Off(why)));
        }
        let lingers_us = LINGERS_US + 2 * over_us;
        self.of.retain(|_, probe| now_us.saturating_sub(probe.asked_us) <= lingers_us);
        self.refused.take_if(|(_, until_us)| now_us >= *until_us);
        for id in close.iter().filter(|id| id.runtime == 0) {
            if let Some(probe) = self.of.get_mut(id) {
                probe.asked_us = now_us;
                continue;
            }
            let Ok(pid) = u32::try_from(id.number) else { continue };
            if self.of.len() < MOST && self.refused.is_none() {
                let state = State::Beginning(Messages::of_later(pid, from.clone(), Clock::system()));
                self.of.insert(*id, Probe { state, asked_us: now_us });
            }
        }
        self.settle(now_us);
        self.state()
    }

    /// Adds what was counted to a look at a task.
    pub(super) fn add_to(&self, look: &mut Close) {
        let Some(State::Counting(messages)) = self.of.get(&look.task.id).map(|probe| &probe.state) else { return };
        // What cannot be read is not known; the next look reads again.
        let Ok(counts) = messages.read() else { return };
        look.probed = Some(vec![flow(&counts)]);
        look.probe_us = counts.cost_ns.map(|ns| ns / 1000);
    }

    /// Takes what has begun or failed to.
    fn settle(&mut self, now_us: u64) {
        let refused = &mut self.refused;
        self.of.retain(|_, probe| {
            let State::Beginning(later) = &mut probe.state else { return true };
            match later.poll() {
                None => true,
                Some(Ok(messages)) => {
                    probe.state = State::Counting(messages);
                    true
                }
                Some(Err(why)) => {
                    *refused = Some((why.to_string().into(), now_us + AGAIN_US));
                    false
                }
            }
        });
    }

    fn state(&self) -> Option<SourceState> {
        let is_counting = self.of.values().any(|probe| matches!(probe.state, State::Counting(_)));
        match &self.refused {
            _ if is_counting => Some(SourceState::new(NAME, Health::Ok)),
            Some((why, _)) => Some(SourceState::new(NAME, Health::Off(Arc::clone(why)))),
            None => None,
        }
    }
}

/// All of its messages; unknown where those of one kind are.
fn flow(counts: &Counts) -> Flow {
    let sum = |one: Option<u64>, other: Option<u64>| one.zip(other).map(|(one, other)| one + other);
    Flow { unit: Unit::Messages, n_in: sum(counts.unix_in, counts.udp_in), n_out: sum(counts.unix_out, counts.udp_out) }
}

#[cfg(test)]
mod tests;
