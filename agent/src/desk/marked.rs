//! Marks that nobody asked for: what sources say has happened, and what the rules find.

use midair_proto::v1::payload::Kind;

use super::Desk;
use crate::marks::Note;

impl Desk {
    /// Puts on the time line what has happened in this tick.
    pub(super) fn mark_all(&mut self, happened: Vec<String>) {
        let Some(tick) = &self.tick else { return };
        let wall_us = tick.wall_us;
        let mut notes: Vec<Note> = happened.into_iter().map(|text| Note { text, wall_us, ..Note::default() }).collect();
        let shed = self.governor.shed();
        notes.extend(self.rules.judge(&self.identity.name, tick, &self.detail.rows, &shed));
        self.note_all(notes);
    }

    /// Puts on the time line that sources hang, where they do.
    pub(super) fn mark_health(&mut self) {
        let note = self.tick.as_ref().and_then(|tick| self.rules.judge_health(tick));
        self.note_all(note);
    }

    fn note_all(&mut self, notes: impl IntoIterator<Item = Note>) {
        for note in notes {
            tracing::info!(text = note.text, "mark by rule");
            let mark = self.marks.note(note);
            self.tell_all(Kind::Mark(mark));
        }
    }
}
