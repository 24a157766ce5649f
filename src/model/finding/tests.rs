use super::*;
use crate::{
    event::{Sample, Stamped},
    model::script::*,
};
use midair_vitals::{Queue, QueueKind, TaskReading, Unit, WorstTask};

/// The sentences in order, amounts written plainly.
pub(in crate::model::finding) fn said(events: &[Stamped], node: Option<&str>, now: f64) -> Vec<String> {
    let model = told(events);
    let node = node.map(id);
    let found = findings(&model, node.as_ref(), at(now));
    found.iter().map(|finding| finding.parts.iter().map(part).collect()).collect()
}

fn part(part: &Part) -> String {
    match part {
        Part::Words(words) => (*words).to_owned(),
        Part::Name(name) => name.to_string(),
        Part::Amount(n, unit) => format!("{n} {unit:?}"),
        Part::Growth(n, unit) => format!("{n:+} {unit:?}/s"),
        Part::Count(n) => n.to_string(),
        Part::Number(n) => n.to_string(),
        Part::Cores(n) => format!("{n} cores"),
        Part::Latency(s) => format!("{:.0} ms", s * 1000.0),
        Part::Share(share) => format!("{:.0} %", share * 100.0),
        Part::Delay(delay) => format!("{:.0} ms/s", delay * 1000.0),
        Part::Time(us) => format!("{} s", us / S),
    }
}

fn starved(sample: &mut Sample) {
    sample.reading.worst_delay = Some(WorstTask {
        task: task(9, 0.0, 0.0, 0.0).id,
        process: None,
        name: Some("writer".into()),
        value_us: 340_000,
        over_us: S,
    });
}

#[test]
fn a_well_node_has_nothing_to_say() {
    assert!(said(&[described(0.0, "a"), sample(1.0, "a", vec![]), sample(2.0, "a", vec![])], None, 2.0).is_empty());
}

#[test]
fn silence_says_since_when_and_why() {
    let story = [up(0.0, "a"), described(0.0, "a"), sample(1.0, "a", vec![]), down(2.0, "a")];
    assert_eq!(said(&story, None, 42.0), ["a silent for 41 s: connection refused"]);
}

#[test]
fn a_certificate_that_ends_soon_is_a_notice_and_our_own_is_no_matter_of_a_node() {
    let story = |note: &str| [noted(0.0, &address("a"), note), described(0.0, "a"), sample(1.0, "a", vec![])];
    let notes = "tls, ! our certificate ends in 3 d, its certificate ends in 9 d";
    assert_eq!(said(&story(notes), None, 1.0), ["a: its certificate ends in 9 d"]);
    assert!(said(&story("tls, ! our certificate ends in 3 d"), None, 1.0).is_empty());
}

#[test]
fn the_culprit_comes_before_the_victim() {
    let burner = |s: f64| task(5, s, s, 0.0);
    let story = [
        sample(1.0, "a", vec![burner(1.0)]),
        sample_with(2.0, "a", |sample| {
            sample.tasks = vec![burner(2.0)];
            starved(sample);
        }),
    ];
    assert_eq!(said(&story, None, 2.0), ["task-5 (5) takes 100 % CPU; writer (9) starved: waits 340 ms/s"]);
}

/// Tasks that all together wait so many milliseconds per second, `worst` of them the first.
fn waiting(all_ms: u64, worst_ms: u64, cpu: f64) -> Vec<String> {
    let at = |s: f64, n: u64| {
        sample_with(s, "a", |sample| {
            sample.reading.run_delay_us = Some(n * all_ms * 1000);
            sample.reading.cpu.user_us = Some(n * 30_000);
            sample.tasks = vec![task(9, s, cpu * s, 0.0)];
            starved(sample);
            sample.reading.worst_delay.as_mut().expect("given").value_us = worst_ms * 1000;
        })
    };
    said(&[at(1.0, 1), at(2.0, 2)], None, 2.0)
}

#[test]
fn noise_of_a_host_at_rest_is_no_finding() {
    assert!(waiting(45, 45, 0.0).is_empty());
    assert!(waiting(0, 99, 0.0).is_empty());
}

