//! `:trace receive`: who sends what to the Erlang process on the screen.

use midair_vitals::{TaskId, TaskKind};

use super::{Effect, Playhead, State, screen::Screen};
use crate::{
    event::{Control, Event, NodeId, Stamp, Stamped},
    model::relatives::trace_number,
};

/// For how long a trace counts, seconds, and how many messages at most: what an agent takes at the most.
const LIMITS: (u32, u32) = (5, 5_000);

/// A trace that was asked for and has not been answered, after its time longer than this is not waited for, microseconds.
const PATIENCE_US: u64 = 10_000_000;

/// A trace that runs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Running {
    node: NodeId,
    task: TaskId,
    asked: Stamp,
    /// When its time is over.
    until: Stamp,
}

impl State {
    /// How long the trace of the task on the screen still counts, microseconds; zero while its answer is on the way.
    pub fn trace_left_us(&self) -> Option<u64> {
        let running = self.trace.as_ref().filter(|_| self.playhead == Playhead::Live)?;
        let is_shown = *self.screen() == Screen::Task(running.node.clone(), running.task);
        is_shown.then(|| running.until.since_us(self.clock))
    }
}

/// An event may be the end of the trace that runs.
pub(super) fn hear(state: &mut State, stamped: &Stamped) {
    let Some(running) = state.trace.as_ref().filter(|running| stamped.at >= running.asked) else { return };
    let number = trace_number(running.task);
    let is_answer = match &stamped.event {
        Event::Traced(traced) => traced.node == running.node && traced.id == number,
        Event::Refused { node, id, .. } => *node == running.node && *id == Some(number),
        Event::Tick
        | Event::Reset
        | Event::Link(_)
        | Event::Described(_)
        | Event::Sample(_)
        | Event::Rows(_)
        | Event::Details(_)
        | Event::Inspected(_)
        | Event::Lost { .. }
        | Event::Gap(_)
        | Event::Mark(_)
        | Event::Clock { .. }
        | Event::Malformed { .. }
        | Event::Rollup(_)
        | Event::Fleet(_) => false,
    };
    if is_answer || state.clock.since_us(running.until) > PATIENCE_US {
        state.trace = None;
    }
}

/// The Erlang process on the screen, where something can be asked of it now; else why not.
pub(super) fn live_process(state: &State) -> Result<(NodeId, TaskId), &'static str> {
    let Screen::Task(node, task) = state.screen() else {
        return Err("this is asked of one Erlang process: go into it first");
    };
    let kind = state.task().map(|task| task.reading.kind);
    if kind.is_some_and(|kind| kind != TaskKind::Erlang) || task.runtime == 0 {
        return Err("this is asked of one Erlang process, and this is none");
    }
    if state.replay.is_some() {
        return Err("this is a recording: what was not asked then cannot be had");
    }
    if state.playhead != Playhead::Live {
        return Err("what was not asked then cannot be had; End goes live");
    }
    if state.node().is_none_or(|n| n.described.is_none() || n.presence.is_silent()) {
        return Err("no agent to ask: silent or not there yet");
    }
    Ok((node.clone(), *task))
}

/// Asks for it. Whether the agent lets it be done stands in what comes back.
pub(super) fn receive(state: &mut State, seconds: u32) -> Vec<Effect> {
    let (node, task) = match live_process(state) {
        Ok(process) => process,
        Err(why) => {
            state.refuse(why);
            return Vec::new();
        }
    };
    state.notice(format!("counting what it receives, for up to {seconds} s"));
    let until = Stamp(state.clock.0 + u64::from(seconds) * 1_000_000);
    state.trace = Some(Running { node: node.clone(), task, asked: state.clock, until });
    vec![Effect::Control(Control::Trace { node, id: trace_number(task), task, seconds, most: LIMITS.1 })]
}

/// What follows `:trace`: `receive`, and for how many seconds.
pub(super) fn parse(text: &str) -> Result<u32, String> {
    let mut words = text.split_whitespace();
    let longest = LIMITS.0;
    match words.next() {
        Some("receive") => {}
        None => {
            return Err(format!(
                "trace receive, or trace receive 1s to {longest}s: who sends to this process, and what its messages begin \
                 with; that is all that can be traced"
            ));
        }
        Some(other) => {
            return Err(format!("{other} cannot be traced, only what is received: trace receive {longest}s"));
        }
    }
    let Some(time) = words.next() else { return Ok(longest) };
    let seconds = time.trim_end_matches('s').parse::<u32>().ok().filter(|s| (1..=longest).contains(s));
    seconds.ok_or_else(|| format!("{time} is outside 1s to {longest}s"))
}
