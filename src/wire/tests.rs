mod whereabouts;

use std::sync::Arc;

use bytes::Bytes;
use midair_proto::v1::{self, payload::Kind};
use midair_vitals::{Order, TaskId, TaskKind};
use proptest::prelude::*;
use prost::Message as _;

use super::*;
use crate::event::{Cause, Control, Health, LinkState, Sample, TableQuery};

const ADDRESS: &str = "10.0.0.7:7070";

fn envelope(epoch: u64, kind: Kind) -> v1::Envelope {
    let payload = v1::Payload { kind: Some(kind) }.encode_to_vec();
    v1::Envelope {
        node: Some("n1".into()),
        epoch: Some(epoch),
        mono_us: Some(1_000),
        wall_us: Some(2_000),
        payload: Some(payload.into()),
        ..v1::Envelope::default()
    }
}

fn sample(seq: u64, key: bool, sample: v1::Sample) -> v1::Envelope {
    v1::Envelope {
        seq: Some(seq),
        key: Some(key),
        stream: Some(v1::Stream::Detail.into()),
        ..envelope(1, Kind::Sample(sample))
    }
}

fn entry(envelope: v1::Envelope) -> Entry {
    Entry { at: Stamp(5), item: Item::Envelope(ADDRESS.into(), Arc::new(envelope)) }
}

fn id(number: u64) -> v1::TaskId {
    v1::TaskId { runtime: Some(0), number: Some(number), start: Some(7) }
}

fn row(number: u64, cpu_us: u64) -> v1::Task {
    v1::Task {
        id: Some(id(number)),
        kind: Some(v1::TaskKind::Process.into()),
        name: Some(1),
        cpu_us: Some(cpu_us),
        ..v1::Task::default()
    }
}

fn name(id: u32, text: &str) -> v1::Name {
    v1::Name { id: Some(id), text: Some(text.into()) }
}

fn key(seq: u64) -> v1::Envelope {
    let node = v1::Node { user_us: Some(10), n_running: Some(3), ..v1::Node::default() };
    let all = v1::Sample {
        node: Some(node),
        tasks: vec![row(1, 100), row(2, 200)],
        names: vec![name(1, "beam.smp")],
        ..v1::Sample::default()
    };
    sample(seq, true, all)
}

fn decode(decoder: &mut Decoder, envelopes: impl IntoIterator<Item = v1::Envelope>) -> Vec<Event> {
    envelopes.into_iter().flat_map(|e| decoder.decode(&entry(e))).map(|s| s.event).collect()
}

fn events(envelopes: impl IntoIterator<Item = v1::Envelope>) -> Vec<Event> {
    decode(&mut Decoder::default(), envelopes)
}

fn last_sample(events: &[Event]) -> &Sample {
    events.iter().rev().find_map(|e| if let Event::Sample(s) = e { Some(&**s) } else { None }).expect("a sample")
}

fn n_lost(events: &[Event]) -> u64 {
    events.iter().map(|e| if let Event::Lost { n_samples, .. } = e { n_samples.unwrap_or(1) } else { 0 }).sum()
}

fn malformed_in(events: &[Event]) -> Vec<&str> {
    events
        .iter()
        .filter_map(|e| if let Event::Malformed { what, .. } = e { Some(what.as_str()) } else { None })
        .collect()
}

fn n_samples(events: &[Event]) -> usize {
    events.iter().filter(|e| matches!(e, Event::Sample(_))).count()
}

#[test]
fn a_key_is_the_whole_stream_with_names_spelled_out() {
    let events = events([key(1)]);
    let sample = last_sample(&events);
    assert_eq!((sample.seq, sample.stream, sample.mono_us, sample.wall_us), (1, Stream::Detail, 1_000, 2_000));
    assert_eq!(sample.reading.cpu.user_us, Some(10));
    assert_eq!(sample.reading.cpu.system_us, None, "unknown is not zero");
    assert_eq!(sample.tasks.len(), 2);
    assert_eq!(sample.tasks[0].name.as_deref(), Some("beam.smp"));
    assert_eq!(sample.tasks[0].kind, TaskKind::Process);
}

