//! Whoever stores or passes on an envelope stores its payload unread: what a newer agent added is still in it.

use midair_proto::v1::{Envelope, Payload, Sample, payload::Kind};
use prost::Message as _;

#[test]
fn a_field_of_a_newer_agent_survives_an_older_reader() {
    let mut payload = Payload { kind: Some(Kind::Sample(Sample::default())) }.encode_to_vec();
    // Field 500 of the payload: a text that this build knows nothing of.
    payload.extend([0xa2, 0x1f, 0x03, b'n', b'e', b'w']);
    let sent = Envelope { node: Some("node-1".into()), payload: Some(payload.clone().into()), ..Envelope::default() };
    let stored = Envelope::decode(sent.encode_to_vec().as_slice()).expect("an envelope");
    let passed_on = Envelope::decode(stored.encode_to_vec().as_slice()).expect("an envelope");
    assert_eq!(passed_on.payload.as_deref(), Some(payload.as_slice()));
    let known = Payload::decode(payload.as_slice()).expect("what is unknown is passed over");
    assert_eq!(known.kind, Some(Kind::Sample(Sample::default())));
    assert_ne!(known.encode_to_vec(), payload, "read and written again it would be lost: hence the bytes");
}
