//! Events in few words, for tests. Times are seconds since the story began.

use midair_vitals::{
    CgroupReading, CpuTimes, NetNamespace, NodeReading, Previous, Queue, QueueKind, Severities, Severity, TaskId,
    TaskKind, TaskReading, Unit,
};

use super::Model;
use crate::event::{
    Brief, Cause, Described, Details, Event, Fleet, Heard, Hearing, Link, LinkState, NodeId, Rows, Runtime, Sample,
    Stamp, Stamped, Stream,
};

/// A second, in microseconds.
pub(crate) const S: u64 = 1_000_000;

/// When stories begin: stamps far from zero, as real ones are.
pub(crate) const START_S: u64 = 1_790_000_000;

/// A moment of the story.
pub(crate) fn at(seconds: f64) -> Stamp {
    Stamp(START_S * S + (seconds * 1e6) as u64)
}

/// An event at a moment.
pub(crate) fn stamped(seconds: f64, event: Event) -> Stamped {
    Stamped { at: at(seconds), event }
}

/// The model after a story.
pub(crate) fn told(events: &[Stamped]) -> Model {
    let mut model = Model::default();
    events.iter().for_each(|event| model.apply(event));
    model
}

pub(crate) fn id(name: &str) -> NodeId {
    NodeId::new(name)
}

/// The address of a node in these stories.
pub(crate) fn address(name: &str) -> String {
    format!("{name}:7070")
}

pub(crate) fn tick(seconds: f64) -> Stamped {
    stamped(seconds, Event::Tick)
}

pub(crate) fn up(seconds: f64, node: &str) -> Stamped {
    up_at(seconds, &address(node))
}

pub(crate) fn up_at(seconds: f64, address: &str) -> Stamped {
    noted(seconds, address, "")
}

/// A connection with such a note.
pub(crate) fn noted(seconds: f64, address: &str, note: &str) -> Stamped {
    let state = LinkState::Up { note: note.into() };
    stamped(seconds, Event::Link(Link { address: address.into(), state }))
}

pub(crate) fn down(seconds: f64, node: &str) -> Stamped {
    let state = LinkState::Down { cause: Cause::Refused, reason: "connection refused".into(), retry_at: at(seconds) };
    stamped(seconds, Event::Link(Link { address: address(node).into(), state }))
}

/// An address is watched no more.
pub(crate) fn left(seconds: f64, address: &str) -> Stamped {
    let state = LinkState::Left { reason: "no longer named".into() };
    stamped(seconds, Event::Link(Link { address: address.into(), state }))
}

pub(crate) fn os() -> Runtime {
    Runtime {
        id: 0,
        kind: "os".into(),
        name: "os".into(),
        health: crate::event::Health::Ok,
        n_tasks: None,
        is_undistributed: false,
    }
}

pub(crate) fn described(seconds: f64, node: &str) -> Stamped {
    described_as(seconds, node, &address(node), 1)
}

pub(crate) fn described_as(seconds: f64, node: &str, address: &str, epoch: u64) -> Stamped {
    let described = Described {
        address: address.into(),
        node: id(node),
        name: node.into(),
        program: "midair-agent".into(),
        epoch,
        labels: vec![("role".into(), "chat".into())],
        n_cpus: Some(2),
        mem_total_bytes: Some(1000 << 20),
        system: None,
        user: None,
        interval_ms: Some(1000),
        runtimes: vec![os()],
        is_insecure: false,
        keeps_history: false,
        is_demo: false,
        is_hub: false,
    };
    stamped(seconds, Event::Described(Box::new(described)))
}

/// A task of the kernel: its number, and CPU and delay in seconds so far.
pub(crate) fn task(number: u64, read_at: f64, cpu_s: f64, delay_s: f64) -> TaskReading {
    let id = TaskId { runtime: 0, number, start: 100 };
    let mut reading = TaskReading::unknown(id, TaskKind::Process, (read_at * 1e6) as u64);
    reading.name = Some(format!("task-{number}").into());
    reading.cpu_us = Some((cpu_s * 1e6) as u64);
    reading.run_delay_us = Some((delay_s * 1e6) as u64);
    reading.rss_bytes = Some(number << 20);
    reading
}

/// The same with the counters of an earlier reading.
pub(crate) fn entering(reading: TaskReading, before: &TaskReading) -> TaskReading {
    TaskReading { previous: Some(Box::new(Previous { ..before.counters() })), ..reading }
}

/// The same with a mailbox of a depth.
pub(crate) fn with_mailbox(reading: TaskReading, depth: u64) -> TaskReading {
    let queue = Queue { depth: Some(depth), ..Queue::unknown(QueueKind::Mailbox, Unit::Messages) };
    TaskReading { queues: Some([queue].into()), ..reading }
}

/// A detail sample of epoch 1, with half a core in use, half of the memory used.
pub(crate) fn sample(seconds: f64, node: &str, tasks: Vec<TaskReading>) -> Stamped {
    sample_with(seconds, node, |sample| sample.tasks = tasks)
}

