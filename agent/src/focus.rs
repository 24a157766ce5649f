//! Close looks: the answer to a focus, from what a source has read closely or, until it has, from the last reading.

use std::collections::HashMap;

use midair_proto::{
    MESSAGE_MAX,
    v1::{self as wire, Details},
};
use midair_vitals::{Previous, TaskId, TaskKind, TaskReading};
use prost::Message;

use crate::{
    encode,
    names::Names,
    reading::Close,
    tick::{Tick, thread_vitals},
};

/// Distinct focuses that an agent serves.
pub const N_FOCUSES: usize = 4;

/// Queues that one answer lists at most.
pub const N_QUEUES: usize = 256;

/// Threads or children that one answer lists at most.
pub const N_CHILDREN: usize = 512;

/// Room for what an answer holds beside its rows and names, and for the envelope around it.
const MARGIN_BYTES: usize = 4 * 1024;

/// The close looks of the last tick, for the rates of the next.
#[derive(Debug, Default)]
pub struct Looks {
    counters: HashMap<TaskId, Previous>,
}

impl Looks {
    /// Hands each close look its counters at the one before.
    pub fn complete(&mut self, close: &mut HashMap<TaskId, Close>) {
        let mut now = HashMap::new();
        for (id, look) in close {
            look.task.previous = self.counters.remove(id).map(Box::new);
            now.insert(*id, look.task.counters());
        }
        self.counters = now;
    }
}

/// The answer to a focus; the asker's number is left to be filled in. `None` when the tick cannot tell: nothing was read.
pub fn details(id: TaskId, tick: &Tick, names: &mut Names) -> Option<Details> {
    let mono_us = tick.reading.node.at_us;
    let look = tick.reading.close.get(&id).cloned().map(|look| with_previous(look, tick));
    let Some(mut look) = look.or_else(|| from_reading(id, tick)) else {
        // Of an Erlang process that has no row only a look can tell.
        let can_tell = id.runtime == 0 || !tick.is_alive(&id);
        let is_read = !tick.reading.tasks.is_empty() && can_tell;
        return is_read.then(|| Details { mono_us: Some(mono_us), gone: Some(true), ..Details::default() });
    };
    if let Some(queues) = look.task.queues.as_mut().filter(|queues| queues.len() > N_QUEUES) {
        *queues = queues[..N_QUEUES].into();
    }
    look.children.truncate(N_CHILDREN);
    loop {
        let details = encoded(&look, mono_us, names);
        // A child is the longest part: its names are the source's to choose.
        if details.encoded_len() + MARGIN_BYTES <= MESSAGE_MAX || look.children.is_empty() {
            return Some(details);
        }
        look.children.truncate(look.children.len() / 2);
    }
}

fn encoded(look: &Close, mono_us: u64, names: &mut Names) -> Details {
    let mut rows = encode::Rows::new(names, mono_us).labelled();
    let task = rows.task(&look.task);
    let children: Vec<wire::Task> = look.children.iter().map(|child| rows.task(child)).collect();
    let cgroup = look.cgroup.as_ref().map(|cgroup| rows.cgroup(cgroup));
    let namespace = look.namespace.as_ref().map(|namespace| rows.namespace(namespace));
    Details {
        id: None,
        mono_us: Some(mono_us),
        task: Some(task),
        children,
        names: rows.names(),
        n_queues: Some(look.n_queues),
        gone: None,
        n_children: Some(look.n_children),
        cgroup,
        namespace,
        probed: look.probed.as_deref().map(encode::flows),
        probe_us: look.probe_us,
        erlang: look.erlang.as_deref().cloned(),
    }
}

/// Threads are part of the reading too; there they have their counters at the tick before.
fn with_previous(mut look: Close, tick: &Tick) -> Close {
    let previous = |id: TaskId| match tick.task(&id) {
        Some((row, _)) => row.previous.clone(),
        None => tick.reading.threads.find(id).and_then(|thread| thread.counters().previous),
    };
    for child in look.children.iter_mut().filter(|child| child.previous.is_none()) {
        child.previous = previous(child.id);
    }
    if look.task.previous.is_none() {
        look.task.previous = previous(look.task.id);
    }
    look
}

/// What the last reading knows of a task that nobody has looked at closely yet.
fn from_reading(id: TaskId, tick: &Tick) -> Option<Close> {
    let Some((task, _)) = tick.task(&id) else {
        return tick.reading.threads.find(id).map(|thread| Close::of(tick.row(thread)));
    };
    let is_child = |child: &TaskReading| child.kind == TaskKind::Thread && child.process == Some(id.number);
    let with_rows = tick.tasks().filter(|(child, _)| is_child(child) && child.id != id);
    let mut children: Vec<_> = with_rows.map(|(child, vitals)| (vitals.cpu, child.clone())).collect();
    let others = tick.threads().filter(|thread| thread.process_id() == id).map(|thread| tick.row(thread));
    children.extend(others.map(|row| (thread_vitals(&row).cpu, row)));
    children.sort_by(|(a, _), (b, _)| b.unwrap_or(-1.0).total_cmp(&a.unwrap_or(-1.0)));
    let n_queues = task.n_queues.or_else(|| u32::try_from(task.queues.as_ref()?.len()).ok());
    Some(Close {
        n_queues: n_queues.unwrap_or(0),
        n_children: u32::try_from(children.len()).unwrap_or(u32::MAX),
        children: children.into_iter().map(|(_, child)| child).collect(),
        ..Close::of(task.clone())
    })
}
