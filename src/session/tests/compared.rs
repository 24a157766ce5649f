//! Two moments beside each other: by keys and by command, live and from a file.

use super::{played::recorded, *};
use crate::{
    app::{Overlay, Side},
    model::compare::{Row, Topic},
};

fn key(key: Key) -> Entry {
    Entry { at: Stamp(0), item: Item::Input(Input::Key(key)) }
}

fn typed(session: &mut Session, text: &str) {
    text.chars().for_each(|c| drop(session.entry(key(Key::Char(c)))));
}

fn moment(second: u64) -> Stamp {
    Stamp(START_US + second * 1_000_000 + 500_000)
}

/// All of the cluster up to now, on the screen of its first node.
fn on_node() -> Session {
    let mut session = session();
    cluster().into_iter().for_each(|entry| drop(session.entry(entry)));
    session.entry(key(Key::Enter));
    session
}

fn seek(session: &mut Session, second: u64) {
    session.state.playhead = Playhead::Past(moment(second));
    session.seek(moment(second));
}

/// All rows of what is compared.
fn rows(session: &Session) -> Vec<Row> {
    let state = &session.state;
    let comparing = state.comparing().expect("something is compared");
    let side = |side: &Side| state.portraits(side, &Topic::ALL);
    let (a, b) = (side(&comparing.a), side(&comparing.b));
    Topic::ALL.iter().flat_map(|topic| state.compared(&a, &b, *topic)).collect()
}

/// What stands between the header and the time line.
fn shown(session: &Session) -> String {
    let areas = session.state.areas();
    let all = text(&cells(session));
    all.lines().skip(1).take(usize::from(areas.timeline.y) - 1).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_file_shows_the_comparison_that_the_live_screen_showed() {
    let (_dir, path) = recorded(&cluster());
    let film = Film::open(&path).unwrap();
    let options = Options { n_targets: 2, size: SIZE, ..Options::default() };
    let mut replayed = Session::replay(options, film, Vec::new(), Some(moment(80)), Speed::default());
    replayed.entry(key(Key::Enter));
    let mut live = on_node();
    for session in [&mut live, &mut replayed] {
        seek(session, 25);
        typed(session, "c");
        seek(session, 75);
        typed(session, "c");
    }
    assert!(rows(&live).iter().any(Row::is_changed), "{:?}", rows(&live));
    assert!(rows(&live) == rows(&replayed));
    assert_eq!(shown(&live), shown(&replayed));
    for session in [&mut live, &mut replayed] {
        session.entry(key(Key::Tab));
    }
    assert_eq!(shown(&live), shown(&replayed));
}

#[test]
fn a_moment_that_is_typed_is_held_and_the_screen_is_live_again() {
    let (mut commanded, mut by_hand, mut never) = (on_node(), on_node(), on_node());
    typed(&mut commanded, ":compare 50s");
    let effects = commanded.entry(key(Key::Enter));
    assert_eq!(effects, [], "on the way nothing is asked of agents");
    assert_eq!(commanded.state.playhead, Playhead::Live);
    assert!(commanded.state.model == never.state.model, "live is as if one had never left");

    typed(&mut by_hand, "J50s");
    by_hand.entry(key(Key::Enter));
    typed(&mut by_hand, "c");
    by_hand.entry(key(Key::End));
    typed(&mut by_hand, "c");
    assert!(rows(&commanded) == rows(&by_hand), "the command does what the keys do");
    assert_eq!(shown(&commanded), shown(&by_hand));
    for session in [&mut commanded, &mut never] {
        session.entry(Entry { at: Stamp(START_US + SECONDS * 1_000_000), item: Item::Tick });
    }
    assert!(commanded.state.timeline == never.state.timeline);
}

#[test]
fn a_moment_is_held_in_a_recording_too() {
    let (_dir, path) = recorded(&cluster());
    let film = Film::open(&path).unwrap();
    let options = Options { n_targets: 2, size: SIZE, ..Options::default() };
    let mut session = Session::replay(options, film, Vec::new(), Some(moment(80)), Speed::default());
    session.entry(key(Key::Enter));
    typed(&mut session, ":compare 50s");
    session.entry(key(Key::Enter));
    assert_eq!(session.state.playhead, Playhead::Past(moment(80)), "back where it was");
    let Some(Overlay::Compare(comparing)) = &session.state.overlay else { panic!("{:?}", session.state.message) };
    let Side::Held(held) = &comparing.a else { panic!("{comparing:?}") };
    assert_eq!(held.at, moment(30));
    assert!(rows(&session).iter().any(Row::is_changed));
}

#[test]
fn what_is_held_stands_and_what_is_shown_moves_on() {
    let (before, after): (Vec<_>, Vec<_>) = cluster().into_iter().partition(|entry| entry.at < moment(30));
    let mut session = session();
    before.into_iter().for_each(|entry| drop(session.entry(entry)));
    session.entry(key(Key::Enter));
    typed(&mut session, "c");
    let mut after = after.into_iter();
    after.by_ref().take(20).for_each(|entry| drop(session.entry(entry)));
    typed(&mut session, "c");
    let sides = |session: &Session| {
        let mem = rows(session).into_iter().find(|row| row.key.word == "mem used").unwrap();
        (mem.a.unwrap().median, mem.b.unwrap().median)
    };
    let earlier = sides(&session);
    after.by_ref().take(40).for_each(|entry| drop(session.entry(entry)));
    let later = sides(&session);
    assert_eq!(earlier.0, later.0, "A stands");
    assert!(later.1 > earlier.1, "B moves on");
    session.entry(key(Key::Char(' ')));
    let paused = shown(&session);
    after.for_each(|entry| drop(session.entry(entry)));
    assert_eq!(paused, shown(&session), "paused, B stands as well");
}
