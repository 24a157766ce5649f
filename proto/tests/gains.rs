//! What rows have gained, by column.

use midair_proto::{
    gains::steps,
    v1::{Gains, Task},
};

fn rows() -> Vec<Task> {
    (0..5).map(|n| Task { cpu_us: Some(n * 1_280), run_delay_us: (n != 3).then_some(128), ..Task::default() }).collect()
}

#[test]
fn they_reach_the_rows_that_they_are_of() {
    let mut gains = Gains::default();
    gains.push(None, 0, (1, 0));
    gains.push(Some(0), 1, (0, 2));
    gains.push(Some(1), 4, (-10, 3));
    let mut held = rows();
    assert_eq!(gains.apply(&mut held, 77), 0);
    let cpu: Vec<u64> = held.iter().map(Task::cpu_us).collect();
    assert_eq!(cpu, [128, 1_280, 2_560, 3_840, 3_840]);
    let delays: Vec<Option<u64>> = held.iter().map(|row| row.run_delay_us).collect();
    assert_eq!(delays, [Some(128), Some(384), Some(128), None, Some(512)]);
    let told: Vec<Option<u64>> = held.iter().map(|row| row.mono_us).collect();
    assert_eq!(told, [Some(77), Some(77), None, None, Some(77)]);
}

#[test]
fn those_of_nobody_are_counted_and_what_is_unknown_stays_so() {
    let gains = Gains { passed: vec![3, u32::MAX, 0], cpu: vec![i64::MIN], run_delay: vec![i64::MAX, 1, 1] };
    let mut held = rows();
    assert_eq!(gains.apply(&mut held, 77), 2);
    assert_eq!((held[3].cpu_us, held[3].run_delay_us), (Some(0), None));
}

#[test]
fn steps_say_what_they_can_say() {
    assert_eq!(steps(Some(256), Some(1_280)), Some(8));
    assert_eq!(steps(Some(256), Some(128)), Some(-1));
    assert_eq!(steps(None, None), Some(0));
    assert_eq!((steps(Some(256), Some(300)), steps(None, Some(128)), steps(Some(128), None)), (None, None, None));
    assert_eq!(steps(Some(0), Some(u64::MAX)), None);
}
