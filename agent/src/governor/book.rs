//! What a sample costs, part by part, and what it would cost on another level of the ladder.
//!
//! What sources measure by themselves (names, threads, rounds over queues) is known; what is done for rows and for those
//! who ask is a guess until such a step was taken once: from then on it is what was measured before and after it.

use std::{collections::VecDeque, time::Duration};

use super::{
    Measured,
    ladder::{Ladder, Part},
    rounds::Rounds,
};

/// So many readings are kept at most.
const N_KEPT: usize = 20;

/// By so many a level is judged, without the dearest of them, which may have been a burst.
const N_JUDGED: usize = 5;

/// So many tell what a step has changed.
const N_LEARNED: usize = 3;

/// A step may have made its part cheaper by so much at most; names may be left out nearly all.
const FACTOR_MAX: f64 = 16.0;

/// The same of a step over rows and answers: most of the rest is done whatever there is to send.
const REST_FACTOR_MAX: f64 = 1.5;

/// Parts below this tell nothing of steps, microseconds a sample.
const TELLING_US: f64 = 50.0;

/// A measured factor comes so much nearer to one with each minute: the host may have changed. That of steps over rows and
/// answers is the least certain.
const FADE: f64 = 0.95;
const REST_FADE: f64 = 0.9;

/// What a sample costs, microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Costs {
    names: f64,
    threads: f64,
    /// All that is done for each sample, whatever is left out.
    rest: f64,
}

impl Costs {
    fn part(&mut self, part: Part) -> Option<&mut f64> {
        match part {
            Part::Names => Some(&mut self.names),
            Part::Threads => Some(&mut self.threads),
            Part::Rest => Some(&mut self.rest),
            Part::Sockets | Part::Interval => None,
        }
    }
}

/// The readings of a level, and what is known of steps.
#[derive(Debug)]
pub(super) struct Book {
    /// Since the level changed.
    readings: VecDeque<Measured>,
    n_since: usize,
    n_judged: usize,
    rounds: Rounds,
    /// What each step was measured to make of its part; the first belongs to level 1.
    factors: Vec<Option<f64>>,
    /// The level before, and its costs; to be compared with those of this one.
    before: Option<(usize, Costs)>,
}

impl Book {
    /// For a ladder of so many steps.
    pub(super) fn new(n_steps: usize) -> Self {
        Self {
            readings: VecDeque::new(),
            n_since: 0,
            n_judged: N_JUDGED,
            rounds: Rounds::default(),
            factors: vec![None; n_steps],
            before: None,
        }
    }

    /// One reading more on a level.
    pub(super) fn push(&mut self, measured: Measured, ladder: &Ladder, level: usize) {
        self.rounds.push(measured.elapsed_us, measured.rounds_us, ladder.between_rounds(level));
        self.readings.push_back(measured);
        self.n_since += 1;
        // Answers that are not given each time must be among what is looked at.
        self.n_judged = N_JUDGED.max(ladder.thrift(level).answers_every as usize);
        if self.readings.len() > N_KEPT {
            self.readings.pop_front();
        }
        if self.n_since == N_LEARNED + 1
            && let Some((from, costs)) = self.before.take()
        {
            self.learn((from, costs), level, ladder);
        }
    }

    /// CPU time of a reading that counts now, microseconds: what a round took is spread over the time to the next.
    pub(super) fn charge_us(&mut self, measured: &Measured) -> f64 {
        measured.cpu_us.saturating_sub(measured.rounds_us) as f64 + self.rounds.pay_us(measured.elapsed_us)
    }

    /// From now on another level holds. `is_telling`: whether what was measured before it says what steps change.
    pub(super) fn turn(&mut self, ladder: &Ladder, from: usize, is_telling: bool) {
        if let Some(before) = self.before.take().filter(|_| self.n_since > 1) {
            self.learn(before, from, ladder);
        }
        self.before = self.costs(false).filter(|_| is_telling && self.n_since > N_LEARNED).map(|costs| (from, costs));
        self.readings.clear();
        self.n_since = 0;
    }

    /// How many readings there were since the level changed.
    pub(super) fn n_since(&self) -> usize {
        self.n_since
    }

