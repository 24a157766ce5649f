//! Names are data: whatever they hold, no control character reaches a cell.

use midair_vitals::{
    Queue, QueueKind, TaskState, Unit, VmReading,
    vm::{CrashDump, Listed, Pid, Socket},
};

use super::*;
use crate::app::Message;
use crate::event::{Details, ErlangLook, Event, Health, Link, LinkState, Mark, Runtime, Sample};

const HOSTILE: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\r\n\u{9b}31m\u{202e}evil\u{200b}\u{feff}\u{85}名前\u{e0041}";

fn hostile(events: Vec<Stamped>) -> Vec<Stamped> {
    events.into_iter().map(|s| Stamped { event: spoiled(s.event), ..s }).collect()
}

fn name() -> Arc<str> {
    HOSTILE.into()
}

fn spoiled(event: Event) -> Event {
    match event {
        Event::Described(mut d) => {
            d.name = name();
            d.labels = vec![("role".into(), name()), (name(), name())];
            d.system = Some(name());
            Event::Described(d)
        }
        Event::Sample(sample) => Event::Sample(Box::new(spoiled_sample(*sample))),
        Event::Rows(mut rows) => {
            rows.tasks.iter_mut().for_each(spoil);
            Event::Rows(rows)
        }
        Event::Details(details) => Event::Details(Box::new(spoiled_details(*details))),
        Event::Link(Link { address, state: LinkState::Up { .. } }) => {
            Event::Link(Link { address, state: LinkState::Up { note: name() } })
        }
        Event::Mark(mark) => Event::Mark(Mark { text: name(), author: Some(name()), ..mark }),
        other @ (Event::Tick
        | Event::Reset
        | Event::Link(_)
        | Event::Traced(_)
        | Event::Inspected(_)
        | Event::Refused { .. }
        | Event::Lost { .. }
        | Event::Gap(_)
        | Event::Clock { .. }
        | Event::Malformed { .. }
        | Event::Rollup(_)
        | Event::Fleet(_)) => other,
    }
}

fn spoiled_sample(mut sample: Sample) -> Sample {
    sample.tasks.iter_mut().for_each(spoil);
    sample.sources.iter_mut().for_each(|s| {
        s.name = name();
        s.health = Health::Degraded(name());
    });
    let os = Runtime {
        id: 0,
        kind: name(),
        name: name(),
        health: Health::Off(name()),
        n_tasks: None,
        is_undistributed: false,
    };
    sample.runtimes = vec![os];
    spoil_host(&mut sample);
    sample.vms.iter_mut().for_each(spoil_vm);
    sample.runtimes.extend(sample.vms.iter().map(|vm| Runtime {
        id: vm.runtime,
        kind: "beam".into(),
        name: name(),
        health: if vm.runtime == 1 { Health::Degraded(name()) } else { Health::Off(name()) },
        n_tasks: None,
        is_undistributed: false,
    }));
    if let Some(worst) = &mut sample.reading.worst_delay {
        worst.name = Some(name());
    }
    sample
}

fn spoil_host(sample: &mut Sample) {
    if let Some(cost) = &mut sample.cost {
        cost.shed = vec![name()];
    }
    for cgroup in &mut sample.cgroups {
        cgroup.path = format!("/{HOSTILE}/{}", cgroup.path).into();
        cgroup.name = Some(name());
    }
    for namespace in &mut sample.namespaces {
        namespace.name = Some(name());
        namespace.unread = Some(name());
    }
    sample.reading.disks.iter_mut().for_each(|disk| disk.name = name());
    sample.reading.filesystems.iter_mut().for_each(|filesystem| filesystem.mount = name());
}

fn spoil_pid(pid: &mut Pid) {
    *pid = Pid { text: name(), name: Some(name()), node: Some(name()), task: pid.task };
}

fn spoil_vm(vm: &mut VmReading) {
    vm.name = Some(name());
    vm.otp_release = Some(name());
    vm.erts = Some(name());
    vm.found_by = Some(name());
    vm.monitor_owner = Some(name());
    vm.ended_why = Some(name());
    let socket = Socket { protocol: Some(name()), address: Some(name()), ..Socket::default() };
    vm.sockets = Some(Listed { rows: vec![socket], n_total: None, partial: Some(name()), at_us: None });
    vm.crash_dump = Some(CrashDump { path: Some(name()), bytes: Some(7), is_growing: true });
    if let Some(sweep) = &mut vm.sweep {
        (sweep.stuck_at, sweep.stuck_ms) = (Some(name()), Some(9));
    }
    for link in vm.links.iter_mut().flat_map(|links| &mut links.rows) {
        (link.peer, link.address) = (name(), Some(name()));
    }
    for port in vm.ports.iter_mut().flat_map(|ports| &mut ports.rows) {
        (port.id, port.name, port.address) = (name(), Some(name()), Some(name()));
        port.owner.iter_mut().for_each(spoil_pid);
    }
    for table in vm.tables.iter_mut().flat_map(|tables| &mut tables.rows) {
        (table.name, table.kind) = (name(), Some(name()));
        table.owner.iter_mut().for_each(spoil_pid);
    }
    for seen in vm.active_functions.iter_mut().flat_map(|looked| &mut looked.functions) {
        seen.what = name();
    }
}