#[test]
fn a_delta_changes_what_it_names_and_keeps_the_rest() {
    let node = v1::Node { user_us: Some(11), unknown: vec![12], ..v1::Node::default() };
    let changed = v1::Task { id: Some(id(2)), cpu_us: Some(250), ..v1::Task::default() };
    let entered = v1::Task { name: Some(2), ..row(3, 5) };
    let delta = v1::Sample {
        node: Some(node),
        tasks: vec![changed, entered],
        died: vec![id(1)],
        names: vec![name(2, "epmd")],
        ..v1::Sample::default()
    };
    let events = events([key(1), sample(2, false, delta)]);
    let sample = last_sample(&events);
    assert_eq!(sample.reading.cpu.user_us, Some(11));
    assert_eq!(sample.reading.n_running, None, "listed as unknown");
    let rows: Vec<_> = sample.tasks.iter().map(|t| (t.id.number, t.cpu_us, t.name.as_deref())).collect();
    assert_eq!(rows, [(2, Some(250), Some("beam.smp")), (3, Some(5), Some("epmd"))]);
    assert_eq!(sample.died, [TaskId { runtime: 0, number: 1, start: 7 }]);
}

#[test]
fn previous_counters_stand_in_the_sample_in_which_a_row_enters_and_no_longer() {
    let previous = v1::Previous { mono_us: Some(500), cpu_us: Some(50), ..v1::Previous::default() };
    let entering = v1::Task { previous: Some(previous), ..row(1, 100) };
    let key = sample(1, true, v1::Sample { tasks: vec![entering], ..v1::Sample::default() });
    let events = events([key, sample(2, false, v1::Sample::default())]);
    let with_previous: Vec<bool> = events
        .iter()
        .filter_map(|e| if let Event::Sample(s) = e { Some(s.tasks[0].previous.is_some()) } else { None })
        .collect();
    assert_eq!(with_previous, [true, false]);
}

/// When tasks 1 and 2 were read, after each of these samples.
fn moments(samples: Vec<v1::Envelope>) -> Vec<(u64, u64)> {
    let at = |event: &Event| match event {
        Event::Sample(sample) => Some((sample.tasks[0].at_us, sample.tasks[1].at_us)),
        _ => None,
    };
    events(samples).iter().filter_map(at).collect()
}

#[test]
fn a_resting_row_was_read_as_long_after_the_sweep_began_as_the_last_time() {
    let swept = |seq, tasks_mono_us: u64, tasks| {
        let tasks_mono_us = Some(tasks_mono_us);
        sample(seq, seq == 1, v1::Sample { tasks_mono_us, tasks, ..v1::Sample::default() })
    };
    let late = |mono_us| v1::Task { mono_us: Some(mono_us), ..row(2, 200) };
    let changed = v1::Task { id: Some(id(2)), cpu_us: Some(201), ..v1::Task::default() };
    let at_once = v1::Task { unknown: vec![25], ..changed.clone() };
    let samples = vec![
        swept(1, 10_000, vec![row(1, 100), late(10_400)]),
        swept(2, 20_000, vec![]),
        swept(3, 30_000, vec![changed]),
        swept(4, 40_000, vec![late(40_900)]),
        swept(5, 50_000, vec![]),
        swept(6, 60_000, vec![at_once]),
        swept(7, 70_000, vec![]),
    ];
    let read = [10_400, 20_400, 30_400, 40_900, 50_900, 60_000, 70_000];
    assert_eq!(moments(samples), (1..=7).map(|n| n * 10_000).zip(read).collect::<Vec<_>>());
}

#[test]
fn a_sweep_that_jumps_breaks_nothing() {
    let swept = |seq, tasks_mono_us| {
        let tasks = vec![row(1, 1), v1::Task { mono_us: Some(5), ..row(2, 2) }];
        let tasks = if seq == 1 { tasks } else { vec![] };
        sample(seq, seq == 1, v1::Sample { tasks_mono_us, tasks, ..v1::Sample::default() })
    };
    let jumps = moments(vec![swept(1, Some(0)), swept(2, Some(u64::MAX)), swept(3, None), swept(4, Some(7))]);
    assert_eq!(jumps.len(), 4);
    assert_eq!(jumps[2].0, 1_000, "where nothing is said, the sample's own moment stands");
}

