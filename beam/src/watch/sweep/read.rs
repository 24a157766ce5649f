//! Reports as the target sends them, read.

use std::{collections::HashMap, time::Duration};

use super::{
    Stuck,
    history::History,
    pass::{Early, Look, Pass, Row, Size, Status, Statuses},
};
use crate::term::{Pid, Term};

/// What the target keeps as the history of a process that it has not looked at yet.
const NO_LOOK: u64 = 1;
/// What the target keeps as a size that it has not read.
const NO_SIZE: u64 = 1 << 58;
/// Bits below the mailbox in what the target keeps of looks.
const MAILBOX_SHIFT: u32 = 36;

/// `{report, {Number, WordSize, Parts}, {Began, Ended, Period, Work}, {N, Messages, Statuses}, Rows, LeftOut}`.
pub(super) fn pass(message: &Term, n_first: usize) -> Option<Pass> {
    let [tag, which, time, counts, rows, left_out] = message.as_tuple()? else { return None };
    let [number, word_bytes, parts] = which.as_tuple()? else { return None };
    let [began, ended, period, work] = time.as_tuple()? else { return None };
    let [n, messages, statuses] = counts.as_tuple()? else { return None };
    let (n_swept, word_bytes) = (n.as_count()?, word_bytes.as_count()?);
    let left_out: Vec<Pid> = left_out.as_list()?.iter().filter_map(Term::as_pid).cloned().collect();
    (tag.as_atom() == Some("report")).then_some(Pass {
        number: number.as_count()?,
        began_us: began.as_int()?,
        ended_us: ended.as_int()?,
        period_us: period.as_count()?,
        own_work_us: work.as_count()?,
        n_swept,
        n_messages: messages.as_count()?,
        statuses: in_each(statuses, n_swept)?,
        n_parts: parts.as_count()?,
        n_first,
        rows: merged(rows.as_list()?, word_bytes, &left_out),
        left_out,
    })
}

/// `{first, Number, Rows}`: of a pass that goes on.
pub(super) fn early(message: &Term) -> Option<Early> {
    let [tag, number, rows] = message.as_tuple()? else { return None };
    let rows = rows.as_list()?.iter().filter_map(looked).collect();
    (tag.as_atom() == Some("first")).then_some(Early { pass: number.as_count()?, rows })
}

/// `{timeout, Behind, ForUs}`: who holds the sweep up, or that nobody does any more.
pub(super) fn stuck(message: &Term) -> Option<Option<Stuck>> {
    let [tag, behind, us] = message.as_tuple()? else { return None };
    let behind: Vec<Pid> = behind.as_list()?.iter().filter_map(Term::as_pid).cloned().collect();
    let lasting = Duration::from_micros(us.as_count()?);
    (tag.as_atom() == Some("timeout")).then(|| (!behind.is_empty()).then_some(Stuck { behind, lasting }))
}

/// Each process once, though it may be ranked by looks and by what it holds, which are read apart.
fn merged(rows: &[Term], word_bytes: u64, left_out: &[Pid]) -> Vec<Row> {
    let mut of_pid: HashMap<Pid, Row> = HashMap::new();
    let looked = rows.iter().filter_map(looked);
    let held = rows.iter().filter_map(|row| held(row, word_bytes));
    for row in looked.chain(held) {
        let known = of_pid.entry(row.pid.clone()).or_insert_with(|| row.clone());
        known.size = known.size.or(row.size);
        known.size_before = known.size_before.or(row.size_before);
    }
    // Whatever was found before it got stuck: of now nothing is known.
    of_pid.extend(left_out.iter().map(|pid| (pid.clone(), unknown(pid))));
    of_pid.into_values().collect()
}

fn unknown(pid: &Pid) -> Row {
    Row { pid: pid.clone(), now: Look::default(), before: None, looks: None, size: None, size_before: None }
}

/// A sum with a field of 24 bits for each status.
fn in_each(sum: &Term, n: u64) -> Option<Statuses> {
    let bytes = match sum {
        Term::Big(big) if !big.is_negative() => big.magnitude().to_vec(),
        _ => sum.as_count()?.to_le_bytes().to_vec(),
    };
    let field = |number: usize| (0..3).map(|i| u64::from(*bytes.get(number * 3 + i).unwrap_or(&0)) << (8 * i)).sum();
    let [running, runnable, garbage_collecting, suspended, exiting]: [u64; 5] = std::array::from_fn(field);
    let waiting = n.saturating_sub(running + runnable + garbage_collecting + suspended + exiting);
    Some(Statuses { running, runnable, garbage_collecting, suspended, exiting, waiting })
}

/// `{{Pid, Mailbox, LooksBefore, Reductions, ReductionsBefore, Status}, {At, AtBefore}}`.
fn looked(row: &Term) -> Option<Row> {
    let [found, moments] = row.as_tuple()? else { return None };
    let [pid, mailbox, looks, reductions, reductions_before, status] = found.as_tuple()? else { return None };
    let [at, at_before] = moments.as_tuple()? else { return None };
    let status = status.as_atom().and_then(Status::from_name);
    let looks = looks.as_count()?;
    let history = History::new(looks)?;
    let before = Look {
        at_us: at_before.as_int()?,
        mailbox: Some(looks >> MAILBOX_SHIFT),
        reductions: reductions_before.as_count(),
        status: None,
    };
    Some(Row {
        now: Look { at_us: at.as_int()?, mailbox: mailbox.as_count(), reductions: reductions.as_count(), status },
        before: (looks & 0x1ff != NO_LOOK).then_some(before),
        looks: status.map(|status| history.after(status.is_active()).looks()),
        ..unknown(pid.as_pid()?)
    })
}

/// `{{Pid, Reductions, Looks, Memory, MemoryBefore, Binaries, BinariesBefore}, {At, AtBefore}}`, sizes in words.
fn held(row: &Term, word_bytes: u64) -> Option<Row> {
    let [found, moments] = row.as_tuple()? else { return None };
    let [pid, reductions, looks, sizes @ ..] = found.as_tuple()? else { return None };
    let [memory, memory_before, binaries, binaries_before] = sizes else { return None };
    let [at, at_before] = moments.as_tuple()? else { return None };
    let (at_us, before_us, looks) = (at.as_int()?, at_before.as_int()?, looks.as_count()?);
    let bytes = |words: &Term| words.as_count().filter(|words| *words != NO_SIZE)?.checked_mul(word_bytes);
    let size =
        |at_us, memory, binaries| Some(Size { at_us, memory_bytes: bytes(memory)?, binary_bytes: bytes(binaries)? });
    let history = History::new(looks)?;
    Some(Row {
        now: Look { at_us, mailbox: Some(looks >> MAILBOX_SHIFT), reductions: reductions.as_count(), status: None },
        looks: Some(history.looks()),
        size: size(at_us, memory, binaries),
        size_before: size(before_us, memory_before, binaries_before),
        ..unknown(pid.as_pid()?)
    })
}

#[cfg(test)]
mod tests;
