//! Which time damage took from a recording: what was told last before it and first after it says so.

use std::fmt;

use midair_recording::{Damage, Entry, Why};

use crate::{app::utc, event::Stamp, view::format};

/// Damage, and the time that it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lost {
    /// What is wrong, where in the file.
    damage: Damage,
    /// The last moment that was told before it; `None` where it took no time.
    pub(crate) from: Option<Stamp>,
    /// The first moment that was told after it; `None` where nothing was, or it took no time.
    pub(crate) to: Option<Stamp>,
}

/// All damage that is met while a recording is read on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Losses {
    met: Vec<Lost>,
    /// So many of the last are followed by nothing yet.
    n_open: usize,
    /// The last moment that was told.
    last: Option<Stamp>,
}

impl Losses {
    /// What was found on opening, which takes no time of what was said.
    pub(crate) fn on_opening(damage: &[Damage]) -> Self {
        let met = damage.iter().map(|damage| Lost { damage: damage.clone(), from: None, to: None }).collect();
        Self { met, ..Self::default() }
    }

    /// Reading goes on from a moment.
    pub(crate) fn go(&mut self, from: Option<Stamp>) {
        (self.last, self.n_open) = (from, 0);
    }

    /// An entry was told.
    pub(crate) fn pass(&mut self, entry: &Entry) {
        // What stands before a block is repeated from before: it says nothing of when telling goes on.
        if entry.is_standing {
            return;
        }
        let at = Stamp(entry.at_us);
        let n_closed = self.met.len() - self.n_open;
        self.met[n_closed..].iter_mut().for_each(|lost| lost.to = Some(at.max(lost.from.unwrap_or(at))));
        (self.last, self.n_open) = (Some(at), 0);
    }

    /// Damage was met; who reads twice meets it twice.
    pub(crate) fn meet(&mut self, damage: Damage) {
        if self.met.iter().any(|lost| lost.damage.from == damage.from && lost.damage.why == damage.why) {
            return;
        }
        let takes_time = !matches!(damage.why, Why::Header | Why::Index);
        // Where damage stands right behind damage, what the first took goes on.
        self.met.push(Lost { damage, from: self.last.filter(|_| takes_time), to: None });
        self.n_open = if takes_time { self.n_open + 1 } else { 0 };
    }

    /// What was met so far, in the order in which it was.
    pub(crate) fn met(&self) -> &[Lost] {
        &self.met
    }
}

impl Lost {
    /// The time that is lost, in words, of whom that is known to be; `None` where none is.
    fn time(&self, of: &str) -> Option<String> {
        match (self.from, self.to) {
            (Some(from), Some(to)) => {
                let span = format::span(to.since_us(from));
                Some(format!("{} to {} is lost ({span}), {of}", utc(from), utc(to)))
            }
            (Some(from), None) => Some(format!("what came after {} is lost, {of}", utc(from))),
            (None, Some(to)) => Some(format!("what came before {} is lost, {of}", utc(to))),
            (None, None) => None,
        }
    }

    /// What is lost, in words: the time first, of all nodes, or of the only one that there is.
    pub(crate) fn words(&self, only: Option<&str>) -> String {
        let of = only.map_or_else(|| "of all nodes".to_owned(), |name| format!("of {name}"));
        match self.time(&of) {
            Some(time) => format!("{time}: {}", self.damage),
            None => self.damage.to_string(),
        }
    }

    /// What is wrong, without the time.
    pub(crate) fn why(&self) -> String {
        self.damage.to_string()
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words(None))
    }
}

#[cfg(test)]
mod tests;
