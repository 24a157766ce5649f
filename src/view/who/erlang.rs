//! Who an Erlang process is: what it was found doing, where it comes from, what it holds.

use midair_vitals::vm::Pid;

use super::{Value, or_unknown};
use crate::{
    event::{ErlangLook, WaitKind},
    model::{Focus, Node, Task, task::SHORT_MAILBOX},
    view::{
        columns::{tasks, vm_lists},
        format,
        theme::Level,
    },
};

/// The lines: as much as a close look has told, else what its row tells.
pub(super) fn lines(task: &Task, node: &Node, focus: Option<&Focus>) -> [Vec<Value>; 3] {
    let look = focus.and_then(|focus| focus.erlang.as_deref());
    [doing(task, node, look), who(task, node, look), holds(task, look)]
}

fn bytes(bytes: Option<u64>) -> String {
    format::bytes(bytes.map(|n| n as f64))
}

/// What it does: its state now, and how often it was found in each.
fn doing(task: &Task, node: &Node, look: Option<&ErlangLook>) -> Vec<Value> {
    let reading = &task.reading;
    let mut values = Vec::new();
    if let Some(ms) = look.and_then(|look| look.silent_ms) {
        let since = format::duration(u64::from(ms) * 1000);
        values.push(Value::new("no answer for", since).at(Level::Severe));
    }
    // Of a look that is old its age says so: what stands there is as of then.
    let now_us = node.latest.as_ref().map(|latest| latest.mono_us);
    let age_us = now_us.zip(look.and_then(|look| look.mono_us)).map(|(now, then)| now.saturating_sub(then));
    values.extend(
        age_us.filter(|us| *us >= OLD_US).map(|us| Value::new("as of", format!("{} ago", format::duration(us)))),
    );
    values.push(Value::new("state", or_unknown(reading.state.map(|state| state.word()))));
    if let Some(look) = look {
        let of = |n: Option<u32>| format::count(n.map(u64::from));
        let looks = format!(
            "{} waiting, {} active, {} suspended of {}",
            of(look.n_waiting),
            of(look.n_active),
            of(look.n_suspended),
            of(look.n_looks)
        );
        values.push(Value::new("in looks", looks));
        values.push(Value::new("it", look.wait.map_or(format::UNKNOWN, wait)));
    }
    values.push(Value::new("reds/s", format::number(tasks::reductions(task))));
    values.extend(look.and_then(|look| look.priority.as_deref()).map(|priority| Value::new("priority", priority)));
    values
}

/// A look older than this, microseconds, says how old it is.
const OLD_US: u64 = 3_000_000;

fn wait(kind: WaitKind) -> &'static str {
    match kind {
        WaitKind::Computing => "computes",
        WaitKind::Message => "waits for messages",
        WaitKind::Call => "waits for an answer",
        WaitKind::Port => "waits for a port",
        WaitKind::Busy => "is suspended by a busy link or port",
        WaitKind::Native => "is inside native code",
        WaitKind::Sleep => "sleeps",
    }
}

/// Its names, and who is around it.
fn who(task: &Task, node: &Node, look: Option<&ErlangLook>) -> Vec<Value> {
    let runtime = node.runtime_name(task.id().runtime);
    let mut values = vec![Value::new("pid", task.number()), Value::new("of", or_unknown(runtime))];
    let Some(look) = look else { return values };
    let named = |label, name: &Option<std::sync::Arc<str>>| name.as_ref().map(|name| Value::new(label, &**name));
    values.extend(named("registered", &look.registered));
    values.extend(named("label", &look.label));
    values.extend(named("started as", &look.initial_call));
    let n = |n: Option<u32>| format::count(n.map(u64::from));
    values.extend([
        Value::new("links", n(look.n_links)),
        Value::new("monitors", n(look.n_monitors)),
        Value::new("monitored by", n(look.n_monitored_by)),
    ]);
    values.extend(look.traps_exits.filter(|traps| *traps).map(|_| Value::new("traps", "exits")));
    values.extend(look.group_leader.as_ref().map(|pid: &Pid| Value::new("leader", vm_lists::pid(pid))));
    values
}

/// What it holds, and how its garbage is collected.
fn holds(task: &Task, look: Option<&ErlangLook>) -> Vec<Value> {
    let reading = &task.reading;
    let Some(look) = look else {
        return vec![Value::new("memory", tasks::mem(task)), Value::new("binaries", bytes(reading.binary_bytes))];
    };
    let mut values = vec![
        Value::new("heap", bytes(look.heap_bytes)),
        Value::new("old heap", bytes(look.old_heap_bytes)),
        Value::new("stack", bytes(look.stack_bytes)),
        Value::new("fragments", bytes(look.fragments_bytes)),
        Value::new("binaries", bytes(look.binary_bytes.or(reading.binary_bytes))),
        Value::new("minor gcs", format::count(look.n_minor_gcs)),
        Value::new("memory", memory(task, look)).long(),
    ];
    let off_heap = look.is_mailbox_off_heap.map(|off| if off { "off heap" } else { "on heap" });
    values.extend(off_heap.map(|place| Value::new("messages", place)));
    values.push(Value::new("frames", format::count(look.n_frames.map(u64::from))));
    values
}

/// What it takes, its messages included; where these are many nobody asks, for adding them up would hold it up.
fn memory(task: &Task, look: &ErlangLook) -> String {
    let n = task.worst_queue().and_then(|(queue, _)| queue.depth).filter(|n| *n > SHORT_MAILBOX);
    match (look.memory_bytes, n) {
        (None, Some(n)) => format!("- not asked: that walks its {} messages", format::count(Some(n))),
        (known, _) => bytes(known),
    }
}
