//! Close looks at Erlang processes, receive traces, and what processes keep: from the wire to events.

use midair_proto::v1;
use midair_vitals::vm::Pid;

use super::{
    Context,
    names::TEXT_MAX,
    task::{self, value},
    vm::{pid, seen, text},
};
use crate::event::{ErlangLook, Event, Inspected, Keeps, Sender, Traced, WaitKind};

/// Most frames, neighbours or senders that are kept.
const LIST_MAX: usize = 4_096;
/// Most bytes that are kept of what a process keeps.
const INSPECTED_MAX: usize = 64 << 10;

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

/// What a process keeps; `None` where it does not say what of whom.
pub(super) fn inspected(context: &Context, sent: v1::Inspected) -> Option<Event> {
    let what = match v1::Keeps::try_from(sent.what?).ok()? {
        v1::Keeps::Unspecified => return None,
        v1::Keeps::State => Keeps::State,
        v1::Keeps::Dictionary => Keeps::Dictionary,
    };
    // A VM prints 4 KiB at most: beyond, somebody else speaks.
    let mut n_left = INSPECTED_MAX;
    let fits = |line: &String| {
        n_left = n_left.saturating_sub(line.len());
        line.len() <= TEXT_MAX && n_left > 0
    };
    let lines = sent.lines.into_iter().take(LIST_MAX).take_while(fits).map(Into::into).collect();
    Some(Event::Inspected(Box::new(Inspected {
        node: context.node.clone(),
        id: sent.id?,
        task: task::id(sent.task.as_ref()?)?,
        what,
        lines: match sent.refused {
            Some(why) => Err(text(Some(&why)).unwrap_or_else(|| "for a reason too long to tell".into())),
            None => Ok(lines),
        },
        bytes: value(sent.bytes),
        is_cut: sent.cut.unwrap_or(false),
    })))
}
