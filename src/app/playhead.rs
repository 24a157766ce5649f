//! Moving in time: pause, steps, a click on the time line, and back to now.

use super::{Effect, State, moment, on_day, utc};
use crate::{
    event::Stamp,
    model::{Node, Window},
};

/// No black box is asked for what is older, microseconds: a week.
const KEPT_US: u64 = 7 * 86_400 * 1_000_000;

/// The moment shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Playhead {
    /// Now.
    #[default]
    Live,
    /// A moment in the past; also a paused screen.
    Past(Stamp),
}

impl State {
    /// What stretch of time the time line shows: the last minutes or hours, or where the playhead is further back, those
    /// around it.
    pub fn window(&self) -> Window {
        let (span_us, known) = (self.zoom.span_us(), self.timeline.end());
        let end = match self.playhead {
            Playhead::Live => self.clock,
            // At the very edge it would not be seen.
            Playhead::Past(at) if known.since_us(at) < span_us / 20 * 19 => known.max(at),
            Playhead::Past(at) => Stamp(at.0 + span_us / 10),
        };
        Window { end, span_us }
    }

    /// A time line of so many steps more time, or less.
    pub(super) fn zoom_by(&mut self, steps: i32) {
        match self.zoom.by(steps) {
            Some(zoom) => self.zoom = zoom,
            None if steps > 0 => self.notice("the time line shows a day: it keeps no more"),
            None => self.notice("the time line shows a minute: there is nothing shorter"),
        }
    }

    /// Stops the screen; from the past back to now.
    pub(super) fn toggle_pause(&mut self) -> Vec<Effect> {
        if self.replay.is_some() {
            return self.toggle_playing();
        }
        match self.playhead {
            Playhead::Live => self.seek(self.clock),
            Playhead::Past(_) => self.go_live(),
        }
    }

    /// Back to now; of a recording to its end.
    pub(super) fn go_live(&mut self) -> Vec<Effect> {
        if let Some(end) = self.replay.as_ref().map(|replay| replay.to) {
            return self.seek(end);
        }
        if self.playhead == Playhead::Live {
            return Vec::new();
        }
        self.errand = None;
        self.playhead = Playhead::Live;
        vec![Effect::GoLive]
    }

    /// To a moment, as far back as there is something to show.
    pub(super) fn seek(&mut self, to: Stamp) -> Vec<Effect> {
        let Some((oldest, newest)) = self.reach() else {
            self.refuse("nothing has been received yet");
            return Vec::new();
        };
        let to = to.clamp(oldest, newest.max(oldest));
        self.errand = None;
        self.playhead = Playhead::Past(to);
        vec![Effect::Seek(to)]
    }

    /// The oldest and the newest moment that can be shown.
    pub fn reach(&self) -> Option<(Stamp, Stamp)> {
        match &self.replay {
            Some(replay) => Some((replay.from, replay.to)),
            None => {
                let (oldest, newest) = (self.timeline.oldest()?, self.timeline.newest());
                let kept = Stamp(newest.0.saturating_sub(KEPT_US));
                Some((if self.keeps_past() { oldest.min(kept) } else { oldest }, newest))
            }
        }
    }

    /// Whether a node can be asked for what was before all that was received.
    pub fn keeps_past(&self) -> bool {
        let keeps = |node: &Node| node.described.as_ref().is_some_and(|described| described.keeps_history);
        match self.screen().node() {
            Some(id) => self.model.node(id).is_some_and(keeps),
            None => self.model.nodes.values().any(keeps),
        }
    }

    /// Where the node on the screen was not heard at the moment shown, and could be asked since: when it was heard again.
    pub fn missed_until(&self) -> Option<Stamp> {
        let Playhead::Past(at) = self.playhead else { return None };
        let node = self.screen().node().filter(|_| self.replay.is_none() && self.keeps_past())?;
        self.timeline.missed_until(node, at)
    }

    /// To a moment that a person typed.
    pub(super) fn jump(&mut self, text: &str) -> Vec<Effect> {
        let Some((oldest, newest)) = self.reach() else {
            self.refuse("nothing has been received yet");
            return Vec::new();
        };
        let at = match moment::parse(text, self.now(), newest) {
            Ok(at) => at,
            Err(why) => {
                self.refuse(why);
                return Vec::new();
            }
        };
        if at < oldest || at > newest {
            self.refuse(format!("known is what lies between {} and {}", utc(oldest), utc(newest)));
        } else if moment::is_of_day_before(text, at, newest) {
            let text = text.trim();
            self.notice(format!("{text} lies ahead: this is {}, the day before (UTC)", on_day(at, newest)));
        }
        self.seek(at)
    }

    /// So many samples on or back. The newest is not now: only `End` and `Space` go live.
    pub(super) fn step(&mut self, n_samples: i32) -> Vec<Effect> {
        if let Some(replay) = &mut self.replay {
            replay.is_playing = false;
        }
        if self.playhead == Playhead::Live && n_samples > 0 {
            return Vec::new();
        }
        let from = self.now();
        let is_told =
            |node| self.replay.is_some() || !self.keeps_past() || self.timeline.reaches(node, from, n_samples);
        let interval_us = i64::from(self.interval_ms) * 1000;
        let plain = Stamp(from.0.saturating_add_signed(i64::from(n_samples) * interval_us));
        // Where it was not heard its samples are a second apart, as its black box keeps them.
        let is_missed = |node, at| self.replay.is_none() && self.timeline.missed_until(node, at).is_some();
        let node = self.screen().node().filter(|node| is_told(node));
        let node = node.filter(|node| !self.keeps_past() || !(is_missed(node, from) || is_missed(node, plain)));
        let by_sample = node.and_then(|node| self.timeline.step(node, from, n_samples));
        self.seek(by_sample.unwrap_or(plain))
    }
}
