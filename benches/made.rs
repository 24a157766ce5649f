//! A recording as a dashboard makes it of so many agents: what `benches/replay.rs` and `benches/export.rs` read.

use std::{path::Path, sync::Arc};

use midair::{
    entry::{Entry, Item},
    event::{Link, LinkState, Stamp},
    feed::file::Scribe,
};
use midair_proto::v1::{self, payload::Kind};
use prost::Message as _;

/// When it begins.
const START_US: u64 = 1_795_000_000_000_000;
/// A second.
pub(crate) const SECOND_US: u64 = 1_000_000;
/// Rows of a node, and how many of them change each second: what an agent tells of 500 processes.
const ROWS: u64 = 120;
const CHANGED: u64 = 40;

/// Writes what so many agents say in so many seconds.
pub(crate) fn make(path: &Path, n_nodes: u64, seconds: u64) {
    let header = v1::RecordingHeader::default();
    let mut scribe = Scribe::create(path, &header, Stamp(START_US)).expect("room");
    let mut take = |entry: Entry| scribe.take(&entry).expect("room");
    let addresses: Vec<Arc<str>> = (0..n_nodes).map(|n| format!("10.0.0.{n}:7070").into()).collect();
    for (node, address) in addresses.iter().enumerate() {
        let link = Link { address: address.clone(), state: LinkState::Up { note: "made".into() } };
        take(Entry { at: Stamp(START_US), item: Item::Link(link) });
        let name = Some(format!("node-{node}"));
        let description = v1::Description { node: name.clone(), name, n_cpus: Some(16), ..v1::Description::default() };
        take(entry(address, START_US, envelope(node, START_US, Kind::Described(description))));
    }
    for second in 1..seconds {
        for (node, address) in addresses.iter().enumerate() {
            let at = START_US + second * SECOND_US + node as u64 * 1_000;
            let is_key = second == 1 || (second + node as u64).is_multiple_of(30);
            let sample = v1::Envelope {
                seq: Some(second),
                key: Some(is_key),
                stream: Some(v1::Stream::Detail.into()),
                ..envelope(node, at, Kind::Sample(sample(second, is_key)))
            };
            take(entry(address, at, sample));
            if second.is_multiple_of(10) {
                take(entry(address, at, envelope(node, at, Kind::Rollup(rollup(second)))));
            }
        }
        take(Entry { at: Stamp(START_US + second * SECOND_US + 200_000), item: Item::Tick });
        take(Entry { at: Stamp(START_US + second * SECOND_US + 700_000), item: Item::Tick });
    }
    scribe.finish().expect("room");
}

fn entry(address: &Arc<str>, at_us: u64, envelope: v1::Envelope) -> Entry {
    Entry { at: Stamp(at_us), item: Item::Envelope(address.clone(), envelope.into()) }
}

fn envelope(node: usize, at: u64, kind: Kind) -> v1::Envelope {
    v1::Envelope {
        node: Some(format!("node-{node}")),
        epoch: Some(7),
        mono_us: Some(at - START_US + SECOND_US),
        wall_us: Some(at),
        payload: Some(v1::Payload { kind: Some(kind) }.encode_to_vec().into()),
        ..v1::Envelope::default()
    }
}

fn rollup(second: u64) -> v1::Rollup {
    let value = (second / 10 * 37 % 900) as u32;
    let summary = v1::Summary { min: Some(value / 2), mean: Some(value), max: Some(value + 50), n: Some(10) };
    let window_us = if second.is_multiple_of(300) { 300 * SECOND_US } else { 10 * SECOND_US };
    let sched = Some(summary);
    v1::Rollup {
        window_us: Some(window_us),
        wall_us: Some(START_US + second * SECOND_US),
        sched,
        ..v1::Rollup::default()
    }
}

fn sample(second: u64, is_key: bool) -> v1::Sample {
    let node = v1::Node {
        user_us: Some(second * 900_000 + second * 7_919 % 10_000),
        idle_us: Some(second * 3_000_000 + second * 104_729 % 10_000),
        mem_total_bytes: Some(64 << 30),
        mem_available_bytes: Some((40 << 30) - ((second * 7_919 % 1_000) << 20)),
        ..v1::Node::default()
    };
    let is_in = |task: &u64| is_key || (task + second) % ROWS < CHANGED;
    let names = || (0..ROWS).map(|n| v1::Name { id: Some(n as u32 + 1), text: Some(format!("task-{n}")) }).collect();
    v1::Sample {
        node: Some(node),
        tasks: (0..ROWS).filter(is_in).map(|task| row(task, second)).collect(),
        names: if is_key { names() } else { Vec::new() },
        ..v1::Sample::default()
    }
}

fn row(task: u64, second: u64) -> v1::Task {
    let spread = (second * 2_654_435_761 + task * 40_503) % 5_000;
    v1::Task {
        id: Some(v1::TaskId { runtime: Some(0), number: Some(100 + task), start: Some(5) }),
        kind: Some(v1::TaskKind::Process.into()),
        name: Some(task as u32 + 1),
        state: Some(v1::TaskState::Sleeping.into()),
        cpu_us: Some(second * 10_000 * (task % 40) + spread),
        run_delay_us: Some(second * 100 * task + spread / 7),
        n_voluntary: Some(second * 30 + spread / 90),
        rss_bytes: Some((task + 1) * (1 << 20) + second / 60 * (4 << 10)),
        ..v1::Task::default()
    }
}
