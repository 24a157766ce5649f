//! What must be known before the first moment of a part: it stands at the start of the new file, with its own times.
//!
//! Rates need the key of each stream and all since; growth needs ten seconds. What is older is left out, so the charts of
//! the part begin with it.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use crate::{
    entry::{Entry, Item},
    event::Stamp,
    feed::tape::Standing,
    wire::Carries,
};

/// How much is known at least before the first moment, microseconds: the window of growth, the hold of rows that left, and a
/// few samples more.
pub(super) const LEAST_US: u64 = 15_000_000;

/// One stream of one agent, by link.
type StreamId = (Arc<str>, Option<String>, Option<u64>, Option<i32>);

/// What is known at the place up to which a recording was read. Bounded: of each stream at most two keys and what came
/// since, of anything else [`LEAST_US`].
#[derive(Debug, Default)]
pub(super) struct WarmUp {
    standing: Standing,
    /// Each begins with a key.
    streams: BTreeMap<StreamId, VecDeque<Vec<Entry>>>,
    rest: VecDeque<Entry>,
}

impl WarmUp {
    /// Takes in what passes.
    pub(super) fn keep(&mut self, entry: &Entry) {
        if entry.item == Item::Reset {
            *self = Self::default();
            return;
        }
        match &entry.item {
            Item::Envelope(link, envelope) => match Carries::of(envelope) {
                Carries::Sample => {
                    let id = (Arc::clone(link), envelope.node.clone(), envelope.epoch, envelope.stream);
                    self.keep_sample(id, envelope.key.unwrap_or(false), entry);
                }
                Carries::Description | Carries::Fleet => self.standing.keep(entry),
                // What is noted before the part is not about it.
                Carries::Mark | Carries::Rollup => {}
                Carries::Echo | Carries::Refusal | Carries::Kept | Carries::Other => self.rest.push_back(entry.clone()),
            },
            Item::Link(_) | Item::Clock(..) => self.standing.keep(entry),
            Item::Tick => self.rest.push_back(entry.clone()),
            Item::Gap(_) | Item::Page(_) | Item::Notice(_) | Item::Input(_) | Item::Reset => {}
        }
        while self.rest.front().is_some_and(|first| is_old(first.at, entry.at)) {
            self.rest.pop_front();
        }
    }

    /// All of it, in order of arrival.
    pub(super) fn entries(self) -> Vec<Entry> {
        let mut all = self.standing.entries();
        all.extend(self.streams.into_values().flatten().flatten());
        all.extend(self.rest);
        all.sort_by_key(|entry| entry.at);
        all
    }

    fn keep_sample(&mut self, id: StreamId, is_key: bool, entry: &Entry) {
        if is_key {
            // A link carries one stream of one epoch at a time: others that it carried have ended.
            let has_ended = |parts: &VecDeque<Vec<Entry>>| {
                parts.back().and_then(|part| part.last()).is_none_or(|last| is_old(last.at, entry.at))
            };
            self.streams.retain(|(link, node, ..), parts| *link != id.0 || *node != id.1 || !has_ended(parts));
        }
        let parts = self.streams.entry(id).or_default();
        if is_key {
            parts.push_back(Vec::new());
        }
        // Without its key a delta says nothing.
        if let Some(part) = parts.back_mut() {
            part.push(entry.clone());
        }
        while parts.get(1).and_then(|part| part.first()).is_some_and(|key| is_old(key.at, entry.at)) {
            parts.pop_front();
        }
    }
}

fn is_old(at: Stamp, now: Stamp) -> bool {
    now.since_us(at) > LEAST_US
}
