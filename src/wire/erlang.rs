//! Close looks at Erlang processes, and receive traces: from the wire to events.

use midair_proto::v1;
use midair_vitals::vm::Pid;

use super::{
    Context,
    task::value,
    vm::{pid, seen, text},
};
use crate::event::{ErlangLook, Event, Sender, Traced, WaitKind};

/// Most frames, neighbours or senders that are kept.
const LIST_MAX: usize = 4_096;

/// A close look.
pub(super) fn look(sent: &v1::ErlangLook) -> ErlangLook {
    ErlangLook {
        mono_us: value(sent.mono_us),
        registered: text(sent.registered.as_deref()),
        label: text(sent.label.as_deref()),
        initial_call: text(sent.initial_call.as_deref()),
        priority: text(sent.priority.as_deref()),
        traps_exits: sent.traps_exits,
        is_mailbox_off_heap: sent.is_mailbox_off_heap,
        stack: sent.stack.iter().take(LIST_MAX).filter_map(|frame| text(Some(frame))).collect(),
        n_frames: sent.n_frames,
        heap_bytes: value(sent.heap_bytes),
        old_heap_bytes: value(sent.old_heap_bytes),
        stack_bytes: value(sent.stack_bytes),
        fragments_bytes: value(sent.fragments_bytes),
        binary_bytes: value(sent.binary_bytes),
        n_minor_gcs: value(sent.n_minor_gcs),
        memory_bytes: value(sent.memory_bytes),
        links: pids(&sent.links),
        n_links: sent.n_links,
        monitors: pids(&sent.monitors),
        n_monitors: sent.n_monitors,
        monitored_by: pids(&sent.monitored_by),
        n_monitored_by: sent.n_monitored_by,
        ancestors: pids(&sent.ancestors),
        group_leader: sent.group_leader.as_ref().and_then(pid),
        wait: sent.wait.and_then(wait),
        waits_for: sent.waits_for.as_ref().and_then(pid),
        waits_for_text: text(sent.waits_for_text.as_deref()),
        n_waits: sent.n_waits,
        n_looks: sent.n_looks,
        n_waiting: sent.n_waiting,
        n_active: sent.n_active,
        n_suspended: sent.n_suspended,
        tops: seen(&sent.tops),
        silent_ms: sent.silent_ms,
    }
}

fn pids(sent: &[v1::ErlangPid]) -> Vec<Pid> {
    sent.iter().take(LIST_MAX).filter_map(pid).collect()
}

fn wait(number: i32) -> Option<WaitKind> {
    match v1::WaitKind::try_from(number).ok()? {
        v1::WaitKind::Unspecified => None,
        v1::WaitKind::Computing => Some(WaitKind::Computing),
        v1::WaitKind::Message => Some(WaitKind::Message),
        v1::WaitKind::Call => Some(WaitKind::Call),
        v1::WaitKind::Port => Some(WaitKind::Port),
        v1::WaitKind::Busy => Some(WaitKind::Busy),
        v1::WaitKind::Native => Some(WaitKind::Native),
        v1::WaitKind::Sleep => Some(WaitKind::Sleep),
    }
}

/// What a trace counted; `None` where it answers none.
pub(super) fn traced(context: &Context, sent: &v1::Traced) -> Option<Event> {
    let sender =
        |sent: &v1::SenderCount| Some(Sender { sender: sent.sender.as_ref().and_then(sender_of), n: value(sent.n)? });
    Some(Event::Traced(Box::new(Traced {
        node: context.node.clone(),
        id: sent.id?,
        over_us: value(sent.over_us),
        n_messages: value(sent.n_messages),
        is_cut: sent.is_cut.unwrap_or(false),
        senders: sent.senders.iter().take(LIST_MAX).filter_map(sender).collect(),
        tags: seen(&sent.tags),
    })))
}

/// A sender on another node has no text: only its node is known.
fn sender_of(sent: &v1::ErlangPid) -> Option<Pid> {
    let node_alone = || Some(Pid { node: Some(text(sent.node.as_deref())?), ..Pid::default() });
    pid(sent).or_else(node_alone)
}
