//! Replay equals live, and a seek equals playing through.

mod asked;
mod compared;
mod filmed;
mod incidents;
pub(crate) mod played;

use std::mem::discriminant;

use ratatui::{Terminal, backend::TestBackend, buffer::Buffer};
use tokio::sync::mpsc;

use self::played::{SECONDS, START_US, cluster, vms};
use super::*;
use crate::{
    app::Playhead,
    event::Key,
    feed::{self, CONTROLS_MAX, Feed, Recording, backoff::Chance},
    view::{self, theme::Theme},
};

const SIZE: (u16, u16) = (120, 35);

fn session() -> Session {
    Session::new(Options { n_targets: 2, size: SIZE, ..Options::default() })
}

/// What the screen shows.
fn cells(session: &Session) -> Buffer {
    let (columns, rows) = session.state.size;
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| view::draw(&session.state, &Theme::colour(), frame)).unwrap();
    terminal.backend().buffer().clone()
}

fn text(buffer: &Buffer) -> String {
    buffer
        .content()
        .chunks(usize::from(buffer.area.width))
        .map(|line| line.iter().map(|c| c.symbol()).collect::<String>() + "\n")
        .collect()
}

/// What a person does, and in which second: a sort, a filter, a drill-down, a look at the past, a resize.
fn inputs() -> Vec<(u64, Input)> {
    let key = |second, key| (second, Input::Key(key));
    let mut all = vec![
        key(5, Key::Down),
        key(8, Key::Enter),
        key(12, Key::Char('>')),
        key(15, Key::Char('i')),
        key(18, Key::Char('/')),
        key(18, Key::Char('1')),
        key(19, Key::Enter),
        key(22, Key::Down),
        key(25, Key::Enter),
        key(30, Key::Esc),
        key(31, Key::Char('c')),
        key(35, Key::Char('c')),
        key(37, Key::Tab),
        key(38, Key::Char('C')),
        key(39, Key::Char('t')),
        key(41, Key::End),
        key(42, Key::Esc),
        key(44, Key::Esc),
        key(45, Key::Esc),
        (48, Input::Resize(100, 30)),
        key(55, Key::Char(' ')),
        key(57, Key::Char('[')),
        key(58, Key::Char('[')),
        key(61, Key::Enter),
        key(66, Key::End),
        (70, Input::Resize(160, 45)),
        key(75, Key::Char('2')),
        key(80, Key::Char('?')),
    ];
    all.sort_by_key(|(second, _)| *second);
    all
}

/// Plays the cluster and the inputs into a recorded feed: the cells at every tick, and the recording.
fn live() -> (Vec<Buffer>, Recording) {
    let (entries, receiver) = mpsc::channel(1);
    let (controls, _kept) = mpsc::channel(CONTROLS_MAX);
    let mut feed = feed::record(Feed::new(receiver, controls), usize::MAX);
    let mut session = session();
    let mut inputs = inputs().into_iter().peekable();
    let mut shown = Vec::new();
    for entry in cluster() {
        let is_tick = entry.item == Item::Tick;
        let at = entry.at;
        entries.try_send(entry).unwrap();
        let entry = feed.next_waiting().unwrap();
        session.entry(entry);
        if is_tick {
            shown.push(cells(&session));
        }
        while let Some((_, input)) = inputs.next_if(|(second, _)| START_US + second * 1_000_000 <= at.0) {
            let entry = feed.input(at, input);
            session.entry(entry);
        }
    }
    assert_eq!(inputs.next(), None, "every input had its turn");
    (shown, feed.into_recording().unwrap())
}

#[test]
fn replay_shows_the_same_cells_at_every_tick() {
    let (live, recording) = live();
    let mut feed = feed::replay(recording.into_entries());
    let mut session = session();
    let mut replayed = Vec::new();
    while let Some(entry) = feed.next_waiting() {
        let is_tick = entry.item == Item::Tick;
        session.entry(entry);
        if is_tick {
            replayed.push(cells(&session));
        }
    }
    assert_eq!(live.len() as u64, 2 * SECONDS);
    for (n, (a, b)) in live.iter().zip(&replayed).enumerate() {
        assert_eq!(text(a), text(b), "tick {n}");
        assert!(a == b, "styles at tick {n}");
    }
    assert_eq!(live.len(), replayed.len());
}

#[test]
fn the_script_visits_what_it_says() {
    let (live, _) = live();
    let at = |second: u64| text(&live[2 * second as usize + 1]);
    assert!(at(3).contains("node-1") && at(3).contains("node-2"), "cluster: {}", at(3));
    assert!(at(9).contains("task-3"), "node: {}", at(9));
    assert!(at(36).contains("[values]") && at(38).contains("[tasks]"), "compared: {}", at(36));
    assert!(at(46).contains("closed") || at(46).contains("silent"), "cut link: {}", at(46));
    assert!(at(60).contains("PAST"), "past: {}", at(60));
    assert!(!at(68).contains("PAST"), "live again: {}", at(68));
    assert_eq!(live[2 * 72].area.width, 160);
}

