//! Close looks at one process, and what a trace of it tells.

use midair_agent::reading::{Close, Reading};
use midair_proto::v1::{ErlangLook, ErlangPid, FunctionCount, SenderCount, Traced, WaitKind};
use midair_vitals::{TaskId, TaskKind, TaskState};

use super::{tasks::actor_id, vm::Told};
use crate::{node::registered, values::Actor};

/// Looks from which shares follow.
const N_LOOKS: u32 = 100;

/// A look at a task that has a row; of an OS process its row tells all.
pub(super) fn look(told: &Told<'_>, id: TaskId, reading: &Reading) -> Option<(TaskId, Close)> {
    let row = reading.tasks.iter().find(|task| task.id == id && task.kind == TaskKind::Erlang)?;
    let actor = told.values.vm.actors.iter().find(|actor| actor_id(told.runtime, actor.number) == id)?;
    let erlang = Some(Box::new(erlang(told, actor)));
    Some((id, Close { n_queues: 1, erlang, ..Close::of(row.clone()) }))
}

fn erlang(told: &Told<'_>, actor: &Actor) -> ErlangLook {
    let bytes = |share: f64| Some((actor.memory * share) as u64);
    let n = |share: f64| Some((f64::from(N_LOOKS) * share) as u32);
    let is_suspended = actor.state == TaskState::Suspended;
    let active = if is_suspended { 0.0 } else { actor.active };
    let waits = 1.0 - active;
    let (wait, waits_for, waits_for_text) = waits_for(told, actor);
    let tops = [(actor.at, if active > 0.5 { 0.86 } else { 0.97 }), ("gen_server:loop/7", 0.03)];
    let sup = told.values.vm.actors.iter().find(|one| one.began.starts_with("supervisor:"));
    ErlangLook {
        mono_us: Some(told.now_us),
        registered: actor.began.split(':').next().filter(|module| *module == actor.name).map(str::to_owned),
        initial_call: Some(actor.began.to_owned()),
        priority: Some("normal".to_owned()),
        traps_exits: Some(false),
        is_mailbox_off_heap: Some(false),
        stack: [actor.at, "gen_server:try_handle_call/4", "gen_server:handle_msg/6", "proc_lib:init_p_do_apply/3"]
            .map(str::to_owned)
            .to_vec(),
        n_frames: Some(4),
        heap_bytes: bytes(0.30),
        old_heap_bytes: bytes(0.58),
        stack_bytes: Some(1_744),
        fragments_bytes: bytes(0.12),
        binary_bytes: Some(actor.binaries as u64),
        n_minor_gcs: Some((told.sums.age_s as u64) % 60),
        memory_bytes: Some(actor.memory as u64),
        links: sup.map(|sup| told.pid(sup)).into_iter().collect(),
        n_links: Some(u32::from(sup.is_some())),
        monitors: waits_for.iter().cloned().collect(),
        n_monitors: Some(u32::from(waits_for.is_some())),
        n_monitored_by: Some(12),
        ancestors: sup.map(|sup| told.pid(sup)).into_iter().collect(),
        wait: Some(wait.into()),
        waits_for,
        waits_for_text,
        n_waits: n(if wait == WaitKind::Computing { active } else { 0.97 }),
        n_looks: Some(N_LOOKS),
        n_waiting: n(if is_suspended { 0.0 } else { waits }),
        n_active: n(active),
        n_suspended: n(f64::from(u8::from(is_suspended))),
        tops: tops.iter().map(|(at, share)| FunctionCount { function: Some((*at).to_owned()), n: n(*share) }).collect(),
        ..ErlangLook::default()
    }
}

/// What it waits for, and for whom: a process, or a node.
fn waits_for(told: &Told<'_>, actor: &Actor) -> (WaitKind, Option<ErlangPid>, Option<String>) {
    if actor.state == TaskState::Suspended {
        let peer = told.values.vm.links.iter().find(|link| link.is_busy).map(|link| link.peer);
        let node = peer.and_then(|peer| told.world.cluster.nodes.get(peer)).map(|node| told.name(node));
        return (WaitKind::Busy, None, node);
    }
    match actor.waits_for {
        Some((name, number)) => {
            let node = told.world.cluster.nodes.get(number);
            let text = node.and_then(|node| registered(node, name)).map(|n| format!("<0.{n}.0>"));
            let node = node.map(|node| told.name(node));
            (WaitKind::Call, Some(ErlangPid { text, name: Some(name.to_owned()), task: None, node }), None)
        }
        None if actor.active > 0.5 && actor.at.contains("_nif") => (WaitKind::Native, None, None),
        None if actor.active > 0.5 => (WaitKind::Computing, None, None),
        None => (WaitKind::Message, None, None),
    }
}

/// What a trace over so many seconds tells: sessions send to who has much to read.
pub(super) fn trace(told: &Told<'_>, task: TaskId, seconds: u32) -> Traced {
    let actors = &told.values.vm.actors;
    let n_messages = actors
        .iter()
        .find(|actor| actor_id(told.runtime, actor.number) == task)
        .map_or(0, |actor| (40.0 + actor.mailbox.min(8_000.0)) as u64 * u64::from(seconds.max(1)));
    let sessions: Vec<&Actor> = actors.iter().filter(|actor| actor.number >= 11_000).collect();
    let sender = |(n, actor): (usize, &&Actor)| SenderCount {
        sender: Some(told.pid(actor)),
        n: Some(n_messages / (2 << n.min(8))),
    };
    let tag = |(tag, share): (&str, f64)| FunctionCount {
        function: Some(tag.to_owned()),
        n: u32::try_from((n_messages as f64 * share) as u64).ok(),
    };
    Traced {
        over_us: Some(u64::from(seconds.max(1)) * 1_000_000),
        n_messages: Some(n_messages),
        is_cut: Some(false),
        senders: sessions.iter().enumerate().map(sender).collect(),
        tags: [("$gen_cast/route", 0.83), ("$gen_call/lookup", 0.14), ("tick", 0.03)].map(tag).to_vec(),
        ..Traced::default()
    }
}
