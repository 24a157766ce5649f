//! Notes that no agent takes: kept in a file, shown at once, and said where they went.

use super::Shell;
use crate::{
    app::{Message, Note, Told},
    feed::{file, local},
};

impl Shell {
    /// Keeps a note.
    pub(super) fn keep(&mut self, note: Note) -> anyhow::Result<()> {
        let Note { nodes, at, text, focus, why } = note;
        let kept = file::Note { nodes, at, text, author: Some(local::user()), focus, recording: None };
        let now = self.clock.now();
        let because = why.map(|why| format!(" ({why})")).unwrap_or_default();
        match self.feed.keep(&kept, now) {
            Ok((path, entries)) => {
                // Shown wherever the playhead is; what arrives now may lie ahead of it.
                let told = now.max(kept.at);
                self.session.tell(Told::Marks(kept.marks().into_iter().map(|mark| (told, mark)).collect()));
                if self.session.state().replay.is_none() {
                    for entry in entries {
                        let effects = self.session.entry(entry);
                        self.carry_out(effects)?;
                    }
                }
                self.session.tell(Told::Said(Message::Notice(format!("noted in {}{because}", path.display()))));
            }
            Err(error) => {
                let words = format!("the note is not kept{because}: {error}");
                self.session.tell(Told::Said(Message::Refusal(words)));
            }
        }
        Ok(())
    }
}
