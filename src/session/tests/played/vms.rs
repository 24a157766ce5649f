//! The Erlang VM of node-1: it answers, hangs, ends with a crash dump, and runs again under its name; and a process of it is
//! looked at, traced and inspected.

use midair_proto::v1::{self, payload::Kind};

use super::SECONDS;

/// From this second on it does not answer.
pub(in crate::session::tests) const HANGS: u64 = 35;
/// The second in which it is missed, and the one in which it runs again.
pub(in crate::session::tests) const ENDED: u64 = 45;
pub(in crate::session::tests) const AGAIN: u64 = 55;
/// The focus of the screens.
const FOCUS: u32 = 2;

const MONO_US: u64 = 1_000_000;

fn mono_us(second: u64) -> u64 {
    second * 1_000_000 + MONO_US
}

/// What schedules tasks, besides the kernel.
pub(super) fn runtimes(second: u64) -> v1::Runtimes {
    let beam = |id, health: v1::Health, reason: Option<&str>| v1::Runtime {
        id: Some(id),
        kind: Some("beam".into()),
        name: Some("chat@node-1".into()),
        health: Some(health.into()),
        reason: reason.map(Into::into),
        n_tasks: Some(40),
        ..v1::Runtime::default()
    };
    let os = v1::Runtime {
        id: Some(0),
        kind: Some("os".into()),
        name: Some("os".into()),
        health: Some(v1::Health::Ok.into()),
        ..v1::Runtime::default()
    };
    let vm = match second {
        ..HANGS => vec![beam(1, v1::Health::Ok, None)],
        HANGS..ENDED => vec![beam(1, v1::Health::Off, Some("no answer within 5 s"))],
        ENDED..AGAIN => Vec::new(),
        AGAIN.. => vec![beam(2, v1::Health::Ok, None)],
    };
    v1::Runtimes { runtime: [vec![os], vm].concat() }
}

/// The VMs of a sample: the one that ended stays beside its later life until the last ten seconds.
pub(super) fn vms(second: u64) -> Vec<v1::Vm> {
    let mut vms = Vec::new();
    if second < SECONDS - 10 {
        vms.push(vm(1, second.min(HANGS)));
    }
    if let Some(first) = vms.first_mut().filter(|_| second >= ENDED) {
        first.ended_us = Some(mono_us(ENDED));
        first.ended_why = Some("it wrote a crash dump".into());
        first.crash_dump = Some(v1::CrashDump { bytes: Some(7 << 20), ..v1::CrashDump::default() });
    }
    if second >= AGAIN {
        vms.push(vm(2, second));
    }
    vms
}

/// Runtimes of VMs that are told of no more.
pub(super) fn left(second: u64) -> Vec<u32> {
    if second == SECONDS - 10 { vec![1] } else { Vec::new() }
}

fn vm(runtime: u32, second: u64) -> v1::Vm {
    let busy = |number: u32| v1::Scheduler {
        number: Some(number),
        kind: Some(v1::SchedulerKind::Normal.into()),
        active: Some(second * second * 7),
        total: Some(second * 1_000),
        ..v1::Scheduler::default()
    };
    v1::Vm {
        runtime: Some(runtime),
        mono_us: Some(mono_us(second)),
        answered_us: Some(mono_us(second)),
        name: Some("chat@node-1".into()),
        creation: Some(u32::from(runtime == 2).into()),
        reductions: Some(second * 40_000),
        run_queue: Some(second % 9),
        schedulers: Some(v1::Schedulers { scheduler: vec![busy(1), busy(2)], ..v1::Schedulers::default() }),
        memory: Some(v1::VmMemory { total_bytes: Some((30 + second) << 20), ..v1::VmMemory::default() }),
        sweep: Some(v1::VmSweep { n_messages: Some(second * 300), n_suspended: Some(0), ..v1::VmSweep::default() }),
        links: Some(v1::DistLinks {
            link: vec![v1::DistLink {
                peer: Some("db@node-2".into()),
                pending_bytes: Some(second * 10_000),
                out_bytes: Some(second * second * 100),
                ..v1::DistLink::default()
            }],
            n_total: Some(1),
            mono_us: Some(mono_us(second / 5 * 5)),
        }),
        ..v1::Vm::default()
    }
}

fn process() -> v1::TaskId {
    v1::TaskId { runtime: Some(1), number: Some(812), start: Some(0) }
}

/// What else is said in a second: the close look while the VM answers; a trace and an inspection once; marks.
pub(super) fn said(second: u64, wall_us: u64) -> Vec<Kind> {
    let mut said = Vec::new();
    if (20..ENDED).contains(&second) {
        said.push(Kind::Details(look(second)));
    }
    if second == ENDED {
        said.push(Kind::Details(v1::Details { id: Some(FOCUS), gone: Some(true), ..v1::Details::default() }));
    }
    if second == 25 {
        let senders = vec![v1::SenderCount { sender: None, n: Some(9) }];
        let tags = vec![v1::FunctionCount { function: Some("$gen_call".into()), n: Some(9) }];
        let (id, over_us, n_messages) = (Some(1 << 31), Some(5_000_000), Some(9));
        said.push(Kind::Traced(v1::Traced { id, over_us, n_messages, is_cut: None, senders, tags }));
    }
    if second == 30 {
        said.push(Kind::Inspected(v1::Inspected {
            id: Some(3),
            task: Some(process()),
            what: Some(v1::Keeps::State.into()),
            lines: vec!["{state, secret}".into()],
            ..v1::Inspected::default()
        }));
    }
    let mark = match second {
        28 => "long garbage collection in chat@node-1",
        HANGS => "chat@node-1 does not answer",
        ENDED => "chat@node-1 ended: it wrote a crash dump",
        _ => return said,
    };
    let mark =
        v1::Mark { wall_us: Some(wall_us), text: Some(mark.into()), automatic: Some(true), ..v1::Mark::default() };
    said.push(Kind::Mark(mark));
    said
}

fn look(second: u64) -> v1::Details {
    let queue = v1::Queue {
        kind: Some(v1::QueueKind::Mailbox.into()),
        unit: Some(v1::Unit::Messages.into()),
        depth: Some(second * 50),
        ..v1::Queue::default()
    };
    // While the VM hangs the look grows old: what was seen stays, with the time for which nobody answers.
    let silent_ms = second.checked_sub(HANGS).map(|seconds| seconds as u32 * 1_000);
    v1::Details {
        id: Some(FOCUS),
        mono_us: Some(mono_us(second)),
        task: Some(v1::Task {
            id: Some(process()),
            kind: Some(v1::TaskKind::Erlang.into()),
            queues: Some(v1::Queues { queue: vec![queue], n_total: Some(1) }),
            ..v1::Task::default()
        }),
        erlang: Some(v1::ErlangLook {
            mono_us: Some(mono_us(second.min(HANGS))),
            wait: Some(v1::WaitKind::Call.into()),
            n_looks: Some(100),
            n_waits: Some((second % 100) as u32),
            stack: vec![format!("chat:route/{}", second % 4)],
            silent_ms,
            ..v1::ErlangLook::default()
        }),
        ..v1::Details::default()
    }
}
