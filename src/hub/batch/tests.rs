use midair_proto::MESSAGE_MAX;

use super::{
    super::tests::{Known, described, down, fleet, left, sample, severities},
    *,
};
use crate::event::Stamp;

const SECOND: u64 = 1_000_000;

/// A hub, and a viewer that has heard all from the beginning.
#[derive(Default)]
struct Bench {
    rows: Rows,
    batches: Batches,
    viewer: Known,
    now_us: u64,
}

impl Bench {
    fn fold(&mut self, entries: impl IntoIterator<Item = crate::entry::Entry>) {
        entries.into_iter().for_each(|entry| self.rows.fold(&entry));
    }

    /// A second passes: the next batch, after which the viewer knows what a key tells.
    fn tick(&mut self) -> v1::Fleet {
        self.now_us += SECOND;
        self.rows.waited(Stamp(self.now_us));
        let hot = sorted(self.rows.iter().map(|(row, _)| row).filter(|row| row % 3 == 0));
        let batch = self.batches.next(&mut self.rows, hot, self.now_us);
        assert!(batch.len() < MESSAGE_MAX);
        let batch = fleet(&batch);
        self.viewer.take(batch.clone());
        let joined = Known::of_key(&self.batches.key(&self.rows));
        let texts_apart =
            |known: &Known| (known.nodes.clone(), known.presences.clone(), known.values.clone(), known.hot.clone());
        assert_eq!(texts_apart(&joined), texts_apart(&self.viewer));
        batch
    }

    fn values(&self, node: &str) -> Values {
        self.viewer.values.get(&self.viewer.row(node).unwrap()).copied().unwrap_or_default()
    }
}

fn value(column: FleetValue, values: &Values) -> Option<i64> {
    values[column as usize - 1]
}

#[test]
fn what_changes_by_enough_to_show_is_told_and_nothing_else() {
    let mut bench = Bench::default();
    bench.fold([described("a", 1, &[("role", "chat")], 0), sample("a", (1, 1, true), severities(100, 500), 1)]);
    assert_eq!(bench.tick().nodes.len(), 1);
    assert_eq!(value(FleetValue::Sched, &bench.values("a")), Some(100));
    // Nothing, and then too little.
    assert_eq!(bench.tick().columns, []);
    bench.fold([sample("a", (1, 2, false), severities(109, 500), 2 * SECOND)]);
    assert_eq!(bench.tick().columns, []);
    bench.fold([sample("a", (1, 3, false), severities(110, 0), 3 * SECOND)]);
    let told = bench.tick();
    assert_eq!(told.columns.len(), 2);
    assert!(told.nodes.is_empty() && told.presences.is_empty());
    // From nothing and to nothing is told, however little it is.
    bench.fold([sample("a", (1, 4, false), severities(110, 1), 4 * SECOND)]);
    bench.tick();
    assert_eq!(value(FleetValue::Mem, &bench.values("a")), Some(1));
}

#[test]
fn what_becomes_unknown_is_told_as_that() {
    let mut bench = Bench::default();
    bench.fold([described("a", 1, &[], 0), sample("a", (1, 1, true), severities(100, 500), 1)]);
    bench.tick();
    let unknown = v1::Node { unknown: vec![2], ..v1::Node::default() };
    bench.fold([sample("a", (1, 2, false), unknown, SECOND)]);
    let told = bench.tick();
    assert_eq!(told.columns.iter().filter(|column| column.unknown_gaps == [0]).count(), 2);
    assert_eq!(value(FleetValue::Sched, &bench.values("a")), None);
    // A new life of its agent begins with nothing.
    bench.fold([sample("a", (1, 3, true), severities(5, 5), 2 * SECOND), described("a", 2, &[], 2 * SECOND)]);
    bench.tick();
    assert_eq!(value(FleetValue::Sched, &bench.values("a")), None);
}

