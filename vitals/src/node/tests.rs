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
