//! Notes on the time line: taken from watchers or put there by rule, kept for those who come later.

mod life;
mod rules;

use std::collections::VecDeque;

use midair_proto::v1::{Mark, MarkRequest};

pub use life::of_life;
pub use rules::{Note, Rules};

/// So many marks are kept for watchers that come later.
pub const N_MARKS: usize = 256;

/// Longest note, in bytes.
pub const TEXT_BYTES: usize = 500;

/// At most one mark is taken from a watcher in this time.
pub const EVERY_US: u64 = 1_000_000;

/// And at most so many from all of them together.
pub const N_TOGETHER: usize = 8;

/// The last marks.
#[derive(Debug, Default)]
pub struct Marks {
    kept: VecDeque<Mark>,
    /// When the last ones were taken, whoever asked.
    taken_us: VecDeque<u64>,
}

impl Marks {
    /// Takes a mark of an author, who made the one before at `last_us`, or says in words why not.
    pub fn take(
        &mut self,
        request: MarkRequest,
        (author, last_us): (&str, &mut Option<u64>),
        mono_us: u64,
        wall_us: u64,
    ) -> Result<Mark, String> {
        let text = request.text.unwrap_or_default();
        let focus = request.focus.filter(|focus| !focus.is_empty());
        let n_bytes = text.len().max(focus.as_ref().map_or(0, String::len));
        if n_bytes > TEXT_BYTES {
            return Err(format!("a mark holds at most {TEXT_BYTES} bytes, this one has {n_bytes}; shorten it"));
        }
        if text.is_empty() {
            return Err("a mark needs a text; write what you saw".into());
        }
        if last_us.is_some_and(|last| mono_us.saturating_sub(last) < EVERY_US) {
            return Err("at most one mark a second is taken; try again in a second".into());
        }
        self.taken_us.retain(|taken| mono_us.saturating_sub(*taken) < EVERY_US);
        if self.taken_us.len() >= N_TOGETHER {
            return Err(format!("others have put {N_TOGETHER} marks within a second; try again in a second"));
        }
        self.taken_us.push_back(mono_us);
        *last_us = Some(mono_us);
        let author = Some(author.to_owned()).filter(|author| !author.is_empty());
        let wall_us = Some(request.wall_us.unwrap_or(wall_us));
        let mark = Mark { wall_us, text: Some(text), author, focus, automatic: Some(false) };
        self.keep(&mark);
        Ok(mark)
    }

    /// A mark that the agent puts there by itself.
    pub fn note(&mut self, mut note: Note) -> Mark {
        note.text.truncate(note.text.floor_char_boundary(TEXT_BYTES));
        let mark = Mark {
            wall_us: Some(note.wall_us),
            text: Some(note.text),
            author: Some("midair-agent".into()),
            // Half of a path leads nowhere.
            focus: note.focus.filter(|focus| focus.len() <= TEXT_BYTES),
            automatic: Some(true),
        };
        self.keep(&mark);
        mark
    }

    /// Brings back the marks of an agent's life before; those of this one stand after them, and none twice.
    pub fn restore(&mut self, before: Vec<Mark>) {
        let of_now = std::mem::take(&mut self.kept);
        for mark in before.iter().chain(&of_now) {
            if !self.kept.contains(mark) {
                self.keep(mark);
            }
        }
    }

    fn keep(&mut self, mark: &Mark) {
        if self.kept.len() == N_MARKS {
            self.kept.pop_front();
        }
        self.kept.push_back(mark.clone());
    }

    /// The marks that are kept, oldest first.
    pub fn kept(&self) -> impl Iterator<Item = &Mark> {
        self.kept.iter()
    }
}

#[cfg(test)]
mod tests;
