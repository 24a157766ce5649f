//! Pictures of ten thousand nodes behind hubs.

use super::*;
use crate::{
    app::{Msg, Options, update},
    event::{Cause, Event, Heard, Hearing, Link, LinkState},
    model::script::{at, crowd, id, stamped},
};

fn crowded(size: (u16, u16), keys: &[Key]) -> State {
    let mut state = State::new(Options { n_targets: 2, size, ..Options::default() });
    state.group_by = Some("role".into());
    crowd(1.0, 10_000).into_iter().for_each(|event| drop(update(&mut state, Msg::Event(event))));
    keys.iter().for_each(|key| drop(update(&mut state, Msg::Input(at(1.5), Input::Key(*key)))));
    state
}

#[test]
fn the_map_of_ten_thousand_nodes_says_what_a_cell_is_and_which_groups_they_are_of() {
    for size in [(160, 45), (120, 35), (80, 24)] {
        let all = screen(&crowded(size, &[]));
        assert!(all.contains("1 cell = ") && all.contains(" nodes "), "{all}");
        assert!(all.contains("chat ") && all.contains("media ") && all.contains("worst 99"), "{all}");
        // Into the group of the worst, then to one cell per node: the page of it.
        let page = screen(&crowded(size, &[vec![Key::BackTab, Key::Down, Key::Enter], typed("+")].concat()));
        assert!(page.contains("› media · ") && page.contains("-5,000 of 5,000"), "{page}");
    }
}

#[test]
fn a_filter_leaves_cells_of_others_empty() {
    let n_cells = |state: &State| screen(state).matches(['▁', '▂', '▃']).count();
    let filtered = crowded((160, 45), &[typed("/rack=r001"), vec![Key::Enter]].concat());
    assert!((1..=20).contains(&(n_cells(&filtered))), "{}", screen(&filtered));
    assert!(n_cells(&crowded((160, 45), &[])) > 200);
}

#[test]
fn a_hub_that_is_not_reached_is_said_once_and_in_the_header() {
    let mut state = crowded((160, 45), &[]);
    let reason = "cannot reach agent hub-1:7700: connection refused".into();
    let down = LinkState::Down { cause: Cause::Refused, reason, retry_at: at(3.0) };
    let link = Link { address: "hub-1:7700".into(), state: down };
    update(&mut state, Msg::Event(stamped(2.0, Event::Link(link))));
    update(&mut state, Msg::Event(stamped(13.0, Event::Tick)));
    let shown = screen(&state);
    let head = shown.lines().next().unwrap_or_default();
    assert!(head.contains("× NO HUB 12s"), "{head}");
    assert!(shown.contains("hub hub-1 is not reached: connection refused; what it said last is 12 s old"), "{shown}");
    assert_eq!(state.findings().len(), 1);
}

#[test]
fn a_node_that_is_known_briefly_is_followed_once_entered_and_silent_ones_say_where_words_are() {
    let state = crowded((120, 35), &[Key::Enter]);
    let shown = screen(&state);
    assert!(shown.contains("followed from now on"), "{shown}");
    assert!(!shown.contains("waiting for the first sample"), "{shown}");
}

#[test]
fn where_hubs_differ_the_node_says_who_hears_it() {
    let mut state = crowded((160, 45), &[]);
    let of_two = crowd(1.0, 3).into_iter().map(|mut event| {
        match &mut event.event {
            Event::Link(link) => link.address = "hub-2:7700".into(),
            Event::Described(hub) => {
                (hub.address, hub.node, hub.name) = ("hub-2:7700".into(), id("hub-2:7700"), "hub-2".into());
            }
            Event::Fleet(fleet) => {
                fleet.address = "hub-2:7700".into();
                let silent = |heard: &mut Heard| {
                    (heard.hearing, heard.cause, heard.reason) =
                        (Hearing::Silent, Some(Cause::Timeout), "timeout".into());
                    heard.since_us = Some(at(1.0).0);
                };
                fleet.heard.iter_mut().for_each(silent);
            }
            _ => {}
        }
        event
    });
    of_two.for_each(|event| drop(update(&mut state, Msg::Event(event))));
    update(&mut state, Msg::Event(stamped(4.0, Event::Tick)));
    typed("/node-00001").into_iter().chain([Key::Enter, Key::Enter]).for_each(|key| {
        update(&mut state, Msg::Input(at(4.0), Input::Key(key)));
    });
    let shown = screen(&state);
    assert!(shown.contains("hub-1 hears it, hub-2 not since 3s: timeout"), "{shown}");
}
