//! What the helper of events is to watch, and how its answer is read.

use super::{Event, EventOptions, EventReading, Peer, RELEASE_WITH_LONG_QUEUES, Slot, What};
use crate::{term::Term, watch::vm::Vm};

/// The options of `erlang:system_monitor/2`.
pub(super) fn wanted(options: &EventOptions, vm: &Vm) -> Term {
    let pair = |name, value: u64| Term::tuple([Term::atom(name), value.into()]);
    let mut wanted = Vec::new();
    wanted.extend(options.long_gc_ms.map(|ms| pair("long_gc", ms)));
    wanted.extend(options.long_schedule_ms.map(|ms| pair("long_schedule", ms)));
    let heap_words = options.large_heap_bytes.zip(vm.word_bytes).map(|(bytes, word)| bytes / word.max(1));
    wanted.extend(heap_words.map(|words| pair("large_heap", words)));
    if vm.otp_release >= Some(RELEASE_WITH_LONG_QUEUES)
        && let Some((back, long)) = options.long_queue
    {
        wanted.push(Term::tuple([Term::atom("long_message_queue"), Term::tuple([back.into(), long.into()])]));
    }
    if options.is_busy_reported {
        wanted.extend(["busy_port", "busy_dist_port"].map(Term::atom));
    }
    Term::List(wanted)
}

/// Of what comes after the number; `None` without a moment.
pub(super) fn reading(said: &[Term], ours: &str) -> Option<EventReading> {
    let [at, own, slot, dropped, events] = said else { return None };
    // The last one comes first.
    let events = events.as_list().unwrap_or_default().iter().rev().filter_map(|one| event(one, ours)).collect();
    Some(EventReading {
        at_us: at.as_int()?,
        helper_us: own.as_count(),
        slot: whose(slot),
        n_dropped: dropped.as_count(),
        events,
    })
}

/// Of `true`, or `{Receiver, Name, Options}` of whoever has it.
fn whose(slot: &Term) -> Slot {
    match (slot.as_atom(), slot.as_tuple()) {
        (Some("true"), _) => Slot::Ours,
        (_, Some([receiver, name, _])) => Slot::TakenBy(match name.as_atom() {
            Some(name) => name.to_owned(),
            None => receiver.as_pid().map_or_else(|| receiver.to_string(), ToString::to_string),
        }),
        _ => Slot::Unknown,
    }
}

fn event(event: &Term, ours: &str) -> Option<Event> {
    let [at, what, is_of_ours] = event.as_tuple()? else { return None };
    let at_us = at.as_int()?;
    let what = match what.as_tuple()? {
        [tag, subject, kind, told] if tag.as_atom() == Some("monitor") => reported(subject, kind.as_atom()?, told),
        [way, node, infos] => link(way.as_atom()?, node, infos, ours),
        _ => None,
    };
    let is_of_ours = match is_of_ours.as_atom() {
        Some("true") => Some(true),
        Some("false") => Some(false),
        _ => None,
    };
    Some(Event { at_us, what: what.unwrap_or(What::Other), is_of_ours })
}

/// Of `{nodeup, Node, Infos}` and `{nodedown, Node, Infos}`.
fn link(way: &str, node: &Term, infos: &Term, ours: &str) -> Option<What> {
    let node = node.as_atom()?;
    let is_hidden = match infos.get("node_type").and_then(Term::as_atom) {
        Some("visible") => Some(false),
        Some("hidden") => Some(true),
        _ => None,
    };
    let peer = Peer { node: node.to_owned(), is_hidden, is_ours: node == ours };
    match way {
        "nodeup" => Some(What::NodeUp(peer)),
        "nodedown" => Some(What::NodeDown(peer, infos.get("nodedown_reason").map(ToString::to_string))),
        _ => None,
    }
}

/// Of `{monitor, Subject, Kind, Told}`.
fn reported(subject: &Term, kind: &str, told: &Term) -> Option<What> {
    let process = || subject.as_pid().cloned();
    let count = |name| told.get(name).and_then(Term::as_count);
    let port = || if let Term::Port(port) = told { Some((**port).clone()) } else { None };
    // A part that is missing makes the sum unknown.
    let heap_words = || count("heap_block_size")?.checked_add(count("old_heap_block_size")?);
    Some(match kind {
        "long_gc" => What::LongGc { process: process()?, ms: count("timeout"), heap_words: heap_words() },
        "large_heap" => What::LargeHeap { process: process()?, heap_words: heap_words() },
        "long_schedule" => {
            What::LongSchedule { process: process(), ms: count("timeout"), at: told.get("out").and_then(place) }
        }
        "busy_port" => What::BusyPort { process: process()?, port: port() },
        "busy_dist_port" => What::BusyLink { process: process()?, port: port() },
        "long_message_queue" => What::LongQueue { process: process()?, is_long: told.as_atom()? == "true" },
        _ => return None,
    })
}

/// Of `{Module, Function, Arity}`.
fn place(mfa: &Term) -> Option<String> {
    let [module, function, arity] = mfa.as_tuple()? else { return None };
    Some(format!("{}:{}/{}", module.as_atom()?, function.as_atom()?, arity.as_count()?))
}

#[cfg(test)]
mod tests;
