//! A played cluster: two agents that measure for a minute and a half, one of which is cut off for a while.

pub(super) mod vms;

use std::{path::PathBuf, sync::Arc};

use midair_proto::v1::{self, payload::Kind};
use prost::Message as _;
use tempfile::TempDir;

use crate::{
    entry::{Entry, Item},
    event::{Cause, Link, LinkState, Stamp},
    feed::file::Recorder,
};

pub(crate) const START_US: u64 = 1_795_000_000_000_000;
pub(crate) const SECONDS: u64 = 90;
/// The second in which node-2 is cut off, and the one in which it is back.
const CUT: std::ops::Range<u64> = 40..52;
/// Samples between two keys.
const KEY_EVERY: u64 = 30;
const N_TASKS: u64 = 12;

/// All that arrives from both nodes, in order.
pub(crate) fn cluster() -> Vec<Entry> {
    cluster_for(SECONDS)
}

/// The same, for so long.
pub(super) fn cluster_for(seconds: u64) -> Vec<Entry> {
    let mut entries = Vec::new();
    for second in 0..seconds {
        for (n, name) in ["node-1", "node-2"].into_iter().enumerate() {
            let at = START_US + second * 1_000_000 + 1_000 * n as u64;
            let is_cut = n == 1 && CUT.contains(&second);
            entries.extend(link_of(name, at, n, second));
            if !is_cut {
                entries.extend(measured(name, at, second, n as u64));
            }
        }
        let tick = |half: u64| entry(START_US + second * 1_000_000 + 2_000 + half * 500_000, Item::Tick);
        entries.extend([tick(0), tick(1)]);
    }
    entries
}

/// What node-2 says, said by so many nodes: its cut included.
pub(super) fn crowd(n_nodes: usize) -> Vec<Entry> {
    let names: Vec<String> = (0..n_nodes).map(|n| format!("crowd-{n:02}")).collect();
    let said_by = |entry: &Entry, name: &str| {
        let item = match &entry.item {
            Item::Link(link) if *link.address == *address("node-2") => {
                Item::Link(Link { address: address(name), ..link.clone() })
            }
            Item::Envelope(from, envelope) if **from == *address("node-2") => {
                let envelope = v1::Envelope { node: Some(name.into()), ..(**envelope).clone() };
                Item::Envelope(address(name), envelope.into())
            }
            _ => return None,
        };
        Some(Entry { at: entry.at, item })
    };
    let each = |entry: Entry| match entry.item {
        Item::Tick => vec![entry],
        _ => names.iter().filter_map(|name| said_by(&entry, name)).collect(),
    };
    cluster().into_iter().flat_map(each).collect()
}

/// A recording of these entries, closed.
pub(crate) fn recorded(entries: &[Entry]) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.midair");
    let recorder = Recorder::start(&path, "a test", Stamp(START_US)).unwrap();
    for entry in entries {
        recorder.push(entry);
    }
    let state = recorder.finish();
    assert_eq!((state.n_lost, state.failed), (0, None));
    (dir, path)
}

fn entry(at_us: u64, item: Item) -> Entry {
    Entry { at: Stamp(at_us), item }
}

pub(super) fn address(name: &str) -> Arc<str> {
    format!("{name}:7070").into()
}

fn link_of(name: &str, at: u64, n: usize, second: u64) -> Vec<Entry> {
    let link = |state| entry(at, Item::Link(Link { address: address(name), state }));
    let up = || vec![link(LinkState::Up { note: "played".into() }), described(name, at)];
    match (n, second) {
        (_, 0) => [vec![link(LinkState::Connecting)], up()].concat(),
        (1, second) if second == CUT.end => up(),
        (1, second) if second == CUT.start => vec![link(LinkState::Down {
            cause: Cause::Reset,
            reason: format!("cannot reach agent {name}: the connection was closed").into(),
            retry_at: Stamp(at + 1_000_000),
        })],
        _ => Vec::new(),
    }
}

fn envelope(name: &str, at: u64, kind: Kind) -> v1::Envelope {
    v1::Envelope {
        node: Some(name.into()),
        epoch: Some(7),
        mono_us: Some(at - START_US + 1_000_000),
        wall_us: Some(at),
        payload: Some(v1::Payload { kind: Some(kind) }.encode_to_vec().into()),
        ..v1::Envelope::default()
    }
}

fn carried(name: &str, at: u64, envelope: v1::Envelope) -> Entry {
    entry(at, Item::Envelope(address(name), envelope.into()))
}

