use midair_vitals::TaskId;

use super::*;
use crate::{app::heads, event::NodeId};

const ERLANG: TaskId = TaskId { runtime: 1, number: 812, start: 5 };

fn screens() -> [Screen; 5] {
    let node = || NodeId::new("a");
    let kernel = TaskId { runtime: 0, ..ERLANG };
    [
        Screen::Cluster,
        Screen::Node(node()),
        Screen::Vm(node(), 1),
        Screen::Task(node(), kernel),
        Screen::Task(node(), ERLANG),
    ]
}

#[test]
fn every_column_of_every_table_is_explained() {
    for screen in screens() {
        for panel in screen.panels() {
            for head in [true, false].into_iter().flat_map(|is_mixed| heads::of(*panel, &screen, is_mixed)) {
                assert!(of_head(*panel, head.title).is_some(), "{} of {}", head.title, panel.word());
            }
        }
    }
}

#[test]
fn no_meaning_is_cut_on_a_screen_of_80_columns() {
    for screen in screens() {
        let of_panels = screen.panels().iter().flat_map(|panel| of_panel(*panel));
        for (word, meaning) in of_panels.chain(ANYWHERE).chain(of_screen(&screen)) {
            assert!(meaning.chars().count() <= LONGEST, "{word}: {meaning}");
            assert!(word.chars().count() <= LONGEST_WORD, "{word}");
        }
    }
}
