//! Requests that a source answers some ticks later: who asked, and for how long they wait.

use midair_proto::v1::payload::Kind;

use super::{Desk, WatcherId, event};
use crate::outbox::Reader;

/// Requests of one kind that have not been answered yet.
#[derive(Debug)]
pub(super) struct Pending<W> {
    asked: Vec<Asked<W>>,
    number: u64,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Asked<W> {
    number: u64,
    /// What the source is asked.
    pub(super) wanted: W,
    pub(super) watcher: WatcherId,
    /// The asker's number for it.
    pub(super) id: Option<u32>,
    /// Ticks gone by since.
    n_ticks: u64,
    /// A source that has not answered after so many will not.
    patience_ticks: u64,
}

impl<W> Default for Pending<W> {
    fn default() -> Self {
        Self { asked: Vec::new(), number: 0 }
    }
}

impl<W: Copy> Pending<W> {
    /// Adds one: `wanted` is made of the number that its answer will bear.
    pub(super) fn push(
        &mut self,
        watcher: WatcherId,
        id: Option<u32>,
        patience_ticks: u64,
        wanted: impl FnOnce(u64) -> W,
    ) {
        self.number += 1;
        let (number, wanted) = (self.number, wanted(self.number));
        self.asked.push(Asked { number, wanted, watcher, id, n_ticks: 0, patience_ticks });
    }

    /// What the source is asked.
    pub(super) fn wanted(&self) -> Vec<W> {
        self.asked.iter().map(|asked| asked.wanted).collect()
    }

    pub(super) fn leave(&mut self, watcher: WatcherId) {
        self.asked.retain(|asked| asked.watcher != watcher);
    }

    pub(super) fn len(&self) -> usize {
        self.asked.len()
    }

    pub(super) fn is_asked_by(&self, watcher: WatcherId) -> bool {
        self.asked.iter().any(|asked| asked.watcher == watcher)
    }

    /// The one that was answered; `None` where nobody waits for it any more.
    pub(super) fn take(&mut self, number: u64) -> Option<Asked<W>> {
        let place = self.asked.iter().position(|asked| asked.number == number)?;
        Some(self.asked.swap_remove(place))
    }

    /// A tick has gone by: those that nobody will answer.
    pub(super) fn take_late(&mut self) -> Vec<Asked<W>> {
        self.asked.iter_mut().for_each(|asked| asked.n_ticks += 1);
        self.asked.extract_if(.., |asked| asked.n_ticks > asked.patience_ticks).collect()
    }
}

impl Desk {
    /// Tells one watcher alone.
    pub(super) fn tell(&mut self, watcher: WatcherId, kind: Kind) {
        let word = event(&self.identity, &self.clock, kind);
        if self.watchers.get(&watcher).is_some_and(|watcher| watcher.outbox.word(word) == Reader::Gone) {
            self.leave(watcher);
        }
    }
}
