//! Moments before all that was received: black boxes are asked, and what they tell is shown as if it had been played.

use std::sync::Arc;

use midair_proto::v1::Envelope;

use super::{
    played::{START_US, address, cluster},
    *,
};
use crate::{
    entry::{Ending, Page, Part},
    event::{Control, Link, LinkState, NodeId},
    feed::tape::WARM_UP_US,
    wire::Carries,
};

const S: u64 = 1_000_000;

/// By how much the clock of node-1 runs ahead, as the played estimates say.
const AHEAD_US: u64 = 1_500;

/// The second from which on the dashboard looked.
const LOOKED: u64 = 60;

fn of_node_1(entry: &Entry) -> bool {
    match &entry.item {
        Item::Envelope(of, _) | Item::Clock(of, ..) => *of == address("node-1"),
        Item::Link(link) => link.address == address("node-1"),
        _ => true,
    }
}

/// All that node-1 sent in a minute and a half: what its black box keeps are the samples.
fn all() -> Vec<Entry> {
    cluster().into_iter().filter(of_node_1).collect()
}

/// What its black box keeps. Before second 30 another agent ran there.
fn kept() -> Vec<Arc<Envelope>> {
    let restarted = |envelope: &Arc<Envelope>| match envelope.wall_us {
        Some(wall) if wall < START_US + 30 * S => Arc::new(Envelope { epoch: Some(6), ..(**envelope).clone() }),
        _ => envelope.clone(),
    };
    let envelope = |entry: Entry| if let Item::Envelope(_, envelope) = entry.item { Some(envelope) } else { None };
    let all = all().into_iter().filter_map(envelope);
    all.filter(|envelope| Carries::of(envelope) == Carries::Sample).map(|envelope| restarted(&envelope)).collect()
}

/// A dashboard that looks from second 60 on.
fn late() -> Session {
    let mut session = Session::new(Options { n_targets: 1, size: SIZE, ..Options::default() });
    let (before, after): (Vec<Entry>, Vec<Entry>) =
        all().into_iter().partition(|entry| entry.at.0 < START_US + LOOKED * S);
    let stands = |entry: &Entry| match &entry.item {
        Item::Envelope(_, envelope) => Carries::of(envelope) == Carries::Description,
        Item::Link(_) => true,
        _ => false,
    };
    for entry in before.into_iter().filter(stands) {
        session.entry(Entry { at: Stamp(START_US + LOOKED * S), ..entry });
    }
    for entry in after {
        let asked = questions(session.entry(entry));
        // Of the time line before it was started, of which nothing was kept.
        assert!(asked.iter().all(|asked| matches!(asked, Control::History { max_points: Some(_), .. })), "{asked:?}");
        answer_all(&mut session, asked);
    }
    session
}

/// A person types.
fn types(session: &mut Session, text: &str) -> Vec<Control> {
    let keys = text.chars().map(|c| if c == '\r' { Key::Enter } else { Key::Char(c) });
    let at = session.state.clock;
    let effects: Vec<Effect> =
        keys.flat_map(|key| session.entry(Entry { at, item: Item::Input(Input::Key(key)) })).collect();
    questions(effects)
}

fn questions(effects: Vec<Effect>) -> Vec<Control> {
    let question = |effect| match effect {
        Effect::Control(control @ Control::History { .. }) => Some(control),
        _ => None,
    };
    effects.into_iter().filter_map(question).collect()
}

fn page(session: &mut Session, id: u32, part: Part) -> Vec<Control> {
    page_of("node-1", session, id, part)
}

fn page_of(node: &str, session: &mut Session, id: u32, part: Part) -> Vec<Control> {
    let at = session.state.clock;
    questions(session.entry(Entry { at, item: Item::Page(Page { address: address(node), id, part }) }))
}

/// Answers a question as the black box does: from the key before the range on, in pieces.
fn answer(session: &mut Session, question: &Control, ending: Ending) -> Vec<Control> {
    let Control::History { id, from_us, to_us, max_points, .. } = *question else { panic!("{question:?}") };
    let kept = kept();
    let before = kept.iter().rposition(|e| e.key == Some(true) && e.wall_us <= Some(from_us)).unwrap_or(0);
    let range = kept.into_iter().skip(before).filter(|envelope| envelope.wall_us <= Some(to_us));
    let told: Vec<_> = range.filter(|_| max_points.is_none()).collect();
    for piece in told.chunks(7) {
        assert_eq!(page(session, id, Part::Told(piece.to_vec())), []);
    }
    page(session, id, Part::End(ending))
}

