//! `:trace receive`: who sends what to the Erlang process on the screen.

use midair_vitals::TaskKind;

use super::{Effect, Playhead, State, screen::Screen};
use crate::{event::Control, model::relatives::trace_number};

/// For how long a trace counts, seconds, and how many messages at most: what an agent takes at the most.
const LIMITS: (u32, u32) = (5, 5_000);

/// Asks for it. Whether the agent lets it be done stands in what comes back.
pub(super) fn receive(state: &mut State, seconds: u32) -> Vec<Effect> {
    let of_task = state.task().map(|task| task.reading.kind);
    let Screen::Task(node, task) = state.screen().clone() else {
        state.refuse("a trace is of one Erlang process: go into it first");
        return Vec::new();
    };
    if of_task.is_some_and(|kind| kind != TaskKind::Erlang) || task.runtime == 0 {
        state.refuse("only Erlang processes can be traced");
        return Vec::new();
    }
    if state.playhead != Playhead::Live {
        state.refuse("what was not counted then cannot be had; End goes live");
        return Vec::new();
    }
    if state.node().is_none_or(|n| n.described.is_none() || n.presence.is_silent()) {
        state.refuse("no agent to trace: silent or not there yet");
        return Vec::new();
    }
    state.notice(format!("counting what it receives, for up to {seconds} s"));
    vec![Effect::Control(Control::Trace { node, id: trace_number(task), task, seconds, most: LIMITS.1 })]
}

/// What follows `:trace`: `receive`, and for how many seconds.
pub(super) fn parse(text: &str) -> Result<u32, String> {
    let mut words = text.split_whitespace();
    let ask = || format!("trace what, and for how long? trace receive {} s", LIMITS.0);
    if words.next() != Some("receive") {
        return Err(ask());
    }
    let Some(time) = words.next() else { return Ok(LIMITS.0) };
    let seconds = time.trim_end_matches('s').parse::<u32>().ok().filter(|s| (1..=LIMITS.0).contains(s));
    seconds.ok_or_else(|| format!("{time} is outside 1s to {}s", LIMITS.0))
}
