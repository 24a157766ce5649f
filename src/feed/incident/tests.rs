use midair_proto::v1::{Mark, Payload, Rollup, Summary, payload::Kind};
use prost::Message as _;

use super::{choice::choose, *};
use crate::feed::backoff::Chance;

fn said(kind: Kind) -> Envelope {
    let payload = Payload { kind: Some(kind) }.encode_to_vec();
    Envelope { wall_us: Some(1), payload: Some(payload.into()), ..Envelope::default() }
}

fn rollup(queue: u32) -> Envelope {
    let summary = Summary { max: Some(queue), ..Summary::default() };
    said(Kind::Rollup(Rollup { queue: Some(summary), ..Rollup::default() }))
}

fn mark(is_automatic: bool) -> Envelope {
    said(Kind::Mark(Mark { automatic: Some(is_automatic), ..Mark::default() }))
}

fn candidates() -> Vec<Candidate> {
    vec![
        Candidate::of("id-a", "a", &[rollup(10), rollup(30)], false),
        Candidate::of("id-b", "b", &[rollup(900), rollup(100)], false),
        Candidate::of("id-c", "c", &[rollup(20), mark(true), mark(false)], false),
        Candidate::of("id-d", "d", &[mark(true)], false),
    ]
}

#[test]
fn the_worst_the_marked_and_the_named_are_told_in_full() {
    let chosen = choose(&candidates(), &["id-a".into()], 1).unwrap();
    let words: Vec<Option<&str>> = chosen.iter().map(Option::as_deref).collect();
    assert_eq!(words, [Some("named"), Some("queue 90 %"), Some("marked"), None]);
}

#[test]
fn a_node_that_nobody_is_called_is_said_with_those_that_there_are() {
    let error = choose(&candidates(), &["nobody".into()], 1).unwrap_err();
    assert!(error.contains("nobody") && error.contains("a, b, c, d"), "{error}");
}

#[test]
fn all_are_told_where_there_are_few() {
    assert!(choose(&candidates(), &[], 8).unwrap().iter().all(Option::is_some));
}

#[test]
fn what_is_kept_for_a_while_comes_out_as_it_went_in() {
    let folder = tempfile::tempdir().unwrap();
    let mut parts = Parts::new(folder.path()).unwrap();
    let all = [rollup(1), mark(true), Envelope::default(), rollup(2)];
    all.iter().for_each(|envelope| parts.push(envelope).unwrap());
    let mut told = parts.told().unwrap();
    for envelope in &all {
        assert_eq!(told.next().unwrap().as_ref(), Some(envelope));
    }
    assert_eq!(told.next().unwrap(), None);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "it has no name");
}

/// What an agent keeps of so many seconds: a key each 30 s, deltas between, a census each minute, one of threads each ten
/// minutes, and in the last quarter of an hour twice as much as before. Bytes that cannot be packed.
fn kept(n_seconds: u64) -> Vec<(Stamp, Envelope)> {
    let mut chance = Chance(5);
    let mut kept = Vec::new();
    let mut said = |second: u64, n_bytes: u64, key: Option<bool>, kind: Option<Kind>| {
        let noise = (0..n_bytes).map(|_| char::from(33 + (chance.share() * 90.0) as u8)).collect::<String>();
        let name = midair_proto::v1::Name { id: Some(1), text: Some(noise) };
        let kind = match kind {
            Some(Kind::Census(census)) => Kind::Census(midair_proto::v1::Census { names: vec![name], ..census }),
            _ => Kind::Sample(midair_proto::v1::Sample { names: vec![name], ..Default::default() }),
        };
        let envelope = Envelope { node: Some("a".into()), seq: key.map(|_| second), key, ..said(kind) };
        kept.push((Stamp(second * 1_000_000), Envelope { wall_us: Some(second * 1_000_000), ..envelope }));
    };
    let census = |threads| Some(Kind::Census(midair_proto::v1::Census { threads, ..Default::default() }));
    for second in 0..n_seconds {
        let times = if second + 900 > n_seconds { 2 } else { 1 };
        let is_key = second.is_multiple_of(30);
        said(second, if is_key { 9_000 } else { 300 * times }, Some(is_key), None);
        if second % 60 == 7 {
            said(second, 8_000, None, census(None));
        }
        if second % 600 == 9 {
            said(second, 60_000, None, census(Some(true)));
        }
    }
    kept
}

/// The pieces of a range of this, as a black box answers: from the key before on.
fn pieces(all: &[(Stamp, Envelope)], range: (Stamp, Stamp)) -> Vec<Piece> {
    let of = |(from, to): (Stamp, Stamp)| {
        let key = all.iter().rposition(|(at, told)| *at <= from && told.key == Some(true)).unwrap_or(0);
        let told = all[key..].iter().take_while(|(at, _)| *at <= to).cloned().collect();
        Piece { from, to, told }
    };
    size::pieces(range).into_iter().map(of).collect()
}

/// The size that is said before, in parts of that which it is.
fn off(all: &[(Stamp, Envelope)], range: (Stamp, Stamp)) -> f64 {
    let described = Envelope::default();
    let estimated = size::estimated(&described, &pieces(all, range)).unwrap().expect("something was kept");
    estimated as f64 / size::written(&described, all, range.0).unwrap() as f64
}

#[test]
fn the_size_that_is_said_before_is_right_to_a_third() {
    for n_seconds in [5, 40, 179, 181, 600, 3_600] {
        let off = off(&kept(n_seconds), (Stamp(0), Stamp(n_seconds * 1_000_000)));
        assert!((0.7..=1.3).contains(&off), "{n_seconds} s: {off}");
    }
}

#[test]
fn of_what_was_not_kept_at_the_beginning_there_is_less() {
    let all = kept(3_600);
    let range = (Stamp(0), Stamp(3_600_000_000));
    // Where it began between two pieces nobody knows: half way is taken, which may be off by two.
    for (from, right) in [(3_590, 0.7..=1.3), (2_000, 0.4..=2.5)] {
        let late = &all[all.iter().position(|(at, _)| at.0 >= from * 1_000_000).unwrap()..];
        let off = off(late, range);
        assert!(right.contains(&off), "from second {from} on: {off}");
    }
    assert_eq!(size::estimated(&Envelope::default(), &pieces(&[], range)), Ok(None));
}

#[test]
fn what_the_user_noted_in_that_time_marks_its_nodes() {
    let note = |at: u64, nodes: &[&str]| {
        let nodes = nodes.iter().map(|id| (NodeId::new(id), at)).collect();
        Note { at: Stamp(at), nodes, text: "x".into(), ..Note::default() }
    };
    let notes = vec![note(5, &["id-a"]), note(15, &["id-a", "id-b"]), note(16, &[]), note(25, &["id-d"])];
    let wanted = Wanted { from: Stamp(10), to: Stamp(20), full: Vec::new(), n_worst: 0, why: String::new(), notes };
    let n_on = |node: &str| wanted.notes_on(node).count();
    assert_eq!([n_on("id-a"), n_on("id-b"), n_on("id-d"), wanted.notes_on_all().count()], [1, 1, 0, 1]);
    let candidate = Candidate::of("id-b", "b", &[], n_on("id-b") > 0);
    assert_eq!(choose(&[candidate], &[], 0), Ok(vec![Some("marked".to_owned())]));
}
