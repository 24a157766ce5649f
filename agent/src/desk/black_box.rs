//! The black box at the desk: a watcher of the detail stream that is nobody.

use midair_proto::v1::{Stream, payload::Kind};

use super::{Desk, Watcher, WatcherId, event};
pub(super) use crate::black_box::NAME;
use crate::{
    black_box::Status,
    outbox::{Outbox, Reader},
};

/// No viewer gets this number: they are counted from 0.
pub(super) const ID: WatcherId = WatcherId(u64::MAX);

impl Desk {
    /// Tells the black box all that happens from now on, at the agent's own interval.
    pub(super) fn keep_all(&mut self, outbox: Outbox, status: Status) {
        // It knows by now that it can answer: the description says so.
        self.black_box = Some(status);
        let described = Kind::Described(self.description(false));
        if outbox.word(event(&self.identity, &self.clock, described)) == Reader::Gone {
            return;
        }
        let (viewer, interval_ms) = (String::new(), self.interval_ms);
        let watcher = Watcher {
            outbox,
            viewer,
            is_insecure: false,
            is_standing: true,
            stream: None,
            interval_ms,
            marked_us: None,
        };
        self.watchers.insert(ID, watcher);
        self.begin_stream(ID, Stream::Detail, interval_ms);
    }

    /// How many watch; the black box is none of them.
    pub(super) fn n_watchers(&self) -> usize {
        self.watchers.values().filter(|watcher| !watcher.is_standing).count()
    }
}