pub(crate) fn sample_with(seconds: f64, node: &str, change: impl FnOnce(&mut Sample)) -> Stamped {
    let mono_us = (seconds * 1e6) as u64;
    let cpu = CpuTimes {
        user_us: Some(mono_us / 2),
        system_us: Some(0),
        idle_us: Some(mono_us * 3 / 2),
        ..CpuTimes::default()
    };
    let mut sample = Sample {
        node: id(node),
        epoch: 1,
        seq: seconds as u64,
        stream: Stream::Detail,
        mono_us,
        wall_us: at(seconds).0,
        reading: NodeReading {
            at_us: mono_us,
            cpu,
            run_delay_us: Some(0),
            mem_total_bytes: Some(1000 << 20),
            mem_available_bytes: Some(500 << 20),
            ..NodeReading::default()
        },
        tasks: Vec::new(),
        has_tasks: true,
        died: Vec::new(),
        sources: Vec::new(),
        runtimes: vec![os()],
        cost: None,
        cgroups: Vec::new(),
        namespaces: Vec::new(),
        vms: Vec::new(),
    };
    change(&mut sample);
    stamped(seconds, Event::Sample(Box::new(sample)))
}

/// A cgroup that has used so many seconds of CPU, and caused others so many of delay.
pub(crate) fn cgroup(path: &str, seconds: f64, cpu_s: f64, caused_s: f64) -> CgroupReading {
    let us = |seconds: f64| (seconds * 1e6) as u64;
    CgroupReading {
        path: path.into(),
        at_us: us(seconds),
        cpu_us: Some(us(cpu_s)),
        run_delay_us: Some(0),
        caused_delay_us: Some(us(caused_s)),
        ..CgroupReading::default()
    }
}

/// A network namespace that has dropped so many connections.
pub(crate) fn namespace(inode: u64, seconds: f64, n_drops: u64) -> NetNamespace {
    let at_us = (seconds * 1e6) as u64;
    NetNamespace { inode, at_us, listen_drops: Some(n_drops), ..NetNamespace::default() }
}

pub(crate) fn rows(seconds: f64, node: &str, query: u32, tasks: Vec<TaskReading>) -> Stamped {
    let (mono_us, total) = ((seconds * 1e6) as u64, tasks.len() as u64);
    stamped(seconds, Event::Rows(Box::new(Rows { node: id(node), epoch: 1, id: query, mono_us, total, tasks })))
}

pub(crate) fn details(seconds: f64, node: &str, task: Option<TaskReading>, children: Vec<TaskReading>) -> Stamped {
    let n_children = Some(children.len() as u32);
    let mono_us = (seconds * 1e6) as u64;
    let details = Details {
        node: id(node),
        epoch: 1,
        id: 2,
        mono_us,
        task,
        n_queues: None,
        children,
        n_children,
        cgroup: None,
        namespace: None,
        probed: None,
        probe_us: None,
        erlang: None,
    };
    stamped(seconds, Event::Details(Box::new(details)))
}

/// A hub, and what it tells of so many nodes `node-00000` and so on: of two roles, in racks of twenty, the last one the worst.
pub(crate) fn crowd(seconds: f64, n_nodes: usize) -> Vec<Stamped> {
    let described = |node: &str, labels: Vec<(&str, String)>| {
        let Event::Described(described) = described_as(seconds, node, "hub-1:7700", 1).event else {
            unreachable!("a description")
        };
        let labels = labels.into_iter().map(|(key, value)| (key.into(), value.as_str().into())).collect();
        Described { labels, ..*described }
    };
    let hub = Described { is_hub: true, name: "hub-1".into(), ..described("hub-1:7700", Vec::new()) };
    let name = |n: usize| format!("node-{n:05}");
    let role = |n: usize| ["chat", "media"][n % 2].to_owned();
    let brief = |n: usize| {
        let sched = Severity::from_per_mille(if n + 1 == n_nodes { 990 } else { 100 });
        Brief { severities: Severities { sched: Some(sched), ..Severities::default() }, ..Brief::default() }
    };
    let heard = |n: usize| Heard {
        node: id(&name(n)),
        hearing: Hearing::Live,
        since_us: None,
        cause: None,
        reason: "".into(),
        clock: None,
        n_lost: None,
    };
    let labels = |n: usize| vec![("role", role(n)), ("rack", format!("r{:03}", n / 20))];
    let fleet = Fleet {
        address: "hub-1:7700".into(),
        begins: true,
        ends: true,
        nodes: (0..n_nodes).map(|n| described(&name(n), labels(n))).collect(),
        heard: (0..n_nodes).map(heard).collect(),
        briefs: (0..n_nodes).map(|n| (id(&name(n)), brief(n))).collect(),
        ..Fleet::default()
    };
    let events = [Event::Described(Box::new(hub)), Event::Fleet(Box::new(fleet))];
    [up_at(seconds, "hub-1:7700")].into_iter().chain(events.map(|event| stamped(seconds, event))).collect()
}
