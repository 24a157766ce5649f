//! What is to run in a process of its own there, and how.

use std::fmt;

use crate::term::{Atom, Term};

/// A function, from literals alone: see [`Atom::fixed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mfa {
    module: &'static str,
    function: &'static str,
}

impl Mfa {
    /// `module:function`; its arity is the number of arguments given.
    pub const fn new(module: &'static str, function: &'static str) -> Self {
        Self { module, function }
    }

    pub(super) fn atoms(self) -> (Atom, Atom) {
        (Atom::fixed(self.module), Atom::fixed(self.function))
    }
}

impl fmt::Display for Mfa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.module, self.function)
    }
}

/// How urgent a process is there. `low` starves on a saturated node, just when it is needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// As any other.
    #[default]
    Normal,
    /// After all others.
    Low,
    /// Before all others.
    High,
}

/// Options of a process. It is always linked to us, so that it dies with the connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpawnOptions {
    /// How urgent it is.
    pub priority: Priority,
    /// Words of heap at which it is killed, at its next garbage collection; `None`: no limit.
    pub max_heap_words: Option<u64>,
    /// Whether messages stay outside of its heap.
    pub is_mailbox_off_heap: bool,
    /// Whether it is monitored too, for functions that take links away. Its last reason then travels twice.
    pub is_monitored: bool,
}

impl SpawnOptions {
    pub(super) fn terms(self) -> Vec<Term> {
        let pair = |key, value| Term::tuple([Term::atom(key), value]);
        let mut terms = vec![Term::atom("link")];
        if self.is_monitored {
            terms.push(Term::atom("monitor"));
        }
        match self.priority {
            Priority::Normal => {}
            Priority::Low => terms.push(pair("priority", Term::atom("low"))),
            Priority::High => terms.push(pair("priority", Term::atom("high"))),
        }
        if let Some(words) = self.max_heap_words {
            let yes_no = |key, is| (Term::atom(key), Term::atom(if is { "true" } else { "false" }));
            let limit = vec![(Term::atom("size"), words.into()), yes_no("kill", true), yes_no("error_logger", false)];
            terms.push(pair("max_heap_size", Term::Map(limit)));
        }
        if self.is_mailbox_off_heap {
            terms.push(pair("message_queue_data", Term::atom("off_heap")));
        }
        terms
    }
}
