use super::*;
use crate::queue::QueueKind;

fn reading(at_s: u64, cpu_us: u64, delay_us: u64) -> TaskReading {
    let id = TaskId { runtime: 0, number: 7, start: 100 };
    TaskReading {
        cpu_us: Some(cpu_us),
        run_delay_us: Some(delay_us),
        ..TaskReading::unknown(id, TaskKind::Process, at_s * 1_000_000)
    }
}

fn derive(before: &TaskReading, now: &TaskReading) -> TaskVitals {
    TaskVitals::derive(Some(&before.counters()), now, &Growth::default(), &[], None)
}

#[test]
fn cpu_and_delay_are_shares_of_a_second() {
    let vitals = derive(&reading(1, 0, 0), &reading(3, 1_000_000, 500_000));
    assert_eq!((vitals.cpu, vitals.delay), (Some(0.5), Some(0.25)));
    assert_eq!(vitals.severities.sched.map(Severity::percent), Some(33));
}

#[test]
fn another_task_under_the_same_number_has_no_rate_yet() {
    let vitals = derive(&reading(1, 9_000_000, 9), &reading(2, 10, 0));
    assert_eq!((vitals.cpu, vitals.delay), (None, None));
}

#[test]
fn a_first_reading_has_levels_but_no_rates() {
    let mut now = reading(1, 5, 5);
    now.queues = Some([Queue { depth: Some(1000), ..Queue::unknown(QueueKind::Mailbox, Unit::Messages) }].into());
    let vitals = TaskVitals::derive(None, &now, &Growth::default(), &[], None);
    assert_eq!(vitals.cpu, None);
    assert_eq!(vitals.severities.queue.map(Severity::percent), Some(50));
}

#[test]
fn drops_are_counted_though_the_depth_is_zero() {
    let listen = |drops| Queue {
        depth: Some(0),
        limit: Some(8),
        drops: Some(drops),
        number: Some(1),
        ..Queue::unknown(QueueKind::Listen, Unit::Connections)
    };
    let (mut before, mut now) = (reading(1, 0, 0), reading(2, 0, 0));
    before.queues = Some([listen(10)].into());
    now.queues = Some([listen(444)].into());
    assert_eq!(derive(&before, &now).drops, Some(434));
    before.queues = Some([listen(0), listen(0)].into());
    now.queues = Some([listen(u64::MAX), listen(2)].into());
    assert_eq!(derive(&before, &now).drops, Some(u64::MAX), "a sum beyond all measure is no panic");
}

#[test]
fn the_worst_queue_goes_by_severity_then_growth_then_depth() {
    let queue = |depth| Queue { depth: Some(depth), ..Queue::unknown(QueueKind::Mailbox, Unit::Messages) };
    let vital = |severity, growth| QueueVitals {
        growth,
        drops: None,
        rate_in: None,
        rate_out: None,
        severity: Some(Severity::from_per_mille(severity)),
    };
    let queues = [queue(5), queue(9), queue(7)];
    assert_eq!(worst_queue(&queues, &[vital(9, None), vital(5, None), vital(5, None)]), Some(0));
    assert_eq!(worst_queue(&queues, &[vital(5, None), vital(5, None), vital(5, Some(1.0))]), Some(2));
    assert_eq!(worst_queue(&queues, &[vital(5, None), vital(5, None), vital(5, None)]), Some(1));
    assert_eq!(worst_queue(&[], &[]), None);
}

#[test]
fn rates_keep_their_units_apart() {
    let flow = |n_in| Flow { unit: Unit::Segments, n_in: Some(n_in), n_out: None };
    let (mut before, mut now) = (reading(1, 0, 0), reading(2, 0, 0));
    before.flows = Some([flow(100)].into());
    now.flows = Some([Flow { unit: Unit::Bytes, n_in: Some(5), n_out: Some(5) }, flow(300)].into());
    let vitals = derive(&before, &now);
    assert_eq!(vitals.rates[0].rate_in, None, "bytes were not counted before");
    assert_eq!(vitals.rates[1].rate_in, Some(200.0));
    assert_eq!(vitals.moved(), Some(200.0));
}

#[test]
fn a_queue_that_counts_something_else_now_has_no_rate() {
    let queue = |unit, n| Queue { number: Some(7), n_in: Some(n), ..Queue::unknown(QueueKind::Unix, unit) };
    let (before, now) = (queue(Unit::Messages, 5), queue(Unit::Bytes, 9_000));
    assert!(!before.is_same(&now) && before.is_same(&queue(Unit::Messages, 9)));
    let vitals = QueueVitals::derive(Some((&before, 1_000_000)), &now, 2_000_000, &Growth::default());
    assert_eq!(vitals.rate_in, None);
}
