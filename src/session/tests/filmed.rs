//! The same through a file: recorded, closed, and played from there.

use std::sync::Arc;

use midair_proto::v1;
use midair_recording::{Piece, Reader};
use prost::Message as _;

use super::{
    played::{cluster_for, crowd, recorded},
    *,
};
use crate::feed::file::{Recorder, entry};

fn film(path: &std::path::Path) -> Session {
    let options = Options { n_targets: 2, size: SIZE, ..Options::default() };
    let mut film = Film::open(path).unwrap();
    let marks = film.marks().unwrap();
    Session::replay(options, film, marks, Some(Stamp(START_US)), Speed::default())
}

/// Goes to a moment as a key would.
fn seek(session: &mut Session, to: Stamp) {
    session.state.playhead = Playhead::Past(to);
    session.seek(to);
}

/// A model without what charts show, and without the last words of VMs and tasks that are no more.
fn at_once(model: &crate::model::Model) -> crate::model::Model {
    let mut model = model.clone();
    for node in model.nodes.values_mut() {
        node.forget_past();
        node.vms.clear();
        node.focuses.retain(|_, focus| !focus.has_ended);
    }
    model
}

#[test]
fn what_was_recorded_into_a_file_shows_the_same_cells_at_every_tick() {
    let (live, recording) = live();
    let (_dir, path) = recorded(recording.entries());
    let reader = Reader::open(std::fs::File::open(path).unwrap()).unwrap();
    let entries = reader.map(|piece| match piece.unwrap() {
        Piece::Entry(recorded) => entry(recorded).unwrap(),
        Piece::Damage(damage) => panic!("{damage}"),
    });
    let mut session = session();
    let mut n_ticks = 0;
    for entry in entries {
        let is_tick = entry.item == Item::Tick;
        session.entry(entry);
        if is_tick {
            assert!(live[n_ticks] == cells(&session), "tick {n_ticks}");
            n_ticks += 1;
        }
    }
    assert_eq!(n_ticks, live.len());
}

#[test]
fn a_seek_in_a_file_equals_playing_through_at_fifty_moments() {
    let all = cluster();
    let (_dir, path) = recorded(&all);
    let mut sought = film(&path);
    let (mut chance, mut n_at_once) = (Chance(12), 0);
    for n in 0..50 {
        let to = Stamp(START_US + (chance.share() * (SECONDS * 1_000_000) as f64) as u64);
        seek(&mut sought, to);
        let mut through = session();
        for entry in all.iter().filter(|entry| entry.at <= to) {
            through.entry(entry.clone());
        }
        let at_us = to.0 - START_US;
        let was_cut = |entry: &Entry| matches!(entry.item, Item::Link(_)) && to.since_us(entry.at) < 30_000_000;
        // What grew over a cut is told behind: the block begins after it.
        if !all.iter().any(|entry| entry.at <= to && was_cut(entry)) {
            assert!(at_once(&sought.state.model) == at_once(&through.state.model), "moment {n}, at once, {at_us} us");
            n_at_once += 1;
        }
        sought.settle();
        assert!(sought.state.model == through.state.model, "moment {n}, {at_us} us after the start");
        assert_eq!(sought.decoder, through.decoder, "moment {n}, {at_us} us after the start");
    }
    assert!(n_at_once > 5, "{n_at_once} moments were compared at once");
}

/// What the line of the last ten minutes shows, and its notes.
fn line(session: &Session, end: Stamp) -> (Vec<crate::model::timeline::Cell>, Vec<(Stamp, std::sync::Arc<str>)>) {
    let window = crate::model::Window { end, span_us: 600_000_000 };
    let timeline = &session.state.timeline;
    let notes = timeline.flags.iter().filter(|flag| end.since_us(flag.at) < window.span_us && flag.at <= end);
    let mut notes: Vec<_> = notes.map(|flag| (flag.at, flag.text.clone())).collect();
    notes.sort();
    (timeline.cells(None, crate::model::Vital::Mem, window, 60), notes)
}

#[test]
fn the_line_after_a_jump_is_the_one_that_playing_draws() {
    let all = cluster_for(900);
    let (_dir, path) = recorded(&all);
    let to = Stamp(START_US + 650_400_000);
    let mut through = session();
    all.iter().filter(|entry| entry.at <= to).for_each(|entry| drop(through.entry(entry.clone())));
    let mut sought = film(&path);
    seek(&mut sought, Stamp(START_US + 890_000_000));
    sought.settle();
    assert!(sought.state.timeline.oldest().is_some_and(|oldest| oldest.0 > START_US + 200_000_000), "so much was told");
    seek(&mut sought, to);
    sought.settle();
    assert!(sought.state.model == through.state.model);
    let ((shown, noted), (expected, expected_notes)) = (line(&sought, to), line(&through, to));
    assert_eq!(shown, expected);
    assert_eq!(noted, expected_notes);
    // Played past an outage, and back into it: it has not become longer.
    let mut back = film(&path);
    seek(&mut back, Stamp(START_US + 80_000_000));
    back.settle();
    back.checkpoints = Checkpoints::default();
    seek(&mut back, Stamp(START_US + 45_000_000));
    back.settle();
    let silent =
        |session: &Session| line(session, Stamp(START_US + 80_000_000)).0.iter().filter(|c| c.is_silent).count();
    assert_eq!(silent(&back), 3, "12 s, in cells of 10");
}

