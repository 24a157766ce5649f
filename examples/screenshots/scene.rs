//! A fixed scene for pictures and screen tests: ten minutes of a chat cluster, as events, the same at every run.
//!
//! What the scene tells: on `chat-07` the shipper of the log is held back by its quota, so the pipe from which it reads is
//! full, so the router that writes into it has stopped reading its sockets, and nginx turns connections away; `media-03`
//! is starved by a transcoder in another cgroup; `presence-02` leaks; `push-04` does not answer; all others are well.

use std::{collections::VecDeque, sync::Arc};

use midair::{
    app::{Effect, Msg, Options, State, update},
    event::{
        Cause, Cost, Described, Details, Event, Health, Input, Link, LinkState, Mark, NodeId, Rows, Runtime, Sample,
        Source, Stamp, Stamped, Stream,
    },
};
use midair_vitals::{TaskId, TaskReading};

use host::Host;

#[path = "host.rs"]
mod host;
#[path = "vm.rs"]
pub(crate) mod vm;
#[path = "vms.rs"]
mod vms;

/// The last moment of the scene: 14:03:27 UTC.
pub(crate) const END: Stamp = Stamp(1_771_250_607_000_000);

/// Microseconds between two samples of a node.
pub(crate) const INTERVAL_US: u64 = 1_000_000;

/// The task at which the pictures look: the router that has stopped reading.
pub(crate) const ROUTER: TaskId = TaskId { runtime: 0, number: 2_204, start: 41_337 };

/// The task at the other end of its full pipe.
pub(crate) const SHIPPER: TaskId = TaskId { runtime: 0, number: 389, start: 1_367 };

fn id_of(name: &str) -> NodeId {
    NodeId::new(&format!("{name}-5f2c"))
}

/// A scene that has been told, and can be told again up to a moment: what a feed is to the real program.
#[derive(Clone)]
pub(crate) struct Told {
    /// The screen.
    pub(crate) state: State,
    events: Arc<Vec<Stamped>>,
}

impl Told {
    /// Tells all of a scene to a dashboard that watches so many agents.
    pub(crate) fn new(events: Vec<Stamped>, n_targets: usize) -> Self {
        let state = State::new(Options { n_targets, ..Options::default() });
        let mut told = Self { state, events: Arc::new(events) };
        told.tell(Stamp(u64::MAX));
        told
    }

    /// Does what a person does, and what follows from it.
    pub(crate) fn input(&mut self, input: Input) {
        let mut todo = VecDeque::from(update(&mut self.state, Msg::Input(END, input)));
        while let Some(effect) = todo.pop_front() {
            match effect {
                Effect::Seek(to) => self.tell_again(to),
                Effect::Arrive => todo.extend(update(&mut self.state, Msg::Told(midair::app::Told::Arrived))),
                Effect::GoLive => self.tell_again(Stamp(u64::MAX)),
                // Nobody is there to be asked; and a picture has no clipboard.
                Effect::Control(_)
                | Effect::Copy(_)
                | Effect::Quit
                | Effect::Suspend
                | Effect::Record
                | Effect::Note(_) => {}
            }
        }
    }

    fn tell_again(&mut self, to: Stamp) {
        update(&mut self.state, Msg::Event(Stamped { at: END, event: Event::Reset }));
        self.tell(to);
    }

    fn tell(&mut self, to: Stamp) {
        for stamped in self.events.iter().filter(|s| s.at <= to) {
            update(&mut self.state, Msg::Event(stamped.clone()));
        }
    }
}

/// The chat cluster over its last seconds.
pub(crate) fn cluster(seconds: u64) -> Vec<Stamped> {
    let roles = [("chat", 24), ("media", 12), ("presence", 4), ("push", 8)];
    let names = roles.iter().flat_map(|(role, n)| (1..=*n).map(move |n| (*role, format!("{role}-{n:02}"))));
    told(names.enumerate().map(|(n, (role, name))| Host::new(n as u64, &name, role)).collect(), seconds)
}

/// One host with an embedded agent: what `midair` shows without arguments.
pub(crate) fn single(seconds: u64) -> Vec<Stamped> {
    told(vec![Host::new(6, "chat-07", "chat")], seconds)
}

/// The same host, whose agent also watches the Erlang VMs on it.
pub(crate) fn beam(seconds: u64) -> Vec<Stamped> {
    let mut events = vm::with_vms(single(seconds));
    events.push(vm::traced(&events));
    events
}

/// The same host with Erlang VMs in trouble.
pub(crate) fn vms_in_trouble(seconds: u64) -> Vec<Stamped> {
    vms::in_trouble(single(seconds))
}

fn told(mut hosts: Vec<Host>, seconds: u64) -> Vec<Stamped> {
    let start = END.0 - seconds * 1_000_000;
    let is_single = hosts.len() == 1;
    let mut events = Vec::new();
    for host in &hosts {
        let note = if is_single { "embedded agent" } else { "connected" };
        let link = Link { address: host.address(is_single), state: LinkState::Up { note: note.into() } };
        events.push(Stamped { at: Stamp(start), event: Event::Link(link) });
        let described = described(host, is_single);
        events.push(Stamped { at: Stamp(start), event: Event::Described(Box::new(described)) });
    }
    for second in 0..=seconds {
        let at = Stamp(start + second * 1_000_000);
        let left = seconds - second;
        for (n, host) in hosts.iter_mut().enumerate() {
            host.step(left);
            // Agents are not in step with each other.
            let at = Stamp(at.0 - 20_000 - n as u64 * 7_000);
            if let Some(event) = silence(host, left, at) {
                events.push(Stamped { at, event });
            } else if !is_quiet(host, left) {
                tell(&mut events, host, at, left);
            }
        }
        if left == 154 && !is_single {
            events.push(Stamped { at, event: Event::Mark(mark(at)) });
        }
        events.push(Stamped { at, event: Event::Tick });
    }
    events
}

