//! Names that rows refer to by number: what each is the name of says how it is masked, so each use has numbers of its own.

use std::collections::{BTreeMap, BTreeSet};

use midair_proto::v1::{self, Name, Queue, Sample, Task, payload::Kind};

/// What a name is the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::out::cut) enum Use {
    /// A task of the kernel, or a function in which one waits.
    Task,
    /// An Erlang process: its registered name, its label, or what it began with.
    Process,
    /// An executable with arguments.
    Command,
    /// A user.
    User,
    /// A cgroup by its path, a unit, container or pod, a network namespace.
    Group,
    /// A queue: addresses, the path of a socket.
    Queue,
}

/// The number of a name in an agent's own count. It has at most 65,536 of them, never used twice, so those that its
/// instance will ever use are far below.
const OWN: u32 = (1 << 28) - 1;

impl Use {
    const ALL: [Self; 6] = [Self::Task, Self::Process, Self::Command, Self::User, Self::Group, Self::Queue];

    /// The number under which a name of an agent stands for this use of it.
    fn number(self, id: u32) -> u32 {
        (id & OWN) | (self as u32) << 28
    }
}

/// The texts that are used as names, by what for.
#[derive(Debug, Default)]
pub(in crate::out::cut) struct Uses(BTreeMap<Use, BTreeSet<String>>);

impl Uses {
    /// Notes a use.
    pub(in crate::out::cut) fn insert(&mut self, of: Use, text: &str) {
        let texts = self.0.entry(of).or_default();
        if !texts.contains(text) {
            texts.insert(text.to_owned());
        }
    }

    /// Whether a text is used so.
    pub(in crate::out::cut) fn holds(&self, of: Use, text: &str) -> bool {
        self.0.get(&of).is_some_and(|texts| texts.contains(text))
    }

    /// All texts of a use.
    pub(in crate::out::cut) fn of(&self, of: Use) -> impl Iterator<Item = &String> {
        self.0.get(&of).into_iter().flatten()
    }

    /// The names once for each use of them, masked, under the numbers that [`visit`] has been told to give; a name without
    /// any use is left out.
    pub(in crate::out::cut) fn masked(&self, names: Vec<Name>, mask: impl Fn(Use, &str) -> String) -> Vec<Name> {
        let mut all = Vec::with_capacity(names.len());
        for name in names {
            let (Some(id), Some(text)) = (name.id, name.text) else { continue };
            for of in Use::ALL {
                if self.holds(of, &text) {
                    all.push(Name { id: Some(of.number(id)), text: Some(mask(of, &text)) });
                }
            }
        }
        all
    }
}

/// Shows each number of a name that a payload refers to, and what for. Answers to close looks are left out: these are not
/// kept.
pub(in crate::out::cut) fn visit(kind: &mut Kind, see: &mut impl FnMut(Use, &mut u32)) {
    match kind {
        Kind::Sample(sample) => of_sample(sample, see),
        Kind::Rows(v1::Rows { tasks, .. }) | Kind::Census(v1::Census { tasks, .. }) => {
            tasks.iter_mut().for_each(|task| of_task(task, see));
        }
        Kind::Described(_)
        | Kind::Details(_)
        | Kind::Echo(_)
        | Kind::Lost(_)
        | Kind::Refused(_)
        | Kind::Mark(_)
        | Kind::Rollup(_)
        | Kind::Traced(_)
        | Kind::Inspected(_)
        | Kind::Fleet(_) => {}
    }
}

/// The same number for the use that is made of it.
pub(in crate::out::cut) fn renumber(kind: &mut Kind) {
    visit(kind, &mut |of, id| *id = of.number(*id));
}

fn of_sample(sample: &mut Sample, see: &mut impl FnMut(Use, &mut u32)) {
    sample.tasks.iter_mut().for_each(|task| of_task(task, see));
    for group in &mut sample.cgroups {
        for id in [&mut group.path, &mut group.name].into_iter().flatten() {
            see(Use::Group, id);
        }
    }
    sample.cgroups_left.iter_mut().for_each(|id| see(Use::Group, id));
    sample.namespaces.iter_mut().filter_map(|namespace| namespace.name.as_mut()).for_each(|id| see(Use::Group, id));
    let Some(node) = &mut sample.node else { return };
    let worst = node.worst_queue.iter_mut().filter_map(|worst| worst.queue.as_mut());
    worst.for_each(|queue| of_queue(queue, see));
    let sums = node.sums.iter_mut().flat_map(|sums| &mut sums.queue);
    sums.for_each(|queue| of_queue(queue, see));
    if let Some(id) = node.worst_delay.as_mut().and_then(|worst| worst.name.as_mut()) {
        see(Use::Task, id);
    }
    for short in node.short_lived.iter_mut().flat_map(|short| &mut short.by_name) {
        for id in [&mut short.name, &mut short.parent].into_iter().flatten() {
            see(Use::Task, id);
        }
    }
}

fn of_task(task: &mut Task, see: &mut impl FnMut(Use, &mut u32)) {
    let is_of_kernel = task.id.as_ref().and_then(|id| id.runtime).unwrap_or(0) == 0;
    let name = if is_of_kernel { Use::Task } else { Use::Process };
    for (of, id) in [
        (name, &mut task.name),
        (Use::Command, &mut task.command),
        (Use::User, &mut task.user),
        (Use::Group, &mut task.cgroup),
        (Use::Group, &mut task.unit),
        (Use::Task, &mut task.wait_channel),
    ] {
        if let Some(id) = id {
            see(of, id);
        }
    }
    let before = task.previous.iter_mut().filter_map(|before| before.queues.as_mut());
    let queues = task.queues.iter_mut().chain(before).flat_map(|queues| &mut queues.queue);
    queues.for_each(|queue| of_queue(queue, see));
}

fn of_queue(queue: &mut Queue, see: &mut impl FnMut(Use, &mut u32)) {
    if let Some(id) = &mut queue.label {
        see(Use::Queue, id);
    }
    if let Some(id) = &mut queue.peer_name {
        see(Use::Task, id);
    }
}

#[cfg(test)]
mod tests;
