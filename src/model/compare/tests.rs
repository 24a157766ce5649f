//! What changed most is first; noise is not; what is not known is no change.

use std::sync::Arc;

use midair_vitals::{CgroupReading, Disk, NodeReading, Queue, QueueKind, TaskReading, Unit};

use super::*;
use crate::{
    event::{Sample, Stream},
    model::{
        Model,
        script::{described, id, sample_with, task, told, up},
    },
};

const MIB: u64 = 1 << 20;

/// A node that two samples tell of, the second a second after the first; `change` makes them, given which it is.
fn node_of(name: &str, change: impl Fn(&mut Sample, u64)) -> Model {
    let mut story = vec![up(0.0, name), described(0.1, name)];
    for n in 1..=2u64 {
        story.push(sample_with(n as f64, name, |sample| {
            let second = sample.reading.at_us;
            sample.stream = Stream::Detail;
            sample.reading = NodeReading {
                at_us: second,
                n_processes: Some(2),
                mem_total_bytes: Some(16_000 * MIB),
                mem_available_bytes: Some(8_000 * MIB),
                mem_anon_bytes: Some(4_000 * MIB),
                n_running: Some(3),
                tcp_in: Some(1_000 * n),
                net_rx_bytes: Some(5 * MIB * n),
                psi_cpu_some_us: Some(10_000 * n),
                ..NodeReading::default()
            };
            sample.tasks = vec![task(1, n as f64, 0.2 * n as f64, 0.0), task(2, n as f64, 0.1 * n as f64, 0.0)];
            change(sample, n);
        }));
    }
    told(&story)
}

fn portrait(change: impl Fn(&mut Sample, u64)) -> Portrait {
    let model = node_of("a", change);
    Portrait::of(&model.nodes[&id("a")], &Topic::ALL).expect("it was measured")
}

fn same() -> Portrait {
    portrait(|_, _| {})
}

fn named(rows: &[Row]) -> Vec<(String, &'static str)> {
    rows.iter().map(|row| (row.key.of.name().to_owned(), row.key.word)).collect()
}

fn changed(rows: &[Row]) -> Vec<&'static str> {
    rows.iter().filter(|row| row.is_changed()).map(|row| row.key.word).collect()
}

fn row<'a>(rows: &'a [Row], word: &str) -> &'a Row {
    rows.iter().find(|row| row.key.word == word).unwrap_or_else(|| panic!("{word} among {:?}", named(rows)))
}

#[test]
fn what_is_the_same_is_no_change() {
    for topic in Topic::ALL {
        let rows = rows(&[same()], &[same()], topic);
        assert_eq!(changed(&rows), [""; 0], "{topic:?}");
        assert!(rows.iter().all(|row| row.score == 0.0));
    }
}

#[test]
fn a_planted_change_is_first() {
    let b = portrait(|sample, n| {
        sample.reading.tcp_in = Some(9_000 * n);
        // A little more of all else.
        sample.reading.mem_anon_bytes = Some(4_400 * MIB);
        sample.reading.n_running = Some(5);
        sample.reading.net_rx_bytes = Some(6 * MIB * n);
    });
    let rows = rows(&[same()], &[b], Topic::Values);
    assert_eq!(changed(&rows), ["tcp in"]);
    assert_eq!(rows[0].change(), Change::Times(9.0));
    assert!((rows[0].score - 9f64.log2()).abs() < 0.1, "{}", rows[0].score);
}

#[test]
fn noise_is_no_change_however_large_its_ratio() {
    let quiet = |cpu_us: u64| portrait(move |sample, n| sample.reading.psi_cpu_some_us = Some(cpu_us * n));
    let rows = rows(&[quiet(10)], &[quiet(20_000)], Topic::Values);
    let psi = row(&rows, "psi cpu");
    assert_eq!((psi.score, psi.change()), (0.0, Change::Nothing));
    assert!(psi.b.is_some_and(|b| b.median > 100.0 * psi.a.unwrap().median), "two thousand times as much, and nothing");
}