#[test]
fn of_a_crowd_all_is_known_of_who_is_looked_at_and_the_vitals_and_tasks_of_all() {
    let all = crowd(past::NODES_MAX + 2);
    let (_dir, path) = recorded(&all);
    let to = Stamp(START_US + 80_400_000);
    let mut through = session();
    all.iter().filter(|entry| entry.at <= to).for_each(|entry| drop(through.entry(entry.clone())));
    let mut sought = film(&path);
    sought.settle();
    seek(&mut sought, to);
    let tasks = |node: &crate::model::Node| node.tasks.values().map(|task| task.reading.clone()).collect::<Vec<_>>();
    for is_settled in [false, true] {
        for (id, known) in &through.state.model.nodes {
            let node = sought.state.model.node(id).unwrap();
            assert_eq!(node.latest, known.latest, "{id:?}");
            assert_eq!(tasks(node), tasks(known), "{id:?}");
            assert_eq!(node.series == known.series, is_settled, "{id:?}: {} points", node.series.len());
        }
        sought.settle();
    }
    // Into one of them: its tasks have their charts, and a step on does not lose them.
    let looked = through.state.model.nodes.keys().next_back().unwrap().clone();
    let rate =
        |session: &Session| session.state.model.node(&looked).unwrap().tasks.values().next().unwrap().series.len();
    assert!(rate(&sought) < rate(&through));
    let key = |key| Entry { at: Stamp(0), item: Item::Input(Input::Key(key)) };
    sought.entry(key(Key::Char('G')));
    sought.entry(key(Key::Enter));
    assert_eq!(sought.state.screen().node(), Some(&looked));
    assert!(sought.is_filling());
    sought.settle();
    assert!(sought.state.model.node(&looked) == through.state.model.node(&looked));
    seek(&mut sought, Stamp(to.0 + 2_000_000));
    let on = all.iter().filter(|entry| entry.at > to && entry.at.0 <= to.0 + 2_000_000);
    on.for_each(|entry| drop(through.entry(entry.clone())));
    assert!(sought.state.model.node(&looked) == through.state.model.node(&looked));
}

#[test]
fn a_recording_plays_to_its_end_and_stops_there() {
    let all = cluster();
    let (_dir, path) = recorded(&all);
    let mut played = film(&path);
    let key = |key| Entry { at: Stamp(0), item: Item::Input(Input::Key(key)) };
    played.entry(key(Key::Char(' ')));
    let mut n_steps = 0;
    while played.state.is_playing() {
        played.play(700_000);
        n_steps += 1;
        assert!(n_steps < 1_000, "it stands at {:?}", played.state.now());
    }
    let mut through = session();
    for entry in &all {
        through.entry(entry.clone());
    }
    assert!(played.state.model == through.state.model);
    assert_eq!(played.state.now(), all.last().unwrap().at);
    // On from the end is from the beginning.
    played.entry(key(Key::Char(' ')));
    assert_eq!(played.state.now(), Stamp(all[0].at.0));
}

/// A file that is being written. What was flushed can be read: waits until there is enough.
fn opened(path: &std::path::Path, is_enough: impl Fn(&Film) -> bool) -> Film {
    for _ in 0..500 {
        match Film::open(path) {
            Ok(film) if is_enough(&film) => return film,
            Ok(_) | Err(_) => std::thread::sleep(std::time::Duration::from_millis(20)),
        }
    }
    panic!("there is not enough in it: {:?}", Film::open(path).map(|film| film.range()))
}

#[test]
fn a_file_that_is_still_written_is_followed() {
    let all = cluster();
    let (half, rest) = all.split_at(all.len() / 2);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.midair");
    let recorder = Recorder::start(&path, "a test", Stamp(START_US)).unwrap();
    half.iter().for_each(|entry| recorder.push(entry));
    let film = opened(&path, |_| true);
    let options = Options { n_targets: 2, size: SIZE, ..Options::default() };
    let mut followed = Session::replay(options, film, Vec::new(), None, Speed::nearest(64.0));
    rest.iter().for_each(|entry| recorder.push(entry));
    assert!(recorder.finish().failed.is_none());
    let mut n_steps = 0;
    while followed.state.is_playing() {
        followed.play(1_000_000);
        n_steps += 1;
        assert!(n_steps < 1_000, "it stands at {:?}: the file was closed", followed.state.now());
    }
    assert_eq!(followed.state.now(), all.last().unwrap().at);
    let mut through = session();
    all.iter().for_each(|entry| drop(through.entry(entry.clone())));
    assert!(followed.state.model == through.state.model);
}

