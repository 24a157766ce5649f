//! Inspections: who wants to see what an Erlang process keeps, and what became of it.

use midair_proto::v1::{InspectRequest, Inspected, Keeps, Refused, payload::Kind};

use super::{Desk, WatcherId, event};
use crate::{encode, outbox::Reader, reading::InspectionWanted};

/// A source that has not answered after so many ticks will not.
const PATIENCE_TICKS: u64 = 20;

/// Inspections that have not been answered yet.
///
/// INVARIANT: at most one of each watcher.
#[derive(Debug, Default)]
pub(super) struct Inspections {
    asked: Vec<Asked>,
    number: u64,
}

#[derive(Debug)]
struct Asked {
    wanted: InspectionWanted,
    watcher: WatcherId,
    /// The asker's number for it.
    id: Option<u32>,
    /// Ticks gone by since.
    n_ticks: u64,
}

impl Inspections {
    pub(super) fn wanted(&self) -> Vec<InspectionWanted> {
        self.asked.iter().map(|asked| asked.wanted).collect()
    }

    pub(super) fn leave(&mut self, watcher: WatcherId) {
        self.asked.retain(|asked| asked.watcher != watcher);
    }
}

impl Desk {
    /// Wants to see what a process keeps, for operators alone: it may be secret.
    pub(super) fn inspect(&mut self, watcher: WatcherId, request: &InspectRequest) -> Result<(), String> {
        let asker = self.watchers.get(&watcher).ok_or("nobody watches")?;
        if asker.is_insecure {
            return Err("this connection is not authenticated, so it is not shown what processes keep; \
                        watch through the agent's socket"
                .into());
        }
        let task = self.process(request.task.as_ref(), "an inspection")?;
        let what = match request.what.map(Keeps::try_from) {
            Some(Ok(what @ (Keeps::State | Keeps::Dictionary))) => what,
            Some(Ok(Keeps::Unspecified)) | None => return Err("an inspection needs to know what to show".into()),
            Some(Err(unknown)) => return Err(format!("this agent cannot show {}; upgrade it", unknown.0)),
        };
        if self.inspections.asked.iter().any(|asked| asked.watcher == watcher) {
            return Err("this watcher inspects already; wait for that answer".into());
        }
        let viewer = asker.viewer.as_str();
        tracing::info!(watcher = watcher.0, viewer, runtime = task.runtime, task = task.number, ?what, "inspection");
        self.inspections.number += 1;
        let wanted = InspectionWanted { number: self.inspections.number, task, what };
        self.inspections.asked.push(Asked { wanted, watcher, id: request.id, n_ticks: 0 });
        self.want();
        Ok(())
    }

    /// Hands out what was seen, and gives up what nobody answers.
    pub(super) fn answer_inspections(&mut self, ended: Vec<(u64, Inspected)>) {
        for (number, inspected) in ended {
            let place = self.inspections.asked.iter().position(|asked| asked.wanted.number == number);
            if let Some(place) = place {
                let asked = self.inspections.asked.swap_remove(place);
                let (task, what) = (Some(encode::task_id(asked.wanted.task)), Some(asked.wanted.what.into()));
                self.answer_inspection(&asked, Kind::Inspected(Inspected { id: asked.id, task, what, ..inspected }));
            }
        }
        self.inspections.asked.iter_mut().for_each(|asked| asked.n_ticks += 1);
        let is_late = |asked: &mut Asked| asked.n_ticks > PATIENCE_TICKS;
        for asked in self.inspections.asked.extract_if(.., is_late).collect::<Vec<_>>() {
            let reason = Some("no answer from its VM; is the process still there?".to_owned());
            self.answer_inspection(&asked, Kind::Refused(Refused { id: asked.id, reason, fatal: Some(false) }));
        }
    }

    fn answer_inspection(&mut self, asked: &Asked, kind: Kind) {
        let word = event(&self.identity, &self.clock, kind);
        if self.watchers.get(&asked.watcher).is_some_and(|watcher| watcher.outbox.word(word) == Reader::Gone) {
            self.leave(asked.watcher);
        }
    }
}
