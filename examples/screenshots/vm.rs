//! The Erlang VMs of the scene: on `chat-07` the router waits for a database on another node while its mailbox grows, and
//! a push gateway that does not read suspends those who send to it; a second VM has another cookie.

use std::sync::Arc;

use midair::event::{Details, ErlangLook, Event, Health, Runtime, Sender, Stamped, Traced, WaitKind};
use midair::model::relatives::trace_number;
use midair_vitals::{
    Flow, Queue, QueueKind, TaskId, TaskKind, TaskReading, TaskState, Unit, VmReading,
    vm::{ActiveFunctions, Count, DistLink, Listed, Pid, Port, Scheduler, SchedulerKind, Seen, Sweep, Table, VmMemory},
};

/// The OS process of the VM.
const BEAM: u64 = 2_203;
/// Its life.
const CREATION: u64 = 1_771_200_000;
/// The Erlang process at which the pictures look.
pub(crate) const CHAT_ROUTER: TaskId = TaskId { runtime: 1, number: 812, start: CREATION };

/// The same events, told by an agent that also watches VMs.
pub(crate) fn with_vms(events: Vec<Stamped>) -> Vec<Stamped> {
    let mut seconds = 0;
    let mut told = Vec::with_capacity(events.len());
    for mut stamped in events {
        let at = stamped.at;
        let mut after = None;
        match &mut stamped.event {
            Event::Sample(sample) => {
                seconds += 1;
                sample.runtimes.extend(runtimes());
                sample.tasks.extend(tasks(seconds, sample.mono_us));
                let process = sample.tasks.iter().find(|t| t.id.runtime == 0 && t.id.number == BEAM).map(|t| t.id);
                sample.vms = vec![vm(seconds, sample.mono_us, process), locked()];
            }
            Event::Rows(rows) => {
                rows.tasks.extend(tasks(seconds, rows.mono_us));
                rows.total += 1_020_211;
            }
            Event::Details(details) if details.id == 2 => after = Some(look(details, seconds)),
            _ => {}
        }
        told.push(stamped);
        told.extend(after.map(|details| Stamped { at, event: Event::Details(Box::new(details)) }));
    }
    told
}

/// What a receive trace of the router counted, at the end.
pub(crate) fn traced(events: &[Stamped]) -> Stamped {
    let last = events.iter().rev().find_map(|stamped| match &stamped.event {
        Event::Sample(sample) => Some((stamped.at, sample.node.clone())),
        _ => None,
    });
    let (at, node) = last.expect("the scene has samples");
    let sender = |text: &str, name: &str, n| Sender { sender: Some(pid(text, name)), n };
    let remote = Pid { node: Some("chat@chat-03".into()), ..Pid::default() };
    let event = Event::Traced(Box::new(Traced {
        node,
        id: trace_number(CHAT_ROUTER),
        over_us: Some(612_000),
        n_messages: Some(5_000),
        is_cut: true,
        senders: vec![
            sender("<0.2210.0>", "ws_conn", 3_911),
            Sender { sender: Some(remote), n: 1_002 },
            sender("<0.877.0>", "presence", 87),
        ],
        tags: vec![seen("$gen_cast", 4_920), seen("nodeup", 80)],
    }));
    Stamped { at, event }
}

fn seen(what: &str, n: u64) -> Seen {
    Seen { what: what.into(), n }
}

fn pid(text: &str, name: &str) -> Pid {
    let number = text.split('.').nth(1).and_then(|number| number.parse().ok());
    let task = number.map(|number| TaskId { runtime: 1, number, start: CREATION });
    Pid { text: text.into(), name: Some(name.into()), task, node: None }
}

fn runtimes() -> [Runtime; 2] {
    let runtime = |id, name: &str, health, n_tasks| Runtime {
        id,
        kind: "beam".into(),
        name: name.into(),
        health,
        n_tasks,
        is_undistributed: false,
    };
    let why: Arc<str> = "the cookie is not the one that it has; give the right one with --cookie-file".into();
    [runtime(1, "chat@chat-07", Health::Ok, Some(1_020_211)), runtime(2, "gw@chat-07", Health::Off(why), None)]
}

/// Messages in the mailbox of the router.
fn mailbox(seconds: u64) -> u64 {
    24_000 + seconds * 8_100
}

/// Of a VM that never answered only what is seen from outside.
fn locked() -> VmReading {
    VmReading { runtime: 2, found_by: Some("epmd".into()), name: Some("gw@chat-07".into()), ..VmReading::default() }
}

