use midair_proto::v1::{self, payload::Kind};
use prost::Message as _;

use super::*;

fn payload(kind: Kind) -> Bytes {
    v1::Payload { kind: Some(kind) }.encode_to_vec().into()
}

#[test]
fn all_but_rows_stays() {
    let name = |id| v1::Name { id: Some(id), text: Some("x".repeat(id as usize)) };
    let bare = v1::Sample {
        node: Some(v1::Node { user_us: Some(7), ..v1::Node::default() }),
        names: vec![name(1), name(300)],
        died: vec![v1::TaskId { number: Some(4), ..v1::TaskId::default() }],
        tasks_mono_us: Some(u64::MAX),
        rests: Some(true),
        ..v1::Sample::default()
    };
    let whole = v1::Sample {
        tasks: vec![v1::Task { cpu_us: Some(9), ..v1::Task::default() }; 3],
        left: vec![v1::TaskId { number: Some(5), ..v1::TaskId::default() }],
        gains: Some(v1::Gains::default()),
        ..bare.clone()
    };
    assert_eq!(rowless(&payload(Kind::Sample(whole))), payload(Kind::Sample(bare)));
}

#[test]
fn what_is_no_sample_is_as_it_was() {
    for kind in
        [Kind::Rows(v1::Rows::default()), Kind::Mark(v1::Mark { text: Some("a".into()), ..v1::Mark::default() })]
    {
        let payload = payload(kind);
        assert_eq!(rowless(&payload), payload);
    }
    for garbage in [&b""[..], b"\x12", b"\x12\x05a", b"\x12\x02\xff\xff", b"\x12\x01\x0b\x12\x00"] {
        let payload = Bytes::copy_from_slice(garbage);
        assert_eq!(rowless(&payload), payload);
    }
}
