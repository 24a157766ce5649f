//! Atoms, shared: a reply of a million pids names its node once.

use std::{collections::HashSet, fmt, sync::Arc};

/// Erlang allows this many characters in an atom.
pub(crate) const MOST_CHARS: usize = 255;
/// Atoms that one connection shares; what comes beyond is held by each term for itself.
const MOST_SHARED: usize = 8192;

/// An atom: at most 255 characters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Atom(Text);

#[derive(Clone)]
enum Text {
    Fixed(&'static str),
    Shared(Arc<str>),
}

impl Atom {
    /// An atom for sending. It is a literal, since each atom that is new to a VM stays in it for ever: no text of a user
    /// can become one.
    ///
    /// # Panics
    /// Where the literal is longer than an atom may be.
    pub const fn fixed(name: &'static str) -> Self {
        assert!(name.len() <= MOST_CHARS, "an atom has at most 255 characters");
        Self(Text::Fixed(name))
    }

    /// An atom that the peer has: from its answer, or the name it gave us.
    pub(crate) fn known(name: &str) -> Self {
        Self(Text::Shared(name.into()))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::Fixed(text) => text,
            Text::Shared(text) => text,
        }
    }
}

impl fmt::Debug for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.as_str())
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Text {}

impl std::hash::Hash for Text {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text().hash(state);
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text().cmp(other.text())
    }
}

impl Text {
    fn text(&self) -> &str {
        match self {
            Self::Fixed(text) => text,
            Self::Shared(text) => text,
        }
    }
}

/// The atoms that a decoder has seen.
///
/// INVARIANT: at most [`MOST_SHARED`] of them, however many a peer makes up.
#[derive(Debug, Default)]
pub(crate) struct Atoms(HashSet<Arc<str>>);

impl Atoms {
    pub(crate) fn share(&mut self, name: &str) -> Atom {
        if let Some(known) = self.0.get(name) {
            return Atom(Text::Shared(known.clone()));
        }
        let name: Arc<str> = name.into();
        if self.0.len() < MOST_SHARED {
            self.0.insert(name.clone());
        }
        Atom(Text::Shared(name))
    }

    #[cfg(test)]
    pub(crate) fn n(&self) -> usize {
        self.0.len()
    }
}
