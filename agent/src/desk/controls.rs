//! What watchers may ask of the desk: an interest, tables, close looks, marks.

use std::{collections::BTreeSet, sync::Arc};

use midair_proto::v1::{Focus, Interest, MarkRequest, Refused, Stream, TableQuery, control, payload::Kind};

use super::{Desk, N_WATCHERS, Watcher, WatcherId, black_box, event, process};
use crate::{
    access::Access,
    encode,
    hot::Lists,
    outbox::{Outbox, Reader},
    stream::{Content, Encoder, N_INTERVALS, StreamKey},
    table,
};

/// Bounds of the interval that a watcher may ask for, in milliseconds.
const INTERVALS_MS: std::ops::RangeInclusive<u32> = 250..=60_000;

impl Desk {
    pub(super) fn join(&mut self, id: WatcherId, outbox: Outbox, viewer: String, access: Access) {
        if self.n_watchers() >= N_WATCHERS {
            let reason =
                Some(format!("this agent already has {N_WATCHERS} watchers; close one, or watch through a hub"));
            let refused = Refused { id: None, reason, fatal: Some(true) };
            // Whoever has gone meanwhile needs no refusal.
            let _reader = outbox.word(event(&self.identity, &self.clock, Kind::Refused(refused)));
            return;
        }
        let described = Kind::Described(self.description(access.is_insecure()));
        let marks = self.marks.kept().cloned().map(Kind::Mark);
        let words = std::iter::once(described).chain(marks);
        let mut events = words.map(|kind| event(&self.identity, &self.clock, kind));
        if events.all(|word| outbox.word(word) == Reader::There) {
            let interval_ms = self.interval_ms;
            let watcher =
                Watcher { outbox, viewer, access, is_standing: false, stream: None, interval_ms, marked_us: None };
            self.watchers.insert(id, watcher);
        }
    }

    pub(super) fn leave(&mut self, id: WatcherId) {
        if self.watchers.remove(&id).is_some_and(|watcher| !watcher.is_standing) {
            tracing::info!(watcher = id.0, "watch closed");
        }
        self.tables.leave(id);
        self.focuses.leave(id);
        self.traces.leave(id);
        self.inspections.leave(id);
        self.drop_unwatched();
    }

    pub(super) fn control(&mut self, id: WatcherId, kind: control::Kind) {
        if !self.watchers.contains_key(&id) {
            return;
        }
        let (number, outcome) = match kind {
            control::Kind::Hello(_) => (None, Err("a watch is opened once; hello was said already".into())),
            control::Kind::Interest(interest) => (None, self.interest(id, &interest)),
            control::Kind::Table(query) => (query.id, self.table(id, &query)),
            control::Kind::Focus(focus) => (focus.id, self.focus(id, &focus)),
            control::Kind::Stop(stop) => {
                let number = stop.id.unwrap_or(0);
                self.tables.stop(id, number);
                self.focuses.stop(id, number);
                self.want();
                (None, Ok(()))
            }
            // The service answers echoes by itself; one that comes here measures nothing.
            control::Kind::Echo(_) => (None, Ok(())),
            control::Kind::Mark(request) => (None, self.mark(id, request)),
            control::Kind::Budget(budget) => (None, self.budget(id, budget)),
            control::Kind::Trace(request) => (request.id, self.trace(id, &request)),
            control::Kind::Inspect(request) => (request.id, self.inspect(id, &request)),
        };
        if let Err(reason) = outcome {
            self.refuse(id, number, reason);
        }
    }

    fn refuse(&mut self, id: WatcherId, number: Option<u32>, reason: String) {
        tracing::info!(watcher = id.0, reason, "control refused");
        let refused = Kind::Refused(Refused { id: number, reason: Some(reason), fatal: Some(false) });
        let word = event(&self.identity, &self.clock, refused);
        if self.watchers.get(&id).is_some_and(|watcher| watcher.outbox.word(word) == Reader::Gone) {
            self.leave(id);
        }
    }

    /// Takes a standing interest, and answers it at once with a key.
    fn interest(&mut self, id: WatcherId, interest: &Interest) -> Result<(), String> {
        let interval_ms = interest.interval_ms.unwrap_or(self.interval_ms);
        if !INTERVALS_MS.contains(&interval_ms) {
            let (least, most) = (INTERVALS_MS.start(), INTERVALS_MS.end());
            return Err(format!("an interval of {interval_ms} ms is outside {least} to {most}; ask for one within"));
        }
        let stream = match Stream::try_from(interest.stream.unwrap_or(0)) {
            Ok(Stream::Overview) => Stream::Overview,
            Ok(Stream::Detail | Stream::Unspecified) => Stream::Detail,
            Err(unknown) => return Err(format!("this agent knows no stream {}; upgrade it", unknown.0)),
        };
        self.begin_stream(id, stream, interval_ms);
        Ok(())
    }

