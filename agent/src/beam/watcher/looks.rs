//! Close looks at processes: a task for each, as long as somebody looks.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use midair_beam::{
    Connection, Pid,
    watch::{
        Look, Seen, Waits,
        look::{Neighbours, ProcessLook, Status},
    },
};
use midair_proto::v1::{ErlangLook, ErlangPid, FunctionCount, TaskState, WaitKind};
use tokio::task::JoinHandle;

use super::pids;
use crate::{
    beam::said::{Ended, Levels, Row, SaidLook},
    clock::Clock,
};

/// For the start of a look, and for each of its answers.
const WITHIN: Duration = Duration::from_secs(2);

/// Between two answers.
const EVERY: Duration = Duration::from_secs(1);

/// Stack tops that travel.
const MOST_TOPS: usize = 8;

/// Ancestors that travel.
const MOST_ANCESTORS: usize = 16;

/// The looks that are wanted now.
#[derive(Debug, Default)]
pub(super) struct Looks {
    tasks: BTreeMap<u64, Looking>,
}

#[derive(Debug)]
struct Looking {
    task: JoinHandle<()>,
    pid: Pid,
    found: Arc<Mutex<Found>>,
    /// Our helper for it.
    helper: Arc<Mutex<Option<Pid>>>,
}

#[derive(Clone, Debug, Default)]
enum Found {
    #[default]
    Nothing,
    Seen(Box<SaidLook>),
    Gone,
}

impl Drop for Looking {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Who looks, and from where.
#[derive(Clone, Debug)]
pub(super) struct From {
    pub(super) connection: Connection,
    pub(super) clock: Clock,
    pub(super) release: u32,
}

impl Looks {
    /// Begins with those that are new, and lets go of those that nobody wants any more.
    pub(super) fn want(&mut self, wanted: Vec<Pid>, from: &From) {
        self.tasks.retain(|number, _| wanted.iter().any(|pid| pids::number(pid) == *number));
        for pid in wanted {
            self.tasks.entry(pids::number(&pid)).or_insert_with(|| {
                let (found, helper) = (Arc::default(), Arc::default());
                let told = (Arc::clone(&found), Arc::clone(&helper));
                let task = tokio::spawn(look_on(from.clone(), pid.clone(), told));
                Looking { task, pid, found, helper }
            });
        }
    }

    /// Our helpers for these.
    pub(super) fn helpers(&self) -> Vec<Pid> {
        let helper = |looking: &Looking| looking.helper.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.tasks.values().filter_map(helper).collect()
    }

    /// What they show now.
    pub(super) fn seen(&self) -> Vec<SaidLook> {
        self.tasks
            .values()
            .filter_map(|looking| if let Found::Seen(look) = looking.found() { Some(*look) } else { None })
            .collect()
    }

