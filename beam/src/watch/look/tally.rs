//! What a process did in its last looks: counts, of a window that slides.

use std::collections::VecDeque;

use super::process::{Function, Status};
use crate::term::Term;

/// Looks that count.
const WINDOW: usize = 100;
/// Kinds of stack tops that are told.
const MOST_TOPS: usize = 8;

/// One look: status and the function on top of the stack.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Glance {
    pub(crate) status: Option<Status>,
    pub(crate) top: Option<Function>,
}

/// The last looks, at most 100.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally(VecDeque<Glance>);

impl Tally {
    /// How many looks count.
    pub fn n(&self) -> usize {
        self.0.len()
    }

    /// In how many it waited for a message.
    pub fn n_waiting(&self) -> usize {
        self.n_of(|status| *status == Status::Waiting)
    }

    /// In how many it ran, could have run, or collected garbage.
    pub fn n_active(&self) -> usize {
        self.n_of(Status::is_active)
    }

    /// In how many it was suspended.
    pub fn n_suspended(&self) -> usize {
        self.n_of(|status| *status == Status::Suspended)
    }

    /// The functions on top of its stack and in how many looks they were, the most frequent first, at most 8.
    pub fn tops(&self) -> Vec<(Function, usize)> {
        let mut tops: Vec<(Function, usize)> = Vec::new();
        for top in self.0.iter().filter_map(|glance| glance.top.as_ref()) {
            match tops.iter_mut().find(|(function, _)| function == top) {
                Some((_, n)) => *n += 1,
                None => tops.push((top.clone(), 1)),
            }
        }
        tops.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        tops.truncate(MOST_TOPS);
        tops
    }

    /// The latest so many, the newest last.
    pub(crate) fn latest(&self, n: usize) -> impl Iterator<Item = &Glance> + Clone {
        self.0.iter().skip(self.0.len().saturating_sub(n))
    }

    /// All that count.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Glance> + Clone {
        self.latest(WINDOW)
    }

    /// Adds what the helper saw between two reads, `{Times, Look}`, the newest first. Returns how many looks that were.
    pub(super) fn add(&mut self, looks: &[Term]) -> usize {
        let mut n = 0;
        for told in looks.iter().take(WINDOW).rev() {
            let Some([times, look @ Term::List(_)]) = told.as_tuple() else { continue };
            let times = times.as_count().and_then(|times| usize::try_from(times).ok()).unwrap_or(0).min(WINDOW);
            let status = look.get("status").and_then(Term::as_atom).map(Status::named);
            let top = look.get("current_function").and_then(function);
            (0..times).for_each(|_| self.add_one(status.clone(), top.clone()));
            n += times;
        }
        n
    }

    pub(crate) fn add_one(&mut self, status: Option<Status>, top: Option<Function>) {
        if self.0.len() == WINDOW {
            self.0.pop_front();
        }
        self.0.push_back(Glance { status, top });
    }

    fn n_of(&self, is: impl Fn(&Status) -> bool) -> usize {
        self.0.iter().filter(|glance| glance.status.as_ref().is_some_and(&is)).count()
    }
}

/// `{Module, Function, Arity}`.
pub(super) fn function(term: &Term) -> Option<Function> {
    let [Term::Atom(module), Term::Atom(function), arity, ..] = term.as_tuple()? else { return None };
    let arity = u8::try_from(arity.as_int()?).ok()?; // None: no function has so many arguments.
    Some(Function { module: module.clone(), function: function.clone(), arity })
}
