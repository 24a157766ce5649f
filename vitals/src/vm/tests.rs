use super::*;
use crate::{growth::Growth, severity::Severity};

/// A VM of two normal schedulers and one dirty CPU scheduler: so many hundredths of a second busy, so many runs.
fn vm(at_s: u64, busy_share: u64, runs: u64) -> VmReading {
    let scheduler = |number, kind| Scheduler {
        number,
        kind,
        active: Some(at_s * busy_share * 10),
        total: Some(at_s * 1000),
        run_queue: (kind == SchedulerKind::Normal).then_some(0),
        thread: Some(TaskId { runtime: 0, number: 100 + u64::from(number), start: 1 }),
        cpu_us: Some(at_s * busy_share * 10_000),
        run_delay_us: Some(at_s * 50_000),
        n_runs: Some(at_s * runs),
    };
    VmReading {
        runtime: 1,
        at_us: Some(at_s * 1_000_000),
        creation: Some(7),
        run_queue: Some(0),
        schedulers: vec![
            scheduler(1, SchedulerKind::Normal),
            scheduler(2, SchedulerKind::Normal),
            Scheduler { active: Some(0), ..scheduler(1, SchedulerKind::DirtyCpu) },
        ],
        ..VmReading::default()
    }
}

fn derive(before: &VmReading, now: &VmReading) -> VmVitals {
    VmVitals::derive(Some(before), now, &Growth::default(), None)
}

#[test]
fn utilisation_is_a_difference_over_a_difference() {
    let vitals = derive(&vm(1, 40, 300), &vm(3, 40, 300));
    assert_eq!(vitals.utilisation, [Some(0.4), Some(0.0), None]);
    let first = vitals.schedulers[0];
    assert_eq!((first.utilisation, first.cpu, first.delay), (Some(0.4), Some(0.4), Some(0.05)));
    assert_eq!(first.switches, Some(300.0));
    assert_eq!(vitals.delay, Some(0.1), "both normal schedulers, not the dirty one");
    assert_eq!(vitals.thread_switches, Some(600.0));
}

#[test]
fn a_first_reading_and_another_life_have_no_rates() {
    let first = VmVitals::derive(None, &vm(2, 50, 1), &Growth::default(), None);
    assert_eq!((first.utilisation, first.thread_switches), ([None; 3], None));
    let reborn = VmReading { creation: Some(8), ..vm(3, 50, 1) };
    assert_eq!(derive(&vm(2, 50, 1), &reborn).utilisation, [None; 3]);
}

#[test]
fn busy_schedulers_whose_threads_sleep_and_wake_without_end_fight_for_a_lock() {
    // 16 users of one ETS table, and 16 spinners, on two schedulers.
    assert_eq!(derive(&vm(1, 100, 143_000), &vm(2, 100, 143_000)).contended(), Some(143_000.0));
    assert_eq!(derive(&vm(1, 100, 145), &vm(2, 100, 145)).contended(), None);
    // Many short jobs: they wake and sleep, but there is room.
    assert_eq!(derive(&vm(1, 60, 50_000), &vm(2, 60, 50_000)).contended(), None);
}

/// The severity of sched in per cent where each scheduler's thread waits so many milliseconds a second for a CPU, with what
/// else is changed.
fn sched_of(busy: u64, delay_ms: u64, change: impl Fn(&mut VmReading)) -> Option<u32> {
    let at = |s: u64| {
        let mut reading = vm(s, busy, 1);
        reading.schedulers.iter_mut().for_each(|scheduler| scheduler.run_delay_us = Some(s * delay_ms * 1_000));
        change(&mut reading);
        reading
    };
    derive(&at(1), &at(2)).severities.sched.map(Severity::percent)
}

#[test]
fn a_run_queue_is_bad_only_where_schedulers_have_no_room() {
    let sched = |busy| sched_of(busy, 0, |vm| vm.run_queue = Some(6));
    assert_eq!(sched(100), Some(75), "six wait, two run");
    assert_eq!(sched(50), Some(0));
    assert_eq!(sched(80), Some(40), "half way between room and none: half of what waits counts");
}

#[test]
fn schedulers_that_wait_for_a_cpu_are_bad_though_no_process_waits_for_them() {
    assert_eq!(sched_of(60, 600, |_| {}), Some(50), "each runs for 0.6 s and waits for as long");
    assert_eq!(sched_of(60, 0, |_| {}), Some(0));
}

#[test]
fn jobs_that_wait_for_dirty_schedulers_count_like_processes() {
    let dirty = |active: fn(u64) -> u64| {
        let at = |s: u64| {
            let mut reading = vm(s, 0, 1);
            reading.schedulers.iter_mut().for_each(|scheduler| scheduler.run_delay_us = Some(0));
            reading.schedulers[2].active = Some(active(s));
            VmReading { run_queue_dirty_cpu: Some(3), ..reading }
        };
        derive(&at(1), &at(2)).waiting.map(|waiting| (waiting.kind, waiting.n, waiting.severity.percent()))
    };
    assert_eq!(dirty(|s| s * 1000), Some((SchedulerKind::DirtyCpu, 3, 75)));
    assert_eq!(dirty(|_| 0).map(|(.., percent)| percent), Some(0));
}