    /// Those that are looked at and have ended.
    pub(super) fn ended(&self) -> impl Iterator<Item = Ended> {
        let gone = self.tasks.iter().filter(|(_, looking)| matches!(looking.found(), Found::Gone));
        gone.map(|(number, looking)| Ended { number: *number, creation: looking.pid.creation })
    }
}

impl Looking {
    fn found(&self) -> Found {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn look_on(from: From, pid: Pid, (found, helper): (Arc<Mutex<Found>>, Arc<Mutex<Option<Pid>>>)) {
    let say = |now: Found| *found.lock().unwrap_or_else(PoisonError::into_inner) = now;
    loop {
        let mut look = match Look::start(&from.connection, pid.clone(), from.release, WITHIN).await {
            Ok(look) => look,
            Err(error) => {
                tracing::debug!(%error, "a look could not be started");
                tokio::time::sleep(EVERY).await;
                continue;
            }
        };
        loop {
            let read = look.read().await;
            *helper.lock().unwrap_or_else(PoisonError::into_inner) = look.helper().cloned();
            match read {
                Ok(Seen::Answered(seen)) => say(Found::Seen(Box::new(said(&pid, &seen, None, &from)))),
                Ok(Seen::Silent(silence)) => {
                    let silent_ms = u32::try_from(silence.lasts.as_millis()).unwrap_or(u32::MAX);
                    let last = silence.last.unwrap_or_default();
                    let silent = Some((silent_ms, silence.does_node_answer));
                    say(Found::Seen(Box::new(said(&pid, &last, silent, &from))));
                }
                Ok(Seen::Gone) => return say(Found::Gone),
                Err(error) => {
                    tracing::debug!(%error, "a look ended");
                    break;
                }
            }
            tokio::time::sleep(EVERY).await;
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// A look as it travels. `silent`: for how long it has not answered, milliseconds, and whether its node does.
fn said(pid: &Pid, look: &ProcessLook, silent: Option<(u32, bool)>, from: &From) -> SaidLook {
    let now_us = from.clock.mono_us();
    let at_us = now_us.saturating_sub(silent.map_or(0, |(ms, _)| u64::from(ms) * 1000));
    let home = from.connection.agreed().peer.as_str();
    let mut wire = ErlangLook { mono_us: Some(at_us), silent_ms: silent.map(|(ms, _)| ms), ..of_process(look, home) };
    waits(look, home, &mut wire);
    if silent.is_some_and(|(_, does_node_answer)| does_node_answer) {
        wire.wait = Some(WaitKind::Native.into());
    }
    let state = look.status.as_ref().and_then(state);
    let row = Row {
        number: pids::number(pid),
        creation: pid.creation,
        name: look.name.clone().or_else(|| look.label.clone()),
        initial_call: look.initial_call.as_ref().map(ToString::to_string),
        state: state.map(Into::into),
        active_milli: share(look),
        now: Levels {
            at_us,
            mailbox: look.mailbox,
            reductions: look.reductions,
            memory_bytes: look.heap.estimated(),
            binary_bytes: look.heap.binaries,
        },
        before: None,
    };
    SaidLook { number: pids::number(pid), look: Some(wire), row: Some(row) }
}

fn of_process(look: &ProcessLook, home: &str) -> ErlangLook {
    let count = |neighbours: &Neighbours| neighbours.n.and_then(|n| u32::try_from(n).ok()); // Else unknown.
    let some = |neighbours: &Neighbours| -> Vec<ErlangPid> {
        neighbours.some.iter().map(|one| pids::neighbour(one, home)).collect()
    };
    let (heap, n) = (&look.heap, |n: usize| u32::try_from(n).ok()); // A hundred fit.
    let tops = look.tally.tops().into_iter().take(MOST_TOPS);
    let mut ancestors = some(&look.ancestors);
    ancestors.truncate(MOST_ANCESTORS);
    ErlangLook {
        registered: look.name.clone(),
        label: look.label.clone(),
        initial_call: look.initial_call.as_ref().map(ToString::to_string),
        priority: look.priority.clone(),
        traps_exits: look.traps_exits,
        is_mailbox_off_heap: look.is_mailbox_off_heap,
        stack: look.stack.iter().map(ToString::to_string).collect(),
        heap_bytes: heap.young,
        old_heap_bytes: heap.old,
        stack_bytes: heap.stack,
        fragments_bytes: heap.fragments,
        binary_bytes: heap.binaries,
        n_minor_gcs: heap.n_minor_collections,
        memory_bytes: heap.memory,
        links: some(&look.links),
        n_links: count(&look.links),
        monitors: some(&look.monitors),
        n_monitors: count(&look.monitors),
        monitored_by: some(&look.monitored_by),
        n_monitored_by: count(&look.monitored_by),
        ancestors,
        group_leader: look.group_leader.as_ref().map(|one| pids::neighbour(one, home)),
        n_waits: n(look.n_waits),
        n_looks: n(look.tally.n()),
        n_waiting: n(look.tally.n_waiting()),
        n_active: n(look.tally.n_active()),
        n_suspended: n(look.tally.n_suspended()),
        tops: tops
            .map(|(function, times)| FunctionCount { function: Some(function.to_string()), n: n(times) })
            .collect(),
        ..ErlangLook::default()
    }
}

fn waits(look: &ProcessLook, home: &str, wire: &mut ErlangLook) {
    let (kind, text) = match &look.waits {
        Waits::Unknown => (WaitKind::Unspecified, None),
        Waits::Computing => (WaitKind::Computing, None),
        Waits::Message(function) => (WaitKind::Message, Some(function.to_string())),
        Waits::Sleep => (WaitKind::Sleep, None),
        Waits::Call { through, callee, .. } => {
            wire.waits_for = callee.as_ref().map(|callee| pids::neighbour(callee, home));
            (WaitKind::Call, Some(through.to_string()))
        }
        Waits::Port { through, port, .. } => {
            let port = port.as_ref().map(|port| format!(" on {}", pids::port_text(port.id))).unwrap_or_default();
            (WaitKind::Port, Some(format!("{through}{port}")))
        }
        Waits::Suspended { links, ports } => {
            let links = links.iter().map(|link| format!("the link to {}", link.node));
            let ports = ports.iter().map(|port| pids::port_text(port.port.id));
            let busy: Vec<String> = links.chain(ports).collect();
            (WaitKind::Busy, (!busy.is_empty()).then(|| busy.join(", ")))
        }
    };
    wire.wait = Some(kind.into());
    wire.waits_for_text = text;
}

fn share(look: &ProcessLook) -> Option<u32> {
    let (active, n) = (look.tally.n_active(), look.tally.n());
    (n > 0).then(|| u32::try_from(active * 1000 / n).ok()).flatten() // At most 1,000.
}

fn state(status: &Status) -> Option<TaskState> {
    match status {
        Status::Running | Status::Runnable | Status::Collecting => Some(TaskState::Running),
        Status::Waiting => Some(TaskState::Waiting),
        Status::Suspended => Some(TaskState::Suspended),
        Status::Exiting => Some(TaskState::Zombie),
        Status::Other(_) => None,
    }
}
