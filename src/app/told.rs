//! What the program tells of itself: what it plays, what it records, what came of the past.

use super::{Looked, Message, Playhead, Recording, Replay, State, go, replay};
use crate::{
    event::{Mark, NodeId, Rollup, Stamp},
    model::Timeline,
};

/// What the program tells of itself: what it plays, what it records.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// A recording was opened, and is shown from now on, at its beginning.
    Opened(Box<Replay>),
    /// The recording is played up to this moment: what happened until then is told next.
    Played(Stamp),
    /// The recording goes up to this moment now, and whether more may come.
    Grown(Stamp, bool),
    /// What is told next lies so far from what was told that the time line begins anew.
    Elsewhere,
    /// What was told behind of the time line.
    Recalled(Box<Timeline>),
    /// These marks are known, each told at a moment: of all that is played, whether it was told yet or not.
    Marks(Vec<(Stamp, Mark)>),
    /// Summaries of windows that ended at these moments, wherever the playhead is.
    Rollups(Vec<(Stamp, Rollup)>),
    /// Who was asked for a moment before all that was received; `None`: what is shown was received.
    Looked(Option<Looked>),
    /// How the recording of what is received does; `None`: nothing is recorded.
    Recording(Option<Recording>),
    /// The black box of a node keeps nothing of before a moment.
    KeptSince(NodeId, Stamp),
    /// Something to be said in the footer.
    Said(Message),
    /// The moment that was sought is shown: what was to be held there can be.
    Arrived,
    /// All that a recording tells of the moment shown has been told: what is not known now is not there.
    Settled,
}

/// Folds it into the state.
pub(super) fn take(state: &mut State, what: Told) {
    match what {
        Told::Opened(replay) => {
            (state.playhead, state.clock) = (Playhead::Past(replay.from), replay.from);
            state.replay = Some(*replay);
        }
        Told::Played(to) => replay::played(state, to),
        Told::Grown(to, grows) => replay::grown(state, to, grows),
        Told::Elsewhere => state.timeline = state.timeline.elsewhere(),
        Told::Recalled(past) => {
            state.timeline.recall(*past);
            state.is_dirty = true;
        }
        Told::Marks(marks) => {
            marks.iter().for_each(|(at, mark)| state.timeline.flags.take(&state.model, mark, *at));
            state.is_dirty = true;
        }
        Told::Rollups(rollups) => {
            state.is_dirty |= !rollups.is_empty();
            let now = state.clock;
            rollups.iter().for_each(|(end, rollup)| state.timeline.take_rollup(rollup, *end, now.max(*end)));
        }
        Told::Looked(looked) => (state.looked, state.is_dirty) = (looked, true),
        Told::KeptSince(node, since) => {
            state.timeline.kept_since.insert(node, since);
            state.is_dirty = true;
        }
        Told::Recording(recording) => {
            state.is_dirty |= state.recording != recording;
            state.recording = recording;
        }
        Told::Arrived => {}
        Told::Said(message) => state.say(message),
        Told::Settled => go::settled(state),
    }
}