fn described(name: &str, at: u64) -> Entry {
    let description = v1::Description {
        name: Some(name.into()),
        n_cpus: Some(4),
        interval_ms: Some(1_000),
        capabilities: vec!["history".to_owned()],
        ..v1::Description::default()
    };
    carried(name, at, envelope(name, at, Kind::Described(description)))
}

/// A sample, the answer to the screen's table query, and now and then a mark or a clock estimate.
pub(super) fn measured(name: &str, at: u64, second: u64, n: u64) -> Vec<Entry> {
    let is_key = second.is_multiple_of(KEY_EVERY) || (n == 1 && second == CUT.end);
    let sample = v1::Envelope {
        seq: Some(second + 1),
        key: Some(is_key),
        stream: Some(v1::Stream::Detail.into()),
        ..envelope(name, at, Kind::Sample(sample(second, n, is_key)))
    };
    let rows = v1::Rows {
        id: Some(1),
        mono_us: Some(at - START_US + 1_000_000),
        total: Some(N_TASKS),
        tasks: (0..N_TASKS).map(|task| row(task, second, n)).collect(),
        names: names(),
    };
    let mut all = vec![carried(name, at, sample), carried(name, at, envelope(name, at, Kind::Rows(rows)))];
    if second == 20 {
        let mark = v1::Mark { wall_us: Some(at), text: Some("release 417".into()), ..v1::Mark::default() };
        all.push(carried(name, at, envelope(name, at, Kind::Mark(mark))));
    }
    if n == 0 {
        all.extend(vms::said(second, at).into_iter().map(|kind| carried(name, at, envelope(name, at, kind))));
    }
    if second.is_multiple_of(10) {
        all.push(entry(at, Item::Clock(address(name), 1_500, 200, false)));
    }
    all
}

fn sample(second: u64, n: u64, is_key: bool) -> v1::Sample {
    let node = v1::Node {
        user_us: Some(second * 900_000 + n),
        system_us: Some(second * 100_000),
        idle_us: Some(second * 3_000_000),
        run_delay_us: Some(second * second * 1_000),
        mem_total_bytes: Some(64 << 30),
        mem_available_bytes: Some((40 << 30) - second % 300 * (100 << 20)),
        tcp_in: Some(second * 1_000),
        tcp_out: Some(second * 900),
        runtimes: (n == 0).then(|| vms::runtimes(second)),
        severities: Some(v1::Severities { queue: Some((second * 7 % 1_000) as u32), ..v1::Severities::default() }),
        ..v1::Node::default()
    };
    // A delta carries a third of the rows: the others did not change.
    let is_in = |task: &u64| is_key || task % 3 == second % 3;
    v1::Sample {
        node: Some(node),
        tasks: (0..N_TASKS / 2).filter(is_in).map(|task| row(task, second, n)).collect(),
        names: if is_key { names() } else { Vec::new() },
        vms: if n == 0 { vms::vms(second) } else { Vec::new() },
        vms_left: if n == 0 { vms::left(second) } else { Vec::new() },
        ..v1::Sample::default()
    }
}

fn names() -> Vec<v1::Name> {
    (0..N_TASKS).map(|n| v1::Name { id: Some(n as u32 + 1), text: Some(format!("task-{n}")) }).collect()
}

/// Tasks take turns at being busy, so that ranks change; the mailbox of the first one grows.
fn row(task: u64, second: u64, n: u64) -> v1::Task {
    let busy = (second / 10 + task + n) % N_TASKS;
    let queue = v1::Queue {
        kind: Some(v1::QueueKind::Mailbox.into()),
        unit: Some(v1::Unit::Messages.into()),
        depth: Some(if task == 0 { second * 800 } else { 0 }),
        drops: Some(0),
        ..v1::Queue::default()
    };
    v1::Task {
        id: Some(v1::TaskId { runtime: Some(0), number: Some(100 + task), start: Some(5) }),
        kind: Some(v1::TaskKind::Process.into()),
        name: Some(task as u32 + 1),
        state: Some(v1::TaskState::Sleeping.into()),
        cpu_us: Some(second * 10_000 * busy + second * second),
        run_delay_us: Some(second * 1_000 * task),
        rss_bytes: Some((task + 1) * (1 << 20) + second * (4 << 10)),
        queues: Some(v1::Queues { queue: vec![queue], n_total: Some(1) }),
        ..v1::Task::default()
    }
}