fn vm(seconds: u64, mono_us: u64, process: Option<TaskId>) -> VmReading {
    const GIB: u64 = 1 << 30;
    let count = |n: u64, max: u64| Count { n: Some(n), max: Some(max) };
    VmReading {
        runtime: 1,
        at_us: Some(mono_us),
        threads_us: None,
        process,
        name: Some("chat@chat-07".into()),
        otp_release: Some("26".into()),
        erts: Some("14.2.5".into()),
        found_by: Some("epmd".into()),
        answered_us: Some(mono_us),
        creation: Some(CREATION),
        up_us: Some(41 * 86_400 * 1_000_000),
        schedulers: schedulers(seconds),
        run_queue: Some(3),
        run_queue_dirty_cpu: Some(0),
        run_queue_dirty_io: Some(0),
        memory: VmMemory {
            total_bytes: Some(19 * GIB + seconds * 700_000),
            processes_bytes: Some(13 * GIB + seconds * 700_000),
            system_bytes: Some(6 * GIB),
            atom_bytes: Some(2_100_000),
            binary_bytes: Some(4 * GIB),
            code_bytes: Some(61_000_000),
            ets_bytes: Some(GIB + GIB / 2),
        },
        counts: [count(1_020_211, 2_097_152), count(41_022, 65_536), count(61_044, 1_048_576), count(412, 8_192)],
        in_bytes: Some(seconds * 4_200_000),
        out_bytes: Some(seconds * 5_100_000),
        reductions: Some(seconds * 812_000_000),
        n_gcs: Some(seconds * 41_000),
        reclaimed_bytes: Some(seconds * 900_000_000),
        n_switches: Some(seconds * 210_000),
        sweep: Some(Sweep {
            period_ms: Some(20_000),
            n_processes: Some(1_020_208),
            ended_us: Some(mono_us - (seconds % 20) * 1_000_000),
            work_us: Some(640_000),
            n_messages: Some(mailbox(seconds) + 4_120),
            n_active: Some(14),
            n_suspended: Some(12),
            stuck_at: None,
            stuck_ms: None,
            n_passes: Some(seconds / 20),
        }),
        links: Some(links(seconds)),
        dist_busy_bytes: Some(1 << 20),
        carriers_bytes: Some(21 * GIB),
        blocks_bytes: Some(19 * GIB),
        monitor_owner: Some("midair".into()),
        ports: Some(ports(seconds)),
        tables: Some(tables()),
        cost_us: Some(seconds * 18_000),
        wire_bytes: Some(seconds * 6_300),
        crash_dump: None,
        active_functions: Some(ActiveFunctions {
            at_us: Some(mono_us),
            n_looked: Some(200),
            functions: vec![seen("ets:insert/2", 61), seen("gen_server:loop/7", 40), seen("prim_inet:send/3", 21)],
        }),
        ..VmReading::default()
    }
}

fn schedulers(seconds: u64) -> Vec<Scheduler> {
    let one = |kind, number: u32, milli: u64| Scheduler {
        number,
        kind,
        active: Some(seconds * milli),
        total: Some(seconds * 1_000),
        run_queue: (kind == SchedulerKind::Normal).then_some(u64::from(number == 3) * 3),
        thread: Some(TaskId { runtime: 0, number: BEAM + 10 + u64::from(number), start: 41_300 }),
        cpu_us: Some(seconds * milli * 980),
        run_delay_us: Some(seconds * 2_000 * u64::from(number)),
        n_runs: Some(seconds * (700 - milli / 2)),
    };
    let normal = (1..=16).map(|n| one(SchedulerKind::Normal, n, if n == 3 { 990 } else { 120 + 31 * u64::from(n) }));
    let dirty_cpu = (1..=16).map(|n| one(SchedulerKind::DirtyCpu, n, if n == 1 { 310 } else { 0 }));
    let dirty_io = (1..=10).map(|n| one(SchedulerKind::DirtyIo, n, if n < 3 { 90 } else { 0 }));
    normal.chain(dirty_cpu).chain(dirty_io).collect()
}

fn links(seconds: u64) -> Listed<DistLink> {
    let link = |peer: &str, rate: u64, pending, is_busy| DistLink {
        peer: peer.into(),
        is_hidden: false,
        in_bytes: Some(seconds * rate),
        out_bytes: Some(seconds * rate * 2),
        n_in: Some(seconds * rate / 300),
        n_out: Some(seconds * rate / 150),
        pending_bytes: Some(pending),
        is_busy: Some(is_busy),
        address: Some("10.2.0.14:40112".into()),
    };
    let mut rows = vec![link("push@push-04", 0, 9_860_000, true), link("db@db-02", 210_000, 0, false)];
    rows.extend((1..=5).map(|n| link(&format!("chat@chat-{n:02}"), 91_000 + 7_000 * n, 0, false)));
    Listed { n_total: Some(rows.len() as u64), rows, partial: None, at_us: None }
}

fn ports(seconds: u64) -> Listed<Port> {
    let port = |n: u32, name: &str, queue: u64, rate: u64, owner: Option<Pid>| Port {
        id: format!("#Port<0.{n}>").into(),
        name: Some(name.into()),
        owner,
        queue_bytes: Some(queue),
        in_bytes: Some(seconds * rate),
        out_bytes: Some(seconds * rate / 2),
        address: Some("10.2.0.14:40112".into()),
        is_dist: n == 9,
    };
    let rows = vec![
        port(9, "tcp_inet", 96_216, 0, Some(pid("<0.61.0>", "net_kernel"))),
        port(211, "tcp_inet", 4_096, 12_000, Some(pid("<0.2210.0>", "ws_conn"))),
        port(5, "forker", 0, 0, None),
    ];
    let partial = Some("the first 10,000 of 41,022 ports were looked at".into());
    Listed { rows, n_total: Some(41_022), partial, at_us: None }
}

