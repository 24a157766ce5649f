use super::*;
use crate::kernel::tally::CgroupId;

/// `/` is 0; `/chat.slice` 1 holds `/chat.slice/web` 2 and `/chat.slice/db` 3; `/backup` is 4.
const PARENTS: [Option<u32>; 5] = [None, None, Some(1), Some(1), None];
const NO_QUOTA: [f64; 5] = [0.0; 5];
const WEB: u32 = 2;
const DB: u32 = 3;
const BACKUP: u32 = 4;

fn run(cgroup: u32, cpu: u32, cpu_ns: u64, delay_ns: u64) -> Run {
    Run { cgroup: Some(CgroupId(cgroup)), cpu: Some(cpu), cpu_ns, delay_ns }
}

fn split(runs: &[Run], quota_shares: &[f64; 5]) -> (Vec<u64>, u64) {
    let blame = blame(&mut runs.to_vec(), Shape { parents: &PARENTS, quota_shares });
    (blame.caused_ns.iter().map(|ns| ns.round() as u64).collect(), blame.neighbour_ns.round() as u64)
}

#[test]
fn one_that_waits_for_itself_blames_nobody() {
    assert_eq!(split(&[run(WEB, 0, 100, 90), run(WEB, 0, 100, 100)], &NO_QUOTA), (vec![0; 5], 0));
}

#[test]
fn who_used_the_cpu_meanwhile_is_to_blame() {
    let (caused, neighbour) = split(&[run(WEB, 0, 0, 80), run(BACKUP, 0, 100, 0)], &NO_QUOTA);
    assert_eq!((caused, neighbour), (vec![0, 0, 0, 0, 80], 80));
}

#[test]
fn delay_is_shared_out_in_proportion_to_the_time_used() {
    let (caused, neighbour) = split(&[run(WEB, 0, 30, 100), run(BACKUP, 0, 70, 0)], &NO_QUOTA);
    assert_eq!((caused, neighbour), (vec![0, 0, 0, 0, 70], 70));
}

#[test]
fn each_cpu_is_looked_at_by_itself() {
    let apart = [run(WEB, 0, 10, 100), run(BACKUP, 1, 1_000, 0)];
    assert_eq!(split(&apart, &NO_QUOTA).1, 0, "what runs on another CPU makes nobody wait here");
    let unknown = apart.map(|run| Run { cpu: None, ..run });
    assert_eq!(split(&unknown, &NO_QUOTA).1, 99, "where the CPUs are not known, all are one");
}

#[test]
fn within_a_slice_nobody_is_an_outsider() {
    let runs = [run(WEB, 0, 50, 0), run(DB, 0, 50, 60)];
    let (caused, neighbour) = split(&runs, &NO_QUOTA);
    assert_eq!(caused, [0, 0, 30, 0, 0], "the slice as a whole made nobody wait");
    assert_eq!(neighbour, 30, "but one of its cgroups did another");
    let (caused, _) = split(&[runs[0], runs[1], run(BACKUP, 0, 0, 100)], &NO_QUOTA);
    assert_eq!(caused, [0, 100, 80, 50, 0]);
}

#[test]
fn what_a_quota_explains_is_nobodys() {
    let mut quota = NO_QUOTA;
    quota[WEB as usize] = 0.75;
    assert_eq!(split(&[run(WEB, 0, 0, 80), run(BACKUP, 0, 100, 0)], &quota).1, 20);
}

#[test]
fn nobody_is_blamed_where_nobody_was_seen() {
    assert_eq!(split(&[run(WEB, 0, 0, 80)], &NO_QUOTA), (vec![0; 5], 0));
    assert_eq!(split(&[], &NO_QUOTA), (vec![0; 5], 0));
}

#[test]
fn tasks_of_unknown_cgroups_are_neighbours() {
    let stranger = |cpu_ns, delay_ns| Run { cgroup: None, cpu: Some(0), cpu_ns, delay_ns };
    assert_eq!(split(&[run(WEB, 0, 0, 80), stranger(100, 0)], &NO_QUOTA), (vec![0; 5], 80));
    assert_eq!(split(&[run(WEB, 0, 100, 0), stranger(0, 50)], &NO_QUOTA), (vec![0, 50, 50, 0, 0], 50));
}

#[test]
fn no_more_is_blamed_than_was_waited() {
    let mut runs = Vec::new();
    let mut seed = 7u64;
    let mut random = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) % below
    };
    for _ in 0..500 {
        let cgroup = Some(random(6)).filter(|n| *n < 5).map(|n| CgroupId(n as u32));
        let cpu = Some(random(5) as u32).filter(|n| *n < 4);
        runs.push(Run { cgroup, cpu, cpu_ns: random(1_000_000), delay_ns: random(1_000_000) });
    }
    let waited: u64 = runs.iter().map(|run| run.delay_ns).sum();
    let (caused, neighbour) = split(&runs, &NO_QUOTA);
    assert!(neighbour <= waited, "{neighbour} of {waited}");
    let leaves = caused[0] + caused[2] + caused[3] + caused[4];
    assert!(leaves <= neighbour + 4, "what cgroups caused is a part of it: {leaves} of {neighbour}");
}