#[test]
fn nodes_join_and_leave_and_their_rows_are_given_again() {
    let mut bench = Bench::default();
    bench.fold([described("a", 1, &[("dc", "x")], 0), described("b", 1, &[("dc", "y"), ("role", "chat")], 0)]);
    bench.tick();
    let (row, labels) = (bench.viewer.row("a").unwrap(), |bench: &Bench, node: &str| {
        bench.viewer.nodes[&bench.viewer.row(node).unwrap()].1.clone()
    });
    assert_eq!(labels(&bench, "b")["dc"], "y");
    bench.fold([left("a", SECOND), described("c", 1, &[("dc", "y")], SECOND)]);
    let told = bench.tick();
    assert_eq!(told.left, [row]);
    assert!(bench.viewer.row("a").is_none() && bench.viewer.row("c") != Some(row), "not before all know");
    bench.fold([described("d", 1, &[("dc", "z")], 2 * SECOND)]);
    bench.tick();
    assert_eq!(bench.viewer.row("d"), Some(row));
    assert_eq!(labels(&bench, "d")["dc"], "z");
}

#[test]
fn a_node_is_late_silent_and_back_as_on_a_dashboard() {
    let mut bench = Bench::default();
    bench.fold([described("a", 1, &[], 0), sample("a", (1, 1, true), severities(1, 1), SECOND)]);
    let mut heard = Vec::new();
    let hearing = |bench: &Bench| bench.viewer.presences[&bench.viewer.row("a").unwrap()].hearing();
    for _ in 0..7 {
        bench.tick();
        heard.push(hearing(&bench));
    }
    let (live, late, silent) = (Hearing::Live, Hearing::Late, Hearing::Silent);
    assert_eq!(heard, [live, live, live, late, late, silent, silent]);
    bench.fold([sample("a", (1, 8, true), severities(1, 1), bench.now_us)]);
    bench.tick();
    assert_eq!(hearing(&bench), silent);
    bench.fold([sample("a", (1, 9, false), severities(1, 1), bench.now_us)]);
    bench.tick();
    assert_eq!(hearing(&bench), live);
    let lost = bench.viewer.presences[&bench.viewer.row("a").unwrap()].n_lost;
    assert_eq!(lost, Some(6));
    bench.fold([down("a", bench.now_us)]);
    bench.tick();
    let presence = &bench.viewer.presences[&bench.viewer.row("a").unwrap()];
    assert_eq!(
        (presence.hearing(), presence.cause.as_deref(), presence.reason.as_deref()),
        (silent, Some("reset"), Some("closed"))
    );
}

#[test]
fn who_never_answers_is_told_by_its_address_until_it_says_its_name() {
    let mut bench = Bench::default();
    bench.fold([down("10.0.0.7:7070", 0)]);
    bench.tick();
    assert!(bench.viewer.row("10.0.0.7:7070").is_some());
    let mut named = described("node-7", 1, &[], SECOND);
    if let crate::entry::Item::Envelope(address, _) = &mut named.item {
        *address = "10.0.0.7:7070".into();
    }
    bench.fold([named]);
    bench.tick();
    assert!(bench.viewer.row("10.0.0.7:7070").is_none());
    assert!(bench.viewer.row("node-7").is_some());
}

#[test]
fn ten_thousand_nodes_come_in_parts_that_the_contract_allows() {
    let mut bench = Bench::default();
    let name = |n: usize| format!("chat-{n:05}.eu-central.example.org");
    for n in 0..10_000 {
        let (name, rack) = (name(n), format!("rack-{}", n / 40));
        bench.fold([described(&name, n as u64, &[("role", "chat"), ("rack", &rack), ("host", &name)], 0)]);
        if n % 2 == 0 {
            bench.fold([sample(&name, (n as u64, 1, true), severities(100, 200), 1)]);
        } else {
            bench.fold([down(&name, 1)]);
        }
    }
    let batch = bench.batches.next(&mut bench.rows, Vec::new(), 1);
    assert!(!batch.is_empty());
    let key = bench.batches.key(&bench.rows);
    assert!(
        key.len() > 1 && key.iter().all(|part| part.len() < MESSAGE_MAX),
        "{:?}",
        key.iter().map(Bytes::len).collect::<Vec<_>>()
    );
    let known = Known::of_key(&key);
    assert_eq!(known.nodes.len(), 10_000);
    assert!(known.nodes.values().all(|(node, labels)| labels["host"] == node.node.clone().unwrap()));
}
