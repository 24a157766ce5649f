//! Pids, ports and references, names that hold for one life of one node (`creation`); and external funs, that hold for all.

use super::Atom;

/// A process of a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pid {
    /// The node it lives on.
    pub node: Atom,
    /// Which life of the node.
    pub creation: u32,
    /// Its number, the middle one of `<0.ID.SERIAL>`.
    pub id: u32,
    /// How often numbers began anew.
    pub serial: u32,
}

/// A port of a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Port {
    /// The node it is open on.
    pub node: Atom,
    /// Which life of the node.
    pub creation: u32,
    /// Its number.
    pub id: u64,
}

/// A reference of a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    /// The node that made it.
    pub node: Atom,
    /// Which life of the node.
    pub creation: u32,
    /// One to five words, the lowest first.
    pub words: Words,
}

/// `fun module:function/arity`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Export {
    /// The module.
    pub module: Atom,
    /// The function.
    pub function: Atom,
    /// How many arguments it takes.
    pub arity: u8,
}

/// The words of a reference.
///
/// INVARIANT: words beyond `n` are 0, and `n` is 1 to 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Words {
    words: [u32; Self::MOST],
    n: u8,
}

impl Words {
    /// With `V4_NC` (OTP 24) a reference has up to five words, and no more are allowed on the wire.
    pub const MOST: usize = 5;

    /// These words, where they are neither none nor too many.
    pub fn new(words: &[u32]) -> Option<Self> {
        let n = u8::try_from(words.len()).ok().filter(|n| (1..=Self::MOST as u8).contains(n))?; // Too many is None.
        let mut all = [0; Self::MOST];
        all[..words.len()].copy_from_slice(words);
        Some(Self { words: all, n })
    }

    /// The words.
    pub fn as_slice(&self) -> &[u32] {
        &self.words[..usize::from(self.n)]
    }
}

/// As the shell prints it, but with the node in words where it is not ours to number: `<ID.SERIAL>`.
impl std::fmt::Display for Pid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<0.{}.{}>", self.id, self.serial)
    }
}