fn is_quiet(host: &Host, left: u64) -> bool {
    host.name == "push-04" && left < 41 || host.name == "media-09" && (1..=3).contains(&left.wrapping_add(1))
}

fn silence(host: &Host, left: u64, at: Stamp) -> Option<Event> {
    let is_end = host.name == "push-04" && left == 40;
    is_end.then(|| {
        Event::Link(Link {
            address: host.address(false),
            state: LinkState::Down {
                cause: Cause::Timeout,
                reason: "no answer within 3 s; is the host up?".into(),
                retry_at: Stamp(at.0 + 4_000_000),
            },
        })
    })
}

fn mark(at: Stamp) -> Mark {
    Mark {
        node: None,
        wall_us: at.0,
        text: "release 417".into(),
        author: Some("ann".into()),
        focus: None,
        is_automatic: false,
    }
}

fn tell(events: &mut Vec<Stamped>, host: &Host, at: Stamp, left: u64) {
    let is_near = matches!(host.name.as_str(), "chat-07" | "media-03");
    let tasks = host.tasks(false);
    let sample = Sample {
        node: id_of(&host.name),
        epoch: 1,
        seq: host.seq,
        stream: if is_near { Stream::Detail } else { Stream::Overview },
        mono_us: host.mono_us(),
        wall_us: at.0,
        reading: host.reading(is_near),
        tasks: tasks.clone(),
        has_tasks: true,
        died: Vec::new(),
        sources: sources(),
        runtimes: vec![os(host)],
        cost: Some(Cost {
            cpu_us: Some(host.seq * 3_100),
            run_delay_us: Some(host.seq * 40),
            rss_bytes: Some(9_437_184),
            sample_us: Some(2_900),
            vm_us: None,
            n_watchers: Some(1),
            budget_milli: Some(10),
            used_milli: Some(3),
            budget_until_us: None,
            shed: vec!["connections every 12 s".into()],
        }),
        cgroups: if is_near { host.cgroups() } else { Vec::new() },
        namespaces: if is_near { host.namespaces() } else { Vec::new() },
        vms: Vec::new(),
    };
    events.push(Stamped { at, event: Event::Sample(Box::new(sample)) });
    if host.name == "chat-07" && left < 120 {
        events.push(Stamped { at, event: Event::Rows(Box::new(rows(host, tasks))) });
        for (id, task) in [(2, ROUTER), (3, SHIPPER)] {
            events.push(Stamped { at, event: Event::Details(Box::new(details(host, id, task))) });
        }
    }
}

fn rows(host: &Host, tasks: Vec<TaskReading>) -> Rows {
    let total = tasks.len() as u64;
    Rows { node: id_of(&host.name), epoch: 1, id: 1, mono_us: host.mono_us(), total, tasks }
}

fn details(host: &Host, id: u32, of: TaskId) -> Details {
    let task = host.tasks(true).into_iter().find(|t| t.id == of);
    let n_queues = task.as_ref().and_then(|t| t.queues.as_ref()).map(|q| q.len() as u32);
    let children = host.threads_of(of);
    let cgroup = task.as_ref().and_then(|t| t.cgroup.clone()).map(|path| host.cgroup(&path));
    let n_children = Some(children.len() as u32);
    Details {
        node: id_of(&host.name),
        epoch: 1,
        id,
        mono_us: host.mono_us(),
        task,
        n_queues,
        children,
        n_children,
        cgroup,
        namespace: None,
        probed: None,
        probe_us: None,
        erlang: None,
    }
}

fn os(host: &Host) -> Runtime {
    Runtime {
        id: 0,
        kind: "os".into(),
        name: "os".into(),
        health: Health::Ok,
        n_tasks: Some(host.n_tasks()),
        is_undistributed: false,
    }
}

fn sources() -> Vec<Source> {
    let source = |name: &str, health, cpu_us| Source {
        name: name.into(),
        health,
        note: None,
        cpu_us: Some(cpu_us),
        period_ms: None,
        slow_period_ms: None,
    };
    let pipes: Arc<str> = "pipes of other users need CAP_SYS_PTRACE".into();
    vec![
        source("kernel", Health::Ok, 1_100),
        Source {
            period_ms: Some(12_000),
            slow_period_ms: Some(60_000),
            ..source("connections", Health::Degraded(pipes), 640)
        },
        source("cgroups", Health::Ok, 310),
    ]
}

fn described(host: &Host, is_single: bool) -> Described {
    Described {
        address: host.address(is_single),
        node: id_of(&host.name),
        name: host.name.as_str().into(),
        program: "midair-agent 0.1.0".into(),
        epoch: 1,
        labels: vec![("role".into(), host.role.into()), ("dc".into(), host.dc().into())],
        n_cpus: Some(host.n_cpus),
        mem_total_bytes: Some(host.mem_total_bytes),
        system: Some("Linux 6.12.48".into()),
        user: Some("midair".into()),
        interval_ms: Some((INTERVAL_US / 1000) as u32),
        runtimes: vec![os(host)],
        is_insecure: false,
        keeps_history: false,
        is_demo: false,
        is_hub: false,
    }
}
