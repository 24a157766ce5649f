//! The black box: what was measured with nobody watching is told afterwards, also by an agent's next life.

mod damage;
mod day;

use std::{path::Path, process::Command, time::Duration};

use midair_agent::config::{BlackBoxConfig, Place};
use midair_proto::v1::{
    DescribeRequest, Envelope, Health, HistoryRequest, Interest, Payload, Stream, agent_client::AgentClient, control,
    payload::Kind,
};
use prost::Message;
use rustix::process::Signal;
use tempfile::TempDir;
use tonic::{Code, transport::Channel};

use crate::{
    binary::process::Running,
    doors::over_unix,
    host::{SOON, agent, agent_with, embedded, watch},
};

/// Samples of a second: these agents sample four times in each.
const N_A_SECOND: usize = 4;

fn kept_in(directory: &Path) -> BlackBoxConfig {
    BlackBoxConfig { place: Place::Directory(directory.to_path_buf()), ..BlackBoxConfig::default() }
}

async fn history(client: &mut AgentClient<Channel>, request: HistoryRequest) -> Vec<(Envelope, Kind)> {
    let mut events = client.history(request).await.unwrap().into_inner();
    let mut all = Vec::new();
    while let Some(envelope) = tokio::time::timeout(SOON, events.message()).await.expect("a history ends").unwrap() {
        let kind = Payload::decode(envelope.payload.clone().unwrap()).unwrap().kind.unwrap();
        all.push((envelope, kind));
    }
    all
}