fn spoil_look(look: &mut ErlangLook) {
    (look.registered, look.label, look.initial_call) = (Some(name()), Some(name()), Some(name()));
    look.priority = Some(name());
    look.stack = vec![name()];
    look.tops.iter_mut().for_each(|seen| seen.what = name());
    look.waits_for.iter_mut().chain(&mut look.links).chain(&mut look.ancestors).for_each(spoil_pid);
}

fn spoiled_details(mut details: Details) -> Details {
    if let Some(cgroup) = &mut details.cgroup {
        cgroup.name = Some(name());
    }
    details.erlang.iter_mut().for_each(|look| spoil_look(look));
    details.task.iter_mut().chain(&mut details.children).for_each(spoil);
    details
}

fn spoil(task: &mut midair_vitals::TaskReading) {
    task.name = Some(name());
    task.command = Some(name());
    task.user = Some(name());
    task.cgroup = Some(name());
    task.unit = Some(name());
    task.wait_channel = Some(name());
    task.state = Some(TaskState::Zombie);
    let (label, peer_name) = (Some(name()), Some(name()));
    let peer = Some(task.id);
    let queue = Queue { label, peer, peer_name, depth: Some(9), ..Queue::unknown(QueueKind::Unix, Unit::Messages) };
    task.queues = Some(task.queues().iter().cloned().chain([queue]).collect());
}

fn check(state: &State) {
    let buffer = cells(state, &Theme::colour());
    for cell in buffer.content() {
        let symbol = cell.symbol();
        assert_eq!(text::clean(symbol), symbol, "reached a cell on {:?}", state.screen());
    }
}

#[test]
fn no_control_character_reaches_a_cell() {
    let tab = Key::Tab;
    let vm = Key::Char('v');
    let compared = [' ', '[', '[', '[', 'c', ']', 'c'].map(Key::Char);
    let tasks = [&compared[..], &[tab]].concat();
    let keys: [&[Key]; 25] = [
        &[Key::Char('c')],
        &compared,
        &tasks,
        &[&tasks[..], &[tab]].concat(),
        &[vm],
        &[vm, Key::Enter],
        &[vm, tab],
        &[vm, tab, tab],
        &[vm, tab, tab, tab],
        &[vm, Key::BackTab],
        &[Key::BackTab],
        &[],
        &[Key::Enter],
        &[Key::Enter, Key::Enter],
        &[Key::Char('f')],
        &[Key::Char('n')],
        &[vm, Key::Char('?'), Key::Char('?')],
        &[Key::Char('b')],
        &[Key::Enter, Key::Enter, Key::Enter],
        &[tab],
        &[tab, tab],
        &[tab, tab, Key::Enter],
        &[tab, tab, tab],
        &[tab, tab, tab, Key::Enter],
        &[tab, tab, tab, tab, tab],
    ];
    for (events, n) in
        [(scene::cluster(30), 48), (scene::single(30), 1), (scene::beam(30), 1), (scene::vms_in_trouble(30), 1)]
    {
        let told = Told::new(hostile(events), n);
        for keys in keys {
            for size in [(80, 24), (120, 35), (200, 55)] {
                check(&after(&told, size, keys));
            }
        }
    }
}

#[test]
fn what_is_typed_is_data_too() {
    let mut state = after(&SINGLE, (120, 35), &typed(&format!("/{HOSTILE}")));
    check(&state);
    state.message = Some(Message::Refusal(HOSTILE.to_owned()));
    state.prompt = None;
    check(&state);
}

#[test]
fn a_start_beyond_all_time_is_no_panic() {
    let events = scene::single(20).into_iter().map(|mut stamped| {
        if let Event::Sample(sample) = &mut stamped.event {
            sample.tasks.iter_mut().for_each(|task| task.id.start = u64::MAX);
        }
        stamped
    });
    let told = Told::new(events.collect(), 1);
    screen(&after(&told, (200, 55), &[]));
    screen(&after(&told, (200, 55), &[Key::Enter]));
}
