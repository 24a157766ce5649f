//! Inspections: who wants to see what an Erlang process keeps, and what became of it.

use midair_proto::v1::{InspectRequest, Inspected, Keeps, Refused, payload::Kind};

use super::{Desk, WatcherId, pending::Pending};
use crate::{encode, reading::InspectionWanted};

/// A source that has not answered after so many ticks will not.
const PATIENCE_TICKS: u64 = 20;

/// Inspections that have not been answered yet: at most one of each watcher.
pub(super) type Inspections = Pending<InspectionWanted>;

impl Desk {
    /// Wants to see what a process keeps, for operators alone: it may be secret.
    pub(super) fn inspect(&mut self, watcher: WatcherId, request: &InspectRequest) -> Result<(), String> {
        let asker = self.watchers.get(&watcher).ok_or("nobody watches")?;
        asker.access.operate(
            "inspections",
            "this connection is not authenticated, so it is not shown what processes keep; watch through the agent's socket",
        )?;
        let task = self.process(request.task.as_ref(), "an inspection")?;
        let what = match request.what.map(Keeps::try_from) {
            Some(Ok(what @ (Keeps::State | Keeps::Dictionary))) => what,
            Some(Ok(Keeps::Unspecified)) | None => return Err("an inspection needs to know what to show".into()),
            Some(Err(unknown)) => return Err(format!("this agent cannot show {}; upgrade it", unknown.0)),
        };
        if self.inspections.is_asked_by(watcher) {
            return Err("this watcher inspects already; wait for that answer".into());
        }
        let viewer = asker.viewer.as_str();
        tracing::info!(watcher = watcher.0, viewer, runtime = task.runtime, task = task.number, ?what, "inspection");
        let wanted = |number| InspectionWanted { number, task, what };
        self.inspections.push(watcher, request.id, PATIENCE_TICKS, wanted);
        self.want();
        Ok(())
    }

    /// Hands out what was seen, and gives up what nobody answers.
    pub(super) fn answer_inspections(&mut self, ended: Vec<(u64, Inspected)>) {
        for (number, inspected) in ended {
            if let Some(asked) = self.inspections.take(number) {
                let (task, what) = (Some(encode::task_id(asked.wanted.task)), Some(asked.wanted.what.into()));
                self.tell(asked.watcher, Kind::Inspected(Inspected { id: asked.id, task, what, ..inspected }));
            }
        }
        for asked in self.inspections.take_late() {
            let reason = Some("no answer from its VM; is the process still there?".to_owned());
            self.tell(asked.watcher, Kind::Refused(Refused { id: asked.id, reason, fatal: Some(false) }));
        }
    }
}