/// All that is kept, once there are so many samples.
async fn kept(client: &mut AgentClient<Channel>, n_samples: usize) -> Vec<(Envelope, Kind)> {
    tokio::time::timeout(SOON, async {
        loop {
            let all = history(client, HistoryRequest::default()).await;
            if samples(&all).len() >= n_samples {
                return all;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await
    .expect("samples are kept")
}

fn samples(all: &[(Envelope, Kind)]) -> Vec<&Envelope> {
    all.iter().filter(|(_, kind)| matches!(kind, Kind::Sample(_))).map(|(envelope, _)| envelope).collect()
}

fn detail() -> control::Kind {
    control::Kind::Interest(Interest { scope: None, stream: Some(Stream::Detail.into()), interval_ms: Some(250) })
}

/// How the black box is, as samples say it; once it is as wanted, the words that are said of it, and the sample's number.
async fn said(client: &mut AgentClient<Channel>, wanted: Health) -> (String, u64) {
    let mut watch = watch(client).await;
    watch.ask(detail()).await;
    loop {
        let (envelope, kind) = watch.next().await.expect("the watch goes on");
        let Kind::Sample(sample) = kind else { continue };
        let sources = sample.node.and_then(|node| node.sources).unwrap_or_default().source;
        let state = sources.into_iter().find(|source| source.name.as_deref() == Some("black box"));
        if let Some(state) = state.filter(|state| state.health == Some(wanted.into())) {
            return (state.reason.unwrap_or_default(), envelope.seq.unwrap());
        }
    }
}

#[tokio::test]
async fn what_was_sampled_with_nobody_watching_is_told() {
    let folder = TempDir::new().unwrap();
    for black_box in [BlackBoxConfig::default(), kept_in(folder.path())] {
        let agent = agent_with(3, black_box);
        let mut client = embedded(&agent).await;
        let all = kept(&mut client, 6).await;
        assert!(matches!(all[0].1, Kind::Described(_)), "{:?}", all[0]);
        let samples = samples(&all);
        assert_eq!(samples[0].key, Some(true));
        let numbers: Vec<u64> = samples.iter().map(|sample| sample.seq.unwrap()).collect();
        assert!(numbers.windows(2).all(|two| two[1] == two[0] + 1), "{numbers:?}");
        assert!(samples.iter().all(|sample| sample.stream == Some(Stream::Detail.into())));
        let Kind::Sample(first) = &all.iter().find(|(_, kind)| matches!(kind, Kind::Sample(_))).unwrap().1 else {
            panic!("it was one");
        };
        assert_eq!(first.tasks.len(), 3);
        assert!(first.names.iter().any(|name| name.text.as_deref() == Some("task-1")), "{:?}", first.names);
    }
}

#[tokio::test]
async fn it_is_no_watcher_and_says_how_it_is() {
    let agent = agent(1);
    let mut client = embedded(&agent).await;
    let (words, _) = said(&mut client, Health::Ok).await;
    assert!(words.contains("in memory only"), "{words}");
    let described = client.describe(DescribeRequest::default()).await.unwrap().into_inner();
    assert!(described.capabilities.contains(&"history".to_owned()));
    // Whoever watched has gone before the last of these.
    let all = kept(&mut client, 12).await;
    let n_watchers: Vec<_> = all
        .iter()
        .filter_map(|(_, kind)| if let Kind::Sample(sample) = kind { sample.cost.as_ref()?.n_watchers } else { None })
        .collect();
    assert!(n_watchers.contains(&0) && n_watchers.iter().all(|n| *n <= 1), "{n_watchers:?}");
}

#[tokio::test]
async fn a_range_begins_with_a_key_and_ends_where_it_was_said_to_end() {
    let agent = agent(2);
    let mut client = embedded(&agent).await;
    let all = kept(&mut client, 10).await;
    let samples = samples(&all);
    let (from_us, to_us) = (samples[4].wall_us.unwrap(), samples[7].wall_us.unwrap());
    let request = HistoryRequest { from_us: Some(from_us), to_us: Some(to_us), ..HistoryRequest::default() };
    let range = history(&mut client, request).await;
    let found = self::samples(&range);
    assert_eq!(found[0].key, Some(true));
    assert!(found[0].wall_us <= Some(from_us));
    assert_eq!(found.last().unwrap().seq, samples[7].seq);
    let later = HistoryRequest { from_us: Some(to_us + 3_600_000_000), ..HistoryRequest::default() };
    assert_eq!(history(&mut client, later).await, []);
    let points = HistoryRequest { max_points: Some(100), ..HistoryRequest::default() };
    assert!(history(&mut client, points).await.iter().all(|(_, kind)| matches!(kind, Kind::Rollup(_))));
}

#[tokio::test]
async fn what_cannot_be_told_is_refused_in_words() {
    let agent = agent(1);
    let mut client = embedded(&agent).await;
    kept(&mut client, 2).await;
    let backwards = HistoryRequest { from_us: Some(2), to_us: Some(1), ..HistoryRequest::default() };
    let pointless = HistoryRequest { max_points: Some(0), ..HistoryRequest::default() };
    for (request, words) in [(backwards, "ends before it begins"), (pointless, "at least 1")] {
        let status = client.history(request).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(status.message().contains(words), "{status}");
    }
}

#[tokio::test]
async fn one_that_was_killed_loses_at_most_a_second_and_the_next_one_tells_what_was_before() {
    let killed = Running::start(&[], "info");
    let mut client = over_unix(killed.socket()).await;
    let mut watch = watch(&mut client).await;
    watch.ask(detail()).await;
    let (mut n_seen, mut last) = (0, None);
    while n_seen < 3 * N_A_SECOND {
        let (envelope, kind) = watch.next().await.unwrap();
        if matches!(kind, Kind::Sample(_)) {
            (n_seen, last) = (n_seen + 1, Some(envelope));
        }
    }
    killed.signal(Signal::KILL);
    let last = last.unwrap();
    let next = killed.succeeded("info");
    let mut client = over_unix(next.socket()).await;
    let all = kept(&mut client, 2 * N_A_SECOND).await;
    let before: Vec<_> = samples(&all).into_iter().filter(|sample| sample.epoch == last.epoch).collect();
    assert_eq!(before[0].key, Some(true));
    let n_lost = last.seq.unwrap().saturating_sub(before.last().unwrap().seq.unwrap());
    assert!(n_lost <= N_A_SECOND as u64, "{n_lost} samples are lost");
    let all = tokio::time::timeout(SOON, async {
        loop {
            let all = history(&mut client, HistoryRequest::default()).await;
            if samples(&all).iter().any(|sample| sample.epoch != last.epoch) {
                return all;
            }
        }
    });
    let all = all.await.expect("the next life is kept, too");
    let of_next = samples(&all).into_iter().find(|sample| sample.epoch != last.epoch).unwrap();
    assert_eq!(of_next.key, Some(true));
}

#[tokio::test]
async fn a_directory_of_another_agent_is_left_to_it() {
    let first = Running::start(&[], "info");
    let mut client = over_unix(first.socket()).await;
    kept(&mut client, 2).await;
    let directory = first.folder().join("black-box");
    let second = Running::start(&["--black-box", directory.to_str().unwrap()], "info");
    let mut client = over_unix(second.socket()).await;
    let (words, _) = said(&mut client, Health::Off).await;
    assert!(words.contains("another agent"), "{words}");
    assert!(directory.join("000000000000.midair").exists());
}

/// A disk of 256 KiB, unmounted in the end.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// With an option of mount(8) more.
    fn mount(option: &str) -> Self {
        let disk = Self(TempDir::new().unwrap());
        let options = format!("size=256k,{option}");
        let mut mount = Command::new("mount");
        let mounted = mount.args(["-t", "tmpfs", "-o", &options, "small"]).arg(disk.0.path()).status().unwrap();
        assert!(mounted.success(), "this test mounts a disk: run it as root");
        disk
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Whoever still holds a file in it keeps it until then.
        drop(Command::new("umount").arg("--lazy").arg(self.0.path()).status());
    }
}

/// Samples of an agent go on for a second after this one.
async fn goes_on_after(client: &mut AgentClient<Channel>, seq: u64) {
    let mut watch = watch(client).await;
    watch.ask(detail()).await;
    loop {
        let (envelope, _) = watch.next().await.expect("the watch goes on");
        if envelope.seq > Some(seq + N_A_SECOND as u64) {
            return;
        }
    }
}

#[tokio::test]
async fn a_full_disk_turns_it_off_in_words_and_samples_go_on() {
    let disk = SmallDisk::mount("rw");
    let place = disk.0.path().join("black-box");
    let agent = Running::start(&["--black-box", place.to_str().unwrap()], "info");
    let mut client = over_unix(agent.socket()).await;
    kept(&mut client, 2).await;
    // As full as it gets.
    drop(std::fs::write(disk.0.path().join("filler"), vec![1; 1 << 20]));
    let (words, at) = said(&mut client, Health::Off).await;
    assert!(words.contains("No space left on device") && words.contains(place.to_str().unwrap()), "{words}");
    goes_on_after(&mut client, at).await;
    assert!(!samples(&history(&mut client, HistoryRequest::default()).await).is_empty(), "what was kept is told");
    let no_more = agent.log().lines().filter(|line| line.contains("black box is off")).count();
    assert_eq!(no_more, 1, "{}", agent.log());
}

#[tokio::test]
async fn a_disk_that_is_read_only_turns_it_off_in_words_and_samples_go_on() {
    let disk = SmallDisk::mount("ro");
    let place = disk.0.path().join("black-box");
    let agent = Running::start(&["--black-box", place.to_str().unwrap()], "info");
    let mut client = over_unix(agent.socket()).await;
    let (words, at) = said(&mut client, Health::Off).await;
    assert!(words.contains("Read-only file system") && words.contains(place.to_str().unwrap()), "{words}");
    goes_on_after(&mut client, at).await;
    assert_eq!(history(&mut client, HistoryRequest::default()).await, []);
    let said_once = agent.log().lines().filter(|line| line.contains("black box is off")).count();
    assert_eq!(said_once, 1, "{}", agent.log());
}
