use midair_proto::v1::CensusColumns;

use super::*;
use crate::{event::NodeId, wire::Depth};

#[test]
fn a_part_by_column_beyond_the_bound_is_refused_unread() {
    let context =
        Context { depth: Depth::Whole, address: "a".into(), node: NodeId::new("a"), epoch: 1, mono_us: 1, wall_us: 1 };
    let of = |n| CensusColumns { numbers: vec![1; n], ..CensusColumns::default() };
    let told = |columns| {
        let sent = v1::Census { columns: Some(columns), ..v1::Census::default() };
        Census::default().part(&context, sent).map(|rows| rows.map(|rows| rows.tasks.len()))
    };
    assert_eq!(told(of(PART_ROWS_MAX)), Ok(Some(PART_ROWS_MAX)));
    assert!(told(of(PART_ROWS_MAX + 1)).is_err());
    assert!(told(CensusColumns { cpu: vec![1; PART_ROWS_MAX + 1], ..of(1) }).is_err());
}
