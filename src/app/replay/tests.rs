use super::*;
use crate::{
    app::{Msg, Options, Told, update},
    event::{Input, Key, Mark},
};

fn opened() -> State {
    let mut state = State::new(Options::default());
    let marks = vec![Stamp(20_000_000), Stamp(60_000_000)];
    let replay = Replay {
        name: "a.midair".into(),
        from: Stamp(10_000_000),
        to: Stamp(100_000_000),
        grows: false,
        is_playing: false,
        speed: Speed::default(),
    };
    update(&mut state, Msg::Told(Told::Opened(Box::new(replay))));
    let mark = |at: Stamp| {
        let text = format!("at {}", at.0).as_str().into();
        (at, Mark { node: None, wall_us: at.0, text, author: None, focus: None, is_automatic: false })
    };
    update(&mut state, Msg::Told(Told::Marks(marks.into_iter().map(mark).collect())));
    state
}

fn press(state: &mut State, key: Key) -> Vec<Effect> {
    update(state, Msg::Input(Stamp(0), Input::Key(key)))
}

#[test]
fn speeds_are_powers_of_two_within_bounds() {
    assert_eq!(Speed::nearest(1.0).word(), "1x");
    assert_eq!(Speed::nearest(0.25).word(), "1/4x");
    assert_eq!(Speed::nearest(100.0).word(), "64x");
    assert_eq!(Speed::nearest(0.0).word(), "1x");
    assert_eq!(Speed::nearest(f64::NAN).word(), "1x");
    assert_eq!(Speed::default().by(-9).of_us(1_000), 250);
    assert_eq!(Speed::default().by(3).of_us(1_000), 8_000);
    assert_eq!(Speed::default().by(i32::MAX).of_us(u64::MAX), u64::MAX);
}

#[test]
fn space_plays_and_stops_and_the_end_is_no_live() {
    let mut state = opened();
    assert_eq!(press(&mut state, Key::Char(' ')), []);
    assert_eq!(state.plays_to(1_000_000), Some(Stamp(11_000_000)));
    press(&mut state, Key::Char(')'));
    assert_eq!(state.plays_to(1_000_000), Some(Stamp(12_000_000)));
    press(&mut state, Key::Char(' '));
    assert_eq!(state.plays_to(1_000_000), None);
    assert_eq!(press(&mut state, Key::End), [Effect::Seek(Stamp(100_000_000))]);
    assert_eq!(state.playhead, Playhead::Past(Stamp(100_000_000)));
}

#[test]
fn marks_are_stepped_to() {
    let mut state = opened();
    assert_eq!(press(&mut state, Key::Char('}')), [Effect::Seek(Stamp(20_000_000))]);
    assert_eq!(press(&mut state, Key::Char('}')), [Effect::Seek(Stamp(60_000_000))]);
    assert_eq!(press(&mut state, Key::Char('}')), []);
    assert!(state.message.as_ref().is_some_and(|message| message.text().contains("no mark after")));
    assert_eq!(press(&mut state, Key::Char('{')), [Effect::Seek(Stamp(20_000_000))]);
}

#[test]
fn a_jump_beyond_the_recording_says_what_there_is() {
    let mut state = opened();
    press(&mut state, Key::Char('J'));
    "+1h".chars().for_each(|c| drop(press(&mut state, Key::Char(c))));
    assert_eq!(press(&mut state, Key::Enter), [Effect::Seek(Stamp(100_000_000))]);
    assert!(state.message.as_ref().is_some_and(|message| message.text().contains("1970-01-01T00:01:40Z")));
}

#[test]
fn leaving_while_recording_asks_first() {
    let mut state = State::new(Options::default());
    assert_eq!(press(&mut state, Key::Char('R')), [Effect::Record]);
    let recording = crate::app::Recording { name: "a.midair".into(), n_bytes: 1 };
    update(&mut state, Msg::Told(Told::Recording(Some(recording))));
    assert_eq!(press(&mut state, Key::Char('q')), []);
    assert_eq!(press(&mut state, Key::Char('x')), []);
    assert!(state.prompt.is_none());
    assert_eq!(press(&mut state, Key::Char('q')), []);
    assert_eq!(press(&mut state, Key::Char('y')), [Effect::Quit]);
}

#[test]
fn a_note_on_a_recording_asks_nobody() {
    let mut state = opened();
    press(&mut state, Key::Char('m'));
    press(&mut state, Key::Char('x'));
    let effects = press(&mut state, Key::Enter);
    let [Effect::Note(note)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!((note.at, &*note.text, &note.why), (Stamp(10_000_000), "x", &None));
}
