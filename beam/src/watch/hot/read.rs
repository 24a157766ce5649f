//! Answers of the helper, read.

use crate::{
    term::{Pid, Term},
    watch::sweep::{Look, Size, Status},
};

/// Characters of a name that are kept.
const MOST_CHARS: usize = 200;

/// One reading.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// When, in microseconds of the target's monotonic clock.
    pub at_us: i64,
    /// What all readings and introductions took on the target so far, in microseconds.
    pub own_work_us: u64,
    /// Those that did not answer, since they are inside of a long BIF: their rows are `None`, though they live.
    pub stuck: Vec<Pid>,
    /// What was seen of each, in the order that was asked for; `None`: it ended, or is stuck.
    pub rows: Vec<(Pid, Option<Seen>)>,
}

/// What is seen of a living process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Mailbox, reductions and status.
    pub look: Look,
    /// What it holds; `None` where its mailbox is long, since reading it would walk the mailbox.
    pub size: Option<Size>,
}

/// Who a process is.
#[derive(Clone, Debug, PartialEq)]
pub struct Introduction {
    /// The process.
    pub pid: Pid,
    /// The name that it is registered under.
    pub registered: Option<String>,
    /// The function it started with, `module:function/arity`: of its behaviour where it has one.
    pub initial_call: Option<String>,
    /// The label that it gave itself (`proc_lib:set_label/1`, OTP 27).
    pub label: Option<String>,
    /// What RabbitMQ calls it (`process_name` in its dictionary).
    pub name: Option<String>,
    /// Who started it.
    pub parent: Option<Parent>,
    /// Whether it works for this very connection: its group leader is ours.
    pub is_ours: bool,
}

/// The first of the ancestors that `proc_lib` keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parent {
    /// By its registered name.
    Named(String),
    /// By its pid.
    Pid(Pid),
}

/// `{Number, At, Work, Stuck, Rows}`; a row of 1 is that of the reading before.
pub(super) fn reading(answer: &Term, pids: &[Pid], before: &[Option<Seen>], word_bytes: u64) -> Option<Reading> {
    let [_, at, work, stuck, rows] = answer.as_tuple()? else { return None };
    let (at_us, rows) = (at.as_int()?, rows.as_list()?);
    let stuck: Vec<Pid> = stuck.as_list()?.iter().filter_map(Term::as_pid).cloned().collect();
    let rows = pids.iter().enumerate().map(|(i, pid)| {
        let seen = match rows.get(i) {
            _ if stuck.contains(pid) => None,
            Some(Term::Int(1)) => before.get(i).copied().flatten().map(|seen| at_moment(seen, at_us)),
            row => row.and_then(|row| seen(row, at_us, word_bytes)),
        };
        (pid.clone(), seen)
    });
    Some(Reading { at_us, own_work_us: work.as_count()?, rows: rows.collect(), stuck })
}

fn at_moment(mut seen: Seen, at_us: i64) -> Seen {
    seen.look.at_us = at_us;
    seen.size = seen.size.map(|size| Size { at_us, ..size });
    seen
}

/// `{Mailbox, Reductions, Status}`, or with memory and binaries in words.
fn seen(row: &Term, at_us: i64, word_bytes: u64) -> Option<Seen> {
    let (mailbox, reductions, status, sizes) = match row.as_tuple()? {
        [mailbox, reductions, status] => (mailbox, reductions, status, None),
        [mailbox, reductions, status, memory, binaries] => {
            let bytes = |words: &Term| words.as_count()?.checked_mul(word_bytes);
            (mailbox, reductions, status, bytes(memory).zip(bytes(binaries)))
        }
        _ => return None,
    };
    let (mailbox, reductions) = (mailbox.as_count(), reductions.as_count());
    let status = status.as_atom().and_then(Status::from_name);
    let size = sizes.map(|(memory_bytes, binary_bytes)| Size { at_us, memory_bytes, binary_bytes });
    Some(Seen { look: Look { at_us, mailbox, reductions, status }, size })
}

/// `{Number, At, Work, Stuck, Rows}` with introductions; and the work.
pub(super) fn introductions(answer: &Term, pids: &[Pid]) -> Option<(u64, Vec<Introduction>)> {
    let [_, _, work, _, rows] = answer.as_tuple()? else { return None };
    let rows = pids.iter().zip(rows.as_list()?);
    Some((work.as_count()?, rows.filter_map(|(pid, row)| introduction(pid, row)).collect()))
}

/// `[Registered, InitialCall, Label, Name, Parent, Ours]`.
fn introduction(pid: &Pid, row: &Term) -> Option<Introduction> {
    let [registered, call, label, name, parent, ours] = row.as_list()? else { return None };
    let text = |term: &Term| term.as_binary().map(|bytes| cut(&String::from_utf8_lossy(bytes)));
    Some(Introduction {
        pid: pid.clone(),
        registered: registered.as_atom().map(cut),
        initial_call: initial_call(call),
        label: text(label).filter(|label| !label.is_empty()),
        name: text(name).filter(|name| !name.is_empty()),
        parent: match parent {
            Term::Pid(pid) => Some(Parent::Pid(pid.clone())),
            parent => parent.as_atom().map(|name| Parent::Named(cut(name))),
        },
        is_ours: ours.as_atom() == Some("true"),
    })
}

fn initial_call(call: &Term) -> Option<String> {
    let [module, function, arity] = call.as_tuple()? else { return None };
    Some(cut(&format!("{}:{}/{}", module.as_atom()?, function.as_atom()?, arity.as_count()?)))
}

fn cut(text: &str) -> String {
    text.chars().take(MOST_CHARS).collect()
}

#[cfg(test)]
mod tests;
