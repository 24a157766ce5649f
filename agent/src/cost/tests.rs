use std::hint::black_box;

use super::*;

#[test]
fn the_agent_sees_its_own_work() {
    let meter = Meter::new(Clock::system());
    let before = meter.read(0, 1);
    let mut sum = 0_u64;
    while meter.clock.process_cpu_us() < before.cpu_us.unwrap() + 20_000 {
        sum = black_box(sum.wrapping_add(1));
    }
    let after = meter.read(7, 2);
    assert!(after.cpu_us.unwrap() >= before.cpu_us.unwrap() + 20_000);
    assert_eq!((after.sample_us, after.n_watchers), (Some(7), Some(2)));
    assert!(after.rss_bytes.unwrap() > 1 << 20);
    assert!(after.run_delay_us.unwrap() >= before.run_delay_us.unwrap() / 2);
}
