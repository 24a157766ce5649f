//! What a comparison of two groups of 250 nodes costs each time that it is drawn: nodes with 40 tasks and 12 cgroups each.
//! CPU time of this process. `cargo bench --bench compare`

use std::sync::Arc;

use midair::{
    app::Options,
    entry::{Entry, Item},
    event::{Input, Key, Link, LinkState, Stamp},
    session::Session,
    view::{self, theme::Theme},
};
use midair_proto::v1::{self, Envelope, payload::Kind};
use prost::Message as _;
use ratatui::{Terminal, backend::TestBackend};

const N_NODES: usize = 500;
const N_TASKS: usize = 40;
const N_CGROUPS: usize = 12;
const NOW_US: u64 = 1_795_000_000_000_000;
const SIZE: (u16, u16) = (200, 55);
const N_PICTURES: u32 = 20;

fn main() {
    let mut session = Session::new(Options { n_targets: N_NODES, size: SIZE, ..Options::default() });
    for n in 0..N_NODES {
        let link = Link { address: address(n), state: LinkState::Up { note: "".into() } };
        session.entry(Entry { at: Stamp(NOW_US), item: Item::Link(link) });
        session.entry(said(n, 0, Kind::Described(described(n))));
    }
    for second in 0..3 {
        for n in 0..N_NODES {
            session.entry(said(n, second, Kind::Sample(sample(n as u64, second))));
        }
    }
    typed(&mut session, ":compare version=416 version=417");
    session.entry(key(Key::Enter));
    for topic in ["values", "tasks"] {
        assert!(session.state().comparing().is_some_and(|comparing| comparing.topic.word() == topic));
        println!("a picture of the {topic} of two groups of {}: {:.1} ms", N_NODES / 2, picture_ms(&session));
        session.entry(key(Key::Tab));
    }
    typed(&mut session, "q");
    println!("a picture of the cluster: {:.1} ms", picture_ms(&session));
}

/// CPU time of one picture, milliseconds.
fn picture_ms(session: &Session) -> f64 {
    let mut terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).expect("a screen in memory");
    let theme = Theme::colour();
    let before_us = cpu_us();
    for _ in 0..N_PICTURES {
        terminal.draw(|frame| view::draw(session.state(), &theme, frame)).expect("a screen in memory");
    }
    (cpu_us() - before_us) as f64 / 1e3 / f64::from(N_PICTURES)
}

fn key(key: Key) -> Entry {
    Entry { at: Stamp(NOW_US), item: Item::Input(Input::Key(key)) }
}

fn typed(session: &mut Session, text: &str) {
    for c in text.chars() {
        session.entry(key(Key::Char(c)));
    }
}

fn address(n: usize) -> Arc<str> {
    format!("node-{n}:7070").into()
}

fn said(n: usize, second: u64, kind: Kind) -> Entry {
    let is_sample = matches!(kind, Kind::Sample(_));
    let envelope = Envelope {
        node: Some(format!("node-{n}")),
        epoch: Some(1),
        wall_us: Some(NOW_US + second * 1_000_000),
        mono_us: Some((second + 1) * 1_000_000),
        seq: is_sample.then_some(second + 1),
        key: is_sample.then_some(true),
        stream: is_sample.then_some(v1::Stream::Detail.into()),
        payload: Some(v1::Payload { kind: Some(kind) }.encode_to_vec().into()),
    };
    Entry { at: Stamp(NOW_US + second * 1_000_000), item: Item::Envelope(address(n), envelope.into()) }
}

fn described(n: usize) -> v1::Description {
    let version = v1::Label { key: Some("version".into()), value: Some(format!("{}", 416 + n % 2)) };
    v1::Description { name: Some(format!("node-{n}")), labels: vec![version], ..v1::Description::default() }
}

fn sample(n: u64, second: u64) -> v1::Sample {
    let of = |what: u64| (n * 37 + what * 11) % 1_000;
    let task = |number: u64| v1::Task {
        id: Some(v1::TaskId { runtime: Some(0), number: Some(100 + number), start: Some(5) }),
        kind: Some(v1::TaskKind::Process.into()),
        name: Some(number as u32 + 1),
        cpu_us: Some(second * 1_000 * of(number)),
        run_delay_us: Some(second * 100 * of(number + 3)),
        rss_bytes: Some((of(number) + 1) << 20),
        ..v1::Task::default()
    };
    let cgroup = |number: u64| v1::Cgroup {
        path: Some(number as u32 + 1),
        cpu_us: Some(second * 1_000 * of(number)),
        ..v1::Cgroup::default()
    };
    let node = v1::Node {
        user_us: Some(second * 1_000 * of(1)),
        run_delay_us: Some(second * 1_000 * of(2)),
        mem_total_bytes: Some(64 << 30),
        mem_available_bytes: Some(of(4) << 25),
        tcp_in: Some(second * of(5)),
        severities: Some(v1::Severities { queue: Some(of(6) as u32), ..v1::Severities::default() }),
        ..v1::Node::default()
    };
    v1::Sample {
        node: Some(node),
        tasks: (0..N_TASKS as u64).map(task).collect(),
        cgroups: (0..N_CGROUPS as u64).map(cgroup).collect(),
        names: (1..=N_TASKS as u32).map(|id| v1::Name { id: Some(id), text: Some(format!("/name-{id}")) }).collect(),
        ..v1::Sample::default()
    }
}

fn cpu_us() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec.cast_unsigned() * 1_000_000 + time.tv_nsec.cast_unsigned() / 1_000
}