#[test]
fn agents_of_a_recording_are_asked_for_nothing() {
    let (_dir, path) = recorded(&cluster());
    let mut session = film(&path);
    seek(&mut session, Stamp(START_US + 30_000_000));
    let key = |key| Entry { at: Stamp(0), item: Item::Input(Input::Key(key)) };
    session.entry(key(Key::Enter));
    for c in ":budget 5%".chars() {
        assert_eq!(session.entry(key(Key::Char(c))), []);
    }
    assert_eq!(session.entry(key(Key::Enter)), []);
    let said = session.state.message.as_ref().map(|message| message.text().to_owned());
    assert!(said.as_deref().is_some_and(|said| said.contains("recording")), "{said:?}");
}

#[test]
fn a_closed_file_lists_its_rollups() {
    let rollup = |at: u64, window_us: u64| {
        let rollup = v1::Rollup { window_us: Some(window_us), wall_us: Some(at), ..v1::Rollup::default() };
        let payload = v1::Payload { kind: Some(v1::payload::Kind::Rollup(rollup)) }.encode_to_vec();
        let node = Some("a".to_owned());
        let envelope =
            v1::Envelope { node, payload: Some(payload.into()), wall_us: Some(at), ..v1::Envelope::default() };
        Entry { at: Stamp(at), item: Item::Envelope("".into(), Arc::new(envelope)) }
    };
    let at = START_US + 10_000_000;
    let told = [rollup(at, 10_000_000), rollup(at + 1, 300_000_000)];
    let (_dir, path) = recorded(&told);
    assert_eq!(Film::open(&path).unwrap().rollups(), told);
}

#[test]
fn a_recording_that_is_opened_at_a_moment_shows_that_moment() {
    let (_dir, path) = recorded(&cluster());
    let at = Stamp(START_US + SECONDS * 700_000);
    let mut went_there = film(&path);
    seek(&mut went_there, at);
    let options = Options { n_targets: 2, size: SIZE, ..Options::default() };
    let opened = Session::replay(options, Film::open(&path).unwrap(), Vec::new(), Some(at), Speed::default());
    assert_eq!(opened.state.now(), at);
    assert!(cells(&went_there) == cells(&opened));
}

#[test]
fn a_jump_in_a_recording_leaves_no_silence_behind_that_was_none() {
    let (_dir, path) = recorded(&cluster());
    for to in [29, 57, 75, 88] {
        let mut session = film(&path);
        seek(&mut session, Stamp(START_US + to * 1_000_000));
        session.settle();
        let node = crate::event::NodeId::new("node-1");
        assert_eq!(session.state.timeline.missed(&node).collect::<Vec<_>>(), [], "node-1 was heard, second {to}");
    }
}

#[test]
fn a_node_that_a_recording_does_not_hold_is_said_with_those_that_it_does() {
    let (_dir, path) = recorded(&cluster_for(8));
    let go = |go: &str, at: Option<Stamp>| {
        let options = Options { n_targets: 2, size: SIZE, go: Some(go.to_owned()), ..Options::default() };
        let film = Film::open(&path).unwrap();
        let end = film.range().1;
        let mut session = Session::replay(options, film, Vec::new(), at.map(|_| end), Speed::default());
        session.settle();
        (0..8).for_each(|_| session.play(500_000));
        session.state.message.as_ref().map_or(String::new(), |message| message.text().to_owned())
    };
    for at in [None, Some(Stamp(0))] {
        let said = go("noed-2", at);
        assert!(said.starts_with("no node noed-2 at this moment; there are node-2, node-1"), "{at:?}: {said}");
        assert_eq!(go("node-2", at), "", "{at:?}");
    }
}

