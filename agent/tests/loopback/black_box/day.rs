//! A day of rollups: it outlives agents that are killed, and is told in as many points as were asked for.

use std::path::Path;

use midair_agent::Clock;
use midair_proto::v1::{
    Envelope, HistoryRequest, Payload, RecordingHeader, Rollup, Summary, agent_client::AgentClient, payload::Kind,
};
use midair_recording::{Bounds, Options, Ring};
use prost::Message;
use rustix::process::Signal;
use tempfile::TempDir;
use tonic::transport::Channel;

use super::{history, kept};
use crate::{binary::process::Running, doors::over_unix};

const SECOND_US: u64 = 1_000_000;
const HOUR_US: u64 = 3_600 * SECOND_US;

/// Where each kind of rollup stands in a black box, and the length of its windows in seconds.
const KINDS: [(&str, u64); 2] = [("10s", 10), ("5min", 300)];

/// So many hours were kept.
const HOURS: u64 = 23;

/// The rollup of one window, none like another; of the first half of the day no queue was known.
fn rollup(window_s: u64, end_us: u64, n: u64) -> Rollup {
    let value = |n: u64| u32::try_from(n * 7_919 % 600).unwrap();
    let of = |n: u64| Summary {
        min: Some(value(n)),
        mean: Some(value(n) + 100),
        max: Some(value(n) + 300),
        n: u32::try_from(window_s).ok(),
    };
    Rollup {
        window_us: Some(window_s * SECOND_US),
        wall_us: Some(end_us),
        sched: Some(of(n)),
        queue: (n * window_s > HOURS * 3_600 / 2).then(|| of(n + 1)),
        ..Rollup::default()
    }
}

/// What an agent that was killed has left: rollups of both kinds, in files that nobody has closed.
fn left_in(directory: &Path, from_us: u64) -> Vec<Rollup> {
    let mut all = Vec::new();
    for (name, window_s) in KINDS {
        let mut ring = Ring::open(
            Some(&directory.join(name)),
            RecordingHeader::default(),
            Bounds::default(),
            Options::default(),
            7,
        );
        for n in 1..=HOURS * 3_600 / window_s {
            let at_us = n * window_s * SECOND_US;
            let rollup = rollup(window_s, from_us + at_us, n);
            let payload = Payload { kind: Some(Kind::Rollup(rollup.clone())) }.encode_to_vec();
            let envelope = Envelope {
                mono_us: Some(at_us),
                wall_us: Some(from_us + at_us),
                payload: Some(payload.into()),
                ..Envelope::default()
            };
            if ring.needs_block(at_us) {
                ring.begin_block(at_us, from_us + at_us);
            }
            ring.envelope(at_us, from_us + at_us, &envelope.encode_to_vec());
            all.push(rollup);
        }
        ring.flush();
    }
    all
}

/// The points of that day, at most so many.
async fn points(client: &mut AgentClient<Channel>, from_us: u64, most: u32) -> Vec<Rollup> {
    let (from_us, to_us) = (Some(from_us), Some(from_us + HOURS * HOUR_US));
    let told = history(client, HistoryRequest { from_us, to_us, max_points: Some(most), ..HistoryRequest::default() });
    let point = |(_, kind)| if let Kind::Rollup(rollup) = kind { Some(rollup) } else { None };
    told.await.into_iter().filter_map(point).collect()
}

/// What a point must say of these, which it covers.
fn merged(of: &[Summary]) -> Option<Summary> {
    let n: u64 = of.iter().map(|one| u64::from(one.n())).sum();
    let sum: u64 = of.iter().map(|one| u64::from(one.mean()) * u64::from(one.n())).sum();
    Some(Summary {
        min: of.iter().map(Summary::min).min(),
        mean: u32::try_from((sum as f64 / n as f64).round() as u64).ok(),
        max: of.iter().map(Summary::max).max(),
        n: u32::try_from(n).ok(),
    })
    .filter(|_| !of.is_empty())
}

fn assert_is_made_of(point: &Rollup, all: &[Rollup], window_s: u64) {
    let covered: Vec<&Rollup> = all
        .iter()
        .filter(|rollup| rollup.window_us() == window_s * SECOND_US)
        .filter(|rollup| rollup.wall_us() <= point.wall_us())
        .filter(|rollup| rollup.wall_us() > point.wall_us() - point.window_us())
        .collect();
    assert_eq!(covered.len() as u64, point.window_us() / (window_s * SECOND_US), "{point:?}");
    let of =
        |vital: fn(&Rollup) -> Option<Summary>| covered.iter().filter_map(|rollup| vital(rollup)).collect::<Vec<_>>();
    assert_eq!(point.sched, merged(&of(|rollup| rollup.sched)), "{point:?}");
    assert_eq!(point.queue, merged(&of(|rollup| rollup.queue)), "{point:?}");
    assert_eq!((point.mem, point.rate), (None, None));
}

#[tokio::test]
async fn it_outlives_two_kills_and_comes_in_at_most_as_many_points_as_were_asked_for() {
    let folder = TempDir::new().unwrap();
    let directory = folder.path().join("black-box");
    std::fs::create_dir(&directory).unwrap();
    let from_us = Clock::system().wall_us() - HOURS * HOUR_US;
    let all = left_in(&directory, from_us);
    let arguments = ["--black-box", directory.to_str().unwrap()];
    let mut agent = Running::start(&arguments, "info");
    for _ in 0..2 {
        let mut client = over_unix(agent.socket()).await;
        kept(&mut client, 2).await;
        for (most, n, window_s) in [(10_000, 8_280, 10), (300, 276, 300), (100, 92, 300), (24, 23, 300), (1, 1, 300)] {
            let points = points(&mut client, from_us, most).await;
            assert!(points.len() <= most as usize, "{} points", points.len());
            assert!(points.len() + 2 >= n, "{} points of {n}", points.len());
            let n_covered: u64 = points.iter().map(|point| point.window_us() / (window_s * SECOND_US)).sum();
            assert_eq!(n_covered, HOURS * 3_600 / window_s, "all of the day, and nothing twice");
            points.iter().for_each(|point| assert_is_made_of(point, &all, window_s));
        }
        agent.signal(Signal::KILL);
        agent = agent.succeeded_by(&arguments, "info");
    }
}