#[test]
fn a_seek_equals_playing_through_at_fifty_moments() {
    let all = cluster();
    let mut sought = session();
    for entry in &all {
        sought.entry(entry.clone());
    }
    assert!(sought.checkpoints.before(usize::MAX).is_some(), "copies are used");
    let mut chance = Chance(11);
    for n in 0..50 {
        let to = Stamp(START_US + (chance.share() * (SECONDS * 1_000_000) as f64) as u64);
        sought.state.playhead = Playhead::Past(to);
        sought.seek(to);
        let mut through = session();
        for entry in all.iter().filter(|entry| entry.at <= to) {
            through.entry(entry.clone());
        }
        let at_us = to.0 - START_US;
        assert!(sought.state.model == through.state.model, "moment {n}, {at_us} us after the start");
        assert_eq!(sought.decoder, through.decoder, "moment {n}, {at_us} us after the start");
    }
}

/// How node-1's VM stands and what is said of it after a seek to half past a second, and after playing up to there.
fn vm_at(second: u64) -> (String, String) {
    let to = Stamp(START_US + second * 1_000_000 + 500_000);
    let all = cluster();
    let runtime = if second < vms::AGAIN { 1 } else { 2 };
    let look = |session: &Session| {
        let node = session.state.model.node(&crate::event::NodeId::new("node-1")).unwrap();
        let vm = node.vms.get(&runtime).unwrap_or_else(|| panic!("runtime {runtime} in second {second}"));
        let findings = session.state.findings();
        let said: Vec<String> = findings.iter().map(view::finding::sentence).filter(|s| s.contains("chat@")).collect();
        format!("{:?} {:?}\n{}", vm.standing(node), said, vm.series.len())
    };
    let mut sought = session();
    all.iter().for_each(|entry| drop(sought.entry(entry.clone())));
    sought.state.playhead = Playhead::Past(to);
    sought.seek(to);
    let mut through = session();
    all.iter().filter(|entry| entry.at <= to).for_each(|entry| drop(through.entry(entry.clone())));
    through.state.playhead = Playhead::Past(to);
    assert!(sought.state.model == through.state.model, "second {second}");
    (look(&sought), look(&through))
}

#[test]
fn the_life_of_a_vm_is_the_same_after_a_seek_as_after_playing_it() {
    let expected = [
        (20, "Answers"),
        (vms::HANGS + 3, "does not answer"),
        (vms::ENDED + 2, "2 s ago: it wrote a crash dump"),
        (vms::AGAIN + 5, "it runs again"),
        (SECONDS - 5, "Answers"),
    ];
    for (second, words) in expected {
        let (sought, through) = vm_at(second);
        assert_eq!(sought, through, "second {second}");
        assert!(sought.contains(words), "second {second}: {sought}");
    }
}

#[test]
fn what_a_process_keeps_is_not_shown_again_by_a_seek() {
    let mut sought = session();
    cluster().iter().for_each(|entry| drop(sought.entry(entry.clone())));
    for second in [31, 60, 29] {
        let to = Stamp(START_US + second * 1_000_000);
        sought.state.playhead = Playhead::Past(to);
        sought.seek(to);
        assert_eq!(sought.state.kept, None, "nobody asked");
        assert!(!text(&cells(&sought)).contains("secret"));
    }
}

#[test]
fn back_in_the_present_nothing_is_missing() {
    let all = cluster();
    let (before, after) = all.split_at(all.len() / 2);
    let mut looked_back = session();
    let mut never = session();
    for entry in before {
        looked_back.entry(entry.clone());
        never.entry(entry.clone());
    }
    let input = |key| Entry { at: Stamp(0), item: Item::Input(Input::Key(key)) };
    looked_back.entry(input(Key::Char(' ')));
    looked_back.entry(input(Key::Char('[')));
    for entry in after {
        assert_eq!(looked_back.entry(entry.clone()).iter().map(discriminant).collect::<Vec<_>>(), []);
        never.entry(entry.clone());
    }
    assert!(looked_back.state.model != never.state.model, "the past is shown");
    looked_back.entry(input(Key::End));
    assert!(looked_back.state.model == never.state.model);
    assert!(looked_back.state.timeline == never.state.timeline);
}

#[test]
fn what_was_told_after_a_long_pause_is_sought_as_well() {
    let all = cluster();
    let mut sought = session();
    let input = |key| Entry { at: Stamp(0), item: Item::Input(Input::Key(key)) };
    for (n, entry) in all.iter().enumerate() {
        sought.entry(entry.clone());
        if n == 40 {
            sought.entry(input(Key::Char(' ')));
        }
    }
    sought.entry(input(Key::End));
    for second in [80, 33, 60, 5, 59] {
        let to = Stamp(START_US + second * 1_000_000 + 600_000);
        sought.state.playhead = Playhead::Past(to);
        sought.seek(to);
        let mut through = session();
        for entry in all.iter().filter(|entry| entry.at <= to) {
            through.entry(entry.clone());
        }
        assert!(sought.state.model == through.state.model, "second {second}");
        assert_eq!(sought.decoder, through.decoder, "second {second}");
    }
}

#[test]
fn the_age_of_the_past_goes_on() {
    let mut session = session();
    for entry in cluster().into_iter().take(40) {
        session.entry(entry);
    }
    session.entry(Entry { at: Stamp(0), item: Item::Input(Input::Key(Key::Char(' '))) });
    session.drawn();
    let before = session.state.clock;
    let tick = |us: u64| Entry { at: Stamp(before.0 + us), item: Item::Tick };
    session.entry(tick(1_000_000));
    assert!(session.state.is_dirty);
    assert_eq!(session.state.clock, Stamp(before.0 + 1_000_000));
}
