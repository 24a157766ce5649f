//! What the governor leaves out: said when it begins to, and when it ends.

use super::Note;
use crate::tick::Tick;

/// Between two such notes, microseconds.
const QUIET_US: u64 = 60_000_000;

/// What was said of it.
#[derive(Debug, Default)]
pub(super) struct Shed {
    told: bool,
    told_us: Option<u64>,
}

impl Shed {
    /// The note, if one is due.
    pub(super) fn take(&mut self, shed: &[String], tick: &Tick, is_settled: bool) -> Option<Note> {
        let is_shedding = !shed.is_empty();
        if !is_settled {
            self.told = is_shedding;
        }
        let is_quiet = self.told_us.is_some_and(|told_us| tick.mono_us.saturating_sub(told_us) < QUIET_US);
        if self.told == is_shedding || is_quiet {
            return None;
        }
        (self.told, self.told_us) = (is_shedding, Some(tick.mono_us));
        let text = match is_shedding {
            true => format!("agent over its budget, left out: {}", shed.join("; ")),
            false => "agent within its budget again: nothing is left out".into(),
        };
        Some(Note { text, focus: None, wall_us: tick.wall_us })
    }
}