#[test]
fn a_rise_weighs_as_much_as_the_fall_back() {
    let busy = || portrait(|sample, n| sample.reading.tcp_in = Some(9_000 * n));
    let (up, down) = (rows(&[same()], &[busy()], Topic::Values), rows(&[busy()], &[same()], Topic::Values));
    assert_eq!(row(&up, "tcp in").score, row(&down, "tcp in").score);
}

#[test]
fn severities_are_as_far_apart_as_they_are() {
    let full = portrait(|sample, _| sample.reading.mem_available_bytes = Some(800 * MIB));
    let rows = rows(&[same()], &[full], Topic::Values);
    assert_eq!(rows[0].key.word, "mem severity");
    assert!((rows[0].score - 4.5).abs() < 1e-9, "from 50 % to 95 %: {}", rows[0].score);
    let least = row(&rows, "mem used");
    assert!(least.score < rows[0].score && least.score > 0.8, "{}", least.score);
}

#[test]
fn what_is_not_known_on_one_side_is_last_and_no_change() {
    let silent = portrait(|sample, _| sample.reading.tcp_in = None);
    for (a, b) in [(same(), silent.clone()), (silent.clone(), same())] {
        let rows = rows(&[a], &[b], Topic::Values);
        let last = rows.last().unwrap();
        assert_eq!((last.key.word, last.presence, last.score), ("tcp in", Presence::Unknown, 0.0));
        assert_eq!(last.change(), Change::Unknown);
    }
    let silent = std::slice::from_ref(&silent);
    let rows = rows(silent, silent, Topic::Values);
    assert!(rows.iter().all(|row| row.key.word != "tcp in"), "what is known nowhere is no row");
}

#[test]
fn tasks_of_one_name_are_one_whatever_their_pids() {
    let workers = |numbers: [u64; 2], cpu: f64| {
        portrait(move |sample, n| {
            sample.tasks = numbers
                .map(|number| {
                    let mut worker = task(number, n as f64, cpu * n as f64, 0.0);
                    (worker.name, worker.rss_bytes) = (Some("nginx".into()), Some(100 * MIB));
                    worker
                })
                .into();
        })
    };
    let rows = rows(&[workers([1, 2], 0.1)], &[workers([7, 8], 0.4)], Topic::Tasks);
    assert_eq!(changed(&rows), ["cpu"]);
    let cpu = row(&rows, "cpu");
    assert!((cpu.a.unwrap().median - 0.2).abs() < 1e-9 && (cpu.b.unwrap().median - 0.8).abs() < 1e-9);
    assert_eq!(row(&rows, "how many").b.unwrap().median, 2.0);
    assert!(cpu.task.as_ref().is_some_and(|(node, task)| *node == id("a") && [7, 8].contains(&task.number)));
}

/// One task more: what it uses of a CPU, and how many processes the node counts.
fn with_burner(cpu: f64, n_processes: u64) -> Portrait {
    portrait(move |sample, n| {
        sample.tasks.push(task(3, n as f64, cpu * n as f64, 0.0));
        sample.reading.n_processes = Some(n_processes);
    })
}

#[test]
fn what_appeared_and_what_went_away_is_said_once() {
    let (appeared, gone) =
        (rows(&[same()], &[with_burner(0.9, 3)], Topic::Tasks), rows(&[with_burner(0.9, 3)], &[same()], Topic::Tasks));
    for (rows, change) in [(appeared, Change::OnlyB), (gone, Change::OnlyA)] {
        let told: Vec<_> = rows.iter().filter(|row| row.key.of.name() == "task-3").collect();
        let [burner] = told[..] else { panic!("one row of it: {told:?}") };
        assert_eq!((burner.key.word, burner.change(), burner.at_most), ("cpu", change, None));
        assert_eq!(rows[0], *burner, "and it is first");
    }
}

#[test]
fn what_hardly_uses_anything_appears_before_what_did_not_change_and_after_what_did() {
    let rows = rows(&[same()], &[with_burner(0.001, 3)], Topic::Tasks);
    assert_eq!((rows[0].change(), rows[0].is_changed()), (Change::OnlyB, false));
}

