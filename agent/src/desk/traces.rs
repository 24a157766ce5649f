//! Receive traces: who wants one, and what became of it.

use midair_proto::v1::{Refused, TraceRequest, Traced, payload::Kind};

use super::{
    Desk, WatcherId,
    pending::{Asked, Pending},
};
use crate::reading::TraceWanted;

/// Traces that an agent makes at once.
const N_TRACES: usize = 2;

/// How long a trace may take, seconds.
const SECONDS: std::ops::RangeInclusive<u32> = 1..=5;

/// How many messages a trace may count.
const MESSAGES: std::ops::RangeInclusive<u32> = 1..=5000;

/// A source that has not answered so many ticks after it should have will not.
const PATIENCE_TICKS: u64 = 20;

/// Traces that have not been answered yet.
pub(super) type Traces = Pending<TraceWanted>;

impl Desk {
    /// Wants a trace, for operators alone.
    pub(super) fn trace(&mut self, watcher: WatcherId, request: &TraceRequest) -> Result<(), String> {
        let asker = self.watchers.get(&watcher).ok_or("nobody watches")?;
        asker.access.operate(
            "receive traces",
            "this connection is not authenticated, so it may not trace; watch through the agent's socket",
        )?;
        let task = self.process(request.task.as_ref(), "a receive trace")?;
        let (seconds, most) = (request.seconds.unwrap_or(*SECONDS.end()), request.most.unwrap_or(*MESSAGES.end()));
        if !SECONDS.contains(&seconds) || !MESSAGES.contains(&most) {
            let (longest, largest) = (SECONDS.end(), MESSAGES.end());
            return Err(format!("a trace takes 1 to {longest} seconds and 1 to {largest} messages"));
        }
        if self.traces.len() >= N_TRACES {
            return Err(format!("this agent makes at most {N_TRACES} traces at once; try again in some seconds"));
        }
        tracing::info!(watcher = watcher.0, viewer = asker.viewer, task = task.number, seconds, "receive trace");
        let patience_ticks = u64::from(seconds) + PATIENCE_TICKS;
        let wanted = |number| TraceWanted { number, task, seconds, most };
        self.traces.push(watcher, request.id, patience_ticks, wanted);
        self.want();
        Ok(())
    }

    /// Hands out what has ended, and gives up what nobody answers.
    pub(super) fn answer_traces(&mut self, ended: Vec<(u64, Result<Traced, String>)>) {
        for (number, outcome) in ended {
            if let Some(asked) = self.traces.take(number) {
                self.answer_trace(&asked, outcome);
            }
        }
        for asked in self.traces.take_late() {
            self.answer_trace(&asked, Err("no answer from its VM; is the process still there?".into()));
        }
    }

    fn answer_trace(&mut self, asked: &Asked<TraceWanted>, outcome: Result<Traced, String>) {
        let kind = match outcome {
            Ok(traced) => Kind::Traced(Traced { id: asked.id, ..traced }),
            Err(reason) => Kind::Refused(Refused { id: asked.id, reason: Some(reason), fatal: Some(false) }),
        };
        self.tell(asked.watcher, kind);
    }
}