    /// What a sample costs on this level. `at_least`: what it does in the cheapest of the last ones, for a time in which
    /// much is done for the first time.
    pub(super) fn costs(&self, at_least: bool) -> Option<Costs> {
        // The first after a change catches up.
        let n = self.n_judged.min(self.readings.len().saturating_sub(1)).max(1);
        let last = || self.readings.iter().rev().take(n);
        let mean = |of: fn(&Measured) -> u64| last().map(of).sum::<u64>() as f64 / n as f64;
        let least_us = last().map(Measured::rest_us).min()?;
        let dearest_us = last().map(Measured::rest_us).max()?;
        let rest = match n {
            _ if at_least => least_us as f64,
            1 | 2 => mean(Measured::rest_us),
            _ => (mean(Measured::rest_us) * n as f64 - dearest_us as f64) / (n - 1) as f64,
        };
        Some(Costs { names: mean(|m| m.names_us), threads: mean(|m| m.threads_us), rest })
    }

    /// The mean of all that was used on this level but for the dearest reading, per mille of one core.
    pub(super) fn mean_milli(&self) -> f64 {
        let dearest = self.readings.iter().max_by_key(|reading| reading.cpu_us);
        let (elapsed_us, cpu_us) = self.readings.iter().fold((0, 0), |(elapsed_us, cpu_us), reading| {
            (elapsed_us + reading.elapsed_us, cpu_us + reading.cpu_us - reading.rounds_us.min(reading.cpu_us))
        });
        let (less_us, less_cpu_us) = dearest.map_or((0, 0), |m| (m.elapsed_us, m.cpu_us - m.rounds_us.min(m.cpu_us)));
        (cpu_us - less_cpu_us) as f64 * 1e3 / ((elapsed_us - less_us) as f64).max(1.0)
    }

    /// What would be used on a level, per mille of one core, where a sample costs this on another one.
    pub(super) fn milli(&self, ladder: &Ladder, (from, costs): (usize, Costs), to: usize) -> f64 {
        let mut costs = costs;
        for level in from.min(to) + 1..=from.max(to) {
            let factor = self.factor(ladder, level, to < from);
            if let Some(part) = ladder.part(level).and_then(|part| costs.part(part)) {
                *part *= if to < from { factor } else { factor.recip() };
            }
        }
        let per_second = |us: f64, every: Duration| us / every.as_secs_f64().max(1e-6);
        let sample_us = costs.names + costs.threads + costs.rest + self.rounds.base_us();
        let us =
            per_second(sample_us, ladder.interval(to)) + per_second(self.rounds.round_us(), ladder.between_rounds(to));
        us / 1e3
    }

    /// A level has lasted for a minute: what its step was measured to save counts a little less.
    pub(super) fn fade(&mut self, ladder: &Ladder, level: usize) {
        let fade = if ladder.part(level) == Some(Part::Rest) { REST_FADE } else { FADE };
        if let Some(Some(factor)) = level.checked_sub(1).and_then(|n| self.factors.get_mut(n)) {
            *factor = 1.0 + (*factor - 1.0) * fade;
        }
    }

    /// By how much the step to a level changes its part. One over rows and answers that was never taken is tried both ways:
    /// so it is known soon.
    fn factor(&self, ladder: &Ladder, level: usize, is_up: bool) -> f64 {
        let known = level.checked_sub(1).and_then(|n| self.factors.get(n).copied().flatten());
        known.unwrap_or_else(|| match ladder.part(level) {
            Some(Part::Rest) if is_up => 1.0,
            _ => ladder.guess(level),
        })
    }

    /// Compares a level with the one before: what the steps between have made of their parts.
    fn learn(&mut self, (from, mut before): (usize, Costs), to: usize, ladder: &Ladder) {
        let Some(mut now) = self.costs(false) else { return };
        for (part, most) in [(Part::Names, FACTOR_MAX), (Part::Threads, FACTOR_MAX), (Part::Rest, REST_FACTOR_MAX)] {
            let levels: Vec<usize> =
                (from.min(to) + 1..=from.max(to)).filter(|level| ladder.part(*level) == Some(part)).collect();
            let (Some(before), Some(now)) = (before.part(part), now.part(part)) else { continue };
            let (above, below) = if from < to { (*before, *now) } else { (*now, *before) };
            if levels.is_empty() || above < TELLING_US {
                continue;
            }
            let each = (above / below.max(1.0)).powf((levels.len() as f64).recip()).clamp(1.0, most);
            for level in levels {
                self.factors[level - 1] = Some(each);
            }
        }
    }
}

impl Measured {
    /// What is none of the parts that are measured by themselves, microseconds.
    fn rest_us(&self) -> u64 {
        self.cpu_us.saturating_sub(self.names_us + self.threads_us + self.rounds_us)
    }
}

#[cfg(test)]
mod tests;