/// Answers until nothing is asked any more.
fn answer_all(session: &mut Session, mut questions: Vec<Control>) -> usize {
    let mut n_asked = 0;
    while let Some(question) = questions.pop() {
        n_asked += 1;
        assert!(n_asked < 50, "it goes on asking");
        questions.extend(answer(session, &question, Ending::Whole));
    }
    n_asked
}

/// The state after playing what the black box keeps up to a moment, with what stands before it and ticks between.
fn played(to: Stamp) -> Session {
    let mut session = Session::new(Options { n_targets: 1, size: SIZE, ..Options::default() });
    let from = Stamp(to.0 - WARM_UP_US);
    let is_described =
        |entry: &Entry| matches!(&entry.item, Item::Envelope(_, e) if Carries::of(e) == Carries::Description);
    let described = all().into_iter().find(is_described).unwrap().item;
    let clock = Item::Clock(address("node-1"), AHEAD_US as i64, 200, false);
    let up = Item::Link(Link { address: address("node-1"), state: LinkState::Up { note: "black box".into() } });
    let mut entries: Vec<Entry> = [described, clock, up].into_iter().map(|item| Entry { at: from, item }).collect();
    let told = |e: Arc<Envelope>| Entry {
        at: Stamp(e.wall_us.unwrap() - AHEAD_US),
        item: Item::Envelope(address("node-1"), e),
    };
    let told: Vec<Entry> = kept().into_iter().map(told).filter(|entry| entry.at <= to).collect();
    entries.extend(feed::pages::merged(told, None, to));
    for entry in entries {
        session.entry(entry);
    }
    session
}

#[test]
fn a_moment_before_the_tape_is_as_if_it_had_been_played_also_over_a_restart_and_with_a_clock_that_runs_ahead() {
    let mut session = late();
    // Second 89 and a half is the last: 40 s before it lies second 49.
    let questions = types(&mut session, "J40s\r");
    let Playhead::Past(to) = session.state.playhead else { panic!("live") };
    assert!(to.0 < START_US + 50 * S, "{to:?}");
    assert!(text(&cells(&session)).contains("asking the black box of node-1"), "{}", text(&cells(&session)));
    let Control::History { node, from_us, to_us, max_points: None, .. } = &questions[0] else {
        panic!("{questions:?}")
    };
    assert_eq!((node, *to_us), (&NodeId::new("node-1"), to.0 + AHEAD_US), "in the node's wall time");
    assert_eq!(to_us - from_us, 40 * S, "a key each 30 s, and ten seconds of growth");
    let more = answer(&mut session, &questions[0], Ending::Whole);
    let screen = text(&cells(&session));
    assert!(screen.contains("as measured") && screen.contains("task-3"), "{screen}");
    assert!(!more.is_empty(), "what charts need is asked for next");
    answer_all(&mut session, more);
    answer_all(&mut session, questions[1..].to_vec());
    assert!(session.state.model == played(to).state.model);
    // And on from there, step by step, as by one step.
    let asked = types(&mut session, "TTTT");
    answer_all(&mut session, asked);
    let Playhead::Past(on) = session.state.playhead else { panic!("live") };
    assert_eq!(on.0, to.0 + 4 * S);
    assert!(session.state.model == played(on).state.model);
}

#[test]
fn from_the_pages_into_the_tape_and_live_it_is_as_without_them() {
    let mut session = late();
    let questions = types(&mut session, "J40s\r");
    answer_all(&mut session, questions);
    types(&mut session, "J+35s\r");
    assert_eq!(session.state.looked, None, "the tape has it");
    let mut other = late();
    let Playhead::Past(to) = session.state.playhead else { panic!("live") };
    types(&mut other, "J5s\r");
    assert!(matches!(other.state.playhead, Playhead::Past(at) if at == to), "{:?} {to:?}", other.state.playhead);
    assert!(session.state.model == other.state.model);
    let at = session.state.clock;
    session.entry(Entry { at, item: Item::Input(Input::Key(Key::End)) });
    assert_eq!(session.state.playhead, Playhead::Live);
    assert!(session.state.model == late().state.model);
}

