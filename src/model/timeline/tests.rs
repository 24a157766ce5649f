use super::*;
use crate::{event::Mark, model::script::*};

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
        Cell { n_lost: 1.., .. } => '!',
        Cell { is_silent: true, .. } => 'x',
        Cell { n_marks: 1.., .. } => 'm',
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
fn what_a_young_black_box_did_not_keep_is_a_hole_of_its_node() {
    let (_, mut timeline) = told_line(&[used(6.0, "a", 1), used(9.0, "a", 1)]);
    timeline.kept_since.insert(id("a"), at(4.0));
    let window = Window { end: timeline.newest(), span_us: 9_000_000 };
    let holes = |node: &str| {
        let cells = timeline.cells(Some(&id(node)), Vital::Mem, window, 9);
        (0..9).filter(|n| cells[*n].is_hole).collect::<Vec<usize>>()
    };
    assert_eq!((holes("a"), holes("b")), (vec![0, 1, 2, 3, 4], vec![]));
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
    let lost = stamped(3.0, Event::Lost { node: id("a"), n_samples: Some(2) });
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
fn one_note_on_many_nodes_is_one_mark_on_all_of_them() {
    let mark = |node: &str| {
        let wall_us = at(2.0).0;
        let (text, author) = ("release".into(), None);
        let mark = Mark { node: Some(id(node)), wall_us, text, author, focus: None, is_automatic: false };
        stamped(2.0, Event::Mark(mark))
    };
    let story = [used(1.0, "a", 1), mark("a"), mark("b"), mark("b")];
    let (_, timeline) = told_line(&story);
    assert_eq!(timeline.flags.iter().count(), 1);
    assert_eq!(["a", "b", "c"].map(|node| drawn(&timeline, Some(node), 3)), [".1m", "..m", "..."]);
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

fn noted(timeline: &Timeline) -> Vec<String> {
    let text = |flag: &Flag| format!("{} {}", flag.at.since_us(at(0.0)) / S, flag.text);
    timeline.flags.iter().filter(|flag| flag.is_automatic).map(text).collect()
}

#[test]
fn a_silence_and_its_end_are_one_note_each() {
    let mut story = vec![up(0.0, "a"), described(0.0, "a"), used(0.1, "a", 1), down(5.0, "a"), tick(6.0), tick(9.0)];
    story.extend([up(12.0, "a"), described(12.0, "a"), used(12.5, "a", 5), used(13.0, "a", 5), tick(13.5)]);
    let (_, timeline) = told_line(&story);
    let notes = noted(&timeline);
    assert!(notes[0].starts_with("0 silent: "), "{notes:?}");
    assert_eq!(notes[1..], ["13 back after 13 s"]);
    let never_heard =
        told_line(&[up(0.0, "a"), down(1.0, "a"), tick(9.0), up(10.0, "a"), used(11.0, "a", 1), tick(12.0)]);
    assert_eq!(noted(&never_heard.1), [""; 0], "nobody misses who never was there");
}

#[test]
fn a_node_that_leaves_is_not_back() {
    let story = [up(0.0, "a"), described(0.0, "a"), used(0.1, "a", 1), down(5.0, "a"), tick(6.0)];
    let (_, timeline) = told_line(&[&story[..], &[left(65.0, "a:7070"), tick(66.0)]].concat());
    let notes = noted(&timeline);
    assert!(notes.len() == 1 && notes[0].starts_with("0 silent: "), "{notes:?}");
}

#[test]
fn a_rack_that_goes_is_one_note() {
    let names: Vec<String> = (0..40).map(|n| format!("n{n:02}")).collect();
    let mut story: Vec<Stamped> = Vec::new();
    for name in &names {
        story.extend([up(0.0, name), described(0.1, name), used(1.0, name, 1)]);
    }
    // One after the other within four seconds.
    story.extend(names.iter().enumerate().map(|(n, name)| down(2.0 + n as f64 / 10.0, name)));
    let (_, timeline) = told_line(&story);
    assert_eq!(noted(&timeline), ["1 40 nodes silent: n00, n01, n02, n03 ..."]);
    assert_eq!(timeline.flags.on(Some(&id("n39"))).len(), 1);
    assert_eq!(timeline.flags.on(Some(&id("other"))).len(), 0);
}

#[test]
fn a_note_moves_when_the_clock_of_its_node_is_known() {
    let mark = |seconds: f64| {
        let (node, wall_us) = (Some(id("a")), at(5.0).0 + 30 * S);
        let mark = Mark { node, wall_us, text: "x".into(), author: None, focus: None, is_automatic: false };
        stamped(seconds, Event::Mark(mark))
    };
    let clock = Event::Clock { node: id("a"), offset_us: 30 * S as i64, uncertainty_us: 0, is_step: false };
    let (_, timeline) = told_line(&[described(0.0, "a"), mark(9.0), stamped(10.0, clock), mark(11.0)]);
    let flags: Vec<Stamp> = timeline.flags.iter().map(|flag| flag.at).collect();
    assert_eq!(flags, [at(5.0)], "and is told twice, but one");
}

#[test]
fn two_notes_of_one_text_at_different_times_are_two() {
    let mut flags = super::Flags::default();
    let on = |second: u64, nodes: &[(&str, u64)]| super::Flag {
        at: Stamp(second * 1_000_000),
        nodes: nodes.iter().map(|(id, wall_us)| (NodeId::new(id), *wall_us)).collect(),
        text: "silent: the connection was closed".into(),
        is_automatic: true,
        ..super::Flag::default()
    };
    // A second outage, and a note on the whole cluster like one on a node: none is the other.
    [on(10, &[("a", 0)]), on(100, &[("a", 0)]), on(200, &[]), on(300, &[])].into_iter().for_each(|f| flags.push(f));
    assert_eq!(
        flags.iter().map(|flag| (flag.at.0 / 1_000_000, flag.nodes.len())).collect::<Vec<_>>(),
        [(10, 1), (100, 1), (200, 0), (300, 0)]
    );
    // Told again, with the wall time of its node, it is the same.
    let noted = on(400, &[("b", 400_000_000)]);
    flags.push(noted.clone());
    flags.push(super::Flag { at: Stamp(405_000_000), ..noted });
    assert_eq!(flags.iter().count(), 5);
}
