//! Why a task does not get on, in one sentence: who holds it up first, then what it does.

mod erlang;

use midair_vitals::{CgroupReading, Queue, QueueKind, QueueVitals, Severity, TaskKind, TaskState, Unit};

use super::{
    cgroup::{self, Cgroup, called},
    finding::{queue::depth, sched::neighbour},
    focus::Focus,
    node::Node,
    task::Task,
    vital::Vital,
    wait::Wait,
    words::Part,
};

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Why {
    /// How bad it is; 0: it is well, or idle.
    pub severity: Severity,
    /// Which vital it is about.
    pub vital: Option<Vital>,
    /// The sentence.
    pub parts: Vec<Part>,
}

impl Why {
    fn new(per_mille: u32, vital: Option<Vital>, parts: Vec<Part>) -> Self {
        Self { severity: Severity::from_per_mille(per_mille), vital, parts }
    }
}

/// From here on a queue is in the way, per mille.
const FULL: u32 = 500;

/// Who waits less than this for a CPU, seconds per second, is not held up by that.
const WAITS: f64 = 0.05;

/// A runnable task that has not been put on a CPU for so long, microseconds, starves.
const STARVING_US: u64 = 100_000;

/// Who uses more of a CPU than this works as hard as one thread can.
const BUSY: f64 = 0.8;

/// Why a task does not get on; `None` for one of which too little is known, and for tasks of other runtimes.
pub fn why(node: &Node, task: &Task, focus: Option<&Focus>) -> Option<Why> {
    match task.reading.kind {
        TaskKind::Process | TaskKind::Thread | TaskKind::KernelThread => {}
        TaskKind::Erlang => return erlang::why(task, focus),
        TaskKind::Tokio => return None,
    }
    let of = Of { node, task, focus, name: None };
    let held_up = [of.ended(), of.starving(), of.full(), of.quota(), of.short_of_cpu(), of.blocked(), of.memory()];
    // Of equally bad ones the first: who waits for room in a pipe is not helped by more CPU.
    let worst =
        held_up.into_iter().flatten().reduce(|worst, next| if next.severity > worst.severity { next } else { worst });
    worst.or_else(|| of.well())
}

/// Of whom is told.
struct Of<'a> {
    node: &'a Node,
    task: &'a Task,
    focus: Option<&'a Focus>,
    /// How it is called where another is told of; `None`: it is told of itself.
    name: Option<Part>,
}