#[test]
fn who_is_not_among_the_rows_was_not_necessarily_gone() {
    // Side A lists two of 500: a third may have been there, with less than those.
    let a = || portrait(|sample, _| sample.reading.n_processes = Some(500));
    let idle = rows(&[a()], &[with_burner(0.001, 3)], Topic::Tasks);
    let of_burner = idle.iter().filter(|row| row.key.of.name() == "task-3");
    assert!(of_burner.clone().count() > 1);
    assert!(of_burner.clone().all(|row| row.presence == Presence::Unknown && row.score == 0.0));

    let busy = rows(&[a()], &[with_burner(0.9, 3)], Topic::Tasks);
    assert_eq!((busy[0].key.of.name(), busy[0].key.word, busy[0].change()), ("task-3", "cpu", Change::OnlyB));
    assert_eq!(busy[0].at_most, Some(0.0), "fewer than rank have any: all others had none");
}

#[test]
fn of_an_agent_that_leaves_out_rows_nothing_is_concluded() {
    let a = portrait(|sample, _| {
        sample.reading.n_processes = Some(500);
        sample.cost =
            Some(crate::event::Cost { shed: vec!["hot set: 100 rows".into()], ..crate::event::Cost::default() });
    });
    let rows = rows(&[a], &[with_burner(0.9, 3)], Topic::Tasks);
    assert!(rows.iter().filter(|row| row.key.of.name() == "task-3").all(|row| row.presence == Presence::Unknown));
}

fn with_queue(depth: Option<u64>) -> Portrait {
    portrait(move |sample, _| {
        let queue = |depth| Queue { depth: Some(depth), ..Queue::unknown(QueueKind::TcpReceive, Unit::Bytes) };
        sample.tasks[0].queues = depth.map(|depth| if depth > 0 { vec![queue(depth)].into() } else { Arc::from([]) });
    })
}

#[test]
fn nothing_waits_in_a_queue_that_is_not_listed() {
    let word = QueueKind::TcpReceive.word();
    let rows_of = |a| rows(&[with_queue(a)], &[with_queue(Some(4 * MIB))], Topic::Tasks);
    let filled = rows_of(Some(0));
    assert_eq!((filled[0].key.word, filled[0].presence), (word, Presence::Both));
    assert_eq!(filled[0].a.map(|a| a.median), Some(0.0));
    let unread = rows_of(None);
    assert_eq!(row(&unread, word).presence, Presence::Unknown, "nobody could read its queues then");
}

#[test]
fn disks_and_cgroups_come_and_go() {
    let cgroup = |path: &str, at_us, n| CgroupReading {
        path: path.into(),
        at_us,
        cpu_us: Some(500_000 * n),
        ..CgroupReading::default()
    };
    let side = |paths: &'static [&'static str], n_cgroups: u64| {
        portrait(move |sample, n| {
            let at_us = sample.reading.at_us;
            sample.cgroups = paths.iter().map(|path| cgroup(path, at_us, n)).collect();
            sample.reading.n_cgroups = Some(n_cgroups);
            sample.reading.disks = vec![Disk { name: "sda".into(), busy_us: Some(1_000 * n), ..Disk::default() }];
        })
    };
    let told = rows(&[side(&["/a"], 1)], &[side(&["/a", "/b"], 2)], Topic::Values);
    assert_eq!((told[0].key.of.clone(), told[0].change()), (Of::Cgroup("/b".into()), Change::OnlyB));
    let in_part = rows(&[side(&["/a"], 40)], &[side(&["/a", "/b"], 40)], Topic::Values);
    assert!(in_part.iter().filter(|row| row.key.of.name() == "/b").all(|row| row.presence == Presence::Unknown));
}

/// Nodes of a group, each with so many segments a second.
fn group(rates: &[u64]) -> Vec<Portrait> {
    rates.iter().map(|rate| portrait(|sample, n| sample.reading.tcp_in = Some(rate * n))).collect()
}

