//! What a day of one vital of 500 nodes costs the dashboard: 500 answers of 288 points folded in, and the time line drawn.
//! CPU time of this process. `cargo bench --bench line`

use std::sync::Arc;

use midair::{
    app::Options,
    entry::{Ending, Entry, Item, Page, Part},
    event::{Control, Input, Key, Link, LinkState, Stamp},
    session::Session,
    view::{self, theme::Theme},
};
use midair_proto::v1::{self, Envelope, payload::Kind};
use prost::Message as _;
use ratatui::{Terminal, backend::TestBackend};

const N_NODES: usize = 500;
const NOW_US: u64 = 1_795_000_000_000_000;
const WINDOW_US: u64 = 300_000_000;
const SIZE: (u16, u16) = (200, 55);

fn main() {
    let mut session = Session::new(Options { n_targets: N_NODES, size: SIZE, ..Options::default() });
    for n in 0..N_NODES {
        let link = Link { address: address(n), state: LinkState::Up { note: "".into() } };
        session.entry(Entry { at: Stamp(NOW_US), item: Item::Link(link) });
        let described = v1::Description { capabilities: vec!["history".into()], ..v1::Description::default() };
        let item = Item::Envelope(address(n), envelope(n, NOW_US, Kind::Described(described)).into());
        session.entry(Entry { at: Stamp(NOW_US), item });
    }
    let mut terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).expect("a screen in memory");
    let mut questions = Vec::new();
    for _ in 0..6 {
        let input = Item::Input(Input::Key(Key::Char('-')));
        questions.extend(session.entry(Entry { at: Stamp(NOW_US), item: input }));
    }
    let (mut n_answers, mut n_points) = (0, 0);
    let mut spent_us = 0;
    while let Some(effect) = questions.pop() {
        let midair::app::Effect::Control(Control::History { node, id, from_us, to_us, .. }) = effect else { continue };
        let n: usize = node.0.trim_start_matches("node-").parse().expect("a number");
        let ends = (1..).map(|k| from_us + k * WINDOW_US).take_while(|end| *end <= to_us);
        let told: Vec<Arc<Envelope>> = ends.map(|end| envelope(n, end, Kind::Rollup(rollup(n, end))).into()).collect();
        (n_answers, n_points) = (n_answers + 1, n_points + told.len());
        let before_us = cpu_us();
        for piece in told.chunks(128) {
            questions.extend(session.entry(page(n, id, Part::Told(piece.to_vec()))));
        }
        questions.extend(session.entry(page(n, id, Part::End(Ending::Whole))));
        spent_us += cpu_us() - before_us;
    }
    println!("{n_answers} answers, {n_points} points folded in: {:.0} ms", spent_us as f64 / 1e3);
    let theme = Theme::colour();
    let before_us = cpu_us();
    let n_pictures = 20;
    for _ in 0..n_pictures {
        terminal.draw(|frame| view::draw(session.state(), &theme, frame)).expect("a screen in memory");
    }
    println!("a picture with the line of all: {:.1} ms", (cpu_us() - before_us) as f64 / 1e3 / f64::from(n_pictures));
}

fn address(n: usize) -> Arc<str> {
    format!("node-{n}:7070").into()
}

fn page(n: usize, id: u32, part: Part) -> Entry {
    Entry { at: Stamp(NOW_US), item: Item::Page(Page { address: address(n), id, part }) }
}

fn envelope(n: usize, wall_us: u64, kind: Kind) -> Envelope {
    Envelope {
        node: Some(format!("node-{n}")),
        epoch: Some(1),
        wall_us: Some(wall_us),
        payload: Some(v1::Payload { kind: Some(kind) }.encode_to_vec().into()),
        ..Envelope::default()
    }
}

/// A window whose severities differ from node to node and from time to time.
fn rollup(n: usize, end_us: u64) -> v1::Rollup {
    let summary = |of: u64| {
        let most = (end_us / WINDOW_US * 37 + n as u64 * 11 + of * 5) % 1_000;
        v1::Summary { min: Some(0), mean: Some(most as u32 / 2), max: Some(most as u32), n: Some(300) }
    };
    v1::Rollup {
        window_us: Some(WINDOW_US),
        wall_us: Some(end_us),
        sched: Some(summary(0)),
        mem: Some(summary(1)),
        queue: Some(summary(2)),
        rate: Some(summary(3)),
        ..v1::Rollup::default()
    }
}

fn cpu_us() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec.cast_unsigned() * 1_000_000 + time.tv_nsec.cast_unsigned() / 1_000
}