#[test]
fn what_a_black_box_refuses_is_said_and_asked_again_when_a_person_does() {
    let mut session = late();
    let questions = types(&mut session, "J40s\r");
    let Control::History { id, .. } = questions[0] else { panic!() };
    page(&mut session, id, Part::End(Ending::Refused("it has other things to do".into())));
    let screen = text(&cells(&session));
    assert!(screen.contains("node-1 did not tell all: it has other things to do"), "{screen}");
    let is_all = |question: &&Control| matches!(question, Control::History { max_points: None, .. });
    assert_eq!(types(&mut session, "j").iter().filter(is_all).count(), 0, "it is not asked in a circle");
    assert_eq!(types(&mut session, "t").iter().filter(is_all).count(), 1);
}

#[test]
fn an_answer_that_breaks_off_shows_what_came_and_says_so() {
    let mut session = late();
    let questions = types(&mut session, "J40s\r");
    answer(&mut session, &questions[0], Ending::Broken("the connection was closed".into()));
    let screen = text(&cells(&session));
    assert!(screen.contains("did not tell all: the connection was closed"), "{screen}");
    assert!(screen.contains("task-3"), "{screen}");
}

#[test]
fn who_never_answers_is_given_up() {
    let mut session = late();
    types(&mut session, "J40s\r");
    let at = Stamp(session.state.clock.0 + 61 * S);
    session.entry(Entry { at, item: Item::Tick });
    let screen = text(&cells(&session));
    assert!(screen.contains("no answer for a minute"), "{screen}");
}

#[test]
fn a_day_of_time_is_asked_for_once() {
    let mut session = late();
    let asked = types(&mut session, "------");
    let lines =
        |asked: &[Control]| asked.iter().filter(|c| matches!(c, Control::History { max_points: Some(_), .. })).count();
    assert!(lines(&asked) >= 1 && asked.len() == lines(&asked), "{asked:?}");
    let n_asked = answer_all(&mut session, asked);
    assert!(n_asked <= 4, "{n_asked}");
    assert_eq!(lines(&types(&mut session, "j")), 0);
}

/// The moment that is held, where something is compared.
fn held(session: &Session) -> Option<Arc<crate::app::Held>> {
    match session.state.comparing().map(|comparing| &comparing.a) {
        Some(crate::app::Side::Held(held)) => Some(held.clone()),
        _ => None,
    }
}

#[test]
fn a_moment_before_the_tape_is_held_once_it_is_told() {
    let mut session = late();
    let questions = types(&mut session, ":compare 40s\r");
    let screen = text(&cells(&session));
    assert!(screen.contains("asking the black box of node-1") && screen.contains("is then compared"), "{screen}");
    assert_eq!(held(&session), None);
    let Playhead::Past(then) = session.state.playhead else { panic!("live") };
    answer(&mut session, &questions[0], Ending::Whole);
    let held = held(&session).expect("it is compared");
    assert_eq!(session.state.playhead, Playhead::Live, "and the screen is where it was");
    assert!(session.state.model == late().state.model);
    let mut by_hand = played(then);
    by_hand.state.playhead = Playhead::Past(then);
    types(&mut by_hand, "c");
    let other = by_hand.state.held.clone().expect("held");
    assert_eq!((held.at, &held.portrait), (then, &other.portrait));
    let screen = text(&cells(&session));
    assert!(screen.contains("[values]") && !screen.contains("black box"), "{screen}");
}

#[test]
fn what_is_to_be_held_is_given_up_with_a_key_and_where_nobody_tells() {
    let mut session = late();
    let questions = types(&mut session, ":compare 40s\r");
    let at = session.state.clock;
    session.entry(Entry { at, item: Item::Input(Input::Key(Key::Esc)) });
    assert_eq!(session.state.playhead, Playhead::Live);
    answer(&mut session, &questions[0], Ending::Whole);
    assert_eq!((held(&session), session.state.playhead), (None, Playhead::Live), "it is not held later");
    let mut session = late();
    let questions = types(&mut session, ":compare 40s\r");
    let Control::History { id, .. } = questions[0] else { panic!() };
    page(&mut session, id, Part::End(Ending::Refused("it has other things to do".into())));
    let screen = text(&cells(&session));
    assert!(screen.contains("it has other things to do"), "{screen}");
    assert_eq!((held(&session), session.state.playhead), (None, Playhead::Live));
}

