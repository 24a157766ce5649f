use super::*;
use crate::queue::QueueKind;

fn of(kind: QueueKind, unit: Unit, depth: u64, limit: Option<u64>, rate_out: Option<f64>) -> u32 {
    let queue_ = Queue { depth: Some(depth), limit, ..Queue::unknown(kind, unit) };
    queue(&queue_, rate_out).expect("the depth is known").percent()
}

#[test]
fn table_of_queues() {
    use QueueKind::{Listen, Mailbox, TcpReceive};
    use Unit::{Bytes, Connections, Messages};
    for (kind, unit, depth, limit, rate_out, want) in [
        (Mailbox, Messages, 1_200_000, None, None, 100),
        (Mailbox, Messages, 1_000, None, None, 50),
        (Mailbox, Messages, 1, None, None, 0),
        (Mailbox, Messages, 0, None, Some(0.0), 0),
        (Listen, Connections, 64, Some(64), None, 100),
        (Listen, Connections, 1, Some(1_024), None, 0),
        (Listen, Connections, 65, Some(64), None, 100),
        (TcpReceive, Bytes, 48 * 1024, None, None, 28),
        (TcpReceive, Bytes, 100, None, None, 0),
        (TcpReceive, Bytes, 64, Some(128), None, 50),
        // 999 s to drain: log10(1000) / 3.
        (Mailbox, Messages, 999, None, Some(1.0), 100),
        (Mailbox, Messages, 900, None, Some(100.0), 49),
    ] {
        assert_eq!(of(kind, unit, depth, limit, rate_out), want, "{kind:?} {depth} of {limit:?}, out {rate_out:?}");
    }
}

#[test]
fn a_consumer_that_stands_still_ranks_by_level() {
    let stands = of(QueueKind::TcpReceive, Unit::Bytes, 48 * 1024, None, Some(0.0));
    assert!(stands < of(QueueKind::Mailbox, Unit::Messages, 1_200_000, None, None));
}

#[test]
fn sched_is_the_share_that_was_not_given() {
    let percent = |cpu, delay, steal, throttled| sched(cpu, delay, steal, throttled).map(Severity::percent);
    assert_eq!(percent(Some(1.0), Some(1.0), None, None), Some(50));
    assert_eq!(percent(Some(0.0), Some(0.0), None, None), Some(0));
    assert_eq!(percent(Some(1.0), Some(0.0), Some(1.0), None), Some(50));
    // A burner at a 20 % quota whose throttled time is in its run delay already: 80, not 89.
    assert_eq!(percent(Some(0.2), Some(0.8), None, None), Some(80));
    assert_eq!(percent(Some(1.0), None, None, None), None);
    assert_eq!(percent(Some(0.001), Some(0.001), None, None), Some(1), "a sleeper that waited once is not starved");
    assert_eq!(percent(Some(0.0), Some(1.0), None, None), Some(100), "one that never gets on is");
}

#[test]
fn mem_is_nearness_to_the_limit() {
    assert_eq!(mem(Some(71), Some(100)).map(Severity::percent), Some(71));
    assert_eq!(mem(Some(200), Some(100)).map(Severity::percent), Some(100));
    assert_eq!(mem(Some(1), Some(0)), None);
    assert_eq!(mem(None, Some(1)), None);
}

#[test]
fn rate_falls_against_its_own_past() {
    assert_eq!(rate(Some(25.0), Some(100.0)).map(Severity::percent), Some(75));
    assert_eq!(rate(Some(200.0), Some(100.0)).map(Severity::percent), Some(0));
    assert_eq!(rate(Some(0.0), Some(10.0)), None, "ten a second and less mean nothing");
    assert_eq!(rate(None, Some(100.0)), None);
}

#[test]
fn the_worst_of_what_is_known() {
    let some = Severities { mem: Some(Severity(710)), queue: Some(Severity(10)), ..Severities::default() };
    assert_eq!(some.worst(), Some(Severity(710)));
    assert_eq!(Severities::default().worst(), None);
}

#[test]
fn the_count_of_an_eventfd_is_no_queue() {
    let waker = Queue { depth: Some(1_000_000), ..Queue::unknown(QueueKind::Event, Unit::Events) };
    assert_eq!(queue(&waker, None), None);
}
