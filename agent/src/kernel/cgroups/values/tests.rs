use super::*;

fn parsed(parse: Parse, text: &str) -> Values {
    let mut into = Values::default();
    parse(text.as_bytes(), &mut into);
    into
}

#[test]
fn cpu_of_both_kinds() {
    let v2 = parsed(cpu_stat, "usage_usec 5\nuser_usec 3\nnr_periods 10\nnr_throttled 4\nthrottled_usec 900\n");
    assert_eq!((v2.cpu_us, v2.n_periods, v2.n_throttled, v2.throttled_us), (Some(5), Some(10), Some(4), Some(900)));
    let without_controller = parsed(cpu_stat, "usage_usec 5\nuser_usec 3\nsystem_usec 2\n");
    assert_eq!((without_controller.cpu_us, without_controller.throttled_us), (Some(5), None));
    let v1 = parsed(cpu_stat_v1, "nr_periods 35\nnr_throttled 34\nthrottled_time 2746110329\nnr_bursts 0\n");
    assert_eq!((v1.n_periods, v1.n_throttled, v1.throttled_us), (Some(35), Some(34), Some(2_746_110)));
}

#[test]
fn a_quota_is_cpus() {
    let quota = |text| parsed(cpu_max, text).quota_milli();
    assert_eq!(quota("20000 100000\n"), Some(200));
    assert_eq!(quota("250000 100000\n"), Some(2_500));
    assert_eq!(quota("max 100000\n"), None);
    assert_eq!(quota(""), None);
    assert_eq!(quota("5 0\n"), None);
}

#[test]
fn memory_of_both_kinds() {
    assert_eq!(parsed(memory_in_use, "4096\n").mem_bytes, Some(4096));
    let v1 = parsed(
        memory_stat_v1,
        "inactive_file 1\nhierarchical_memory_limit 1048576\nhierarchical_memsw_limit 9\ntotal_inactive_file 77\n",
    );
    assert_eq!((v1.mem_inactive_bytes, v1.mem_limit_bytes), (Some(77), Some(1_048_576)));
    let oom = |text| parsed(oom_kills, text).n_oom_kills;
    assert_eq!(oom("low 0\nhigh 0\nmax 3\noom 2\noom_kill 1\noom_group_kill 0\n"), Some(1));
    assert_eq!(oom("oom_kill_disable 0\nunder_oom 0\noom_kill 4\n"), Some(4));
    assert_eq!(oom("oom_kill_disable 0\nunder_oom 0\n"), None);
}

#[test]
fn what_is_not_there_is_unknown() {
    for (_, name, _, parse) in FILES {
        assert_eq!(parsed(parse, ""), Values::default(), "{name}");
        assert_eq!(parsed(parse, "max\n\u{0} -1 99999999999999999999999\n"), Values::default(), "{name}");
    }
}
