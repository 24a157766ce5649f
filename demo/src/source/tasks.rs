//! Rows: OS processes and Erlang processes as tasks. Names are made once, queues anew only where they changed.

use std::sync::Arc;

use midair_agent::reading::{Comm, Reading, ThreadReading, Threads, Used, Wants};
use midair_vitals::{Flow, Queue, QueueKind, TaskId, TaskKind, TaskReading, TaskState, Unit};

use super::sums::Sums;
use crate::{
    chance,
    cluster::{Node, address},
    values::{Actor, Process, Socket, Values, Waiting},
};

/// Who is watched as one of many shows so many Erlang processes beside those for which much waits.
const N_FEW: usize = 3;

/// And OS processes that use more than this, in cores.
const BUSY: f64 = 0.002_5;

/// So much waits where something is wrong.
const MUCH: f64 = 100.0;

/// What is kept of the rows from one reading to the next.
#[derive(Debug)]
pub(super) struct Rows {
    /// Number of the node.
    own: usize,
    seed: u64,
    n_cpus: u32,
    processes: Vec<Kept>,
    actors: Vec<Kept>,
    /// What the threads of the schedulers had used at the last reading that told of them.
    threads: Vec<Used>,
}

/// What is kept of one row.
#[derive(Debug)]
struct Kept {
    name: Arc<str>,
    extra: Option<Arc<str>>,
    user: Option<Arc<str>>,
    unit: Option<Arc<str>>,
    depths: Vec<(Option<Socket>, u64, u64)>,
    queues: Arc<[Queue]>,
}

/// The kind of queue that a socket has.
pub(super) fn kind(socket: Socket) -> QueueKind {
    match socket {
        Socket::Listen => QueueKind::Listen,
        Socket::Clients | Socket::Dist(_) => QueueKind::TcpReceive,
        Socket::DistOut(_) => QueueKind::TcpSend,
    }
}

impl Rows {
    pub(super) fn of(node: &Node) -> Self {
        Self {
            own: node.number,
            seed: node.seed,
            n_cpus: node.n_cpus,
            processes: Vec::new(),
            actors: Vec::new(),
            threads: Vec::new(),
        }
    }

    /// Puts the rows into a reading: all, or few.
    pub(super) fn fill(
        &mut self,
        values: &Values,
        sums: &Sums,
        (runtime, now_us): (u32, u64),
        wants: &Wants,
        into: &mut Reading,
    ) {
        self.know(values);
        into.tasks.reserve(values.processes.len() + values.vm.actors.len());
        // What stands in a stream stays: a process of which no more is told has ended.
        let is_shown = |id: TaskId, is_much: bool| !wants.is_few || is_much || wants.hot.contains(&id);
        for (n, process) in values.processes.iter().enumerate() {
            let id = process_id(self.seed, process, values.vm.life);
            if is_shown(id, process.cpu > BUSY || !process.queues.is_empty()) {
                into.tasks.push(self.processes[n].process((self.own, id), now_us, process, sums, n));
            }
        }
        let beam = into.tasks.iter_mut().find(|task| task.name.as_deref() == Some("beam.smp"));
        if let Some(beam) = beam {
            let (n_in, n_out) = (Some(sums.net().segments_in), Some(sums.net().segments_out));
            beam.flows = Some([Flow { unit: Unit::Segments, n_in, n_out }].into());
        }
        // Those of the kernel stand first, in rising order; see `Tick`.
        into.tasks.sort_unstable_by_key(|task| task.id);
        let first = into.tasks.len();
        for (n, actor) in values.vm.actors.iter().enumerate() {
            let id = actor_id(runtime, actor.number);
            if !is_shown(id, n < N_FEW || actor.mailbox > MUCH || actor.binaries > 0.0) {
                continue;
            }
            into.tasks.push(self.actors[n].actor(id, now_us, actor, sums.vm().actors.get(n).copied()));
        }
        into.tasks[first..].sort_unstable_by_key(|task| task.id);
        if !wants.is_few {
            into.threads = self.schedulers(values, sums, now_us);
        }
    }

    /// The threads of the VM that are its schedulers.
    fn schedulers(&mut self, values: &Values, sums: &Sums, now_us: u64) -> Threads {
        let Some(beam) = values.processes.iter().find(|process| process.name == "beam.smp") else {
            return Threads::default();
        };
        let id = process_id(self.seed, beam, values.vm.life);
        let before = std::mem::take(&mut self.threads);
        let thread = |number: u32| {
            let [cpu, delay] = sums.scheduler(number, values.vm.n_full);
            let ns = |seconds: f64| (seconds * 1e9) as u64;
            let n_runs = sums.runs();
            let now = Used { at_us: now_us, cpu_ns: ns(cpu), run_delay_ns: ns(delay), n_runs };
            self.threads.push(now);
            let is_full = number <= values.vm.n_full;
            let own = thread_id(id, number);
            ThreadReading {
                number: own.number as u32,
                process: id.number as u32,
                start: own.start,
                process_start: id.start,
                comm: Comm::new(format!("erts_sched_{number}").as_bytes()),
                state: Some(if is_full { TaskState::Running } else { TaskState::Sleeping }),
                knows_delay: true,
                is_queued: false,
                cpu: u16::try_from(number - 1).ok(),
                now,
                before: before.get(number as usize - 1).copied().filter(|used| used.cpu_ns <= now.cpu_ns),
                waiting_ns: 0,
            }
        };
        Threads::new(Arc::new((1..=self.n_cpus).map(thread).collect()))
    }

    fn know(&mut self, values: &Values) {
        if self.processes.len() != values.processes.len() {
            self.processes = values.processes.iter().map(Kept::of_process).collect();
        }
        if self.actors.len() != values.vm.actors.len() {
            self.actors = values.vm.actors.iter().map(Kept::of_actor).collect();
        }
    }
}

