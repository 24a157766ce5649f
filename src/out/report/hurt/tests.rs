use super::*;

fn hurt(task: &str, process: Option<u64>, worst: u32, vital: Vital) -> Hurt {
    let severity = Severity::from_per_mille(worst);
    Hurt { process, worst: severity, vital, ..Hurt::new("n1", task.to_owned(), Stamp(0)) }
}

#[test]
fn a_process_stands_for_those_of_its_threads_that_hurt_as_it_does() {
    let mut hurts = Hurts::default();
    for (node, number, hurt) in [
        ("n1", 7, hurt("db (7)", None, 800, Vital::Sched)),
        ("n1", 8, hurt("reader (8)", Some(7), 700, Vital::Sched)),
        ("n1", 9, hurt("writer (9)", Some(7), 800, Vital::Sched)),
        ("n1", 10, hurt("sender (10)", Some(7), 900, Vital::Queue)),
        ("n1", 11, hurt("other (11)", Some(6), 900, Vital::Sched)),
        ("n2", 12, hurt("elsewhere (12)", Some(7), 900, Vital::Sched)),
    ] {
        hurts.tasks.insert((NodeId::new(node), TaskId { runtime: 0, number, start: 1 }), hurt);
    }
    hurts.join_threads();
    let mut left: Vec<_> = hurts.tasks().into_iter().map(|hurt| (&*hurt.task, hurt.thread.as_deref())).collect();
    left.sort_unstable();
    let expected =
        [("db (7)", Some("writer (9)")), ("elsewhere (12)", None), ("other (11)", None), ("sender (10)", None)];
    assert_eq!(left, expected);
}
