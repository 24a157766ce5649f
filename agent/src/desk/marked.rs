//! Marks that nobody asked for: what sources say has happened, and what the rules find.

use midair_proto::v1::payload::Kind;
use midair_recording::Before;

use super::{Desk, event};
use crate::{
    marks::{self, Note},
    outbox::Reader,
};

impl Desk {
    /// Puts on the time line what has happened in this tick.
    pub(super) fn mark_all(&mut self, happened: Vec<String>) {
        let Some(tick) = &self.tick else { return };
        let wall_us = tick.wall_us;
        let mut notes: Vec<Note> = happened.into_iter().map(|text| Note { text, wall_us, ..Note::default() }).collect();
        notes.append(&mut self.news);
        let shed = self.governor.shed();
        let rows = self.detail.rows.as_deref().unwrap_or_else(|| self.overview.rows());
        notes.extend(self.rules.judge(&self.identity.name, tick, rows, &shed));
        self.note_all(notes);
    }

    /// Puts on the time line that sources hang, where they do.
    pub(super) fn mark_health(&mut self) {
        let note = self.tick.as_ref().and_then(|tick| self.rules.judge_health(tick));
        self.note_all(note);
    }

    /// Takes up what an agent's life before has left: its marks come back, and what is new since is marked.
    pub(super) fn remember(&mut self, before: Before) {
        let description = before.description.as_ref();
        if description.is_some_and(|then| then.node.as_ref() != Some(&self.identity.node)) {
            tracing::info!("the black box holds another node's past; its marks stay there");
            return;
        }
        self.news.extend(marks::of_life(&before, &self.description(false), self.clock.wall_us()));
        let marks: Vec<_> = before.marks.into_iter().filter_map(|mark| mark.mark).collect();
        // Those who came to watch before the black box was open; it knows them itself.
        let mut gone = Vec::new();
        for (id, watcher) in self.watchers.iter().filter(|(_, watcher)| !watcher.is_standing) {
            let mut words = marks.iter().map(|mark| event(&self.identity, &self.clock, Kind::Mark(mark.clone())));
            if words.any(|word| watcher.outbox.word(word) == Reader::Gone) {
                gone.push(*id);
            }
        }
        self.marks.restore(marks);
        for id in gone {
            self.leave(id);
        }
    }

    fn note_all(&mut self, notes: impl IntoIterator<Item = Note>) {
        for note in notes {
            tracing::info!(text = note.text, "mark by rule");
            let mark = self.marks.note(note);
            self.tell_all(Kind::Mark(mark));
        }
    }
}
