use midair_proto::v1::{Envelope, Payload, Rollup, Summary};
use prost::Message as _;

use super::{
    super::{
        backfill::Gap,
        tests::{described, down, left, sample, severities},
    },
    *,
};

const SECOND: u64 = 1_000_000;

#[test]
fn what_was_not_heard_of_a_node_is_a_gap_and_can_be_filled() {
    let mut rows = Rows::default();
    // A node whose clock is five seconds ahead.
    rows.fold(&described("a", 1, &[], 0));
    let clock = Item::Clock("a".into(), 5 * SECOND as i64, 1, false);
    rows.fold(&Entry { at: Stamp(1), item: clock });
    for s in 100..110 {
        rows.fold(&sample("a", (1, s, s == 100), severities(40, 40), s * SECOND));
    }
    assert_eq!(rows.gaps, [], "it was never heard before");
    rows.fold(&down("a", 110 * SECOND));
    rows.fold(&described("a", 2, &[], 150 * SECOND));
    rows.fold(&sample("a", (2, 1, true), severities(40, 40), 150 * SECOND));
    let gap = Gap { node: "a".into(), from_us: 114 * SECOND, to_us: 155 * SECOND };
    assert_eq!(std::mem::take(&mut rows.gaps), [gap]);

    let rollup = |end_s: u64| {
        let sched = Some(Summary { mean: Some(800), ..Summary::default() });
        let rollup = Rollup { window_us: Some(10 * SECOND), wall_us: Some(end_s * SECOND), sched, ..Rollup::default() };
        let payload = Some(Payload { kind: Some(Kind::Rollup(rollup)) }.encode_to_vec().into());
        Envelope { payload, ..Envelope::default() }
    };
    rows.fill("a", &[rollup(125), rollup(135), rollup(145)]);
    let told = rows.by_id("a").unwrap().past.rollups(0, u64::MAX);
    let means: Vec<_> = told.iter().map(|(end, rollup)| (*end, rollup.sched.unwrap().mean.unwrap())).collect();
    assert_eq!(means, [(110, 40), (120, 800), (130, 800), (140, 800)]);
}

#[test]
fn a_node_that_moved_stays_when_its_old_address_is_named_no_more() {
    let at = |address: &str, mut entry: Entry| {
        if let Item::Envelope(on, _) = &mut entry.item {
            *on = address.into();
        }
        entry
    };
    let mut rows = Rows::default();
    rows.fold(&at("old", described("a", 1, &[], 0)));
    rows.fold(&at("new", described("a", 2, &[], 0)));
    rows.fold(&left("old", 1));
    assert_eq!(rows.by_id("a").map(|node| &*node.address), Some("new"));
    rows.fold(&left("new", 2));
    assert!(rows.by_id("a").is_none());
    assert_eq!(rows.take_left(), [0]);
}
