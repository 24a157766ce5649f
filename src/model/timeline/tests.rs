use super::*;
use crate::model::script::*;

fn told_line(events: &[Stamped]) -> (Model, Timeline) {
    let (mut model, mut timeline) = (Model::default(), Timeline::default());
    for event in events {
        model.apply(event);
        timeline.apply(&model, event);
    }
    (model, timeline)
}

/// One character per second from 0 to `seconds`: a digit for the tenth of the mem severity, `.` nothing, `x` silent,
/// `!` lost, `m` marked.
fn drawn(timeline: &Timeline, node: Option<&str>, seconds: u64) -> String {
    let window = Window { end: Stamp(at(seconds as f64).0 - 1), span_us: seconds * S };
    let node = node.map(id);
    let cells = timeline.cells(node.as_ref(), Vital::Mem, window, seconds as usize);
    let sign = |cell: &Cell| match cell {
        Cell { n_marks: 1.., .. } => 'm',
        Cell { n_lost: 1.., .. } => '!',
        Cell { is_silent: true, .. } => 'x',
        Cell { severity: Some(s), .. } => char::from_digit(s.percent() / 10, 11).unwrap(),
        Cell { severity: None, .. } => '.',
    };
    cells.iter().map(sign).collect()
}

fn used(seconds: f64, node: &str, tenths: u64) -> Stamped {
    sample_with(seconds, node, |sample| sample.reading.mem_available_bytes = Some((1000 - 100 * tenths) << 20))
}

#[test]
fn a_node_and_the_worst_of_all() {
    let story = [used(0.0, "a", 1), used(0.0, "b", 7), used(1.0, "a", 2), used(1.0, "b", 1), used(2.0, "a", 3)];
    let (_, timeline) = told_line(&story);
    assert_eq!(drawn(&timeline, Some("a"), 3), "123");
    assert_eq!(drawn(&timeline, None, 3), "723");
}

#[test]
fn what_was_not_recorded_is_a_hole() {
    let gap = event::Gap { node: Some(id("a")), from: Stamp(0), to: Stamp(0), n_lost: None, why: "".into() };
    let hole = |s: f64, to: f64| {
        let gap = event::Gap { from: stamped(s, Event::Tick).at, to: stamped(to, Event::Tick).at, ..gap.clone() };
        stamped(to, Event::Gap(gap))
    };
    let (_, timeline) = told_line(&[used(0.0, "a", 1), hole(4.0, 7.0), used(9.0, "a", 1)]);
    let window = Window { end: timeline.newest(), span_us: 9_000_000 };
    let cells = timeline.cells(Some(&id("a")), Vital::Mem, window, 9);
    let holes: Vec<usize> = (0..9).filter(|n| cells[*n].is_hole).collect();
    assert_eq!(holes, [4, 5, 6, 7]);
    assert!(timeline.cells(Some(&id("b")), Vital::Mem, window, 9).iter().all(|cell| !cell.is_hole));
}

#[test]
fn losses_and_silence_are_shown() {
    let lost = stamped(3.0, Event::Lost { node: id("a"), n_samples: 2 });
    let story = [
        up(0.0, "a"),
        described(0.0, "a"),
        used(0.1, "a", 1),
        lost,
        used(4.0, "a", 1),
        down(5.0, "a"),
        up(7.0, "a"),
        described(7.0, "a"),
        used(8.0, "a", 5),
        used(9.0, "a", 5),
        tick(9.5),
    ];
    let (_, timeline) = told_line(&story);
    assert_eq!(drawn(&timeline, Some("a"), 11), "11.!xxxxxx5");
}

#[test]
fn what_is_told_again_changes_nothing() {
    let story: Vec<_> = (0..20).map(|s| used(f64::from(s), "a", 3)).collect();
    let (mut model, mut timeline) = told_line(&story);
    let before = drawn(&timeline, None, 20);
    let reset = stamped(20.0, Event::Reset);
    for event in [reset].iter().chain(&story[..10]) {
        model.apply(event);
        timeline.apply(&model, event);
    }
    assert!(timeline.is_retelling());
    assert_eq!(drawn(&timeline, None, 20), before);
    let next = used(21.0, "a", 4);
    model.apply(&next);
    timeline.apply(&model, &next);
    assert!(!timeline.is_retelling());
    assert_eq!(drawn(&timeline, None, 22).chars().last(), Some('4'));
}

#[test]
fn one_note_on_many_nodes_is_one_mark_on_all() {
    let mark = |node: &str| {
        let wall_us = at(2.0).0;
        let (text, author) = ("release".into(), None);
        let mark = Mark { node: Some(id(node)), wall_us, text, author, focus: None, is_automatic: false };
        stamped(2.0, Event::Mark(mark))
    };
    let story = [used(1.0, "a", 1), mark("a"), mark("b"), mark("b")];
    let (_, timeline) = told_line(&story);
    assert_eq!(timeline.flags.len(), 1);
    assert_eq!(drawn(&timeline, Some("c"), 3), "..m");
}

#[test]
fn steps_go_from_sample_to_sample_and_stop_at_the_ends() {
    let story: Vec<_> = (1..=5).map(|s| used(f64::from(s), "a", 1)).collect();
    let (_, timeline) = told_line(&story);
    let step = |from: f64, n| timeline.step(&id("a"), at(from), n).unwrap();
    assert_eq!(step(5.0, -1), at(4.2));
    assert_eq!(step(4.2, -1), at(3.2));
    assert_eq!(step(4.2, 1), at(5.0));
    assert_eq!(step(3.0, -10), at(1.2));
    assert_eq!(timeline.step(&id("b"), at(3.0), 1), None);
}

#[test]
fn it_forgets_after_twenty_minutes() {
    let story = [used(0.0, "a", 1), used(1300.0, "a", 1)];
    let (_, timeline) = told_line(&story);
    assert_eq!(timeline.oldest(), Some(at(100.0)));
    assert_eq!(timeline.nodes[&id("a")].len(), 1);
}

#[test]
fn a_step_gets_past_two_samples_of_one_moment() {
    let (_, timeline) = told_line(&[used(0.0, "a", 1), used(1.0, "a", 1), used(1.0, "a", 1), used(3.0, "a", 1)]);
    let node = id("a");
    let step = |from| timeline.step(&node, from, 1).unwrap();
    assert!(step(at(0.5)) >= at(1.0));
    assert!(step(step(at(0.5))) >= at(3.0));
}

#[test]
fn a_flood_of_samples_stays_in_bounds() {
    let story: Vec<_> = (0..6_000).map(|n| used(f64::from(n) / 100.0, "a", 1)).collect();
    assert_eq!(told_line(&story).1.nodes[&id("a")].len(), 4_800);
}
