//! The last looks at a process: active or not.

use crate::term::Term;

/// Looks that are remembered.
const MOST: u32 = 8;

/// How often a process was found active (running, runnable or collecting garbage) in the last looks: at most 8.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looks {
    /// Looks that found it active.
    pub active: u8,
    /// All looks.
    pub of: u8,
}

impl Looks {
    /// The share of looks that found it active, where there were any.
    pub fn share(self) -> Option<f64> {
        (self.of > 0).then(|| f64::from(self.active) / f64::from(self.of))
    }

    /// What looks are ranked by, in per mille: of two that were always active, the one that was looked at more often is
    /// first.
    pub(super) fn rank(self) -> u16 {
        u16::from(self.active) * 1000 / (u16::from(self.of) + 1)
    }
}

/// Looks as the target keeps them: a 1, and then a bit for each look.
///
/// INVARIANT: 1 to 511.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct History(u16);

impl History {
    /// The lowest bits of what the target keeps.
    pub(super) fn new(bits: u64) -> Option<Self> {
        let bits = (bits & 0x1ff) as u16;
        (bits > 0).then_some(Self(bits))
    }

    /// With one look more, as the target adds it.
    pub(super) fn after(self, is_active: bool) -> Self {
        let bits = self.0 << 1 | u16::from(is_active);
        Self(if self.0 >= 1 << MOST { bits & 0xff | 1 << MOST } else { bits })
    }

    pub(super) fn looks(self) -> Looks {
        let of = self.0.ilog2();
        let active = (self.0 & !(1 << of)).count_ones();
        Looks { active: active as u8, of: of as u8 }
    }
}

/// The ranks by history before a look: where that look finds the process idle, and active.
pub(super) fn shares() -> [Term; 2] {
    [false, true].map(|is_active| {
        let rank = |bits| History(bits).after(is_active).looks().rank();
        Term::Tuple((1..1 << (MOST + 1)).map(|bits| Term::Int(rank(bits).into())).collect())
    })
}

#[cfg(test)]
mod tests;