#[test]
fn what_sources_cost_is_told_by_their_order() {
    let source = |name: &str| v1::Source { name: Some(name.into()), ..v1::Source::default() };
    let sources = Some(v1::Sources { source: vec![source("kernel"), source("sockets")] });
    let node = Some(v1::Node { sources, ..v1::Node::default() });
    let cost = |cpu_us| v1::SourceCost { cpu_us };
    let of =
        |seq, node, costs| sample(seq, seq == 1, v1::Sample { node, source_costs: costs, ..v1::Sample::default() });
    let events = events([of(1, node, vec![cost(Some(7))]), of(2, None, vec![cost(None), cost(Some(9))])]);
    let costs: Vec<Vec<Option<u64>>> = events
        .iter()
        .filter_map(
            |e| if let Event::Sample(s) = e { Some(s.sources.iter().map(|s| s.cpu_us).collect()) } else { None },
        )
        .collect();
    assert_eq!(costs, [[Some(7), None], [None, Some(9)]], "a cost belongs to one sample; the sources stay");
}

#[test]
fn what_a_source_says_while_it_works_is_a_note_and_else_the_reason() {
    let source = |health: v1::Health| v1::Source {
        health: Some(health.into()),
        reason: Some("2 h on disk".into()),
        ..v1::Source::default()
    };
    let sources = Some(v1::Sources { source: vec![source(v1::Health::Ok), source(v1::Health::Off)] });
    let node = Some(v1::Node { sources, ..v1::Node::default() });
    let events = events([sample(1, true, v1::Sample { node, ..v1::Sample::default() })]);
    let said: Vec<(Health, Option<&str>)> = events
        .iter()
        .flat_map(|event| if let Event::Sample(sample) = event { sample.sources.as_slice() } else { &[] })
        .map(|source| (source.health.clone(), source.note.as_deref()))
        .collect();
    assert_eq!(said, [(Health::Ok, Some("2 h on disk")), (Health::Off("2 h on disk".into()), None)]);
}

#[test]
fn a_gap_is_counted_and_deltas_wait_for_the_next_key() {
    let delta = |seq| sample(seq, false, v1::Sample::default());
    let mut decoder = Decoder::default();
    let gone = decode(&mut decoder, [key(1), delta(4), delta(5)]);
    assert_eq!(n_samples(&gone), 1, "neither delta has ground");
    assert_eq!(n_lost(&gone), 4, "2 and 3 are missing, 4 and 5 cannot be used");
    let back = decode(&mut decoder, [key(6), delta(7)]);
    assert_eq!((n_samples(&back), n_lost(&back)), (2, 0));
}

#[test]
fn samples_that_the_agent_reports_as_lost_are_counted_once() {
    let lost = envelope(1, Kind::Lost(v1::Lost { n_samples: Some(3) }));
    let events = events([key(1), lost, key(5)]);
    assert_eq!((n_samples(&events), n_lost(&events)), (2, 3));
}

#[test]
fn samples_that_nobody_counted_are_some_until_the_numbering_tells() {
    let mut decoder = Decoder::default();
    let lost = decode(&mut decoder, [key(1), envelope(1, Kind::Lost(v1::Lost::default()))]);
    assert!(matches!(lost.last(), Some(Event::Lost { n_samples: None, .. })), "{lost:?}");
    // Three are missing: the one that is known of is not counted again.
    assert_eq!(n_lost(&decode(&mut decoder, [key(5)])), 2);
}

#[test]
fn a_new_connection_and_a_change_of_stream_lose_nothing() {
    let mut decoder = Decoder::default();
    decode(&mut decoder, [key(1)]);
    let link = Link { address: ADDRESS.into(), state: LinkState::Connecting };
    decoder.decode(&Entry { at: Stamp(6), item: Item::Link(link) });
    let overview = v1::Envelope { stream: Some(v1::Stream::Overview.into()), ..key(90) };
    let events = decode(&mut decoder, [key(40), overview, key(60)]);
    assert_eq!((n_samples(&events), n_lost(&events)), (3, 0));
}

