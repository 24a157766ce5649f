//! Texts of labels, each once, by number.

use std::{collections::HashMap, sync::Arc};

/// Most texts that are kept, and most bytes of one.
const TEXTS_MAX: usize = 1 << 16;
const TEXT_BYTES: usize = 256;

/// All texts, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Texts {
    all: Vec<Arc<str>>,
    by_text: HashMap<Arc<str>, u32>,
}

impl Texts {
    /// The number of a text; `None` when there are too many, or it is too long.
    pub(super) fn number(&mut self, text: &str) -> Option<u32> {
        if let Some(number) = self.by_text.get(text) {
            return Some(*number);
        }
        let number = u32::try_from(self.all.len()).ok()?;
        if self.all.len() >= TEXTS_MAX || text.len() > TEXT_BYTES {
            return None;
        }
        let text: Arc<str> = text.into();
        self.all.push(text.clone());
        self.by_text.insert(text, number);
        Some(number)
    }

    /// Those of these numbers.
    pub(super) fn range(&self, range: std::ops::Range<usize>) -> Vec<String> {
        self.all.get(range).unwrap_or_default().iter().map(|text| text.to_string()).collect()
    }
}
