//! What a replay costs: from the command to the first screen, to any moment, and how much memory; reading, decoding,
//! folding and drawing included.
//!
//! `cargo bench --bench replay` makes a recording of one node for 24 h and one of 100 nodes for an hour; `cargo bench
//! --bench replay -- FILE` takes one that there is. Each is opened in a process of its own.

#![expect(clippy::disallowed_methods, reason = "a bench measures real time")]

use std::{env, fs, path::Path, process::Command, sync::Arc, time::Instant};

use midair::{
    app::{Options, Speed},
    entry::{Entry, Item},
    event::{Input, Key, Link, LinkState, Stamp},
    feed::file::{Film, Scribe},
    session::Session,
    view::{self, theme::Theme},
};
use midair_proto::v1::{self, payload::Kind};
use prost::Message as _;
use ratatui::{Terminal, backend::TestBackend};

const START_US: u64 = 1_795_000_000_000_000;
const SECOND_US: u64 = 1_000_000;
const SIZE: (u16, u16) = (160, 45);
/// Rows of a node, and how many of them change each second: what an agent tells of 500 processes.
const ROWS: u64 = 120;
const CHANGED: u64 = 40;
const SEEKS: u64 = 40;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|a| a != "--bench").collect();
    match arguments.as_slice() {
        [read, file] if read == "read" => read_one(Path::new(file)),
        [file] => in_child(file, Path::new(file)),
        _ => {
            let folder = tempfile::tempdir().expect("a scratch directory");
            for (what, n_nodes, seconds) in [("1 node for 24 h", 1, 86_400), ("100 nodes for 1 h", 100, 3_600)] {
                let path = folder.path().join(format!("{n_nodes}.midair"));
                make(&path, n_nodes, seconds);
                in_child(what, &path);
                fs::remove_file(path).expect("it is there");
            }
        }
    }
}

/// Memory is told of a process that did nothing else.
fn in_child(what: &str, path: &Path) {
    let n_mib = fs::metadata(path).expect("the file is there").len() >> 20;
    println!("{what} ({n_mib} MiB)");
    let child = Command::new(env::current_exe().expect("this program")).arg("read").arg(path).status();
    assert!(child.expect("it can be started").success());
}

fn read_one(path: &Path) {
    let start = Instant::now();
    let mut film = Film::open(path).expect("it is a recording");
    let (from, to) = film.range();
    let marks = film.marks().expect("it can be read");
    let options = Options { n_targets: film.n_nodes(), size: SIZE, ..Options::default() };
    let mut session = Session::replay(options, film, marks, None, Speed::default());
    let mut terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).expect("a terminal in memory");
    draw(&mut terminal, &session);
    println!("  first screen   {:7.1} ms (bar 200)", ms(start));
    // To moments that are far from each other, in no order.
    let length = to.since_us(from);
    let mut took: Vec<f64> = (0..SEEKS)
        .map(|n| {
            let at = Stamp(from.0 + length / SEEKS * (n * 17 % SEEKS) + 7 * SECOND_US);
            let start = Instant::now();
            jump(&mut session, at);
            draw(&mut terminal, &session);
            ms(start)
        })
        .collect();
    took.sort_by(f64::total_cmp);
    let bar = if session.state().model.nodes.len() > 1 { 300 } else { 100 };
    println!(
        "  seek and draw  {:7.1} ms median, {:.1} worst of {SEEKS} (bar {bar})",
        took[took.len() / 2],
        took[took.len() - 1]
    );
    let start = Instant::now();
    session.settle();
    println!("  charts filled  {:7.1} ms behind the last", ms(start));
    let start = Instant::now();
    let at = session.state().now();
    (0..120).for_each(|_| session.play(500_000));
    let played = session.state().now().since_us(at) as f64 / 1e6;
    println!("  played         {:7.0} times real time", played / (ms(start) / 1e3));
    println!("  memory, peak   {:7.1} MiB (bar 128)", peak_mib());
}

/// As a person does: `J`, the moment, Enter.
fn jump(session: &mut Session, at: Stamp) {
    let seconds = at.0 / SECOND_US;
    let (day, second) = (seconds / 86_400, seconds % 86_400);
    // `J` takes times of day; a recording of a day holds each but once.
    let today = session.state().replay.as_ref().map_or(day, |replay| replay.to.0 / SECOND_US / 86_400);
    let text = format!("J{:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60);
    assert!(today - day <= 1, "a recording of at most a day");
    let keys = text.chars().map(Key::Char).chain([Key::Enter]);
    for key in keys {
        session.entry(Entry { at: Stamp(0), item: Item::Input(Input::Key(key)) });
    }
    let shown = session.state().now().0;
    assert!(shown.abs_diff(at.0) < 2 * SECOND_US, "{text} leads there: {shown} for {}", at.0);
}

fn draw(terminal: &mut Terminal<TestBackend>, session: &Session) {
    terminal.draw(|frame| view::draw(session.state(), &Theme::colour(), frame)).expect("memory takes it");
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// `VmHWM` of /proc/self/status (proc(5)).
fn peak_mib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the kernel says it");
    line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number of kB") / 1024.0
}

/// Writes what so many agents say in so many seconds.
fn make(path: &Path, n_nodes: u64, seconds: u64) {
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
