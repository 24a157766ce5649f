//! Cgroups with a quota, a memory limit, and a neighbour.

use midair_agent::{Collector, reading::Reading};
use midair_vitals::{CgroupReading, CgroupVitals, NodeReading, NodeVitals};

use crate::host::{Cgroup, Process, is_root, kernel, read, read_until};

fn row<'r>(reading: &'r Reading, path: &str) -> Option<&'r CgroupReading> {
    reading.cgroups.iter().find(|row| &*row.path == path)
}

/// Two readings at least so many periods of the cgroup's quota apart.
fn apart(collector: Collector, path: &str, n_periods: u64) -> [(NodeReading, CgroupReading); 2] {
    let mut kernel = kernel(collector);
    read(&mut kernel);
    let of = |reading: &Reading| Some((reading.node.clone(), row(reading, path)?.clone()));
    let first = read_until(&mut kernel, "a row of the cgroup", |reading| {
        of(reading).filter(|(_, row)| row.throttled_us > Some(0))
    });
    let enough = first.1.n_periods.unwrap() + n_periods;
    let second = read_until(&mut kernel, "enough periods", |reading| {
        of(reading).filter(|(_, row)| row.n_periods >= Some(enough))
    });
    [first, second]
}

#[test]
fn a_burner_at_a_fifth_of_a_cpu_is_held_back_by_its_quota() {
    if !is_root("a cgroup") {
        return;
    }
    let Some(cgroup) = Cgroup::new("quota") else { return };
    cgroup.set("cpu", "cpu.cfs_quota_us", "20000");
    // Whatever else runs here: what the quota allows it gets.
    cgroup.set("cpu", "cpu.shares", "262144");
    cgroup.set("memory", "memory.limit_in_bytes", "67108864");
    let burner = Process::script(&format!("{} while :; do :; done", cgroup.enter()));
    let path = cgroup.path();
    for collector in [Collector::Proc, Collector::Auto] {
        let [(_, before), (node, now)] = apart(collector, &path, 20);
        assert_eq!((now.quota_milli, now.mem_limit_bytes), (Some(200), Some(64 << 20)));
        assert!(now.n_processes >= Some(1) && now.mem_bytes.is_some_and(|bytes| bytes < 64 << 20), "{now:?}");
        let vitals = CgroupVitals::derive(Some(&before), &now);
        let cpu = vitals.cpu.unwrap();
        assert!((0.1..0.25).contains(&cpu), "a fifth of a CPU, not {cpu}");
        let sched = vitals.severities.sched.unwrap().percent();
        assert!(
            (70..=88).contains(&sched),
            "{collector:?}: four fifths are missed, counted once: {sched} %; {vitals:?}"
        );
        // The quota explains the run delay of its tasks, and no other does.
        assert!(node.delay_quota_us.is_some_and(|us| us > 0), "{:?}", node.delay_quota_us);
    }
    drop(burner);
}

#[test]
fn a_node_with_nothing_but_a_quota_blames_the_quota() {
    if !is_root("a cgroup") {
        return;
    }
    let Some(cgroup) = Cgroup::new("blame") else { return };
    cgroup.set("cpu", "cpu.cfs_quota_us", "20000");
    cgroup.set("cpu", "cpu.shares", "262144");
    let burner = Process::script(&format!("{} while :; do :; done", cgroup.enter()));
    let [(before, row_before), (now, row_now)] = apart(Collector::Proc, &cgroup.path(), 20);
    let causes = NodeVitals::derive(Some(&before), &now).causes;
    let throttled = CgroupVitals::derive(Some(&row_before), &row_now).throttled.unwrap();
    // Other tests may have cgroups with quotas of their own beside this one.
    let quota = causes.quota.unwrap();
    assert!(quota >= throttled * 0.8, "held back {throttled}, blamed {quota}: {causes:?}");
    let others = causes.own.unwrap() + causes.neighbour.unwrap();
    let delay = NodeVitals::derive(Some(&before), &now).delay.unwrap();
    assert!(others <= delay - quota + throttled + 0.01, "no delay is counted twice: {causes:?} of {delay}");
    drop(burner);
}

#[test]
fn a_neighbour_that_burns_is_named() {
    if !is_root("a cgroup") {
        return;
    }
    let (Some(victim), Some(neighbour)) = (Cgroup::new("victim"), Cgroup::new("neighbour")) else { return };
    // Both on one CPU, and the neighbour gets nearly all of it.
    neighbour.set("cpu", "cpu.shares", "262144");
    victim.set("cpu", "cpu.shares", "1024");
    let burn = |cgroup: &Cgroup| {
        Process::script(&format!("{} taskset -cp 0 $$ >/dev/null; while :; do :; done", cgroup.enter()))
    };
    let _burners = [burn(&victim), burn(&neighbour)];
    let mut kernel = kernel(Collector::Auto);
    read(&mut kernel);
    let of =
        |reading: &Reading| Some((row(reading, &victim.path())?.clone(), row(reading, &neighbour.path())?.clone()));
    let (victim_before, neighbour_before) = read_until(&mut kernel, "both rows", of);
    let waited_us = |row: &CgroupReading| row.run_delay_us.unwrap() - victim_before.run_delay_us.unwrap();
    let (victim_now, neighbour_now) = read_until(&mut kernel, "two seconds waited", |reading| {
        of(reading).filter(|(row, _)| waited_us(row) > 2_000_000)
    });
    let caused_us = neighbour_now.caused_delay_us.unwrap() - neighbour_before.caused_delay_us.unwrap();
    // Others use this CPU too, and are to blame for their part.
    assert!(caused_us > waited_us(&victim_now) / 4, "{caused_us} of {}", waited_us(&victim_now));
    let vitals = CgroupVitals::derive(Some(&neighbour_before), &neighbour_now);
    let suffered = CgroupVitals::derive(Some(&victim_before), &victim_now);
    assert!(vitals.caused > suffered.caused, "the one that burns causes more than the one that waits");
}

#[test]
fn a_task_says_where_it_runs_and_moves() {
    if !is_root("a cgroup") {
        return;
    }
    let Some(cgroup) = Cgroup::new("moves") else { return };
    let process = Process::of(std::process::Command::new("sleep").arg("60"));
    let mut kernel = kernel(Collector::Auto);
    let place = |reading: &Reading| {
        let row = reading.tasks.iter().find(|row| row.id.number == u64::from(process.pid()) && row.process.is_none());
        row.and_then(|row| row.cgroup.clone())
    };
    let first = read_until(&mut kernel, "a cgroup", place);
    assert_ne!(&*first, cgroup.path());
    for controller in ["cpu", "cpuacct", "memory"] {
        cgroup.set(controller, "cgroup.procs", &process.pid().to_string());
    }
    read_until(&mut kernel, "the new cgroup", |reading| place(reading).filter(|now| **now == cgroup.path()));
}
