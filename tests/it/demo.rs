//! `midair demo`, the whole of it: real processes, real gRPC, and nothing left behind.

use std::{
    collections::BTreeSet,
    fs,
    path::PathBuf,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use midair::{
    clock::Clock,
    event::{Event, Stream},
    feed::live::{self, Options, Target},
    wire::Decoder,
};
use midair_demo::{Plan, World};

use crate::support::demo::Demo;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Events of all agents until this says that it is enough.
fn hear(targets: Vec<Target>, mut is_enough: impl FnMut(&Event) -> bool) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let options = Options {
            viewer: "test".into(),
            stream: Stream::Overview,
            interval_ms: 1_000,
            seed: 1,
            ..Options::default()
        };
        let mut feed = live::live(targets, &options, Clock::system());
        let mut decoder = Decoder::default();
        loop {
            let entry = tokio::time::timeout(PATIENCE, feed.next()).await.expect("something comes");
            let events = decoder.decode(&entry.expect("the feed goes on"));
            if events.iter().any(|stamped| is_enough(&stamped.event)) {
                return;
            }
        }
    });
}

#[test]
fn a_demo_is_watched_like_any_cluster_and_its_incident_is_among_the_rows() {
    let demo = Demo::start(&["--nodes", "30", "--seed", "9", "--scenario", "mailbox"]);
    let world = World::new(9, 30, Plan::Healthy);
    let targets = demo.targets();
    assert_eq!(targets.len(), 30);
    let mut awaited: BTreeSet<String> = world.cluster.nodes.iter().map(|node| node.name.to_string()).collect();
    let mut is_hot = false;
    hear(targets, |event| {
        if let Event::Described(described) = event {
            awaited.remove(&*described.name);
            let node =
                world.cluster.nodes.iter().find(|node| *node.name == *described.name).expect("it is one of ours");
            let labels = described.labels.iter().map(|(key, value)| (key.to_string(), value.to_string()));
            assert_eq!(labels.collect::<Vec<_>>(), node.labels());
            assert!(described.is_demo && described.is_insecure && !described.keeps_history);
        }
        if let Event::Sample(sample) = event {
            let depths = sample.tasks.iter().flat_map(|task| task.queues()).filter_map(|queue| queue.depth);
            // It begins eight seconds after the start.
            is_hot |= depths.max().is_some_and(|depth| depth > 20_000);
        }
        is_hot && awaited.is_empty()
    });
}

#[test]
fn when_a_demo_is_killed_its_agents_end_too() {
    let mut demo = Demo::start(&["--nodes", "5"]);
    let children = demo.children();
    assert_eq!(children.len(), 1);
    assert!(children[0].exists());
    // Not asked to end: killed, so that nothing of it can tell its children.
    demo.program.kill().expect("it runs");
    demo.program.wait().expect("it has ended");
    let until = Instant::now() + PATIENCE;
    // One that has ended and that nobody has reaped yet is no process any more.
    let is_there = |child: &PathBuf| fs::read_to_string(child.join("stat")).is_ok_and(|stat| !stat.contains(") Z "));
    while children.iter().any(is_there) {
        assert!(Instant::now() < until, "the agents outlive the demo");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn an_unknown_scenario_is_refused_with_the_way_out() {
    let output = Command::new(env!("CARGO_BIN_EXE_midair"))
        .args(["demo", "--headless", "--agents-file", "/dev/null", "--scenario", "nothing"])
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("--list"), "{said}");
}