#[test]
fn marks_that_come_with_a_long_line_stand_on_it_and_in_the_list() {
    let mut session = late();
    let questions = types(&mut session, "------");
    let Control::History { id, max_points: Some(_), .. } = questions[0] else { panic!("{questions:?}") };
    let wall_us = START_US - 10 * 3_600 * S;
    let mark =
        midair_proto::v1::Mark { wall_us: Some(wall_us), text: Some("release 417".into()), ..Default::default() };
    let kind = midair_proto::v1::payload::Kind::Mark(mark);
    let payload = prost::Message::encode_to_vec(&midair_proto::v1::Payload { kind: Some(kind) });
    let mut told = (*kept()[0]).clone();
    (told.payload, told.seq, told.key, told.wall_us) = (Some(payload.into()), None, None, Some(wall_us));
    let twice = vec![Arc::new(told.clone()), Arc::new(told)];
    page(&mut session, id, Part::Told(twice));
    let screen = text(&cells(&session));
    assert!(screen.contains("⚑ release 417"), "{screen}");
    types(&mut session, "n");
    let screen = text(&cells(&session));
    assert!(screen.contains("release 417"), "{screen}");
    let moments: Vec<Stamp> =
        session.state.marks().iter().filter(|m| *m.text == *"release 417").map(|m| m.at).collect();
    assert_eq!(moments, [Stamp(wall_us - AHEAD_US)], "once, on our clock");
}

/// Both nodes, of which the second is cut off from second 40 to 52; on the screen of the second. What its black box is asked
/// for the line, once nothing is missing of the first.
fn cut() -> (Session, Vec<Control>) {
    let mut session = session();
    let mut open = Vec::new();
    for entry in cluster() {
        let mut asked = questions(session.entry(entry));
        while let Some(question) = asked.pop() {
            let Control::History { ref node, id, from_us, .. } = question else { panic!("{question:?}") };
            if from_us < START_US {
                asked.extend(page_of(&node.0, &mut session, id, Part::End(Ending::Whole)));
            } else {
                open.push(question);
            }
        }
    }
    types(&mut session, "jj\r");
    assert_eq!(session.state.screen().node(), Some(&NodeId::new("node-2")));
    (session, open)
}

/// What the line of the second node shows of so many seconds, in per cent of mem.
fn line(session: &Session, seconds: std::ops::Range<u64>) -> Vec<Option<u32>> {
    let (n_cells, node) = (seconds.end - seconds.start, NodeId::new("node-2"));
    let window = crate::model::Window { end: Stamp(START_US + seconds.end * S - 1), span_us: n_cells * S };
    let cells = session.state.timeline.cells(Some(&node), crate::model::Vital::Mem, window, n_cells as usize);
    cells.iter().map(|cell| cell.severity.map(midair_vitals::Severity::percent)).collect()
}

#[test]
fn what_a_cut_link_left_out_of_the_line_is_asked_for_once_when_it_is_back() {
    let (mut session, open) = cut();
    let [Control::History { node, id, from_us, to_us, max_points: Some(_) }] = &open[..] else { panic!("{open:?}") };
    assert_eq!(*node, NodeId::new("node-2"));
    assert!(*from_us <= START_US + 40 * S && *to_us >= START_US + 60 * S, "with the window that ends after it");
    assert!(line(&session, 42..50).iter().all(Option::is_none), "{:?}", line(&session, 42..50));
    let (before, after) = (line(&session, 30..39), line(&session, 54..60));
    let rollup = |end: u64| {
        let summary = midair_proto::v1::Summary { min: Some(0), mean: Some(500), max: Some(990), n: Some(10) };
        let wall_us = Some(START_US + end * S);
        let rollup =
            midair_proto::v1::Rollup { window_us: Some(10 * S), wall_us, mem: Some(summary), ..Default::default() };
        let kind = Some(midair_proto::v1::payload::Kind::Rollup(rollup));
        let payload = prost::Message::encode_to_vec(&midair_proto::v1::Payload { kind });
        Arc::new(Envelope {
            node: Some("node-2".into()),
            wall_us,
            payload: Some(payload.into()),
            ..Envelope::default()
        })
    };
    page_of("node-2", &mut session, *id, Part::Told([40, 50, 60].map(rollup).to_vec()));
    page_of("node-2", &mut session, *id, Part::End(Ending::Whole));
    assert_eq!(line(&session, 42..50), [Some(99); 8], "the hole is filled");
    assert_eq!((line(&session, 30..39), line(&session, 54..60)), (before, after), "and samples stand as they were");
    let at = Stamp(session.state.clock.0 + 60 * S);
    assert_eq!(questions(session.entry(Entry { at, item: Item::Tick })), [], "it is not asked again");
}