#[test]
fn a_new_epoch_forgets_the_old_one() {
    let delta = sample(2, false, v1::Sample::default());
    let reborn = v1::Envelope { epoch: Some(2), ..delta };
    let events = events([key(1), reborn]);
    assert_eq!((n_samples(&events), n_lost(&events)), (1, 1), "a delta of another epoch has no ground");
}

#[test]
fn two_addresses_with_one_node_id_do_not_mix() {
    let mut decoder = Decoder::default();
    decode(&mut decoder, [key(1)]);
    let other = Entry { at: Stamp(5), item: Item::Envelope("other:7070".into(), Arc::new(key(9))) };
    decoder.decode(&other);
    let events = decode(&mut decoder, [sample(2, false, v1::Sample::default())]);
    assert_eq!((n_samples(&events), n_lost(&events)), (1, 0));
}

#[test]
fn what_newer_agents_add_is_passed_over() {
    let strange = v1::Queue { kind: Some(99), unit: Some(1), depth: Some(5), ..v1::Queue::default() };
    let known = v1::Queue { kind: Some(1), unit: Some(1), depth: Some(6), ..v1::Queue::default() };
    let with_queues = v1::Task {
        state: Some(77),
        queues: Some(v1::Queues { queue: vec![strange, known], n_total: None }),
        ..row(1, 1)
    };
    let new_kind = v1::Task { kind: Some(42), ..row(2, 1) };
    let tasks = vec![with_queues, new_kind];
    let mut key = sample(1, true, v1::Sample { tasks, ..v1::Sample::default() });
    // Field 99 of the payload's message, a varint.
    let mut bytes = key.payload.clone().unwrap_or_default().to_vec();
    bytes.extend([0x98, 0x06, 0x01]);
    key.payload = Some(bytes.into());
    let events = events([key, envelope_of(vec![0x9a, 0x06, 0x00])]);
    assert!(malformed_in(&events).is_empty(), "{events:?}");
    let sample = last_sample(&events);
    assert_eq!(sample.tasks.len(), 1, "a kind of task that has no name here cannot be shown");
    assert_eq!(sample.tasks[0].state, None);
    assert_eq!(sample.tasks[0].queues.as_ref().map(|queues| queues.len()), Some(1));
}

fn envelope_of(payload: Vec<u8>) -> v1::Envelope {
    v1::Envelope { payload: Some(payload.into()), ..key(2) }
}

#[test]
fn what_breaks_the_contract_is_said_and_counted() {
    let check = |envelope: v1::Envelope, words: &str| {
        let events = events([envelope]);
        assert!(malformed_in(&events).iter().any(|w| w.contains(words)), "{words}: {events:?}");
    };
    check(envelope_of(vec![0x12, 0xff]), "no payload");
    check(v1::Envelope { payload: None, ..key(1) }, "without a payload");
    check(v1::Envelope { node: None, ..key(1) }, "names no node");
    check(v1::Envelope { seq: None, ..key(1) }, "without a number");
    let nameless = v1::Task { id: None, ..row(1, 1) };
    check(
        sample(1, true, v1::Sample { tasks: vec![nameless], ..v1::Sample::default() }),
        "1 rows of a sample name no task",
    );
    let many = (0..ROWS_MAX as u64 + 1).map(|n| row(n, 1)).collect();
    check(sample(1, true, v1::Sample { tasks: many, ..v1::Sample::default() }), "more rows");
    check(envelope(1, Kind::Rows(v1::Rows::default())), "answer no query");
    check(envelope(1, Kind::Details(v1::Details::default())), "answer no focus");
}

#[test]
fn values_out_of_all_reason_are_unknown() {
    let events = events([sample(1, true, v1::Sample { tasks: vec![row(1, u64::MAX)], ..v1::Sample::default() })]);
    assert_eq!(last_sample(&events).tasks[0].cpu_us, None);
}

