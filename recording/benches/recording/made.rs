//! Samples to measure with: from a file, or made; and long recordings of them.

use std::{fs::File, io::BufWriter, path::Path};

use midair_proto::v1::{Envelope, Payload, RecordingHeader, Sample as WireSample, Stream, Task, TaskId, payload};
use midair_recording::{Body, Options, Piece, Reader, Writer};
use prost::Message;

use crate::SECOND;

/// An encoded envelope, and when it came.
pub(crate) struct Sample {
    pub(crate) at_us: u64,
    pub(crate) is_key: bool,
    pub(crate) bytes: Vec<u8>,
}

/// The samples of a recording, from its first key to before its last.
pub(crate) fn from_file(path: &Path) -> Vec<Sample> {
    let mut samples = Vec::new();
    for piece in Reader::open(File::open(path).expect("the file is there")).expect("it is a recording") {
        let Piece::Entry(entry) = piece.expect("it can be read") else { continue };
        let Body::Envelope { bytes, .. } = entry.body else { continue };
        let envelope = Envelope::decode(bytes.clone()).expect("an envelope");
        if envelope.seq.is_some() {
            samples.push(Sample { at_us: entry.at_us, is_key: envelope.key(), bytes: bytes.to_vec() });
        }
    }
    let (first, last) = (samples.iter().position(|s| s.is_key), samples.iter().rposition(|s| s.is_key));
    let range = first.expect("a key")..last.expect("a key");
    assert!(!range.is_empty(), "record for at least a minute");
    samples.drain(range).collect()
}

/// Samples of so many rows, of which so many change each second; a key every 30 s.
pub(crate) fn rows(n_rows: u64, n_changed: u64, n_seconds: u64) -> Vec<Sample> {
    let mut cpu_us: Vec<u64> = (0..n_rows).map(|n| n * 1_000_003 % 77_777_777).collect();
    let mut state = 1_u64;
    let mut chance = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut second = |s: u64| {
        let is_key = s.is_multiple_of(30);
        let mut changed: Vec<u64> = (0..n_changed).map(|_| chance(n_rows)).collect();
        changed.sort_unstable();
        changed.dedup();
        for row in &changed {
            cpu_us[*row as usize] += chance(900_000);
        }
        let shown: Vec<u64> = if is_key { (0..n_rows).collect() } else { changed };
        let tasks = shown.iter().map(|row| task(*row, s, cpu_us[*row as usize], is_key)).collect();
        let sample = WireSample { tasks, tasks_mono_us: Some(s * SECOND + chance(2_000)), ..WireSample::default() };
        Sample { at_us: s * SECOND, is_key, bytes: envelope(s, is_key, sample) }
    };
    (0..n_seconds).map(&mut second).collect()
}

fn task(row: u64, s: u64, cpu_us: u64, is_key: bool) -> Task {
    let id = TaskId { runtime: None, number: Some(1_000 + row * 7), start: Some(50_000 + row * 311) };
    let changes = Task {
        id: Some(id),
        cpu_us: Some(cpu_us),
        run_delay_us: Some(cpu_us / 13),
        n_runs: Some(cpu_us / 700),
        n_voluntary: Some(cpu_us / 900),
        rss_bytes: Some(4_096 * (3_000 + row * 17 + s / 60)),
        ..Task::default()
    };
    if !is_key {
        return changes;
    }
    Task { parent: Some(1), name: Some(row as u32 % 90), user: Some(1), cgroup: Some(row as u32 % 20), ..changes }
}

fn envelope(s: u64, is_key: bool, sample: WireSample) -> Vec<u8> {
    let payload = Payload { kind: Some(payload::Kind::Sample(sample)) };
    let envelope = Envelope {
        node: Some("node-1-3d1219c7".into()),
        epoch: Some(0x1234_5678_9ABC_DEF0),
        seq: Some(s + 1),
        mono_us: Some(s * SECOND + 77),
        wall_us: Some(1_700_000_000 * SECOND + s * SECOND + 78),
        key: Some(is_key),
        stream: Some(Stream::Detail.into()),
        payload: Some(payload.encode_to_vec().into()),
    };
    envelope.encode_to_vec()
}

/// How long samples go on, in seconds.
pub(crate) fn seconds(samples: &[Sample]) -> f64 {
    let (first, last) = (samples.first().expect("samples"), samples.last().expect("samples"));
    let intervals = samples.len().max(2) as f64 - 1.0;
    (last.at_us - first.at_us) as f64 / SECOND as f64 * (intervals + 1.0) / intervals
}

/// How many bytes samples take, each flushed, with a block at a key after each minute.
pub(crate) fn write(samples: &[Sample], options: Options) -> u64 {
    let mut writer = Writer::new(std::io::sink(), &RecordingHeader::default(), 1, options).expect("it can be made");
    for sample in samples {
        if sample.is_key && writer.needs_block(sample.at_us + SECOND / 2) {
            writer.begin_block(sample.at_us, sample.at_us, true).expect("it can be written");
        }
        writer.envelope(sample.at_us, "", &sample.bytes).expect("it can be written");
        writer.flush_chunk().expect("it can be written");
    }
    writer.n_bytes()
}

/// A recording of so many nodes, each of which says the same over and over, and none at the same time as another: a
/// window does not reach from one to the next that says it.
pub(crate) fn repeat(samples: &[Sample], n_nodes: usize, n_seconds: usize, path: &Path, options: Options) {
    let file = BufWriter::new(File::create(path).expect("it can be made"));
    let mut writer = Writer::new(file, &RecordingHeader::default(), 1, options).expect("it can be written");
    let links: Vec<String> = (0..n_nodes).map(|n| format!("10.0.0.{n}:7070")).collect();
    for s in 0..n_seconds {
        let at_us = s as u64 * SECOND;
        let first = &samples[s % samples.len()];
        // What a dashboard puts first in its blocks is not measured here: who seeks reads a minute more.
        if writer.needs_block(at_us) && (n_nodes > 1 || first.is_key) {
            writer.begin_block(at_us, at_us, true).expect("it can be written");
        }
        for (n, link) in links.iter().enumerate() {
            let sample = &samples[(s + n * 7) % samples.len()];
            writer.envelope(at_us, link, &sample.bytes).expect("it can be written");
        }
        writer.flush_chunk().expect("it can be written");
    }
    writer.finish().expect("it can be written");
}
