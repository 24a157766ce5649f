use midair_proto::v1::{CensusColumns, Envelope, Payload, TaskId};
use prost::Message as _;

use super::*;
use crate::{
    out::cut::{mask::Mask, part::Roster},
    wire::PART_ROWS_MAX,
};

fn envelope(census: v1::Census) -> Envelope {
    let payload = Payload { kind: Some(Kind::Census(census)) }.encode_to_vec();
    Envelope { node: Some("a".into()), payload: Some(payload.into()), ..Envelope::default() }
}

#[test]
fn rows_by_column_keep_their_names_masked() {
    const LABEL: &str = "{tenant,\"acme\"}";
    let mut roster = Roster::default();
    roster.uses.insert(Use::Task, "chatd");
    roster.uses.insert(Use::Process, LABEL);
    let task = |runtime, name| Task {
        id: Some(TaskId { runtime: Some(runtime), number: Some(9), start: Some(1) }),
        name: Some(name),
        ..Task::default()
    };
    let name = |id, text: &str| Name { id: Some(id), text: Some(text.into()) };
    let census = v1::Census {
        columns: Some(CensusColumns::of(&[task(0, 4), task(3, 5)])),
        names: vec![name(4, "chatd"), name(5, LABEL)],
        ..v1::Census::default()
    };
    let masked = Mask::new(roster).envelope(&envelope(census)).unwrap();
    let Some(Kind::Census(census)) = Payload::decode(masked.payload.unwrap()).unwrap().kind else {
        panic!("no census")
    };
    let text = |id: Option<u32>| census.names.iter().find(|name| name.id == id).and_then(|name| name.text.as_deref());
    let told: Vec<_> = census.tasks.iter().map(|task| text(task.name)).collect();
    assert_eq!(told, [Some("chatd"), Some("label-1")]);
}

#[test]
fn more_rows_by_column_than_can_be_are_left_out() {
    for (n, is_kept) in [(PART_ROWS_MAX, true), (PART_ROWS_MAX + 1, false)] {
        let columns = CensusColumns { numbers: vec![1; n], ..CensusColumns::default() };
        let census = v1::Census { columns: Some(columns), ..v1::Census::default() };
        assert_eq!(Mask::new(Roster::default()).envelope(&envelope(census)).is_some(), is_kept, "{n}");
    }
}
