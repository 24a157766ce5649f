//! A scheduler that is held up: what is queued there waits, though others have nothing to do.

use midair_vitals::{TaskState, vm::SchedulerKind};

use super::{ALWAYS, VmTopic};
use crate::model::{
    finding::{Lead, Teller, name_of},
    task::Task,
    vital::Vital,
    vm::Vm,
    words::Part,
};

/// Who waits on one scheduler while the others take less than this is held up by it.
const IDLE: f64 = 0.7;

/// So many on one scheduler are many, and so large a share of all that are ready, per cent.
const MANY: u64 = 20;
const MOST_OF_ALL: u64 = 80;

/// A mailbox of so many messages waits for its process.
const WAITS: u64 = 1_000;

/// And one of so few does not.
const KEEPS_UP: u64 = 100;

impl Teller<'_> {
    /// Whether it tells of one: who holds it up, where that is known, else which it is.
    pub(super) fn uneven(&mut self, vm: &Vm) -> bool {
        let held = held_scheduler(vm);
        let Some(busy) = self.always_busy(vm).filter(|_| held.is_some() || self.holds_up(vm)) else {
            if let Some((number, n)) = held {
                let mut parts = vec![Part::Words("scheduler "), Part::Count(u64::from(number)), Part::Words(" of ")];
                parts.push(self.vm_name(vm));
                self.on_node(&mut parts);
                parts.extend(waiting(n));
                let lead = Lead::Schedulers(vm.reading.runtime);
                self.about_vm(vm, (600, Some(Vital::Sched)), VmTopic::Uneven, lead, parts);
            }
            return held.is_some();
        };
        let mut parts = vec![name_of(busy), Part::Words(" of "), self.vm_name(vm)];
        self.on_node(&mut parts);
        match held {
            Some((number, n)) => {
                parts.extend([Part::Words(" is always active and holds up scheduler "), Part::Count(number.into())]);
                parts.extend(waiting(n));
            }
            None => parts.push(Part::Words(" is always active while others that are ready to run fall behind")),
        }
        self.about_vm(vm, (550, Some(Vital::Sched)), VmTopic::Uneven, Lead::Task(busy.id()), parts);
        true
    }

    /// The one process that computes all the time and keeps up with what it is sent.
    fn always_busy(&self, vm: &Vm) -> Option<&Task> {
        let is_busy = |task: &&Task| task.reading.active_milli.is_some_and(|milli| milli >= ALWAYS);
        let mut busy = vm.tasks(self.node).filter(is_busy);
        let first = busy.next().filter(|task| depth(task) < KEEPS_UP)?;
        busy.next().is_none().then_some(first)
    }

    /// Whether processes that could run have more to read than they take.
    fn holds_up(&self, vm: &Vm) -> bool {
        let is_ready = |task: &Task| matches!(task.reading.state, Some(TaskState::Running));
        vm.tasks(self.node).any(|task| is_ready(task) && depth(task) >= WAITS)
    }
}

/// The scheduler with nearly all that is ready to run, where the others have room; and how much that is.
fn held_scheduler(vm: &Vm) -> Option<(u32, u64)> {
    vm.vitals.utilisation_of(SchedulerKind::Normal).filter(|share| *share < IDLE)?;
    let normal = vm.vitals.schedulers.iter().filter(|one| one.kind == SchedulerKind::Normal);
    let queued: Vec<(u64, u32)> = normal.filter_map(|one| Some((one.run_queue?, one.number))).collect();
    let (n, number) = *queued.iter().max()?;
    let all: u64 = queued.iter().map(|(n, _)| n).sum();
    (queued.len() > 1 && n >= MANY && n * 100 >= all * MOST_OF_ALL).then_some((number, n))
}

fn waiting(n: u64) -> [Part; 3] {
    [Part::Words(": "), Part::Count(n), Part::Words(" processes wait there while the others have room")]
}

fn depth(task: &Task) -> u64 {
    task.worst_queue().and_then(|(queue, _)| queue.depth).unwrap_or(0)
}
