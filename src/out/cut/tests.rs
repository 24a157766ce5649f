use std::{fs, path::Path};

use midair_proto::v1::{self, payload::Kind};
use midair_recording::{Piece, Reader};
use prost::Message as _;
use serde_json::Value;

use super::*;
use crate::{
    entry::Entry,
    event::{Cause, Link, LinkState},
    model::Model,
    out::export::{self, Format},
    session::tests::played::{START_US, cluster, recorded},
    wire::Decoder,
};

fn options(file: &Path) -> Options {
    Options {
        file: file.to_owned(),
        out: file.with_file_name("cut.midair"),
        is_forced: true,
        from: Some("40s".into()),
        to: Some("70s".into()),
        nodes: Vec::new(),
        is_redacted: false,
    }
}

fn rows(file: &Path, change: impl FnOnce(&mut export::Options)) -> Vec<Value> {
    let out = file.with_extension("jsonl");
    let mut options =
        export::Options { is_forced: true, ..export::Options::all_of(file, Format::Jsonl, Some(out.clone())) };
    change(&mut options);
    export::export(&options, Clock::system()).unwrap();
    fs::read_to_string(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What is known at a moment, from the first entry of a file on; without how it went before.
fn state(file: &Path, to: Stamp) -> (Model, Decoder) {
    let (mut model, mut decoder) = (Model::new(1_000_000), Decoder::default());
    for piece in Reader::open(fs::File::open(file).unwrap()).unwrap() {
        let Piece::Entry(recorded) = piece.unwrap() else { panic!("damage") };
        let Some(entry) = file::entry(recorded).filter(|entry| entry.at <= to) else { continue };
        for stamped in decoder.decode(&entry) {
            model.apply(&stamped);
        }
    }
    model.nodes.values_mut().for_each(|node| node.forget_past());
    (model, decoder)
}

#[test]
fn a_part_shows_the_same_state_at_each_moment_as_the_whole() {
    let (_dir, file) = recorded(&cluster());
    for (from, to) in [(40, 70), (3, 17), (52, 53), (29, 31), (45, 90)] {
        let mut options = options(&file);
        (options.from, options.to) = (Some(format!("{from}s")), Some(format!("{to}s")));
        if to == 90 {
            options.to = None;
        }
        cut(&options, Clock::system()).unwrap();
        for tenths in (from * 10 + 1..=to.min(89) * 10).step_by(7) {
            let at = Stamp(START_US + tenths * 100_000);
            let (whole, of_whole) = state(&file, at);
            let (part, of_part) = state(&options.out, at);
            assert!(whole.now == part.now && of_whole == of_part, "{from} to {to}, at {tenths} tenths of a second");
            assert!(whole == part, "{from} to {to}, at {tenths} tenths of a second");
        }
    }
}

#[test]
fn a_part_has_the_rows_of_the_whole() {
    let (_dir, file) = recorded(&cluster());
    let options = options(&file);
    let cut = cut(&options, Clock::system()).unwrap();
    assert!(cut.n_entries > 100 && cut.n_left_out == 0, "{cut:?}");
    assert_eq!(cut.n_bytes, fs::metadata(&options.out).unwrap().len());
    let range = |o: &mut export::Options| (o.from, o.to) = (Some("40s".into()), Some("70s".into()));
    assert_eq!(rows(&options.out, |_| {}), rows(&file, range));
}

#[test]
fn a_part_of_a_node_holds_nothing_of_others() {
    let (_dir, file) = recorded(&cluster());
    let options = Options { nodes: vec!["node-2".into()], from: None, to: None, ..options(&file) };
    cut(&options, Clock::system()).unwrap();
    assert_eq!(rows(&options.out, |_| {}), rows(&file, |o| o.nodes = vec!["node-2".into()]));
    let bytes: Vec<u8> = Reader::open(fs::File::open(&options.out).unwrap())
        .unwrap()
        .flat_map(|piece| format!("{piece:?}").into_bytes())
        .collect();
    assert!(!String::from_utf8_lossy(&bytes).contains("node-1"));
}

#[test]
fn a_part_says_from_what_it_was_cut_and_has_an_index_with_its_marks() {
    let (_dir, file) = recorded(&cluster());
    let options = Options { from: Some("10s".into()), ..options(&file) };
    cut(&options, Clock::system()).unwrap();
    let mut reader = Reader::open(fs::File::open(&options.out).unwrap()).unwrap();
    assert!(reader.is_closed());
    let why = reader.header().unwrap().why.clone().unwrap();
    assert!(why.starts_with("a test (cut from a.midair, ") && why.contains(" to "), "{why}");
    let marks: Vec<_> = reader.marks().unwrap().into_iter().filter_map(|mark| mark.mark?.text).collect();
    assert!(marks.contains(&"release 417".to_owned()), "{marks:?}");
    assert_eq!(reader.nodes().len(), 2);
    let (from, _) = reader.range().unwrap();
    assert!(from >= START_US + 10_000_000, "what comes before is no part of it");
}

/// What an agent says that must not get out, in all the places where it stands.
fn secrets() -> Vec<Entry> {
    const WORDS: [&str; 4] =
        ["ann.secret", "/usr/bin/tool --password=hunter2", "tool", "10.9.8.7:4369 < 10.9.8.6:40112"];
    let names = (1..).zip(WORDS).map(|(id, text)| v1::Name { id: Some(id), text: Some(text.into()) }).collect();
    let queue = v1::Queue { label: Some(4), depth: Some(7), ..v1::Queue::default() };
    let task = v1::Task {
        id: Some(v1::TaskId { runtime: Some(0), number: Some(900), start: Some(1) }),
        kind: Some(v1::TaskKind::Process.into()),
        user: Some(1),
        command: Some(2),
        name: Some(3),
        queues: Some(v1::Queues { queue: vec![queue], n_total: Some(1) }),
        ..v1::Task::default()
    };
    let label = v1::Label { key: Some("owner".into()), value: Some("team-classified".into()) };
    let runtime = v1::Runtime {
        id: Some(3),
        name: Some("chat@db7.corp.example".into()),
        reason: Some("no answer from 10.9.8.7:4369".into()),
        ..v1::Runtime::default()
    };
    let runtimes = v1::Runtimes { runtime: vec![runtime.clone()] };
    let said = [
        Kind::Described(v1::Description {
            node: Some("bank-host-77".into()),
            name: Some("Bank-Host".into()),
            user: Some("ann.secret".into()),
            labels: vec![label],
            runtimes: vec![runtime],
            ..v1::Description::default()
        }),
        Kind::Sample(v1::Sample {
            node: Some(v1::Node { runtimes: Some(runtimes), ..v1::Node::default() }),
            tasks: vec![task],
            names,
            ..v1::Sample::default()
        }),
        Kind::Mark(v1::Mark {
            text: Some("restarted bank-host at 10.9.8.7".into()),
            author: Some("bob@laptop-of-bob".into()),
            focus: Some("Bank-Host/os/900".into()),
            ..v1::Mark::default()
        }),
        Kind::Refused(v1::Refused { reason: Some("no room for hunter2".into()), ..v1::Refused::default() }),
    ];
    let link = Link {
        address: "bank-host.corp.example:7070".into(),
        state: LinkState::Down { cause: Cause::Refused, reason: "cannot reach bank-host".into(), retry_at: Stamp(0) },
    };
    let mut all = vec![Entry { at: Stamp(START_US), item: Item::Link(link) }];
    for (n, kind) in (1..).zip(said) {
        let envelope = v1::Envelope {
            node: Some("bank-host-77".into()),
            epoch: Some(7),
            seq: matches!(kind, Kind::Sample(_)).then_some(1),
            key: Some(true),
            stream: Some(v1::Stream::Detail.into()),
            payload: Some(v1::Payload { kind: Some(kind) }.encode_to_vec().into()),
            ..v1::Envelope::default()
        };
        let address = "bank-host.corp.example:7070".into();
        all.push(Entry { at: Stamp(START_US + n * 1_000), item: Item::Envelope(address, envelope.into()) });
    }
    let broken = v1::Envelope {
        node: Some("bank-host-77".into()),
        payload: Some(b"\x12\xffhunter2".to_vec().into()),
        ..v1::Envelope::default()
    };
    let address = "bank-host.corp.example:7070".into();
    all.push(Entry { at: Stamp(START_US + 9_000), item: Item::Envelope(address, broken.into()) });
    all
}

#[test]
fn what_is_masked_is_nowhere_in_the_file() {
    let (_dir, file) = recorded(&secrets());
    let options = Options { from: None, to: None, is_redacted: true, ..options(&file) };
    let cut = cut(&options, Clock::system()).unwrap();
    assert_eq!(cut.n_left_out, 2, "a refusal, and what cannot be decoded");
    let mut reader = Reader::open(fs::File::open(&options.out).unwrap()).unwrap();
    let header = reader.header().cloned().unwrap();
    assert!(header.masked.iter().any(|masked| masked.contains("arguments")), "{:?}", header.masked);
    let marks = reader.marks().unwrap();
    let mut told = format!("{header:?} {:?} {marks:?}", reader.nodes());
    for piece in reader {
        let Piece::Entry(entry) = piece.unwrap() else { panic!("damage") };
        if let Body::Envelope { bytes, .. } = &entry.body {
            told += &String::from_utf8_lossy(bytes);
        }
        told += &format!("{entry:?}");
    }
    let told = told.to_lowercase();
    for secret in [
        "hunter2",
        "a.midair",
        "password",
        "ann.secret",
        "10.9.8",
        "classified",
        "corp.example",
        "bank",
        "db7",
        "laptop",
        "bob",
    ] {
        assert!(!told.contains(secret), "{secret}: {told}");
    }
    for kept in ["/usr/bin/tool", "chat@host-", "restarted node-1 at address-", "node-1/os/900", "owner"] {
        assert!(told.contains(kept), "{kept}: {told}");
    }
    let rows = rows(&options.out, |_| {});
    let task = rows.iter().find(|row| row["kind"] == "process").unwrap();
    let shown = ["name", "command", "node"].map(|column| task[column].as_str());
    assert_eq!(shown, [Some("tool"), Some("/usr/bin/tool"), Some("node-1")]);
    assert!(task["user"].as_str().unwrap().starts_with("user-"));
}

#[test]
fn a_masked_part_has_the_numbers_of_the_whole() {
    let (_dir, file) = recorded(&cluster());
    let masked = Options { from: None, to: None, is_redacted: true, ..options(&file) };
    cut(&masked, Clock::system()).unwrap();
    let numbers = |rows: Vec<Value>| -> Vec<Value> {
        let of = |row: Value| serde_json::json!([row["kind"], row["time"], row["cpu_cores"], row["queue_depth"]]);
        rows.into_iter().map(of).collect()
    };
    assert_eq!(numbers(rows(&masked.out, |_| {})), numbers(rows(&file, |_| {})));
}

#[test]
fn what_cannot_be_cut_is_said_and_nothing_is_left() {
    let (dir, file) = recorded(&cluster());
    let said = |change: fn(&mut Options)| {
        let mut options = Options { is_forced: false, ..options(&file) };
        change(&mut options);
        format!("{:#}", cut(&options, Clock::system()).unwrap_err())
    };
    let told = said(|o| o.nodes = vec!["node-9".into()]);
    assert!(told.contains("no node is called \"node-9\"") && told.contains("node-1, node-2"), "{told}");
    let told = said(|o| o.to = Some("30s".into()));
    assert!(told.contains("ends before it begins"), "{told}");
    let told = said(|o| o.out = o.file.clone());
    assert!(told.contains("is there already"), "{told}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "only the recording is there");
}

#[test]
fn of_a_damaged_recording_the_rest_is_cut() {
    let (_dir, file) = recorded(&cluster());
    let whole = Options { from: None, to: None, ..options(&file) };
    let n_before = cut(&whole, Clock::system()).unwrap().n_entries;
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x20;
    fs::write(&file, bytes).unwrap();
    let n_entries = cut(&whole, Clock::system()).unwrap().n_entries;
    assert!(n_entries < n_before && n_entries > n_before / 10, "{n_entries} of {n_before}");
    assert!(!rows(&whole.out, |_| {}).is_empty());
}

#[test]
fn a_part_of_a_part_is_the_same_part() {
    let (_dir, file) = recorded(&cluster());
    let first = options(&file);
    cut(&first, Clock::system()).unwrap();
    let second = Options {
        file: first.out.clone(),
        out: file.with_file_name("again.midair"),
        from: None,
        to: None,
        ..first.clone()
    };
    cut(&second, Clock::system()).unwrap();
    let entries = |file: &Path| -> Vec<Entry> {
        let pieces = Reader::open(fs::File::open(file).unwrap()).unwrap();
        pieces
            .filter_map(|piece| if let Piece::Entry(recorded) = piece.unwrap() { file::entry(recorded) } else { None })
            .collect()
    };
    assert!(entries(&first.out) == entries(&second.out));
}
