use midair_vitals::{TaskId, TaskKind};

use super::*;
use crate::config::Config;

#[test]
fn one_sample_has_rates_in_it() {
    let reading = |at_us: u64, cpu_us: u64| {
        let id = TaskId { runtime: 0, number: 42, start: 1 };
        let name = Some("chat \"x\"".into());
        let task = TaskReading { cpu_us: Some(cpu_us), name, ..TaskReading::unknown(id, TaskKind::Process, at_us) };
        let off = SourceState::new("sockets", Health::Off("no netlink".into()));
        let mut reading = Reading { tasks: vec![task], sources: vec![off], ..Reading::default() };
        reading.node.at_us = at_us;
        reading
    };
    let identity = Identity::read(&Config { node: Some("n1".into()), ..Config::default() }).unwrap();
    let sample = render(&identity, [reading(1_000_000, 0), reading(1_250_000, 125_000)], 7);
    assert_eq!(sample["node"], "n1");
    assert_eq!(sample["tasks"][0]["cpus_used"], 0.5);
    assert_eq!(sample["tasks"][0]["name"], "chat \"x\"");
    assert_eq!(sample["tasks"][0]["rss_bytes"], Value::Null, "unknown is null, never 0");
    assert_eq!(sample["sources"][0]["reason"], "no netlink");
}
