//! Names: sent once, referred to by number.

use std::{collections::HashMap, sync::Arc};

use foldhash::fast::RandomState;
use midair_proto::v1;

/// Most names that are kept for one stream (the contract's bound on an agent's table).
const NAMES_MAX: usize = 65_536;
/// Most bytes of text that are kept for one stream.
const BYTES_MAX: usize = 16 << 20;

/// Most bytes of one text: agents cut names at 512. What is longer would be looked at letter by letter for each picture.
pub(super) const TEXT_MAX: usize = 4_096;

/// The names of one stream, or of one answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Names {
    texts: HashMap<u32, Arc<str>, RandomState>,
    n_bytes: usize,
}

impl Names {
    /// The names that come with an answer; what is too much of them stays unknown.
    pub(super) fn of(names: Vec<v1::Name>) -> Self {
        let mut all = Self::default();
        all.add(names);
        all
    }

    /// Adds names; false when there are too many or too long ones, and those beyond the bound were not taken.
    pub(super) fn add(&mut self, names: Vec<v1::Name>) -> bool {
        let mut fits = true;
        for name in names {
            // 0 is never an id, and an id without a text names nothing.
            let (Some(id @ 1..), Some(text)) = (name.id, name.text) else { continue };
            let is_known = self.texts.contains_key(&id);
            if text.len() > TEXT_MAX
                || (!is_known && self.texts.len() >= NAMES_MAX)
                || self.n_bytes + text.len() > BYTES_MAX
            {
                fits = false;
                continue;
            }
            self.n_bytes += text.len();
            if let Some(before) = self.texts.insert(id, text.into()) {
                self.n_bytes -= before.len();
            }
        }
        fits
    }

    /// The text of a name; `None` for one that was never sent.
    pub(super) fn get(&self, id: Option<u32>) -> Option<Arc<str>> {
        self.texts.get(&id?).cloned()
    }
}