/// The identity of an OS process; each life of the VM is another one.
pub(super) fn process_id(seed: u64, process: &Process, life: u32) -> TaskId {
    let lives = if process.name == "beam.smp" { u64::from(life) } else { 0 };
    let start = 400 + u64::from(process.number) * 3 + chance::mix(seed, [1, 91]) % 90 + lives * 1_000_000;
    TaskId { runtime: 0, number: u64::from(process.number) + lives * 7_919, start }
}

/// The identity of an Erlang process: each life of its VM is another creation, and another runtime.
pub(super) fn actor_id(runtime: u32, number: u64) -> TaskId {
    TaskId { runtime, number, start: creation(runtime) }
}

/// The creation of a VM's node.
pub(super) fn creation(runtime: u32) -> u64 {
    1_700_000_000 + u64::from(runtime)
}

impl Kept {
    fn of(name: &str, extra: Option<String>, user: Option<&str>, unit: Option<String>) -> Self {
        let [extra, unit] = [extra, unit].map(|text| text.map(Arc::from));
        let queues: Arc<[Queue]> = Arc::default();
        Self { name: name.into(), extra, user: user.map(Arc::from), unit, depths: Vec::new(), queues }
    }

    fn of_process(process: &Process) -> Self {
        let unit = process.name.split([':', '.']).next().unwrap_or_default();
        let unit = if unit == "beam" { "chat" } else { unit };
        let command = format!("/usr/bin/{}", process.name);
        Self::of(process.name, Some(command), Some(process.user), Some(format!("{unit}.service")))
    }

    fn of_actor(actor: &Actor) -> Self {
        Self::of(actor.name, Some(actor.began.to_owned()), None, None)
    }

    fn process(
        &mut self,
        (own, id): (usize, TaskId),
        now_us: u64,
        process: &Process,
        sums: &Sums,
        n: usize,
    ) -> TaskReading {
        let sum = sums.process(n);
        let drops = |waiting: &Waiting| if waiting.socket == Socket::Listen { sum.drops as u64 } else { 0 };
        let depth = |waiting: &Waiting| (Some(waiting.socket), waiting.depth as u64, drops(waiting));
        let depths: Vec<_> = process.queues.iter().map(depth).collect();
        if self.depths != depths {
            self.queues =
                process.queues.iter().zip(&depths).map(|(q, (_, depth, n))| socket(own, q, *depth, *n)).collect();
            self.depths = depths;
        }
        let rss = process.rss as u64;
        TaskReading {
            name: Some(Arc::clone(&self.name)),
            command: self.extra.clone(),
            user: self.user.clone(),
            unit: self.unit.clone(),
            parent: Some(u64::from(process.number != 1)),
            state: Some(process.state),
            cpu_us: Some(sum.cpu_us()),
            run_delay_us: Some(sum.delay_us()),
            rss_bytes: Some(rss),
            anon_bytes: Some(rss - rss / 20),
            file_bytes: Some(rss / 20),
            n_threads: Some(process.n_threads),
            queues: Some(Arc::clone(&self.queues)),
            ..TaskReading::unknown(id, TaskKind::Process, now_us)
        }
    }

    fn actor(&mut self, id: TaskId, now_us: u64, actor: &Actor, reductions: Option<f64>) -> TaskReading {
        let depth = (None, actor.mailbox as u64, 0);
        if self.depths != [depth] {
            let mailbox = Queue::unknown(QueueKind::Mailbox, Unit::Messages);
            self.queues = [Queue { depth: Some(depth.1), ..mailbox }].into();
            self.depths = vec![depth];
        }
        let flow = |n: f64| [Flow { unit: Unit::Reductions, n_in: None, n_out: Some(n as u64) }].into();
        TaskReading {
            name: Some(Arc::clone(&self.name)),
            command: self.extra.clone(),
            state: Some(actor.state),
            active_milli: Some((actor.active * 1_000.0) as u32),
            rss_bytes: Some(actor.memory as u64),
            binary_bytes: Some(actor.binaries as u64),
            queues: Some(Arc::clone(&self.queues)),
            n_queues: Some(1),
            flows: reductions.map(flow),
            ..TaskReading::unknown(id, TaskKind::Erlang, now_us)
        }
    }
}

/// The port from which a node has its links to others.
fn port(node: usize) -> usize {
    40_000 + node % 20_000
}

fn socket(own: usize, waiting: &Waiting, depth: u64, drops: u64) -> Queue {
    let (kind, unit) = match kind(waiting.socket) {
        QueueKind::Listen => (QueueKind::Listen, Unit::Connections),
        kind => (kind, Unit::Bytes),
    };
    let (number, label) = match waiting.socket {
        Socket::Listen => (90_001, "0.0.0.0:5222".to_owned()),
        Socket::Clients => (90_002, "0.0.0.0:5432".to_owned()),
        Socket::Dist(peer) => {
            (100_000 + peer as u64, format!("{}:9100 < {}:{}", address(own), address(peer), port(peer)))
        }
        Socket::DistOut(peer) => {
            (200_000 + peer as u64, format!("{}:{} > {}:9100", address(own), port(own), address(peer)))
        }
    };
    Queue {
        depth: Some(depth),
        limit: waiting.limit,
        drops: (kind == QueueKind::Listen).then_some(drops),
        number: Some(number),
        label: Some(label.into()),
        ..Queue::unknown(kind, unit)
    }
}

/// The number of the thread that a scheduler is.
pub(super) fn thread_id(process: TaskId, scheduler: u32) -> TaskId {
    TaskId { runtime: 0, number: process.number + 4 + u64::from(scheduler), start: process.start + 1 }
}
