//! Reports as the target sends them, read.

use std::collections::HashMap;

use super::{
    history::History,
    pass::{Look, Pass, Row, Status, Statuses},
};
use crate::term::{Pid, Term};

/// What the target keeps as reductions and mailbox of a process that it has not looked at yet.
const NEVER: u64 = 1 << 38;
/// Bits of the history below the mailbox.
const MAILBOX_SHIFT: u32 = 20;

/// `{report, Number, {Began, Ended, Period, Work}, {N, Messages, Statuses}, Rows}`.
pub(super) fn pass(message: &Term, n_first: usize) -> Option<Pass> {
    let [tag, number, time, counts, rows] = message.as_tuple()? else { return None };
    let [began, ended, period, work] = time.as_tuple()? else { return None };
    let [n, messages, statuses] = counts.as_tuple()? else { return None };
    let n_swept = n.as_count()?;
    let mut of_pid: HashMap<Pid, Row> = HashMap::new();
    for row in rows.as_list()?.iter().filter_map(row) {
        of_pid.entry(row.pid.clone()).or_insert(row);
    }
    (tag.as_atom() == Some("report")).then_some(Pass {
        number: number.as_count()?,
        began_us: began.as_int()?,
        ended_us: ended.as_int()?,
        period_us: period.as_count()?,
        own_work_us: work.as_count()?,
        n_swept,
        n_messages: messages.as_count()?,
        statuses: in_each(statuses, n_swept)?,
        n_first,
        rows: of_pid.into_values().collect(),
    })
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
fn row(row: &Term) -> Option<Row> {
    let [found, moments] = row.as_tuple()? else { return None };
    let [pid, mailbox, looks, reductions, reductions_before, status] = found.as_tuple()? else { return None };
    let [at, at_before] = moments.as_tuple()? else { return None };
    let status = status.as_atom().and_then(Status::from_name);
    let (looks, reductions_before) = (looks.as_count()?, reductions_before.as_count()?);
    let is_known = reductions_before != NEVER;
    Some(Row {
        pid: pid.as_pid()?.clone(),
        now: Look { at_us: at.as_int()?, mailbox: mailbox.as_count(), reductions: reductions.as_count(), status },
        before: is_known.then_some(Look {
            at_us: at_before.as_int()?,
            mailbox: Some(looks >> MAILBOX_SHIFT),
            reductions: Some(reductions_before),
            status: None,
        }),
        looks: History::new(looks).and_then(|history| Some(history.after(status?.is_active()).looks())),
    })
}

#[cfg(test)]
mod tests;