#[test]
fn who_waits_worst_is_named_before_all_together() {
    assert_eq!(waiting(90, 20, 0.0), ["writer (9) waits for CPU: 20 ms/s, all together 90 ms/s"]);
    assert_eq!(waiting(200, 140, 0.0), ["writer (9) starved: waits 140 ms/s"]);
}

#[test]
fn who_gets_nearly_all_that_it_wants_is_not_starved() {
    assert!(waiting(0, 110, 0.9).is_empty());
    assert_eq!(waiting(0, 110, 0.2), ["writer (9) starved: waits 110 ms/s"]);
}

#[test]
fn the_reason_of_silence_does_not_say_the_name_again() {
    let mut gone = down(1.0, "a");
    if let crate::event::Event::Link(link) = &mut gone.event
        && let crate::event::LinkState::Down { reason, .. } = &mut link.state
    {
        *reason = "cannot reach agent a (10.0.0.7:7070): connection refused; is it up: there?".into();
    }
    let story = [up(0.0, "a"), described(0.0, "a"), gone];
    assert_eq!(said(&story, None, 42.0), ["a silent for 42 s: connection refused; is it up: there?"]);
}

#[test]
fn who_starves_itself_is_named_once() {
    let ffmpeg = |s: f64| task(9, s, 9.0 * s, 0.0);
    let story = [
        sample(1.0, "a", vec![ffmpeg(1.0)]),
        sample_with(2.0, "a", |sample| {
            sample.tasks = vec![ffmpeg(2.0)];
            starved(sample);
        }),
    ];
    assert_eq!(said(&story, None, 2.0), ["task-9 (9) takes 900 % CPU and waits for more: 340 ms/s"]);
}

#[test]
fn a_listener_that_workers_share_is_told_once() {
    let worker = |number| {
        let full = Queue { depth: Some(64), limit: Some(64), ..Queue::unknown(QueueKind::Listen, Unit::Connections) };
        TaskReading { queues: Some([Queue { number: Some(77), ..full }].into()), ..task(number, 1.0, 0.0, 0.0) }
    };
    let story = [sample(1.0, "a", vec![worker(5), worker(6)])];
    assert_eq!(said(&story, None, 1.0), ["listen of task-5 (5): 64 of 64 Connections"]);
}

#[test]
fn on_the_cluster_screen_the_node_is_named() {
    let story = [sample(1.0, "b", vec![]), sample_with(1.0, "a", starved)];
    assert_eq!(said(&story, None, 1.0), ["writer (9) on a starved: waits 340 ms/s"]);
    assert_eq!(said(&story, Some("a"), 1.0), ["writer (9) starved: waits 340 ms/s"]);
    assert!(said(&story, Some("b"), 1.0).is_empty());
}

#[test]
fn a_mailbox_that_grows_is_told_with_its_owner() {
    let story: Vec<_> = (0..3)
        .map(|s| {
            let (seconds, depth) = (f64::from(s), 1_200_000 + 8000 * s as u64);
            sample(seconds, "a", vec![with_mailbox(task(812, seconds, 0.0, 0.0), depth)])
        })
        .collect();
    assert_eq!(said(&story, None, 2.0), ["mailbox of task-812 (812): 1216000 Messages, +8000 Messages/s"]);
}

#[test]
fn a_queue_without_owner_is_told_too() {
    let story = [sample_with(1.0, "a", |sample| {
        let queue = Queue { depth: Some(64), limit: Some(64), ..Queue::unknown(QueueKind::Listen, Unit::Connections) };
        sample.reading.severities.queue = Some(Severity::from_per_mille(1000));
        sample.reading.worst_queue = Some(midair_vitals::WorstQueue { task: None, queue });
    })];
    assert_eq!(said(&story, None, 1.0), ["listen without known owner: 64 of 64 Connections"]);
}

#[test]
fn memory_says_who_grows_and_when_it_is_full() {
    let story: Vec<_> = (0..3)
        .map(|s| {
            sample_with(f64::from(s), "a", |sample| {
                sample.reading.mem_available_bytes = Some((400 - 10 * s as u64) << 20);
                let mut grower = task(7, f64::from(s), 0.0, 0.0);
                grower.rss_bytes = Some((100 + 10 * s as u64) << 20);
                sample.tasks = vec![grower];
            })
        })
        .collect();
    let expected = "task-7 (7) grows +10485760 Bytes/s; memory 62 % full, full in 38 s at this pace";
    assert_eq!(said(&story, None, 2.0), [expected]);
}

