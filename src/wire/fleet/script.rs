//! A hub that is played, for tests: what it says of so many nodes.

use midair_proto::v1::{
    Description, Envelope, Fleet, FleetColumn, FleetNode, FleetPresence, FleetRows, FleetValue, Hearing, Payload,
    payload::Kind,
};
use prost::Message as _;

/// Nodes in one part of a key.
const PART: usize = 2_000;

/// The id of the hub.
pub(crate) const HUB: &str = "hub-1";

/// An envelope of the hub.
pub(crate) fn envelope(kind: Kind) -> Envelope {
    let payload = Payload { kind: Some(kind) }.encode_to_vec();
    Envelope { node: Some(HUB.into()), epoch: Some(1), payload: Some(payload.into()), ..Envelope::default() }
}

/// Who it is.
pub(crate) fn description() -> Description {
    let version = midair_proto::v1::Version { contract: Some(midair_proto::CONTRACT), program: Some("midair".into()) };
    Description {
        version: Some(version),
        node: Some(HUB.into()),
        name: Some(HUB.into()),
        capabilities: vec!["hub".into(), "history".into()],
        ..Description::default()
    }
}

/// Which batch it is.
pub(crate) fn batch(seq: u64, is_key: bool, fleet: Fleet) -> Envelope {
    Envelope { seq: Some(seq), key: Some(is_key), ..envelope(Kind::Fleet(fleet)) }
}

/// A key of the nodes node-0 and so on, all live, with a severity of sched each.
pub(crate) fn key(seq: u64, per_mille: &[i64]) -> Vec<Envelope> {
    let n_parts = per_mille.len().div_ceil(PART).max(1) as u32;
    let parts = per_mille.chunks(PART).enumerate().map(|(part, some)| {
        let first = part * PART;
        let rows = || first..first + some.len();
        let column = |value: FleetValue, values: Vec<i64>| FleetColumn {
            value: Some(value.into()),
            gaps: gaps(rows()),
            values,
            ..FleetColumn::default()
        };
        let fleet = Fleet {
            mono_us: Some(seq),
            part: Some(part as u32),
            n_parts: Some(n_parts),
            nodes: rows().map(node).collect(),
            presences: rows().map(|row| presence(row, Hearing::Live, "")).collect(),
            columns: vec![
                column(FleetValue::Sched, some.to_vec()),
                column(FleetValue::CpuMilli, rows().map(|row| row as i64).collect()),
                column(FleetValue::MemUsedKib, rows().map(|_| 1 << 20).collect()),
            ],
            ..Fleet::default()
        };
        batch(seq + part as u64, true, fleet)
    });
    parts.collect()
}

/// Values of one column that changed.
pub(crate) fn changed(seq: u64, value: FleetValue, values: &[(usize, i64)]) -> Envelope {
    let column = FleetColumn {
        value: Some(value.into()),
        gaps: gaps(values.iter().map(|(row, _)| *row)),
        values: values.iter().map(|(_, value)| *value).collect(),
        ..FleetColumn::default()
    };
    batch(seq, false, Fleet { columns: vec![column], ..Fleet::default() })
}

/// Whose tasks are worth hearing.
pub(crate) fn hot(seq: u64, rows: &[usize]) -> Envelope {
    batch(seq, false, Fleet { hot: Some(FleetRows { gaps: gaps(rows.iter().copied()) }), ..Fleet::default() })
}

/// How a node is heard.
pub(crate) fn presence(row: usize, hearing: Hearing, reason: &str) -> FleetPresence {
    FleetPresence {
        row: Some(row as u32),
        hearing: Some(hearing.into()),
        since_us: Some(1_790_000_000_000_000),
        cause: (!reason.is_empty()).then(|| "timeout".into()),
        reason: (!reason.is_empty()).then(|| reason.into()),
        ..FleetPresence::default()
    }
}

/// Who a node is: of two roles, and of racks of twenty.
pub(crate) fn node(row: usize) -> FleetNode {
    let role = ["chat", "media"][row % 2];
    FleetNode {
        row: Some(row as u32),
        node: Some(format!("node-{row}")),
        name: Some(format!("node-{row:05}")),
        address: Some(format!("10.0.{}.{}:7070", row / 200, row % 200)),
        labels: vec![0, 1 + (row % 2) as u32, 3, 4 + (row / 20) as u32],
        texts: if row < 2 { vec!["role".into(), "chat".into(), "media".into(), "rack".into()] } else { Vec::new() },
        first_text: Some(0),
        n_cpus: Some(8),
        mem_total_bytes: Some(16 << 30),
        epoch: Some(7),
        program: Some(role.into()),
        ..FleetNode::default()
    }
}

fn gaps(rows: impl Iterator<Item = usize>) -> Vec<u32> {
    let mut before = 0;
    rows.map(|row| (row - std::mem::replace(&mut before, row)) as u32).collect()
}
