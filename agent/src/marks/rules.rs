//! What the agent puts on the time line by itself: each rule says when, and how often at most.

mod batch;
mod deaths;
mod health;
mod kills;
mod shed;
mod vms;

use crate::{reading::Reading, tick::Tick};

use deaths::Deaths;
use health::Healths;
use kills::Kills;
use shed::Shed;
use vms::Lives;

/// In so long after the start much changes that is no news, microseconds.
const START_US: u64 = 15_000_000;

/// A note that is to become a mark.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// What happened.
    pub text: String,
    /// What it is about, as `--go` takes it.
    pub focus: Option<String>,
    /// The moment that it is about, microseconds since 1970.
    pub wall_us: u64,
}

/// All rules, and what each remembers.
#[derive(Debug, Default)]
pub struct Rules {
    began_us: Option<u64>,
    /// Wall time of the tick before, microseconds.
    last_wall_us: Option<u64>,
    kills: Kills,
    deaths: Deaths,
    healths: Healths,
    shed: Shed,
    lives: Lives,
}

impl Rules {
    /// Compares a reading with the one before, while both are there: who was killed for lack of memory.
    pub fn compare(&mut self, last: Option<&Tick>, reading: &Reading) {
        self.kills.compare(last, reading);
    }

    /// What is to be noted of a tick. `node` is the node's name, `rows` are the places of the widest stream that is followed, `shed` is
    /// what the governor leaves out.
    pub fn judge(&mut self, node: &str, tick: &Tick, rows: &[usize], shed: &[String]) -> Vec<Note> {
        let last_wall_us = self.last_wall_us.replace(tick.wall_us).unwrap_or(tick.wall_us);
        let killed = self.kills.take(node, tick, last_wall_us);
        self.deaths.observe(tick, rows, last_wall_us);
        self.deaths.spare(&killed.victims);
        let mut notes: Vec<Note> = killed.note.into_iter().collect();
        notes.extend(self.deaths.take(node, tick));
        notes.extend(self.lives.take(node, tick));
        notes.extend(self.judge_health(tick));
        let is_settled = self.is_settled(tick);
        notes.extend(self.shed.take(shed, tick, is_settled));
        notes
    }

    /// What is to be noted of the sources alone: no reading has come.
    pub fn judge_health(&mut self, tick: &Tick) -> Option<Note> {
        let is_settled = self.is_settled(tick);
        self.healths.take(tick, is_settled)
    }

    fn is_settled(&mut self, tick: &Tick) -> bool {
        let began_us = *self.began_us.get_or_insert(tick.mono_us);
        tick.mono_us.saturating_sub(began_us) >= START_US
    }
}
