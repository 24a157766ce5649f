use super::*;
use crate::task::{TaskId, TaskKind};

fn rank(order: Order, cpu: Option<f64>, name: &str) -> Rank {
    let id = TaskId { runtime: 0, number: 1, start: 1 };
    let task = TaskReading { name: Some(name.into()), ..TaskReading::unknown(id, TaskKind::Process, 0) };
    Rank::of(order, &task, &TaskVitals { cpu, ..TaskVitals::default() })
}

#[test]
fn more_ranks_first_and_unknown_last() {
    let (more, less, unknown) =
        (rank(Order::Cpu, Some(2.0), "a"), rank(Order::Cpu, Some(1.0), "b"), rank(Order::Cpu, None, "c"));
    assert_eq!(more.compare(&less), Ordering::Greater);
    assert_eq!(less.compare(&unknown), Ordering::Greater);
    assert_eq!(unknown.compare(&unknown), Ordering::Equal);
}

#[test]
fn names_rank_from_a_to_z_without_case() {
    assert_eq!(rank(Order::Name, None, "Abc").compare(&rank(Order::Name, None, "b")), Ordering::Greater);
}

#[test]
fn a_row_with_nothing_does_not_rank() {
    assert!(rank(Order::Cpu, Some(0.0), "a").is_nothing());
    assert!(rank(Order::Cpu, None, "a").is_nothing());
    assert!(!rank(Order::Cpu, Some(0.1), "a").is_nothing());
}

#[test]
fn of_healthy_erlang_processes_the_active_one_is_the_one_to_look_at() {
    use crate::task::{TaskId, TaskKind};
    let with = |active_milli| {
        let id = TaskId { runtime: 1, number: 7, start: 1 };
        TaskReading { active_milli: Some(active_milli), ..TaskReading::unknown(id, TaskKind::Erlang, 0) }
    };
    let rank = |active| Rank::of(Order::Severity, &with(active), &TaskVitals::default());
    assert_eq!(rank(1000).compare(&rank(0)), Ordering::Greater);
}
