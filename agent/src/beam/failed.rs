//! Requests that went down with the watcher that had them: each is made once, so that they are answered and not made again.

use std::collections::BTreeSet;

use midair_proto::v1::Inspected;

use crate::reading::{Reading, Wants};

const WORDS: &str = "what watches the Erlang VMs was started anew; ask again";

/// Numbers of those that are wanted still.
#[derive(Debug, Default)]
pub(super) struct Failed {
    traces: BTreeSet<u64>,
    inspections: BTreeSet<u64>,
}

impl Failed {
    /// All that is wanted now.
    pub(super) fn take(&mut self, wants: &Wants) {
        self.traces.extend(wants.traces.iter().map(|trace| trace.number));
        self.inspections.extend(wants.inspections.iter().map(|inspection| inspection.number));
    }

    pub(super) fn is_trace(&self, number: u64) -> bool {
        self.traces.contains(&number)
    }

    pub(super) fn is_inspection(&self, number: u64) -> bool {
        self.inspections.contains(&number)
    }

    /// Answers them, until nobody wants them any more.
    pub(super) fn tell(&mut self, wants: &Wants, into: &mut Reading) {
        self.traces.retain(|number| wants.traces.iter().any(|trace| trace.number == *number));
        self.inspections.retain(|number| wants.inspections.iter().any(|one| one.number == *number));
        into.traced.extend(self.traces.iter().map(|number| (*number, Err(WORDS.to_owned()))));
        let refused = || Inspected { refused: Some(WORDS.into()), ..Inspected::default() };
        into.inspected.extend(self.inspections.iter().map(|number| (*number, refused())));
    }
}