#[test]
fn answers_are_complete_in_themselves() {
    let rows = v1::Rows {
        id: Some(4),
        mono_us: Some(77),
        total: Some(1_020_000),
        tasks: vec![row(1, 5)],
        names: vec![name(1, "init")],
    };
    let details = v1::Details { id: Some(5), gone: Some(true), task: Some(row(1, 5)), ..v1::Details::default() };
    let events = events([envelope(1, Kind::Rows(rows)), envelope(1, Kind::Details(details))]);
    let [Event::Rows(rows), Event::Details(details)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((rows.id, rows.total, rows.mono_us), (4, 1_020_000, 77));
    assert_eq!(rows.tasks[0].name.as_deref(), Some("init"));
    assert_eq!(rows.tasks[0].at_us, 77);
    assert_eq!(details.task, None, "a task that is gone has no values");
}

#[test]
fn the_clock_of_an_address_is_told_of_its_node() {
    let mut decoder = Decoder::default();
    let clock = Entry { at: Stamp(5), item: Item::Clock(ADDRESS.into(), -40, 7, false) };
    let node_of = |events: Vec<Stamped>| match &events[0].event {
        Event::Clock { node, offset_us: -40, uncertainty_us: 7, is_step: false } => node.0.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(node_of(decoder.decode(&clock)), ADDRESS, "before anybody said who is there");
    decode(&mut decoder, [envelope(1, Kind::Described(v1::Description::default()))]);
    assert_eq!(node_of(decoder.decode(&clock)), "n1");
}

#[test]
fn a_reset_forgets_everything() {
    let mut decoder = Decoder::default();
    decode(&mut decoder, [key(1)]);
    decoder.decode(&Entry { at: Stamp(6), item: Item::Reset });
    assert_eq!(decoder, Decoder::default());
}

#[test]
fn what_an_envelope_carries_is_told_without_decoding_it() {
    let carries = |kind| Carries::of(&envelope(1, kind));
    assert_eq!(carries(Kind::Described(v1::Description::default())), Carries::Description);
    assert_eq!(carries(Kind::Sample(v1::Sample::default())), Carries::Sample);
    assert_eq!(carries(Kind::Echo(v1::EchoReply::default())), Carries::Echo);
    assert_eq!(carries(Kind::Refused(v1::Refused::default())), Carries::Refusal);
    assert_eq!(carries(Kind::Mark(v1::Mark::default())), Carries::Mark);
    assert_eq!(carries(Kind::Inspected(v1::Inspected::default())), Carries::Kept);
    assert_eq!(carries(Kind::Rollup(v1::Rollup::default())), Carries::Rollup);
    assert_eq!(Carries::of(&v1::Envelope::default()), Carries::Other);
}

#[test]
fn controls_travel_with_all_they_say() {
    let query = TableQuery {
        runtime: Some(0),
        kinds: vec![TaskKind::Thread],
        order: Order::QueueGrowth,
        lowest: true,
        filter: "!beam".into(),
        limit: 300,
        process: Some(12),
    };
    let control = Control::Table { node: NodeId::new("n1"), id: 3, query };
    let Some(v1::control::Kind::Table(sent)) = to_wire(&control).unwrap().kind else { panic!("not a table") };
    assert_eq!((sent.id, sent.order(), sent.lowest), (Some(3), v1::Order::QueueGrowth, Some(true)));
    assert_eq!((sent.filter.as_deref(), sent.limit, sent.process), (Some("!beam"), Some(300), Some(12)));
    assert_eq!(sent.kinds, [i32::from(v1::TaskKind::Thread)]);
}

#[test]
fn a_closed_link_is_an_event() {
    let down = LinkState::Down { cause: Cause::Refused, reason: "refused".into(), retry_at: Stamp(9) };
    let link = Link { address: ADDRESS.into(), state: down };
    let events = Decoder::default().decode(&Entry { at: Stamp(6), item: Item::Link(link.clone()) });
    assert_eq!(events, [Stamped { at: Stamp(6), event: Event::Link(link) }]);
}

/// A few valid envelopes, to be damaged.
fn script() -> Vec<v1::Envelope> {
    let queue = v1::Queue { kind: Some(3), unit: Some(2), depth: Some(5_000), ..v1::Queue::default() };
    let queues = Some(v1::Queues { queue: vec![queue], n_total: Some(1) });
    let full = v1::Task { queues, mono_us: Some(999), ..row(9, 1) };
    let delta = v1::Sample { tasks: vec![full.clone()], left: vec![id(2)], ..v1::Sample::default() };
    let rows = v1::Rows { id: Some(1), tasks: vec![full], ..v1::Rows::default() };
    vec![
        envelope(1, Kind::Described(v1::Description::default())),
        key(1),
        sample(2, false, delta),
        envelope(1, Kind::Rows(rows)),
        envelope(1, Kind::Mark(v1::Mark { text: Some("release 417".into()), ..v1::Mark::default() })),
        key(3),
    ]
}

proptest! {
    #[test]
    fn random_bytes_never_panic(payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..8)) {
        let mut decoder = Decoder::default();
        for payload in payloads {
            decode(&mut decoder, [envelope_of(payload)]);
        }
    }

    #[test]
    fn damaged_envelopes_never_panic_and_a_key_heals(
        flips in prop::collection::vec((0usize..6, any::<prop::sample::Index>(), any::<u8>()), 0..20),
        seqs in prop::collection::vec(any::<u64>(), 6),
    ) {
        let mut script = script();
        for (n, at, byte) in flips {
            let mut bytes = script[n].payload.clone().unwrap_or_default().to_vec();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            script[n].payload = Some(Bytes::from(bytes));
            script[n].seq = Some(seqs[n]);
        }
        let mut decoder = Decoder::default();
        decode(&mut decoder, script);
        let healed = decode(&mut decoder, [key(7)]);
        let mut fresh = Decoder::default();
        let known = decode(&mut fresh, [key(7)]);
        prop_assert_eq!(last_sample(&healed), last_sample(&known));
    }
}

#[test]
fn no_kind_of_message_makes_room_for_ever_more_nodes() {
    let of = |n: usize, kind: Kind| v1::Envelope { node: Some(format!("n{n}")), ..envelope(1, kind) };
    let refused = || Kind::Refused(v1::Refused { reason: Some("no".into()), ..v1::Refused::default() });
    let mut decoder = Decoder::default();
    decode(&mut decoder, (0..NODES_MAX).map(|n| of(n, refused())));
    let more =
        [refused(), Kind::Rows(v1::Rows { id: Some(1), ..v1::Rows::default() }), Kind::Lost(v1::Lost::default())];
    for kind in more {
        let events = decode(&mut decoder, [of(NODES_MAX, kind)]);
        assert!(matches!(events[..], [Event::Malformed { .. }]), "{events:?}");
    }
    assert!(matches!(decode(&mut decoder, [of(7, refused())])[..], [Event::Refused { .. }]));
}

#[test]
fn earlier_counters_without_a_moment_are_no_baseline() {
    let entering = |mono_us| v1::Task {
        previous: Some(v1::Previous { mono_us, cpu_us: Some(1), ..v1::Previous::default() }),
        ..row(1, 100)
    };
    let first = |mono_us| {
        let all = v1::Sample { tasks: vec![entering(mono_us)], ..v1::Sample::default() };
        last_sample(&events([sample(1, true, all)])).tasks[0].previous.clone()
    };
    assert_eq!(first(None), None);
    assert_eq!(first(Some(9)).map(|p| p.at_us), Some(9));
}

#[test]
fn texts_that_are_far_too_long_are_not_taken() {
    let long = "x".repeat(TEXT_MAX + 1);
    let all = v1::Sample { tasks: vec![row(1, 100)], names: vec![name(1, &long)], ..v1::Sample::default() };
    let told = events([sample(1, true, all)]);
    assert!(matches!(&told[0], Event::Malformed { .. }), "{:?}", told[0]);
    assert_eq!(last_sample(&told).tasks[0].name, None);
    let mark = |text: &str| Kind::Mark(v1::Mark { text: Some(text.into()), ..v1::Mark::default() });
    assert!(matches!(events([envelope(1, mark(&long))])[..], [Event::Malformed { .. }]));
    assert!(matches!(events([envelope(1, mark("release"))])[..], [Event::Mark(_)]));
}
