//! What `forms/look.erl` answers, as a [`ProcessLook`]. What is missing or of another form is `None`.

use super::{
    process::{Frame, Heap, ProcessLook, Status},
    tally::function,
};
use crate::{
    term::Term,
    watch::names::Around,
    watch::wait::{BusyLink, BusyPort, Waits},
};

/// Bytes of a word: VMs of 32 bits are not met any more.
const WORD: u64 = 8;

/// A look from `{Info, Heap, Kin, Names, Local, {Links, Ports}, Callee}`, completed by what was known before.
pub(super) fn read(seen: &Term, before: Option<ProcessLook>, home: &str) -> Option<ProcessLook> {
    let [info, heap, kin, names, local, busy, callee] = seen.as_tuple()? else { return None };
    let around = Around { names, local, home };
    let before = before.unwrap_or_default();
    let atom = |key| info.get(key).and_then(Term::as_atom);
    let count = |key| info.get(key).and_then(Term::as_count);
    let mut look = ProcessLook {
        name: atom("registered_name").map(str::to_owned),
        priority: atom("priority").map(str::to_owned),
        traps_exits: atom("trap_exit").map(|traps| traps == "true"),
        is_mailbox_off_heap: atom("message_queue_data").map(|place| place == "off_heap"),
        status: atom("status").map(Status::named),
        mailbox: count("message_queue_len"),
        reductions: count("reductions"),
        stack: info
            .get("current_stacktrace")
            .and_then(Term::as_list)
            .unwrap_or_default()
            .iter()
            .map_while(frame)
            .collect(),
        heap: read_heap(info, heap),
        parent: info.get("parent").and_then(|parent| around.neighbour(parent)),
        group_leader: info.get("group_leader").and_then(|leader| around.neighbour(leader)),
        label: before.label,
        initial_call: before.initial_call,
        ancestors: before.ancestors,
        callers: before.callers,
        waits: suspended_by(busy),
        ..ProcessLook::default()
    };
    if info.get("links").is_some() {
        look.links = around.neighbours(info.get("links"));
        look.monitors = around.neighbours(info.get("monitors"));
        look.monitored_by = around.neighbours(info.get("monitored_by"));
    } else {
        (look.links, look.monitors, look.monitored_by) = (before.links, before.monitors, before.monitored_by);
        look.neighbours_age = before.neighbours_age + 1;
    }
    if kin.as_list().is_some() {
        look.label = label(kin);
        look.ancestors = around.neighbours(kin.get("$ancestors"));
        look.callers = around.neighbours(kin.get("$callers"));
        look.initial_call = kin.get("$initial_call").and_then(function);
    }
    if let (Some(callee), Some(top)) = (around.neighbour(callee), look.stack.first()) {
        let through = top.function.clone();
        look.waits = Waits::Call { through, callee: Some(callee), n_candidates: 1 };
    }
    // Untranslated: what every process has.
    look.initial_call = look.initial_call.or_else(|| info.get("initial_call").and_then(function));
    Some(look)
}

fn frame(term: &Term) -> Option<Frame> {
    let place = term.as_tuple()?.get(3);
    let file = place.and_then(|place| place.get("file")).and_then(Term::to_text);
    let line = place.and_then(|place| place.get("line")).and_then(Term::as_count).and_then(|line| line.try_into().ok());
    Some(Frame { function: function(term)?, file, line })
}

fn read_heap(info: &Term, heap: &Term) -> Heap {
    let words = heap.get("garbage_collection_info");
    let bytes = |key| words.and_then(|words| words.get(key)).and_then(Term::as_count)?.checked_mul(WORD);
    let in_all = |a: Option<u64>, b: Option<u64>| a?.checked_add(b?);
    let stack = info.get("stack_size").and_then(Term::as_count).and_then(|words| words.checked_mul(WORD));
    Heap {
        young: bytes("heap_block_size"),
        old: bytes("old_heap_block_size"),
        stack,
        fragments: bytes("mbuf_size"),
        binaries: in_all(bytes("bin_vheap_size"), bytes("bin_old_vheap_size")),
        n_minor_collections: info.get("garbage_collection").and_then(|gc| gc.get("minor_gcs")).and_then(Term::as_count),
        memory: heap.get("memory").and_then(Term::as_count),
    }
}

/// What it calls itself: its label, or the name that RabbitMQ's processes keep in their dictionary.
fn label(kin: &Term) -> Option<String> {
    let label = kin.get("label").or_else(|| kin.get("$process_label"));
    if let Some(label) = label.filter(|label| label.as_atom() != Some("undefined")) {
        return Some(label.to_text().filter(|text| !text.is_empty()).unwrap_or_else(|| label.to_string()));
    }
    let name = kin.get("process_name")?;
    Some(resource(name).or_else(|| name.to_text()).unwrap_or_else(|| name.to_string()))
}

/// `{rabbit_amqqueue_process, {resource, VHost, Kind, Name}}`.
fn resource(name: &Term) -> Option<String> {
    let [_, resource] = name.as_tuple()? else { return None };
    let [tag, vhost, kind, name] = resource.as_tuple()? else { return None };
    let is_resource = tag.as_atom() == Some("resource");
    is_resource.then(|| Some(format!("{} {} in vhost {}", kind.as_atom()?, name.to_text()?, vhost.to_text()?)))?
}

/// `{[{Node, {ok, In, Out, Pending}}], [{Port, {queue_size, Bytes}}]}`: what is busy, asked of suspended ones.
fn suspended_by(busy: &Term) -> Waits {
    let Some([links, ports]) = busy.as_tuple() else { return Waits::Unknown };
    let pairs = |list: &Term| -> Vec<(Term, Term)> {
        let pair = |item: &Term| match item.as_tuple()? {
            [of, value] => Some((of.clone(), value.clone())),
            _ => None,
        };
        list.as_list().unwrap_or_default().iter().filter_map(pair).collect()
    };
    let nth = |of: &Term, n: usize| of.as_tuple()?.get(n)?.as_count();
    let link = |(node, stat): (Term, Term)| Some(BusyLink { node: node.as_atom()?.to_owned(), pending: nth(&stat, 3) });
    let port = |(port, queue): (Term, Term)| {
        let queued = nth(&queue, 1)?;
        if let Term::Port(port) = port { Some(BusyPort { port: *port, queued }) } else { None }
    };
    Waits::Suspended {
        links: pairs(links).into_iter().filter_map(link).collect(),
        ports: pairs(ports).into_iter().filter_map(port).collect(),
    }
}

#[cfg(test)]
mod tests;