#[test]
fn a_followed_file_that_is_closed_hands_over_the_line_of_all_of_it() {
    let rollup = |node: &str, end_us: u64| {
        let summary = v1::Summary { min: Some(0), mean: Some(500), max: Some(700), n: Some(10) };
        let rollup = v1::Rollup {
            window_us: Some(10_000_000),
            wall_us: Some(end_us),
            mem: Some(summary),
            ..v1::Rollup::default()
        };
        let payload = v1::Payload { kind: Some(v1::payload::Kind::Rollup(rollup)) }.encode_to_vec();
        let envelope = v1::Envelope {
            node: Some(node.into()),
            epoch: Some(7),
            wall_us: Some(end_us),
            payload: Some(payload.into()),
            ..v1::Envelope::default()
        };
        Entry { at: Stamp(end_us), item: Item::Envelope(played::address(node), Arc::new(envelope)) }
    };
    // What is told of a moment begins with its block, of a minute at most.
    let mut all = cluster_for(160);
    all.extend((1..8).map(|n| rollup("node-1", START_US + n * 10_000_000)));
    all.sort_by_key(|entry| entry.at);
    let (half, rest) = all.split_at(all.len() * 3 / 4);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.midair");
    let recorder = Recorder::start(&path, "a test", Stamp(START_US)).unwrap();
    half.iter().for_each(|entry| recorder.push(entry));
    // It is opened late, at a moment near its end so far.
    let film = opened(&path, |film| film.range().1 >= Stamp(START_US + 100_000_000));
    let options = Options { n_targets: 2, size: SIZE, ..Options::default() };
    let at = film.range().1;
    let mut followed = Session::replay(options, film, Vec::new(), Some(at), Speed::default());
    let worst_early = |session: &Session| {
        let window = crate::model::Window { end: Stamp(START_US + 20_000_000), span_us: 20_000_000 };
        let node = crate::event::NodeId::new("node-1");
        let cells = session.state.timeline.cells(Some(&node), crate::model::Vital::Mem, window, 1);
        cells[0].severity.map(midair_vitals::Severity::per_mille)
    };
    assert_eq!(worst_early(&followed), None, "what was before was not told");
    rest.iter().for_each(|entry| recorder.push(entry));
    assert!(recorder.finish().failed.is_none());
    let key = Entry { at: Stamp(0), item: Item::Input(Input::Key(Key::Char(' '))) };
    followed.entry(key);
    for _ in 0..300 {
        followed.play(500_000);
    }
    assert!(!followed.state.is_playing());
    assert_eq!(worst_early(&followed), Some(700));
}

/// Entries of a hub of forty nodes over two minutes: each second one is in trouble, each half minute it tells of all.
fn of_hub() -> Vec<Entry> {
    use crate::{
        event::{Link, LinkState},
        wire::fleet::script,
    };
    let address: Arc<str> = "hub1:7700".into();
    let at = |second: u64| Stamp(START_US + second * 1_000_000);
    let entry = |second, envelope| Entry { at: at(second), item: Item::Envelope(address.clone(), Arc::new(envelope)) };
    let up = Link { address: address.clone(), state: LinkState::Up { note: "tcp".into() } };
    let description = script::envelope(v1::payload::Kind::Described(script::description()));
    let mut all = vec![Entry { at: at(0), item: Item::Link(up) }, entry(0, description)];
    for second in 0..120 {
        if second % 30 == 0 {
            let severities: Vec<i64> = (0..40).map(|row| if row == second as usize / 3 { 500 } else { 0 }).collect();
            all.extend(script::key(second + 1, &severities).into_iter().map(|part| entry(second, part)));
        }
        let row = second as usize / 3;
        let values = [(row, 500 + second as i64)];
        all.push(entry(second, script::changed(second + 2, v1::FleetValue::Sched, &values)));
        all.push(Entry { at: at(second), item: Item::Tick });
    }
    all
}

#[test]
fn what_a_hub_told_shows_the_same_cells_from_a_file_live_and_after_going_back() {
    let all = of_hub();
    let (_dir, path) = recorded(&all);
    let options = Options { n_targets: 1, size: (160, 45), ..Options::default() };
    let mut sought = Session::replay(options.clone(), Film::open(&path).unwrap(), Vec::new(), None, Speed::default());
    let mut live = Session::new(options);
    for entry in &all {
        live.entry(entry.clone());
    }
    for second in [100, 20, 65, 119] {
        let to = Stamp(START_US + second * 1_000_000 + 500_000);
        seek(&mut sought, to);
        live.state.playhead = Playhead::Past(to);
        live.seek(to);
        let of_model = |session: &Session| {
            let nodes = session.state.model.nodes.values();
            nodes.map(|node| (node.id.clone(), node.severities(), node.presence.clone())).collect::<Vec<_>>()
        };
        assert_eq!(of_model(&sought), of_model(&live), "second {second}");
        assert_eq!(live.state.model.nodes.len(), 40);
        let worst = live.state.model.nodes.values().max_by_key(|node| node.severities().unwrap().sched).unwrap();
        assert!(
            worst.severities().unwrap().sched.is_some_and(|s| u64::from(s.per_mille()) == 500 + second),
            "{second}"
        );
    }
}
