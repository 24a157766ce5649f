use std::hint::black_box;

use super::*;

fn meter(payer: Payer) -> Meter {
    Meter::new(Clock::system(), payer, ThreadTimes::default())
}

/// Uses so much CPU time on this thread.
fn burn(us: u64) {
    let clock = Clock::system();
    let until_us = clock.thread_cpu_us() + us;
    let mut sum = 0_u64;
    while clock.thread_cpu_us() < until_us {
        sum = black_box(sum.wrapping_add(1));
    }
}

#[test]
fn the_agent_sees_its_own_work() {
    let mut meter = meter(Payer::Process);
    let before = meter.read(0, 1);
    burn(20_000);
    let after = meter.read(7, 2);
    assert!(after.cpu_us.unwrap() >= before.cpu_us.unwrap() + 20_000);
    assert_eq!((after.sample_us, after.n_watchers), (Some(7), Some(2)));
    assert!(after.rss_bytes.unwrap() > 1 << 20);
    assert!(after.run_delay_us.unwrap() >= before.run_delay_us.unwrap());
    assert_eq!(meter.budget_us(&after), after.cpu_us.unwrap());
    assert_eq!(meter.bounded_bytes(&after), after.rss_bytes);
}

#[test]
fn what_others_do_in_the_same_process_does_not_count_where_the_agent_is_embedded() {
    let mut meter = meter(Payer::Threads);
    let (before, before_us) = (meter.read(0, 0), meter.budget_us(&Cost::default()));
    std::thread::spawn(|| burn(50_000)).join().unwrap();
    let cost = meter.read(0, 0);
    assert!(cost.cpu_us.unwrap() >= before.cpu_us.unwrap() + 50_000, "the whole program is shown");
    let paid_us = meter.budget_us(&cost) - before_us;
    assert!(paid_us < 50_000, "{paid_us}");
    burn(10_000);
    meter.threads.sampler(3_000_000);
    meter.threads.service(4_000_000);
    let paid_us = meter.budget_us(&cost) - before_us;
    assert!((7_010_000..7_060_000).contains(&paid_us), "{paid_us}");
    assert_eq!(meter.bounded_bytes(&cost), None);
}

#[test]
fn the_run_delay_of_a_thread_that_has_ended_stays() {
    let mut meter = meter(Payer::Process);
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || stopped.recv().is_ok());
    let with_it = meter.read(0, 0).run_delay_us.unwrap();
    let n_with_it = meter.delays.len();
    stop.send(()).unwrap();
    thread.join().unwrap();
    for _ in 0..=LOOK_EVERY {
        assert!(meter.read(0, 0).run_delay_us.unwrap() >= with_it);
    }
    // Other tests have threads of their own that come and go; this one's is gone for certain.
    assert!(n_with_it > 1 && meter.delays.len() <= N_THREADS);
}

#[test]
fn children_count_once_they_have_ended() {
    let mut meter = meter(Payer::Threads);
    meter.read(0, 0);
    let before_us = meter.children_us;
    let script = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done";
    for _ in 0..20 {
        assert!(std::process::Command::new("sh").args(["-c", script]).status().unwrap().success());
    }
    for _ in 0..LOOK_EVERY {
        meter.read(0, 0);
    }
    assert!(meter.children_us > before_us, "{} {before_us}", meter.children_us);
}