    /// Moves a watcher to a stream, which begins for it with a key.
    pub(super) fn begin_stream(&mut self, id: WatcherId, stream: Stream, interval_ms: u32) {
        let Some(watcher) = self.watchers.get_mut(&id) else { return };
        watcher.stream = None;
        watcher.interval_ms = interval_ms;
        self.drop_unwatched();
        let is_kept = id == black_box::ID;
        let key = self.fit(StreamKey { stream, every: self.every(interval_ms), is_kept });
        let Some(watcher) = self.watchers.get_mut(&id) else { return };
        watcher.stream = Some(key);
        if !watcher.is_standing {
            let viewer = watcher.viewer.as_str();
            tracing::info!(watcher = id.0, viewer, ?stream, interval_ms, every = key.every, "interest");
        }
        let Some(tick) = &self.tick else { return };
        if key.stream != Stream::Overview && !is_kept && self.detail.rows.is_none() {
            // Nobody has followed it up to now.
            self.detail.choose(tick, &Lists::of(tick));
        }
        let (rows, n_noted) = match stream {
            _ if is_kept => (self.kept.chosen.rows.as_slice(), self.kept.chosen.n_noted),
            Stream::Overview => (self.overview.rows(), 0),
            Stream::Detail | Stream::Unspecified => (self.detail.rows(), 0),
        };
        let content = Content { tick, rows, n_noted, cost: &self.cost };
        let encoder = self
            .encoders
            .entry(key)
            .or_insert_with(|| Encoder::new(key, Arc::clone(&self.identity), content, &mut self.names));
        if watcher.outbox.sample(encoder.key(&mut self.names)) == Reader::Gone {
            self.leave(id);
        }
    }

    /// The stream as asked for or, where too many intervals are served already, the nearest longer one that is.
    fn fit(&self, wanted: StreamKey) -> StreamKey {
        let served: BTreeSet<StreamKey> = self
            .watchers
            .values()
            .filter_map(|w| w.stream)
            .filter(|key| (key.stream, key.is_kept) == (wanted.stream, wanted.is_kept))
            .collect();
        if served.contains(&wanted) || served.len() < N_INTERVALS {
            return wanted;
        }
        let longer = served.range(wanted..).next().or_else(|| served.last());
        longer.copied().unwrap_or(wanted)
    }

    fn table(&mut self, id: WatcherId, query: &TableQuery) -> Result<(), String> {
        let number = query.id.ok_or("a table query needs a number of the asker's")?;
        let parsed = table::Query::parse(query)?;
        let viewer = self.watchers.get(&id).map(|w| w.viewer.as_str());
        tracing::info!(watcher = id.0, viewer, number, ?parsed, "table query");
        self.has_room()?;
        self.tables.ask(id, number, parsed)?;
        self.focuses.stop(id, number);
        self.answer_at_once(|desk, tick, gone| desk.send_tables(tick, gone, Some((id, number))));
        Ok(())
    }

    fn focus(&mut self, id: WatcherId, focus: &Focus) -> Result<(), String> {
        let number = focus.id.ok_or("a focus needs a number of the asker's")?;
        let task = focus.task.as_ref().and_then(encode::task_id_from);
        let task = task.ok_or("a focus needs a task: its runtime, number and start")?;
        process::possible(task)?;
        let viewer = self.watchers.get(&id).map(|w| w.viewer.as_str());
        tracing::info!(watcher = id.0, viewer, task = task.number, "focus");
        self.has_room()?;
        self.focuses.ask(id, number, task)?;
        self.tables.stop(id, number);
        self.want();
        self.answer_at_once(|desk, tick, gone| desk.send_details(tick, gone, Some((id, number))));
        Ok(())
    }

    /// From the last reading: who asks shall not wait for the next, unless very much was asked since then.
    fn answer_at_once(&mut self, answer: impl FnOnce(&mut Self, &crate::tick::Tick, &mut BTreeSet<WatcherId>)) {
        if !self.answers_at_once() {
            return;
        }
        let Some(tick) = self.tick.take() else { return };
        let before_us = self.clock.thread_cpu_us();
        let mut gone = BTreeSet::new();
        answer(self, &tick, &mut gone);
        self.tick = Some(tick);
        self.book_at_once(self.clock.thread_cpu_us().saturating_sub(before_us));
        for id in gone {
            self.leave(id);
        }
    }

    fn mark(&mut self, id: WatcherId, request: MarkRequest) -> Result<(), String> {
        let Some(watcher) = self.watchers.get_mut(&id) else { return Ok(()) };
        watcher.access.mark()?;
        let (mono_us, wall_us) = (self.clock.mono_us(), self.clock.wall_us());
        let mark = self.marks.take(request, (&watcher.viewer, &mut watcher.marked_us), mono_us, wall_us)?;
        tracing::info!(watcher = id.0, author = mark.author, text = mark.text, "mark");
        self.tell_all(Kind::Mark(mark));
        Ok(())
    }
}