fn tables() -> Listed<Table> {
    let table = |name: &str, bytes, n, kind: &str, owner: &str, owner_name: &str| Table {
        name: name.into(),
        owner: Some(pid(owner, owner_name)),
        n_objects: Some(n),
        bytes: Some(bytes),
        kind: Some(kind.into()),
    };
    let rows = vec![
        table("presence", 1_100_000_000, 1_018_400, "set", "<0.877.0>", "presence"),
        table("rooms", 310_000_000, 91_200, "ordered_set", "<0.812.0>", "chat_router"),
        table("code", 1_200_000, 9_100, "set", "<0.45.0>", "code_server"),
    ];
    Listed { rows, n_total: Some(412), partial: None, at_us: None }
}

/// The hot processes of the VM.
fn tasks(seconds: u64, mono_us: u64) -> Vec<TaskReading> {
    let all = [
        (812, "chat_router", TaskState::Waiting, 30, mailbox(seconds), 2_100_000, 210 << 20, 3 << 20),
        (455, "session_cache", TaskState::Running, 970, 3_100, 610_000_000, 41 << 20, 1 << 20),
        (877, "presence", TaskState::Waiting, 120, 12, 9_400_000, 88 << 20, 2 << 20),
        (2_210, "ws_conn", TaskState::Suspended, 0, 41, 12_000, 1 << 20, 0),
        (2_211, "ws_conn", TaskState::Suspended, 0, 38, 11_000, 1 << 20, 0),
        (1_033, "push_relay", TaskState::Waiting, 210, 0, 4_100_000, 2 << 20, (98 << 20) + seconds * 90_000),
        (61, "net_kernel", TaskState::Waiting, 0, 0, 900, 40_000, 0),
    ];
    let one = |(number, name, state, active, depth, reds, mem, binary): (u64, &str, _, u32, u64, u64, u64, u64)| {
        let id = TaskId { number, ..CHAT_ROUTER };
        let queue = Queue { depth: Some(depth), ..Queue::unknown(QueueKind::Mailbox, Unit::Messages) };
        TaskReading {
            name: Some(name.into()),
            state: Some(state),
            queues: Some([queue].into()),
            flows: Some([Flow { unit: Unit::Reductions, n_in: None, n_out: Some(seconds * reds) }].into()),
            rss_bytes: Some(mem),
            binary_bytes: Some(binary),
            active_milli: Some(active),
            wait_channel: Some(if name == "chat_router" { "gen:do_call/4" } else { "gen_server:loop/7" }.into()),
            ..TaskReading::unknown(id, TaskKind::Erlang, mono_us)
        }
    };
    all.into_iter().map(one).collect()
}

/// A close look at the router.
fn look(of: &Details, seconds: u64) -> Details {
    let task = tasks(seconds, of.mono_us).into_iter().find(|task| task.id == CHAT_ROUTER);
    let session_db = Pid { node: Some("db@db-02".into()), task: None, ..pid("<0.455.0>", "session_db") };
    let frames = ["gen:do_call/4 (gen.erl:237)", "gen_server:call/3", "chat_router:route/3 (chat_router.erl:212)"];
    let frames = frames.into_iter().chain(["gen_server:handle_msg/6", "proc_lib:init_p_do_apply/3"]);
    let look = ErlangLook {
        mono_us: Some(of.mono_us),
        registered: Some("chat_router".into()),
        initial_call: Some("chat_router:init/1".into()),
        priority: Some("normal".into()),
        traps_exits: Some(true),
        is_mailbox_off_heap: Some(true),
        stack: frames.map(Into::into).collect(),
        n_frames: Some(5),
        heap_bytes: Some(13 << 20),
        old_heap_bytes: Some(101 << 20),
        stack_bytes: Some(1_200),
        fragments_bytes: Some(96 << 20),
        binary_bytes: Some(3 << 20),
        n_minor_gcs: Some(41),
        links: vec![pid("<0.810.0>", "chat_sup"), pid("<0.811.0>", "chat_stats")],
        n_links: Some(2),
        monitors: vec![session_db.clone()],
        n_monitors: Some(1),
        monitored_by: vec![pid("<0.2210.0>", "ws_conn"), pid("<0.2211.0>", "ws_conn")],
        n_monitored_by: Some(1_204),
        ancestors: vec![pid("<0.810.0>", "chat_sup"), pid("<0.700.0>", "chat_app")],
        group_leader: Some(pid("<0.699.0>", "application_master")),
        wait: Some(WaitKind::Call),
        waits_for: Some(session_db),
        n_waits: Some(97),
        n_looks: Some(100),
        n_waiting: Some(97),
        n_active: Some(3),
        n_suspended: Some(0),
        tops: vec![seen("gen:do_call/4", 97), seen("chat_router:route/3", 3)],
        ..ErlangLook::default()
    };
    Details {
        id: 4,
        task,
        n_queues: Some(1),
        children: Vec::new(),
        n_children: None,
        cgroup: None,
        erlang: Some(Box::new(look)),
        ..of.clone()
    }
}
