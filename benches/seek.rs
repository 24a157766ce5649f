//! What a step back in time costs: ten minutes of a node with 200 rows on the tape, and a key. `cargo bench --bench seek`

#![expect(clippy::disallowed_methods, reason = "a bench measures real time")]

use std::{sync::Arc, time::Instant};

use midair::{
    app::Options,
    entry::{Entry, Item},
    event::{Input, Key, Link, LinkState, Stamp},
    session::Session,
};
use midair_proto::v1::{self, payload::Kind};
use prost::Message as _;

const START_US: u64 = 1_795_000_000_000_000;
const SECONDS: u64 = 720;
const ROWS: u64 = 200;
const KEY_EVERY: u64 = 30;

fn main() {
    let mut session = Session::new(Options { size: (160, 45), ..Options::default() });
    let start = Instant::now();
    for entry in host() {
        session.entry(entry);
    }
    println!("{SECONDS} s with {ROWS} rows, told live: {:.0} ms", ms(start));
    for (what, keys) in [
        ("pause", " "),
        ("one back", "tttttttttttttttttttt"),
        ("ten back", "[[[[[[[[[[[[[[[[[[[["),
        ("one on", "TTTTTTTTTTTTTTTTTTTT"),
        ("ten on", "]]]]]]]]]]"),
        ("live", " "),
    ] {
        let mut took: Vec<f64> = keys.chars().map(|key| pressed(&mut session, key)).collect();
        took.sort_by(f64::total_cmp);
        println!("{what:<10} median {:6.1} ms, worst {:6.1} ms", took[took.len() / 2], took[took.len() - 1]);
    }
}

/// Milliseconds that a key takes.
fn pressed(session: &mut Session, key: char) -> f64 {
    let start = Instant::now();
    session.entry(Entry { at: Stamp(0), item: Item::Input(Input::Key(Key::Char(key))) });
    ms(start)
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// All that arrives: each second a sample, the answer to the table query, and two ticks.
fn host() -> Vec<Entry> {
    let address: Arc<str> = "embedded".into();
    let link = Link { address: address.clone(), state: LinkState::Up { note: "played".into() } };
    let description = v1::Description { name: Some("node-1".into()), n_cpus: Some(4), ..v1::Description::default() };
    let mut entries = vec![
        Entry { at: Stamp(START_US), item: Item::Link(link) },
        entry(&address, START_US, envelope(START_US, Kind::Described(description))),
    ];
    for second in 1..SECONDS {
        let at = START_US + second * 1_000_000;
        let is_key = second == 1 || second.is_multiple_of(KEY_EVERY);
        let sample = v1::Envelope {
            seq: Some(second),
            key: Some(is_key),
            stream: Some(v1::Stream::Detail.into()),
            ..envelope(at, Kind::Sample(sample(second, is_key)))
        };
        let rows = v1::Rows {
            id: Some(1),
            mono_us: Some(at - START_US),
            total: Some(ROWS),
            tasks: (0..ROWS).map(|task| row(task, second)).collect(),
            names: names(),
        };
        entries.push(entry(&address, at, sample));
        entries.push(entry(&address, at, envelope(at, Kind::Rows(rows))));
        entries.push(Entry { at: Stamp(at + 1_000), item: Item::Tick });
        entries.push(Entry { at: Stamp(at + 501_000), item: Item::Tick });
    }
    entries
}

fn entry(address: &Arc<str>, at_us: u64, envelope: v1::Envelope) -> Entry {
    Entry { at: Stamp(at_us), item: Item::Envelope(address.clone(), envelope.into()) }
}

fn envelope(at: u64, kind: Kind) -> v1::Envelope {
    v1::Envelope {
        node: Some("node-1".into()),
        epoch: Some(7),
        mono_us: Some(at - START_US),
        wall_us: Some(at),
        payload: Some(v1::Payload { kind: Some(kind) }.encode_to_vec().into()),
        ..v1::Envelope::default()
    }
}

/// A delta carries a third of the rows: the others did not change.
fn sample(second: u64, is_key: bool) -> v1::Sample {
    let node = v1::Node {
        user_us: Some(second * 900_000),
        idle_us: Some(second * 3_000_000),
        mem_total_bytes: Some(64 << 30),
        mem_available_bytes: Some(40 << 30),
        ..v1::Node::default()
    };
    let is_in = |task: &u64| is_key || task % 3 == second % 3;
    v1::Sample {
        node: Some(node),
        tasks: (0..ROWS).filter(is_in).map(|task| row(task, second)).collect(),
        names: if is_key { names() } else { Vec::new() },
        ..v1::Sample::default()
    }
}

fn names() -> Vec<v1::Name> {
    (0..ROWS).map(|n| v1::Name { id: Some(n as u32 + 1), text: Some(format!("task-{n}")) }).collect()
}

fn row(task: u64, second: u64) -> v1::Task {
    let queue = v1::Queue {
        kind: Some(v1::QueueKind::TcpReceive.into()),
        unit: Some(v1::Unit::Bytes.into()),
        depth: Some(second * task % 1_000),
        drops: Some(0),
        ..v1::Queue::default()
    };
    v1::Task {
        id: Some(v1::TaskId { runtime: Some(0), number: Some(100 + task), start: Some(5) }),
        kind: Some(v1::TaskKind::Process.into()),
        name: Some(task as u32 + 1),
        state: Some(v1::TaskState::Sleeping.into()),
        cpu_us: Some(second * 1_000 * (task % 40)),
        run_delay_us: Some(second * 100 * task),
        rss_bytes: Some((task + 1) * (1 << 20) + second * (4 << 10)),
        queues: Some(v1::Queues { queue: vec![queue], n_total: Some(1) }),
        ..v1::Task::default()
    }
}
