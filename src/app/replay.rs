//! Playing a recording: the moment that is shown moves on by itself, faster or slower, until the end.

use std::sync::Arc;

use super::{Effect, Playhead, State};
use crate::event::Stamp;

/// Who steps back while a recording plays has seen the last mark pass so long ago at least, microseconds.
const HAND_US: u64 = 2_000_000;

/// A recording that is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    /// Name of the file.
    pub name: Arc<str>,
    /// Its first moment.
    pub from: Stamp,
    /// Its last moment so far.
    pub to: Stamp,
    /// Whether more may come: it is still being written.
    pub grows: bool,
    /// Whether the moment that is shown moves on.
    pub is_playing: bool,
    /// How fast.
    pub speed: Speed,
}

/// How fast a recording is played: a power of two, from a quarter to 64 times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Speed(i8);

impl Speed {
    /// The slowest and the fastest, as powers of two.
    const BOUNDS: (i8, i8) = (-2, 6);

    /// The nearest there is to so many times.
    pub fn nearest(times: f64) -> Self {
        let power = if times > 0.0 { times.log2().round() } else { 0.0 };
        Self(power.clamp(f64::from(Self::BOUNDS.0), f64::from(Self::BOUNDS.1)) as i8)
    }

    /// So many steps faster, or slower.
    #[must_use]
    pub fn by(self, steps: i32) -> Self {
        let power = i32::from(self.0).saturating_add(steps).clamp(Self::BOUNDS.0.into(), Self::BOUNDS.1.into());
        Self(i8::try_from(power).unwrap_or(0))
    }

    /// How much of the recording passes in so much time, microseconds.
    pub fn of_us(self, elapsed_us: u64) -> u64 {
        if self.0 < 0 { elapsed_us >> -self.0 } else { elapsed_us.saturating_mul(1 << self.0) }
    }

    /// As a person writes it: `4x`, `1/2x`.
    pub fn word(self) -> String {
        if self.0 < 0 { format!("1/{}x", 1 << -self.0) } else { format!("{}x", 1 << self.0) }
    }
}

impl State {
    /// Whether a recording is played now.
    pub fn is_playing(&self) -> bool {
        self.replay.as_ref().is_some_and(|replay| replay.is_playing)
    }

    /// The moment up to which is to be played when so much time has passed; `None` where nothing is played.
    pub fn plays_to(&self, elapsed_us: u64) -> Option<Stamp> {
        let replay = self.replay.as_ref().filter(|replay| replay.is_playing)?;
        Some(Stamp(self.now().0.saturating_add(replay.speed.of_us(elapsed_us)).min(replay.to.0)))
    }

    /// Stops playing, or goes on; from the end on from the beginning.
    pub(super) fn toggle_playing(&mut self) -> Vec<Effect> {
        let now = self.now();
        let Some(replay) = &mut self.replay else { return Vec::new() };
        replay.is_playing = !replay.is_playing;
        if replay.is_playing && now >= replay.to && !replay.grows {
            let from = replay.from;
            self.playhead = Playhead::Past(from);
            return vec![Effect::Seek(from)];
        }
        Vec::new()
    }

    /// So many steps faster, or slower.
    pub(super) fn change_speed(&mut self, steps: i32) {
        match &mut self.replay {
            Some(replay) => replay.speed = replay.speed.by(steps),
            None => self.refuse("what is live has its own speed; recordings are played faster and slower"),
        }
    }

    /// To the next mark, or the one before.
    pub(super) fn step_mark(&mut self, steps: i32) -> Vec<Effect> {
        let now = self.now();
        let shown = self.marks();
        // What lies outside of what can be shown is in the list, and nowhere else.
        let Some((oldest, newest)) = self.reach() else {
            self.refuse("nothing has been received yet");
            return Vec::new();
        };
        let is_in_reach = |at: &Stamp| (oldest..=newest).contains(at);
        let mut moments: Vec<Stamp> = shown.iter().map(|mark| mark.at).filter(is_in_reach).collect();
        moments.sort_unstable();
        let found = match steps {
            1.. => moments.into_iter().find(|at| *at > now),
            // While it plays on, one mark after the other is to be reached with one key each.
            _ if self.is_playing() => moments.into_iter().rfind(|at| at.0 + HAND_US < now.0),
            _ => moments.into_iter().rfind(|at| *at < now),
        };
        match found {
            Some(at) => self.seek(at),
            None => {
                self.refuse(if steps > 0 { "no mark after this moment" } else { "no mark before this moment" });
                Vec::new()
            }
        }
    }
}

/// The playhead has come here.
pub(super) fn played(state: &mut State, to: Stamp) {
    let second_before = state.now().0 / 1_000_000;
    state.playhead = Playhead::Past(to);
    state.is_dirty |= to.0 / 1_000_000 != second_before;
    if let Some(replay) = &mut state.replay
        && to >= replay.to
        && !replay.grows
        && replay.is_playing
    {
        replay.is_playing = false;
        state.is_dirty = true;
    }
}

/// The recording has grown, or was closed.
pub(super) fn grown(state: &mut State, to: Stamp, grows: bool) {
    if let Some(replay) = &mut state.replay {
        state.is_dirty |= replay.to != to || replay.grows != grows;
        (replay.to, replay.grows) = (to, grows);
    }
}

/// Those whom a recording shows cannot be asked any more.
pub(super) fn ask_nobody(state: &mut State, effects: &mut Vec<Effect>) {
    let n_before = effects.len();
    effects.retain(|effect| !matches!(effect, Effect::Control(_)));
    if effects.len() < n_before {
        state.refuse("this is a recording: its agents cannot be asked for anything");
    }
}

#[cfg(test)]
mod tests;