#[test]
fn a_moment_in_which_a_link_was_cut_is_asked_of_the_black_box_on_the_screen_of_that_node() {
    let (mut session, open) = cut();
    for question in open {
        let Control::History { id, .. } = question else { panic!() };
        page_of("node-2", &mut session, id, Part::End(Ending::Whole));
    }
    // From second 89 and a half to 46.
    let asked = types(&mut session, "J43s\r");
    let Playhead::Past(to) = session.state.playhead else { panic!("live") };
    assert!((START_US + 45 * S..START_US + 48 * S).contains(&to.0), "{to:?}");
    let Some(Control::History { node, id, from_us, to_us, max_points: None }) = asked.first() else {
        panic!("{asked:?}")
    };
    assert_eq!((node, *to_us), (&NodeId::new("node-2"), to.0 + AHEAD_US), "in its wall time");
    let screen = text(&cells(&session));
    assert!(screen.contains("as measured") && screen.contains("asking the black box of node-2"), "{screen}");
    // It has gone on measuring.
    let mut told: Vec<Arc<Envelope>> = Vec::new();
    for second in (from_us - START_US) / S / 30 * 30..=(to_us - START_US) / S {
        let at = START_US + second * S + 1_000;
        let sample = super::played::measured("node-2", at, second, 1).into_iter().find_map(|entry| match entry.item {
            Item::Envelope(_, envelope) if Carries::of(&envelope) == Carries::Sample => Some(envelope),
            _ => None,
        });
        told.extend(sample);
    }
    let n_told = told.len();
    page_of("node-2", &mut session, *id, Part::Told(told));
    page_of("node-2", &mut session, *id, Part::End(Ending::Whole));
    let screen = text(&cells(&session));
    assert!(screen.contains("as measured") && screen.contains("task-3"), "{n_told} {screen}");
    let latest = |session: &Session| session.state.node().and_then(|node| Some(node.latest.as_ref()?.at));
    assert!(latest(&session).is_some_and(|at| to.since_us(at) < S), "what was measured just then");
    // The cluster is shown as it was seen, and the node again as it measured.
    let esc = Item::Input(Input::Key(Key::Esc));
    let at = session.state.clock;
    session.entry(Entry { at, item: esc });
    let screen = text(&cells(&session));
    assert!(screen.contains("as seen") && screen.contains("closed"), "{screen}");
    types(&mut session, "\r");
    assert!(text(&cells(&session)).contains("as measured"));
    // A second on and back, and out of the hole.
    types(&mut session, "T");
    assert_eq!(session.state.playhead, Playhead::Past(Stamp(to.0 + S)));
    types(&mut session, "J+30s\r");
    assert_eq!(session.state.looked, None, "that was received");
}

#[test]
fn steps_inside_of_what_black_boxes_told_begin_at_copies_on_the_way() {
    let mut session = late();
    let asked = types(&mut session, "J35s\r");
    answer_all(&mut session, asked);
    let n_before = session.n_folded;
    let mut n_steps = 0;
    for key in ["[", "t", "t", "t", "[", "t", "T", "t"] {
        let asked = types(&mut session, key);
        answer_all(&mut session, asked);
        let Playhead::Past(to) = session.state.playhead else { panic!("live") };
        assert!(session.state.looked.is_some(), "before the tape");
        assert!(session.state.model == played(to).state.model, "after {key}, {} us", to.0 - START_US);
        n_steps += 1;
    }
    // A sample and two ticks a second, at most fifteen seconds from the copy before.
    let n_folded = session.n_folded - n_before;
    assert!(n_folded <= n_steps * 15 * 3, "{n_folded} in {n_steps} steps");
}
