//! Parts of the agent that stop to work, and work again.

use std::collections::BTreeMap;

use super::{
    Note,
    batch::{QUIET_US, named},
};
use crate::{
    reading::{Health, SourceState},
    tick::Tick,
};

/// A state that lasts for so many ticks is one; less is a hiccup.
const LASTS_TICKS: u32 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Off,
    Degraded,
    Well,
}

/// What was said of each source.
#[derive(Debug, Default)]
pub(super) struct Healths {
    sources: BTreeMap<&'static str, State>,
    told_us: Option<u64>,
}

#[derive(Debug)]
struct State {
    told: Level,
    now: Level,
    why: String,
    n_ticks: u32,
    since_wall_us: u64,
}

impl Healths {
    /// The note of those that have changed, if one is due. What is not settled yet is no news.
    pub(super) fn take(&mut self, tick: &Tick, is_settled: bool) -> Option<Note> {
        for source in &tick.reading.sources {
            self.observe(source, tick.wall_us, is_settled);
        }
        let is_quiet = self.told_us.is_some_and(|told_us| tick.mono_us.saturating_sub(told_us) < QUIET_US);
        let is_news = |state: &State| state.now != state.told && state.n_ticks >= LASTS_TICKS;
        let wall_us = self.sources.values().filter(|state| is_news(state)).map(|state| state.since_wall_us).min();
        let wall_us = wall_us.filter(|_| !is_quiet)?;
        let mut groups: BTreeMap<(Level, String), Vec<&'static str>> = BTreeMap::new();
        for (name, state) in self.sources.iter_mut().filter(|(_, state)| is_news(state)) {
            state.told = state.now;
            groups.entry((state.now, state.why.clone())).or_default().push(name);
        }
        self.told_us = Some(tick.mono_us);
        let words = |((level, why), names): (&(Level, String), &Vec<&'static str>)| {
            let names = named(names.iter().copied());
            match level {
                Level::Off => format!("{names} off: {why}"),
                Level::Degraded => format!("{names} degraded: {why}"),
                Level::Well => format!("{names} well again"),
            }
        };
        let text: Vec<String> = groups.iter().map(words).collect();
        Some(Note { text: format!("agent: {}", text.join("; ")), focus: None, wall_us })
    }

    fn observe(&mut self, source: &SourceState, wall_us: u64, is_settled: bool) {
        let (now, why) = match &source.health {
            Health::Ok => (Level::Well, ""),
            Health::Degraded(why) => (Level::Degraded, &**why),
            Health::Off(why) => (Level::Off, &**why),
        };
        let state = self.sources.entry(source.name).or_insert_with(|| State {
            told: now,
            now,
            why: why.to_owned(),
            n_ticks: 0,
            since_wall_us: wall_us,
        });
        if state.now == now {
            state.n_ticks = state.n_ticks.saturating_add(1);
        } else {
            *state = State { told: state.told, now, why: String::new(), n_ticks: 1, since_wall_us: wall_us };
        }
        if state.why != why {
            state.why = why.to_owned();
        }
        if !is_settled {
            state.told = now;
        }
    }
}
