//! What today's programs say, as programs from before there were hubs read it: they pass over the fields that they do not
//! know. `numbers-before-hubs.txt` is the contract of then, as `numbers.txt` is that of now.

use std::collections::BTreeMap;

use midair_proto::v1::{self, control, payload::Kind};
use prost::{
    Message,
    encoding::{DecodeContext, WireType, decode_key, decode_varint, encode_key, encode_varint, skip_field},
};

/// Fields of each message by number: what they hold.
struct Contract(BTreeMap<(String, u32), String>);

impl Contract {
    fn before_hubs() -> Self {
        let field = |line: &'static str| {
            let (name, rest) = line.split_once(" = ")?;
            let (message, _) = name.split_once('.')?;
            let (number, kind) = rest.split_once(": ")?;
            let kind = kind.split_once(' ')?.1;
            Some(((message.to_owned(), number.parse().ok()?), kind.to_owned()))
        };
        Self(include_str!("numbers-before-hubs.txt").lines().filter_map(field).collect())
    }

    /// A message of a type without the fields that are not in the contract.
    fn known(&self, message: &str, mut bytes: &[u8]) -> Vec<u8> {
        let mut kept = Vec::new();
        while !bytes.is_empty() {
            let begin = bytes;
            let (number, wire) = decode_key(&mut bytes).expect("a key");
            let mut rest = bytes;
            skip_field(wire, number, &mut rest, DecodeContext::default()).expect("a field");
            let Some(kind) = self.0.get(&(message.to_owned(), number)) else {
                bytes = rest;
                continue;
            };
            if wire == WireType::LengthDelimited && self.0.keys().any(|(message, _)| message == kind) {
                let length = usize::try_from(decode_varint(&mut bytes).expect("a length")).expect("it fits");
                let inner = self.known(kind, &bytes[..length]);
                encode_key(number, wire, &mut kept);
                encode_varint(inner.len() as u64, &mut kept);
                kept.extend(inner);
            } else {
                kept.extend(&begin[..begin.len() - rest.len()]);
            }
            bytes = rest;
        }
        kept
    }

    fn read<M: Message + Default>(&self, name: &str, message: &M) -> M {
        M::decode(self.known(name, &message.encode_to_vec()).as_slice()).expect("it is read")
    }
}

#[test]
fn an_older_agent_reads_the_watch_that_a_hub_is_asked_to_pass_on_as_one_of_its_own() {
    let contract = Contract::before_hubs();
    let hello = |node: Option<&str>| {
        let version = Some(v1::Version { contract: Some(1), program: Some("midair".into()) });
        let hello = v1::Hello { version, viewer: Some("ann".into()), node: node.map(str::to_owned) };
        v1::Control { kind: Some(control::Kind::Hello(hello)) }
    };
    assert_eq!(contract.read("Control", &hello(Some("node-7"))), hello(None));
    let interest = v1::Interest { stream: Some(v1::Stream::Overview.into()), interval_ms: Some(1_000), scope: Some(2) };
    let interest = v1::Control { kind: Some(control::Kind::Interest(interest)) };
    assert_eq!(contract.read("Control", &interest), interest, "all of it is known since long");
    let request = v1::HistoryRequest { from_us: Some(7), node: Some("node-7".into()), ..v1::HistoryRequest::default() };
    assert_eq!(contract.read("HistoryRequest", &request), v1::HistoryRequest { node: None, ..request.clone() });
}

#[test]
fn an_older_dashboard_passes_over_the_batches_of_a_hub_and_reads_samples() {
    let contract = Contract::before_hubs();
    let fleet = v1::Payload { kind: Some(Kind::Fleet(v1::Fleet::default())) };
    assert_eq!(contract.read("Payload", &fleet), v1::Payload::default());
    let node = v1::Node { user_us: Some(5), severities: Some(v1::Severities::default()), ..v1::Node::default() };
    let task = v1::Task { name: Some(1), queues: Some(v1::Queues::default()), ..v1::Task::default() };
    let sample =
        v1::Sample { node: Some(node), tasks: vec![task], left: vec![v1::TaskId::default()], ..v1::Sample::default() };
    let sample = v1::Payload { kind: Some(Kind::Sample(sample)) };
    assert_eq!(contract.read("Payload", &sample), sample);
}
