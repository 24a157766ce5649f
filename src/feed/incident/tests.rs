use midair_proto::v1::{Mark, Payload, Rollup, Summary, payload::Kind};
use prost::Message as _;

use super::{choice::choose, *};

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
        Candidate::of("id-a", "a", &[rollup(10), rollup(30)]),
        Candidate::of("id-b", "b", &[rollup(900), rollup(100)]),
        Candidate::of("id-c", "c", &[rollup(20), mark(true), mark(false)]),
        Candidate::of("id-d", "d", &[mark(true)]),
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
