//! Why an Erlang process does not get on: what a close look has found it in, and in how many looks.

use midair_vitals::{Severity, vm::Pid};

use super::Why;
use crate::{
    event::{ErlangLook, WaitKind},
    model::{finding::queue::depth, focus::Focus, task::Task, vital::Vital, words::Part},
};

/// The answer; `None` before the close look has come.
pub(super) fn why(task: &Task, focus: Option<&Focus>) -> Option<Why> {
    let focus = focus?;
    if focus.has_ended {
        return Some(Why::new(900, None, vec![Part::Words("has ended: these are its last values")]));
    }
    let look = focus.erlang.as_ref()?;
    let waiting = task.worst_queue().filter(|(queue, _)| queue.depth.is_some_and(|n| n > 0));
    let of_mailbox = waiting.and_then(|(_, vitals)| vitals.severity).map_or(0, Severity::per_mille);
    let (least, mut parts) = match look.silent_ms {
        Some(ms) => (800, silent(look, ms)),
        None => doing(look, waiting.is_some())?,
    };
    if let Some((queue, vitals)) = waiting {
        parts.push(Part::Words("; mailbox "));
        parts.extend(depth(queue, vitals.growth));
    }
    // Who waits so but has nothing to do is well.
    let severity = if least == 0 { of_mailbox } else { of_mailbox.max(least) };
    let vital = if waiting.is_some() { Some(Vital::Queue) } else { None };
    Some(Why::new(severity, vital, parts))
}

/// It does not answer: what stands on the screen is old.
fn silent(look: &ErlangLook, ms: u32) -> Vec<Part> {
    let time = Part::Time(u64::from(ms) * 1000);
    let mut parts =
        vec![Part::Words("does not answer for "), time, Part::Words(": inside native code that does not yield")];
    let was = look.stack.first().or(look.tops.first().map(|seen| &seen.what));
    parts.extend(
        was.map(|function| [Part::Words(", last seen in "), Part::Name(function.clone())]).into_iter().flatten(),
    );
    parts
}

/// What it was found doing, and how bad that is by itself.
fn doing(look: &ErlangLook, has_messages: bool) -> Option<(u32, Vec<Part>)> {
    let top = look.tops.first().map(|seen| Part::Name(seen.what.clone()));
    let in_top = |words: &'static str| top.clone().map(|top| [Part::Words(words), top]).into_iter().flatten();
    Some(match look.wait? {
        WaitKind::Computing => {
            let mut parts = counted("active in ", look.n_active, look, " looks");
            parts.extend(in_top(", most in "));
            (if has_messages { 500 } else { 0 }, parts)
        }
        WaitKind::Call => {
            let mut parts = vec![Part::Words("waits for an answer from ")];
            parts.extend(called(look));
            parts.extend(counted(" (", look.n_waits, look, " looks)"));
            (500, parts)
        }
        WaitKind::Busy => {
            let mut parts = called(look);
            parts.push(Part::Words(" does not take what is sent: suspended "));
            parts.extend(counted("in ", look.n_suspended.or(look.n_waits), look, " looks"));
            (800, parts)
        }
        WaitKind::Port => {
            let mut parts = counted("waits in ", look.n_waits, look, " looks for ");
            parts.extend(called(look));
            (300, parts)
        }
        WaitKind::Message if has_messages => {
            let mut parts = counted("waits in ", look.n_waiting, look, " looks for a message that has not come");
            parts.push(Part::Words(", and passes those by that have"));
            parts.extend(in_top(", in "));
            (500, parts)
        }
        WaitKind::Message => {
            let mut parts = vec![Part::Words("idle: waits for messages")];
            parts.extend(in_top(" in "));
            (0, parts)
        }
        WaitKind::Sleep if has_messages => {
            (500, counted("sleeps in ", look.n_waiting, look, " looks, and lets its messages wait"))
        }
        WaitKind::Sleep => (0, vec![Part::Words("idle: sleeps")]),
        WaitKind::Native => (800, vec![Part::Words("inside native code that does not yield")]),
    })
}

/// In so many looks of so many.
fn counted(before: &'static str, n: Option<u32>, look: &ErlangLook, after: &'static str) -> Vec<Part> {
    let mut parts = vec![Part::Words(before)];
    match (n, look.n_looks) {
        (Some(n), Some(of)) => {
            parts.extend([Part::Count(u64::from(n)), Part::Words(" of "), Part::Count(u64::from(of))]);
        }
        _ => parts.push(Part::Words("most")),
    }
    parts.push(Part::Words(after));
    parts
}

/// Whom it waits for, with the node where that is another.
fn called(look: &ErlangLook) -> Vec<Part> {
    match (&look.waits_for, &look.waits_for_text) {
        (Some(pid), _) => named(pid),
        (None, Some(text)) => vec![Part::Name(text.clone())],
        (None, None) => vec![Part::Words("a process that is not known")],
    }
}

fn named(pid: &Pid) -> Vec<Part> {
    let mut parts: Vec<Part> = pid.name.iter().map(|name| Part::Name(format!("{name} ").into())).collect();
    parts.push(Part::Name(pid.text.clone()));
    parts.extend(pid.node.as_ref().map(|node| [Part::Words(" on "), Part::Name(node.clone())]).into_iter().flatten());
    parts
}

#[cfg(test)]
mod tests;