impl Of<'_> {
    fn ended(&self) -> Option<Why> {
        let words = match self.task.reading.state {
            _ if self.focus.is_some_and(|focus| focus.has_ended) => "has ended: these are its last values",
            Some(TaskState::Zombie) => "has ended; its parent has not collected it yet",
            Some(TaskState::Stopped) => "stopped: a signal or a debugger holds it",
            _ => return None,
        };
        Some(Why::new(900, None, vec![Part::Words(words)]))
    }

    /// Runnable, and never put on a CPU.
    fn starving(&self) -> Option<Why> {
        let waiting = |task: &Task| task.reading.waiting_us;
        let threads = self.focus.into_iter().flat_map(|focus| &focus.children);
        let longest = threads.chain([self.task]).filter_map(|t| Some((waiting(t)?, t))).max_by_key(|(us, _)| *us);
        let (us, task) = longest.filter(|(us, _)| *us >= STARVING_US)?;
        let per_mille = if us < 1_000_000 { 600 } else { 900 };
        let mut parts = self.culprit();
        if task.id() != self.task.id() {
            parts.extend([Part::Words("its thread "), Part::Name(task.title().into()), Part::Words(" ")]);
        }
        parts.extend(self.called());
        parts.extend([Part::Words("waits for a CPU since "), Part::Time(us)]);
        Some(Why::new(per_mille, Some(Vital::Sched), parts))
    }

    /// Wants more CPU than it gets.
    fn short_of_cpu(&self) -> Option<Why> {
        let vitals = &self.task.vitals;
        let delay = vitals.delay.filter(|delay| *delay >= WAITS)?;
        let severity = vitals.severities.sched.filter(|s| s.per_mille() >= 200)?;
        let mut parts = self.culprit();
        parts.extend(self.called());
        parts.extend([Part::Words("waits for a CPU: "), Part::Delay(delay)]);
        let worst = self.task.reading.worst_thread.zip(vitals.worst_delay).filter(|(thread, _)| {
            self.task.reading.n_threads.is_some_and(|n| n > 1) && thread.number != self.task.id().number
        });
        if let Some((thread, delay)) = worst {
            let worst =
                [Part::Words(", worst thread "), Part::Name(thread.number.to_string().into()), Part::Words(" ")];
            parts.extend(worst.into_iter().chain([Part::Delay(delay)]));
        }
        Some(Why::new(severity.per_mille(), Some(Vital::Sched), parts))
    }

    fn called(&self) -> Vec<Part> {
        self.name.iter().cloned().flat_map(|name| [name, Part::Words(" ")]).collect()
    }

    /// Why it does not get round to reading: it gets too little CPU.
    fn kept_from_it(&self) -> Option<Why> {
        self.starving().or_else(|| self.quota()).or_else(|| self.short_of_cpu())
    }

    /// The same of the task at the other end of a queue, where that is known.
    fn peer_kept_from_it(&self, queue: &Queue) -> Option<Vec<Part>> {
        let task = self.node.tasks.get(&queue.peer?)?;
        let peer = Of { node: self.node, task, focus: None, name: peer(queue) };
        peer.kept_from_it().map(|why| why.parts)
    }

    /// Whoever is at the other end does not read, and why.
    fn unread_by_peer(&self, queue: &Queue, vitals: &QueueVitals) -> Vec<Part> {
        let mut parts = Vec::new();
        match (self.peer_kept_from_it(queue), peer(queue)) {
            (Some(why), _) => {
                parts.extend(why);
                parts.push(Part::Words("; it does not read: "));
            }
            (None, Some(name)) => parts.extend([name, Part::Words(" does not read: ")]),
            (None, None) => parts.push(Part::Words("the other end does not read: ")),
        }
        parts.extend([Part::Words(queue.kind.word()), Part::Words(" ")]);
        parts.extend(depth(queue, vitals.growth));
        let to = queue.label.as_ref().filter(|_| queue.peer.is_none());
        parts.extend(to.map(|label| [Part::Words(" at "), Part::Name(label.clone())]).into_iter().flatten());
        parts
    }

    /// The neighbour that takes the CPUs, where there is one and it is not the task's own cgroup.
    fn culprit(&self) -> Vec<Part> {
        let own = self.task.reading.cgroup.as_deref();
        let is_own = |noisy: &Cgroup| own.is_some_and(|own| cgroup::is_within(own, &noisy.reading.path));
        let is_other = self.node.noisiest().is_some_and(|(noisy, _)| !is_own(noisy));
        let mut parts = if is_other { neighbour(self.node).unwrap_or_default() } else { Vec::new() };
        if !parts.is_empty() {
            parts.push(Part::Words("; "));
        }
        parts
    }

    fn cgroup(&self) -> Option<&Cgroup> {
        let of_stream = || self.node.cgroups.get(self.task.reading.cgroup.as_ref()?);
        self.focus.and_then(|focus| focus.cgroup.as_ref()).or_else(of_stream)
    }

    fn quota(&self) -> Option<Why> {
        let cgroup = self.cgroup()?;
        let held = cgroup.vitals.throttled.filter(|held| *held >= WAITS)?;
        let severity = cgroup.vitals.severities.sched.filter(|s| s.per_mille() >= 200)?;
        let CgroupReading { quota_milli, .. } = cgroup.reading;
        let mut parts = vec![Part::Words("the quota of "), Part::Name(called(cgroup.title()).into())];
        let cores = quota_milli.map(|milli| Part::Cores(milli as f64 / 1000.0));
        parts.extend(cores.map(|cores| [Part::Words(", "), cores, Part::Words(",")]).into_iter().flatten());
        let name = self.name.clone().unwrap_or(Part::Words("it"));
        parts.extend([Part::Words(" holds "), name, Part::Words(" back: "), Part::Delay(held)]);
        Some(Why::new(severity.per_mille(), Some(Vital::Sched), parts))
    }

    /// Near the memory limit of its cgroup.
    fn memory(&self) -> Option<Why> {
        let cgroup = self.cgroup()?;
        let severity = cgroup.vitals.severities.mem.filter(|s| s.per_mille() >= 900)?;
        let limit = cgroup.reading.mem_limit_bytes?;
        let parts = vec![
            Part::Words("memory of "),
            Part::Name(called(cgroup.title()).into()),
            Part::Words(": "),
            Part::Share(f64::from(severity.per_mille()) / 1000.0),
            Part::Words(" of its "),
            Part::Amount(limit as f64, Unit::Bytes),
        ];
        Some(Why::new(severity.per_mille(), Some(Vital::Mem), parts))
    }

    /// Its own channel, and those of its threads.
    fn waits(&self) -> impl Iterator<Item = (Wait, &str)> {
        let threads = self.focus.into_iter().flat_map(|focus| &focus.children);
        let channels = std::iter::once(self.task).chain(threads).filter_map(|t| t.reading.wait_channel.as_deref());
        channels.filter_map(|channel| Some((Wait::of(channel)?, channel)))
    }

    /// A queue that is in the way: one that it cannot write into, else one that it does not read.
    fn full(&self) -> Option<Why> {
        let for_room = self.waits().find(|(wait, _)| matches!(wait, Wait::FullPipe | Wait::FullSocket));
        if let Some((wait, _)) = for_room {
            return Some(self.cannot_write(wait));
        }
        let is_full = |v: &QueueVitals| v.severity.is_some_and(|s| s.per_mille() >= FULL);
        let mut full: Vec<(&Queue, &QueueVitals)> = self.task.queues().filter(|(_, v)| is_full(v)).collect();
        full.sort_by_key(|(_, vitals)| std::cmp::Reverse(vitals.severity));
        let (queue, vitals) = full.into_iter().next()?;
        Some(match is_outgoing(queue) {
            true => {
                let severity = vitals.severity.map_or(0, Severity::per_mille);
                Why::new(severity, Some(Vital::Queue), self.unread_by_peer(queue, vitals))
            }
            false => self.does_not_read(queue, vitals),
        })
    }

    /// It sleeps until there is room: whoever is at the other end is the reason.
    fn cannot_write(&self, wait: Wait) -> Why {
        let kinds: &[QueueKind] = match wait {
            Wait::FullSocket => &[QueueKind::TcpSend, QueueKind::Unix],
            _ => &[QueueKind::Pipe],
        };
        let of_kind = self.task.queues().filter(|(queue, _)| kinds.contains(&queue.kind));
        // The fullest one of those whose reader is somebody else; of a pipe that it reads itself it is not the writer.
        let fullest = of_kind
            .filter(|(queue, _)| queue.depth.is_some_and(|n| n > 0))
            .max_by_key(|(queue, vitals)| (is_outgoing(queue), queue.peer.is_some(), vitals.severity));
        let parts = match fullest {
            Some((queue, vitals)) => {
                let mut parts = self.unread_by_peer(queue, vitals);
                parts.push(Part::Words(", so this waits for room"));
                parts
            }
            None => vec![Part::Words("waits "), Part::Words(wait.words())],
        };
        Why::new(1000, Some(Vital::Queue), parts)
    }

    /// What came is not taken: it gets no CPU, or computes, or waits for something else.
    fn does_not_read(&self, queue: &Queue, vitals: &QueueVitals) -> Why {
        let kept_from_it = self.kept_from_it();
        let has_reason = kept_from_it.is_some();
        let mut parts = kept_from_it.map_or_else(Vec::new, |why| why.parts);
        if has_reason {
            parts.push(Part::Words("; so it "));
        }
        let verb = if queue.kind == QueueKind::Listen { "does not accept: " } else { "does not read: " };
        parts.extend([Part::Words(verb), Part::Words(queue.kind.word()), Part::Words(" ")]);
        parts.extend(depth(queue, vitals.growth));
        parts.extend(peer(queue).map(|name| [Part::Words(" from "), name]).into_iter().flatten());
        if !has_reason {
            parts.extend(self.does_instead());
        }
        let severity = vitals.severity.map_or(0, Severity::per_mille);
        Why::new(severity, Some(Vital::Queue), parts)
    }

    /// What it does instead of reading: computes, or waits for something.
    fn does_instead(&self) -> Vec<Part> {
        let busy = self.task.vitals.cpu.filter(|cpu| *cpu >= BUSY);
        match (busy, self.waits().find(|(wait, _)| !wait.is_idle())) {
            (Some(cpu), _) => vec![Part::Words("; it computes: "), Part::Share(cpu), Part::Words(" CPU")],
            (None, Some((wait, channel))) => {
                let words = [Part::Words("; it waits "), Part::Words(wait.words()), Part::Words(" in ")];
                words.into_iter().chain([Part::Name(channel.into())]).collect()
            }
            (None, None) => Vec::new(),
        }
    }

    /// Waits and cannot be woken: a disk, a filesystem, the kernel itself.
    fn blocked(&self) -> Option<Why> {
        let reading = &self.task.reading;
        let wait = reading.wait_channel.as_deref().and_then(|channel| Some((Wait::of(channel)?, channel)));
        let is_held = |wait: Wait| matches!(wait, Wait::Thaw | Wait::Memory | Wait::RemoteFiles | Wait::Partner);
        let is_blocked = reading.state == Some(TaskState::Blocked);
        if !is_blocked && !wait.is_some_and(|(wait, _)| is_held(wait)) {
            return None;
        }
        let mut parts = match wait {
            Some((wait, channel)) => {
                let words = [Part::Words("waits "), Part::Words(wait.words()), Part::Words(" in ")];
                words.into_iter().chain([Part::Name(channel.into())]).collect()
            }
            None => vec![Part::Words("blocked in the kernel, cannot be woken")],
        };
        if let (None, Some(channel)) = (wait, &reading.wait_channel) {
            parts.extend([Part::Words(", in "), Part::Name(channel.clone())]);
        }
        if wait.is_some_and(|(wait, _)| wait == Wait::Disk) {
            parts.extend(self.busiest_disk());
        }
        Some(Why::new(600, Some(Vital::Sched), parts))
    }

    fn busiest_disk(&self) -> Vec<Part> {
        let disks = self.node.latest.iter().flat_map(|latest| &latest.vitals.disks);
        let busy = disks.filter_map(|disk| Some((disk, disk.busy.filter(|busy| *busy >= 0.5)?)));
        let Some((disk, busy)) = busy.max_by(|(_, a), (_, b)| a.total_cmp(b)) else { return Vec::new() };
        let mut parts =
            vec![Part::Words("; "), Part::Name(disk.name.clone()), Part::Words(" is busy "), Part::Share(busy)];
        let latency = disk.latency.map(|s| [Part::Words(", "), Part::Latency(s), Part::Words(" a request")]);
        parts.extend(latency.into_iter().flatten());
        parts
    }

    /// Nothing holds it up.
    fn well(&self) -> Option<Why> {
        let (reading, vitals) = (&self.task.reading, &self.task.vitals);
        if let Some(cpu) = vitals.cpu.filter(|cpu| *cpu >= BUSY) {
            let mut parts = vec![Part::Words("computes: "), Part::Share(cpu), Part::Words(" CPU")];
            let delay = vitals.delay.map(|delay| [Part::Words(", waits for more "), Part::Delay(delay)]);
            parts.extend(delay.into_iter().flatten());
            return Some(Why::new(0, None, parts));
        }
        let channel = reading.wait_channel.as_deref()?;
        let parts = match Wait::of(channel) {
            Some(wait) => {
                let idle = if wait.is_idle() { "idle: waits " } else { "waits " };
                vec![Part::Words(idle), Part::Words(wait.words()), Part::Words(" in "), Part::Name(channel.into())]
            }
            None => vec![Part::Words("sleeps in "), Part::Name(channel.into())],
        };
        Some(Why::new(0, None, parts))
    }
}

/// Whether a task fills a queue rather than empties it.
fn is_outgoing(queue: &Queue) -> bool {
    queue.kind == QueueKind::TcpSend || queue.label.as_deref().is_some_and(|label| label.contains('>'))
}

/// Who is at the other end, as people call it.
fn peer(queue: &Queue) -> Option<Part> {
    let number = queue.peer?.number;
    let name = queue.peer_name.as_ref().map_or_else(|| number.to_string(), |name| format!("{name} ({number})"));
    Some(Part::Name(name.into()))
}

#[cfg(test)]
mod tests;
