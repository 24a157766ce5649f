//! Samples that did not arrive.

use crate::event::Stamp;

/// Samples of a node that were lost on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loss {
    /// When that was noticed.
    pub at: Stamp,
    /// How many.
    pub n: u64,
    /// Whether they may be more, for not all were counted.
    pub is_least: bool,
}

impl Loss {
    /// Both together. Agents say how many: the sum stays in bounds whatever they say.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let at = if self.n > 0 { self.at } else { other.at };
        Self { at, n: self.n.saturating_add(other.n), is_least: self.is_least | other.is_least }
    }
}