#[test]
fn the_nearest_limit_comes_first() {
    let counts =
        [(100, 1000), (5, 1000), (950, 1000), (901, 1000)].map(|(n, max)| Count { n: Some(n), max: Some(max) });
    let vitals = derive(&vm(1, 1, 1), &VmReading { counts, ..vm(2, 1, 1) });
    let near: Vec<Limited> = vitals.near_limits(800).iter().map(|fill| fill.of).collect();
    assert_eq!(near, [Limited::Atoms, Limited::Tables]);
    assert_eq!(vitals.severities.mem.map(Severity::percent), Some(95));
}

#[test]
fn links_count_pending_bytes_against_the_limit_that_suspends() {
    let link = |pending, is_busy, n: u64| DistLink {
        peer: "b@host".into(),
        in_bytes: Some(n * 500),
        out_bytes: Some(n * 2000),
        n_out: Some(n * 10),
        pending_bytes: Some(pending),
        is_busy: Some(is_busy),
        ..DistLink::default()
    };
    let with = |at_s, pending, is_busy| VmReading {
        links: Some(Listed { rows: vec![link(pending, is_busy, at_s)], n_total: Some(1), partial: None, at_us: None }),
        dist_busy_bytes: Some(1 << 20),
        ..vm(at_s, 1, 1)
    };
    let quiet = derive(&with(1, 0, false), &with(2, 256 << 10, false));
    assert_eq!((quiet.links[0].rate_in, quiet.links[0].rate_out), (Some(500.0), Some(2000.0)));
    assert_eq!(quiet.links[0].packets_out, Some(10.0));
    assert_eq!(quiet.links[0].fill.map(Severity::percent), Some(25));
    // The limit is left again below it: busy says more than bytes.
    let busy = derive(&with(1, 0, false), &with(2, 100, true));
    assert_eq!(busy.severities.queue.map(Severity::percent), Some(100));
}

#[test]
fn a_leak_is_told_from_fragmentation_and_from_what_lies_outside() {
    const GIB: u64 = 1 << 30;
    let with = |carriers: u64, blocks: u64| VmReading {
        carriers_bytes: Some(carriers),
        blocks_bytes: Some(blocks),
        ..VmReading::default()
    };
    let grows = VmVitals { mem_growth: Some(1e6), ..VmVitals::default() };
    assert_eq!(grows.growing(&with(4 * GIB, 4 * GIB), Some(4 * GIB)), Some(Growing::Held(1e6)));
    assert_eq!(grows.growing(&with(4 * GIB, GIB), Some(4 * GIB)), Some(Growing::Fragmented(0.75)));
    assert_eq!(grows.growing(&with(GIB, GIB), Some(4 * GIB)), Some(Growing::Outside(3 * GIB)));
    let rests = VmVitals::default();
    assert_eq!(rests.growing(&with(4 * GIB, 4 * GIB), Some(4 * GIB)), None);
    assert_eq!(rests.growing(&VmReading::default(), None), None);
}

#[test]
fn what_counts_back_is_unknown_not_negative() {
    let mut before = vm(1, 1, 1);
    before.reductions = Some(500);
    let now = VmReading { reductions: Some(10), carriers_bytes: Some(1), blocks_bytes: Some(2), ..vm(2, 1, 1) };
    assert_eq!(derive(&before, &now).reductions, None);
    assert_eq!(now.unused_carriers_bytes(), None);
}

#[test]
fn what_is_read_for_itself_has_a_rate_over_its_own_time() {
    let with = |at_s: u64, links_s: u64, threads_s: u64| {
        let link = DistLink { peer: "b@host".into(), out_bytes: Some(links_s * 2000), ..DistLink::default() };
        let at_us = Some(links_s * 1_000_000);
        VmReading {
            at_us: Some(at_s * 1_000_000),
            threads_us: Some(threads_s * 1_000_000),
            links: Some(Listed { rows: vec![link], n_total: Some(1), partial: None, at_us }),
            ..vm(threads_s, 40, 300)
        }
    };
    // The VM's counters are a second apart, its links five, its threads two.
    let vitals = derive(&with(9, 5, 7), &with(10, 10, 9));
    assert_eq!((vitals.links[0].rate_out, vitals.schedulers[0].switches), (Some(2000.0), Some(300.0)));
    let same = derive(&with(9, 5, 7), &with(10, 5, 9));
    assert_eq!(same.links[0].rate_out, None, "one reading alone has no rate");
}
