//! What the desk sends out: samples to all who watch a stream, answers to who asked, words to everybody.

use std::{
    collections::{BTreeSet, HashMap, btree_map::Entry},
    sync::Arc,
};

use midair_proto::v1::{Details, Envelope, Lost, Rows, Stream, payload::Kind};

use super::{Desk, Watcher, WatcherId, event};
use crate::{
    focus,
    outbox::Reader,
    stream::{Content, Encoder, StreamKey},
    tick::Tick,
};

impl Desk {
    /// Sends out what this tick holds: samples, tables, close looks.
    pub(super) fn hand_out(&mut self) {
        let Some(tick) = self.tick.take() else { return };
        if self.names.begin(tick.number) {
            // What streams hold refers to names that are no more: they begin anew, with a key.
            self.encoders.clear();
        }
        let mut gone = BTreeSet::new();
        self.drop_unwatched();
        let watched: BTreeSet<StreamKey> = self.watchers.values().filter_map(|w| w.stream).collect();
        for key in watched {
            self.send_stream(key, &tick, &mut gone);
        }
        if self.is_answering(tick.number) {
            self.send_tables(&tick, &mut gone, None);
            self.send_details(&tick, &mut gone, None);
        }
        self.tick = Some(tick);
        for id in gone {
            self.leave(id);
        }
    }

    fn send_stream(&mut self, key: StreamKey, tick: &Tick, gone: &mut BTreeSet<WatcherId>) {
        let (rows, n_noted) = match key.stream {
            _ if key.is_kept => (self.kept.chosen.rows.as_slice(), self.kept.chosen.n_noted),
            Stream::Overview => (self.overview.rows(), 0),
            Stream::Detail | Stream::Unspecified => (self.detail.rows(), 0),
        };
        let content = Content { tick, rows, n_noted, cost: &self.cost };
        let identity = &self.identity;
        let (encoder, sample) = match self.encoders.entry(key) {
            Entry::Vacant(vacant) => {
                let encoder = vacant.insert(Encoder::new(key, Arc::clone(identity), content, &mut self.names));
                let sample = encoder.key(&mut self.names);
                (encoder, sample)
            }
            Entry::Occupied(_) if !key.is_due(tick.number) => return,
            Entry::Occupied(occupied) => {
                let encoder = occupied.into_mut();
                let sample = encoder.advance(content, &mut self.names);
                (encoder, sample)
            }
        };
        for (id, watcher) in self.watchers.iter_mut().filter(|(_, w)| w.stream == Some(key)) {
            let outbox = &mut watcher.outbox;
            let reader = if !outbox.needs_key() {
                let asks_key = outbox.take_asked_key();
                outbox.sample(if asks_key { encoder.key(&mut self.names) } else { sample.clone() })
            } else if outbox.has_room_for_key() {
                let n_samples = Some(outbox.take_lost());
                tracing::info!(watcher = id.0, n_samples, "a slow watcher has lost samples");
                let lost = event(identity, &self.clock, Kind::Lost(Lost { n_samples }));
                let _room_was_seen = outbox.sample(lost);
                outbox.sample(encoder.key(&mut self.names))
            } else {
                outbox.lose();
                Reader::There
            };
            if reader == Reader::Gone {
                gone.insert(*id);
            }
        }
    }

    /// Answers table queries: all, or those of one asker.
    pub(super) fn send_tables(&mut self, tick: &Tick, gone: &mut BTreeSet<WatcherId>, only: Option<(WatcherId, u32)>) {
        for item in self.tables.items() {
            let askers: Vec<_> = item.askers.iter().filter(|asker| only.is_none_or(|o| o == **asker)).collect();
            if askers.is_empty() {
                continue;
            }
            let rows = item.asked.answer(tick, &mut self.names);
            // Equal queries under one number share one encoding.
            let mut encoded: HashMap<u32, Envelope> = HashMap::new();
            for (watcher, id) in askers {
                let make = || {
                    let rows = Rows { id: Some(*id), ..rows.clone() };
                    event(&self.identity, &self.clock, Kind::Rows(rows))
                };
                let answer = encoded.entry(*id).or_insert_with(make).clone();
                if self.watchers.get(watcher).is_none_or(|w| w.outbox.answer(answer) == Reader::Gone) {
                    gone.insert(*watcher);
                }
            }
        }
    }

    /// Answers focuses: all, or those of one asker. One whose task is gone ends with that answer.
    pub(super) fn send_details(&mut self, tick: &Tick, gone: &mut BTreeSet<WatcherId>, only: Option<(WatcherId, u32)>) {
        let mut ended = Vec::new();
        for item in self.focuses.items() {
            let askers: Vec<_> = item.askers.iter().filter(|asker| only.is_none_or(|o| o == **asker)).collect();
            if askers.is_empty() {
                continue;
            }
            let Some(details) = focus::details(item.asked, tick, &mut self.names) else { continue };
            for (watcher, id) in askers {
                let details = Details { id: Some(*id), ..details.clone() };
                if details.gone == Some(true) {
                    ended.push((*watcher, *id));
                }
                let answer = event(&self.identity, &self.clock, Kind::Details(details));
                if self.watchers.get(watcher).is_none_or(|w| w.outbox.answer(answer) == Reader::Gone) {
                    gone.insert(*watcher);
                }
            }
        }
        for (watcher, id) in ended {
            self.focuses.stop(watcher, id);
        }
    }

    pub(super) fn tell_all(&mut self, kind: Kind) {
        self.tell_those(kind, |_| true);
    }

    pub(super) fn tell_those(&mut self, kind: Kind, is_told: impl Fn(&Watcher) -> bool) {
        let word = event(&self.identity, &self.clock, kind);
        let is_gone =
            |(id, watcher): (&WatcherId, &Watcher)| (watcher.outbox.word(word.clone()) == Reader::Gone).then_some(*id);
        let told = self.watchers.iter().filter(|(_, watcher)| is_told(watcher));
        let gone: Vec<WatcherId> = told.filter_map(is_gone).collect();
        for id in gone {
            self.leave(id);
        }
    }
}
