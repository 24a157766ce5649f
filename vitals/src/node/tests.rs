use super::*;

fn node(at_s: u64, busy_us: u64, delay_us: u64, steal_us: u64) -> NodeReading {
    let times =
        CpuTimes { user_us: Some(busy_us), system_us: Some(0), steal_us: Some(steal_us), ..CpuTimes::default() };
    NodeReading {
        at_us: at_s * 1_000_000,
        cpu: times,
        cpus: vec![(0, times)],
        run_delay_us: Some(delay_us),
        mem_total_bytes: Some(100),
        mem_available_bytes: Some(29),
        ..NodeReading::default()
    }
}

#[test]
fn severities_of_a_node() {
    let vitals = NodeVitals::derive(Some(&node(1, 0, 0, 0)), &node(2, 500_000, 250_000, 250_000));
    assert_eq!(vitals.cpu, Some(0.5));
    assert_eq!(vitals.per_cpu, [(0, Some(0.5))]);
    assert_eq!(vitals.severities.sched.map(|s| s.percent()), Some(50));
    assert_eq!(vitals.severities.mem.map(|s| s.percent()), Some(71));
}

#[test]
fn in_a_container_its_limit_is_what_there_is() {
    let mut now = node(1, 9, 9, 9);
    (now.mem_limit_bytes, now.mem_available_bytes) = (Some(50), Some(10));
    let vitals = NodeVitals::derive(None, &now);
    assert_eq!((vitals.mem_used_bytes, vitals.severities.mem.map(|s| s.percent())), (Some(40), Some(80)));
}

#[test]
fn a_first_reading_has_memory_but_no_rates() {
    let vitals = NodeVitals::derive(None, &node(1, 9, 9, 9));
    assert_eq!(vitals.cpu, None);
    assert_eq!(vitals.mem_used_bytes, Some(71));
    assert_eq!(vitals.severities.sched, None);
}

#[test]
fn a_cpu_that_came_online_has_no_rate_yet() {
    let mut now = node(2, 1, 0, 0);
    now.cpus.push((1, CpuTimes { user_us: Some(9), system_us: Some(9), ..CpuTimes::default() }));
    let vitals = NodeVitals::derive(Some(&node(1, 0, 0, 0)), &now);
    assert_eq!(vitals.per_cpu[1], (1, None));
}

#[test]
fn times_beyond_all_measure_are_unknown_and_no_panic() {
    let times = CpuTimes { user_us: Some(u64::MAX), system_us: Some(1), ..CpuTimes::default() };
    assert_eq!(times.busy_us(), None);
}

#[test]
fn missed_cpu_is_split_by_cause() {
    let mut before = node(0, 0, 0, 0);
    let mut now = node(1, 500_000, 400_000, 100_000);
    (before.delay_neighbour_us, now.delay_neighbour_us) = (Some(0), Some(300_000));
    (before.throttled_us, now.throttled_us) = (Some(0), Some(200_000));
    let causes = NodeVitals::derive(Some(&before), &now).causes;
    let parts = [causes.own, causes.neighbour, causes.quota, causes.hypervisor].map(|n| n.map(|n| (n * 10.0).round()));
    assert_eq!(parts, [Some(1.0), Some(3.0), Some(2.0), Some(1.0)]);
    now.delay_neighbour_us = Some(900_000);
    let causes = NodeVitals::derive(Some(&before), &now).causes;
    assert_eq!((causes.own, causes.neighbour), (Some(0.0), Some(0.4)), "an estimate never exceeds the measure");
    (before.delay_quota_us, now.delay_quota_us) = (Some(0), Some(350_000));
    let causes = NodeVitals::derive(Some(&before), &now).causes;
    let parts = [causes.own, causes.neighbour, causes.quota].map(|n| n.map(|n| (n * 100.0).round()));
    assert_eq!(parts, [Some(0.0), Some(5.0), Some(55.0)], "what a quota explains of the delay is no neighbour's");
    now.delay_neighbour_us = None;
    assert_eq!(NodeVitals::derive(Some(&before), &now).causes.own, None, "what cannot be told apart is not guessed");
}
