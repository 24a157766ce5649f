//! Names as numbers: a text is sent once and referred to by its id, which belongs to this agent for ever.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use midair_proto::v1::Name;

use crate::numbers::NumberMap;

/// So many names are known at once; beyond it those that were not used lately are forgotten.
pub const N_NAMES: usize = 64 * 1024;

/// Longer names are cut, so that no row can fill a message.
pub const NAME_BYTES: usize = 512;

/// All names that are in use, by text and by id.
///
/// INVARIANT: `ids` and `texts` hold the same pairs; `next` is above every id ever given.
#[derive(Debug)]
pub struct Names {
    ids: HashMap<Arc<str>, u32>,
    texts: NumberMap<Entry>,
    next: u32,
    tick: u64,
    limit: usize,
}

#[derive(Debug)]
struct Entry {
    text: Arc<str>,
    used: u64,
}

impl Default for Names {
    fn default() -> Self {
        Self::bounded(N_NAMES)
    }
}

impl Names {
    /// With another bound.
    pub fn bounded(limit: usize) -> Self {
        Self { ids: HashMap::new(), texts: NumberMap::default(), next: 1, tick: 0, limit }
    }

    /// A new tick begins: makes room, if there is none, by forgetting what was not used in the tick before.
    ///
    /// Only here, so that every id given during a tick can be resolved until its end. A name forgotten and used again
    /// gets another id. True when names were forgotten: what was encoded with them cannot be spelled out any more.
    pub fn begin(&mut self, tick: u64) -> bool {
        let n_before = self.texts.len();
        if n_before >= self.limit {
            let last = self.tick;
            self.texts.retain(|_, entry| entry.used >= last);
            let texts = &self.texts;
            self.ids.retain(|_, id| texts.contains_key(id));
        }
        self.tick = tick;
        self.texts.len() < n_before
    }

    /// The id of a text. Names used again tick after tick keep theirs.
    pub fn id(&mut self, text: &Arc<str>) -> u32 {
        let known = self.ids.get(cut(text)).copied();
        if let Some(id) = known {
            if let Some(entry) = self.texts.get_mut(&id) {
                entry.used = self.tick;
            }
            return id;
        }
        let id = self.next;
        self.next += 1;
        let text: Arc<str> = if text.len() > NAME_BYTES { cut(text).into() } else { Arc::clone(text) };
        self.ids.insert(Arc::clone(&text), id);
        self.texts.insert(id, Entry { text, used: self.tick });
        id
    }

    /// The names behind ids, as they are sent.
    pub fn spell(&self, ids: &BTreeSet<u32>) -> Vec<Name> {
        let name = |id: &u32| {
            let text = self.texts.get(id)?.text.to_string();
            Some(Name { id: Some(*id), text: Some(text) })
        };
        ids.iter().filter_map(name).collect()
    }

    /// How many names are known.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(NAME_BYTES)]
}

#[cfg(test)]
mod tests;