#[test]
fn groups_are_as_far_apart_as_their_medians_are_in_spreads() {
    let (calm, wide) = ([990, 1_000, 1_010, 1_020, 980], [400, 700, 1_000, 1_300, 1_600]);
    let more = |group: [u64; 5]| group.map(|rate| rate + 300);
    let of_calm = rows(&group(&calm), &group(&more(calm)), Topic::Values);
    let of_wide = rows(&group(&wide), &group(&more(wide)), Topic::Values);
    assert_eq!(changed(&of_calm), ["tcp in"]);
    assert_eq!(changed(&of_wide), [""; 0], "among nodes that differ that much 300 more is nothing");
    assert!(row(&of_calm, "tcp in").score > 2.0 * row(&of_wide, "tcp in").score);
}

#[test]
fn an_outlier_neither_makes_nor_hides_a_change() {
    let one_wild = rows(&group(&[1_000; 9]), &group(&[&[1_000; 8][..], &[90_000]].concat()), Topic::Values);
    assert_eq!(changed(&one_wild), [""; 0]);
    let spread = row(&one_wild, "tcp in").b.unwrap();
    assert_eq!((spread.n, spread.median, spread.highest), (9, 1_000.0, 90_000.0), "and is seen nevertheless");
    let hidden = rows(&group(&[&[1_000; 8][..], &[90_000]].concat()), &group(&[2_000; 9]), Topic::Values);
    assert_eq!(changed(&hidden), ["tcp in"]);
}

#[test]
fn of_a_group_only_what_is_known_counts() {
    let mut b = group(&[1_000, 1_000, 1_000]);
    b.push(portrait(|sample, _| sample.reading.tcp_in = None));
    let rows = rows(&group(&[1_000]), &b, Topic::Values);
    assert_eq!(row(&rows, "tcp in").b.map(|b| (b.n, b.median)), Some((3, 1_000.0)));
}

#[test]
fn what_one_of_many_nodes_knows_is_not_what_the_group_is_like() {
    let one_knows = |rate: u64| {
        let mut group = vec![portrait(|sample, _| sample.reading.tcp_in = None); 9];
        group.push(portrait(|sample, n| sample.reading.tcp_in = Some(rate * n)));
        group
    };
    let rows = rows(&one_knows(100), &one_knows(9_000), Topic::Values);
    assert_eq!(changed(&rows), [""; 0]);
    assert!(row(&rows, "tcp in").score > 0.0, "it is known all the same");
}

#[test]
fn a_side_without_nodes_changes_nothing() {
    for (a, b) in [(vec![], vec![same()]), (vec![same()], vec![]), (vec![], vec![])] {
        let rows = rows(&a, &b, Topic::Tasks);
        assert!(rows.iter().all(|row| row.presence == Presence::Unknown));
    }
}

#[test]
fn quartiles_lie_between_the_values_in_proportion() {
    let spread = Spread::of([4.0, 1.0, f64::NAN, 3.0, 2.0]).unwrap();
    assert_eq!((spread.n, spread.lowest, spread.highest), (4, 1.0, 4.0));
    assert_eq!((spread.low, spread.median, spread.high, spread.mad), (1.75, 2.5, 3.25, 1.0));
    assert_eq!(Spread::of([]), None);
    assert_eq!(Spread::of([f64::INFINITY]), None);
}

#[test]
fn garbage_is_no_panic_and_scores_within_bounds() {
    let odd = |rss: u64| {
        portrait(move |sample, _| {
            let giant = TaskReading { rss_bytes: Some(rss), ..task(9, 1.0, 0.0, 0.0) };
            sample.tasks = vec![giant; 3];
            sample.reading.mem_available_bytes = Some(rss);
            sample.reading.n_running = Some(rss);
        })
    };
    for topic in Topic::ALL {
        for row in rows(&[odd(0)], &[odd(u64::MAX)], topic) {
            assert!((0.0..=MOST_SCORE).contains(&row.score), "{row:?}");
        }
    }
}

const MOST_SCORE: f64 = measure::MOST;