#[test]
fn drops_are_told_though_the_queue_is_empty_now() {
    let with = |s: f64, drops| sample_with(s, "a", |sample| sample.reading.listen_drops = Some(drops));
    assert_eq!(
        said(&[with(1.0, 5), with(2.0, 12)], None, 2.0),
        ["listen queues: 7 connection attempts dropped in 10 s"]
    );
}

#[test]
fn the_worst_comes_first() {
    let lost = stamped(1.5, crate::event::Event::Lost { node: id("b"), n_samples: Some(3) });
    let story = [sample_with(1.0, "b", starved), lost, up(0.0, "a"), down(1.0, "a")];
    let said = said(&story, None, 2.0);
    assert!(said[0].contains("silent") && said[1].contains("starved") && said[2].contains("lost"), "{said:?}");
}

/// Sentences after two seconds in which a cgroup is changed.
fn with_cgroup(at: impl Fn(u64) -> midair_vitals::CgroupReading) -> Vec<String> {
    let told = |n: u64| {
        sample_with(n as f64, "a", |sample| {
            sample.reading.run_delay_us = Some(n * 400_000);
            sample.reading.delay_neighbour_us = Some(n * 300_000);
            starved(sample);
            sample.cgroups = vec![at(n)];
        })
    };
    said(&[told(1), told(2)], None, 2.0)
}

#[test]
fn the_noisy_neighbour_comes_before_its_victim() {
    let backup = |n: u64| cgroup("/backup.slice", n as f64, 31.0 * n as f64, 0.3 * n as f64);
    assert_eq!(with_cgroup(backup), ["backup.slice takes 31 cores; writer (9) starved: waits 340 ms/s"]);
}

#[test]
fn a_cgroup_that_causes_little_is_not_accused() {
    let quiet = |n: u64| cgroup("/quiet.slice", n as f64, 0.1 * n as f64, 0.0);
    assert_eq!(with_cgroup(quiet), ["writer (9) starved: waits 340 ms/s"]);
}

#[test]
fn a_quota_that_holds_a_cgroup_back_is_told_though_every_task_looks_fine() {
    let held = |n: u64| midair_vitals::CgroupReading {
        quota_milli: Some(200),
        throttled_us: Some(n * 800_000),
        ..cgroup("/ship.service", n as f64, 0.2 * n as f64, 0.0)
    };
    let said = with_cgroup(held);
    assert_eq!(said[0], "its quota of 0.2 cores holds ship.service back: 800 ms/s");
}

#[test]
fn a_cgroup_near_its_own_limit_is_told_and_one_that_killed_before_that() {
    let of = |mem: u64, kills: fn(u64) -> u64| {
        move |n: u64| midair_vitals::CgroupReading {
            mem_bytes: Some(mem << 20),
            mem_limit_bytes: Some(100 << 20),
            n_oom_kills: Some(kills(n)),
            ..cgroup("/chat.service", n as f64, 0.0, 0.0)
        }
    };
    let said = |said: Vec<String>| said.into_iter().find(|s| s.contains("memory of"));
    assert_eq!(said(with_cgroup(of(97, |_| 0))).unwrap(), "memory of chat.service: 97 % of its 104857600 Bytes");
    assert_eq!(said(with_cgroup(of(50, |_| 3))), None, "kills of long ago");
    let killed = "1 killed for lack of memory in 10 s: memory of chat.service: 50 % of its 104857600 Bytes";
    assert_eq!(said(with_cgroup(of(50, |n| n))).unwrap(), killed);
}

#[test]
fn what_another_namespace_turns_away_is_told_with_its_name() {
    let told = |s: f64, n: u64| {
        sample_with(s, "a", |sample| {
            let pod = midair_vitals::NetNamespace { name: Some("pod-7".into()), ..namespace(12, s, n) };
            // What the agent's own drops stands in the counters of the host.
            let own = midair_vitals::NetNamespace { is_own: true, ..namespace(1, s, n) };
            sample.namespaces = vec![own, pod];
        })
    };
    let expected = ["434 connection attempts dropped at listen queues of pod-7 in 10 s"];
    assert_eq!(said(&[told(1.0, 5), told(2.0, 439)], None, 2.0), expected);
}
