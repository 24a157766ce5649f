use midair_beam::{
    Atom,
    watch::sweep::{Early, Look, Looks, Pass, Status, Statuses},
};

use super::*;

fn pid(id: u32) -> Pid {
    Pid { node: Atom::fixed("a@h"), creation: 1, id, serial: 0 }
}

fn pass(number: u64, rows: &[(u32, u64)]) -> Pass {
    let at_us = number as i64 * 10_000_000;
    let row = |(id, mailbox): &(u32, u64)| sweep::Row {
        pid: pid(*id),
        now: Look { at_us, mailbox: Some(*mailbox), reductions: Some(1), status: Some(Status::Waiting) },
        before: None,
        looks: Some(Looks { active: 1, of: 2 }),
        size: None,
        size_before: None,
    };
    Pass {
        number,
        began_us: at_us - 9_000_000,
        ended_us: at_us,
        period_us: 9_000_000,
        own_work_us: 1,
        n_swept: 2,
        n_messages: 3,
        statuses: Statuses::default(),
        n_first: 20,
        n_parts: 4,
        left_out: Vec::new(),
        rows: rows.iter().map(row).collect(),
    }
}

fn reading(at_us: i64, rows: &[(u32, Option<Status>)]) -> hot::Reading {
    let seen = |(id, status): &(u32, Option<Status>)| {
        let look = Look { at_us, mailbox: Some(5), reductions: Some(2), status: *status };
        (pid(*id), status.map(|_| hot::Seen { look, size: None }))
    };
    hot::Reading { at_us, own_work_us: 0, stuck: Vec::new(), rows: rows.iter().map(seen).collect() }
}

#[test]
fn who_ranks_no_more_stays_for_two_passes() {
    let mut processes = Processes::default();
    processes.take_pass(&pass(1, &[(7, 9), (8, 9)]), 0);
    for n in 2..=3 {
        processes.take_pass(&pass(n, &[(8, 9)]), 0);
        assert_eq!(processes.rows().len(), 2, "after pass {n}");
    }
    processes.take_pass(&pass(4, &[(8, 9)]), 0);
    assert_eq!(processes.rows().iter().map(|row| row.number).collect::<Vec<_>>(), [8]);
}

#[test]
fn who_is_found_early_is_read_before_the_pass_ends() {
    let mut processes = Processes::default();
    processes.leave_out(&pid(6));
    processes.take_pass(&pass(1, &[(8, 9)]), 0);
    let early = |n, rows| Early { pass: n, rows: pass(n, rows).rows };
    processes.take_early(&early(2, &[(6, 5000), (7, 5000)]), 0);
    assert_eq!(processes.pids(), [pid(7), pid(8)], "and ours are no rows");
    assert_eq!(processes.row(7).unwrap().now.mailbox, Some(5000));
    for n in 2..=4 {
        processes.take_pass(&pass(n, &[]), 0);
        assert!(processes.row(7).is_some(), "after pass {n}");
    }
    processes.take_pass(&pass(5, &[]), 0);
    assert_eq!(processes.pids(), []);
    let many: Vec<(u32, u64)> = (0..1000).map(|n| (n, 1)).collect();
    processes.take_early(&early(6, &many), 0);
    assert_eq!(processes.pids().len(), MOST);
}

#[test]
fn who_ends_is_told_once_and_who_is_stuck_stays() {
    let mut processes = Processes::default();
    processes.take_pass(&pass(1, &[(7, 9), (8, 9), (9, 9)]), 0);
    let mut seen = reading(11_000_000, &[(7, Some(Status::Running)), (8, None), (9, None)]);
    seen.stuck.push(pid(9));
    processes.take_reading(&seen, 0);
    assert_eq!(processes.ended(), [Ended { number: 8, creation: 1 }]);
    assert_eq!(processes.rows().iter().map(|row| row.number).collect::<Vec<_>>(), [7, 9]);
    processes.take_reading(&reading(12_000_000, &[(7, Some(Status::Running))]), 0);
    assert_eq!(processes.ended(), []);
}

#[test]
fn the_active_share_is_made_of_the_looks_of_the_sweep_and_those_since() {
    let mut processes = Processes::default();
    processes.take_pass(&pass(1, &[(7, 9)]), 0);
    assert_eq!(processes.rows()[0].active_milli, Some(500), "as the sweep says");
    for n in 0..6 {
        processes.take_reading(&reading(11_000_000 + n, &[(7, Some(Status::Runnable))]), 0);
    }
    assert_eq!(processes.rows()[0].active_milli, Some(875), "7 of 8 looks");
}

#[test]
fn however_many_rank_so_many_are_read() {
    let rows: Vec<(u32, u64)> = (0..1000).map(|n| (n, 1)).collect();
    let mut processes = Processes::default();
    processes.take_pass(&pass(1, &rows), 0);
    assert_eq!(processes.pids().len(), MOST);
}

#[test]
fn who_works_for_us_is_no_row() {
    let mut processes = Processes::default();
    processes.leave_out(&pid(7));
    let numbers = |processes: &Processes| processes.rows().iter().map(|row| row.number).collect::<Vec<_>>();
    processes.take_pass(&pass(1, &[(7, 9), (8, 9), (9, 9)]), 0);
    assert_eq!(numbers(&processes), [8, 9], "a helper that we know");
    let met = |id: u32, is_ours| hot::Introduction {
        pid: pid(id),
        registered: None,
        initial_call: None,
        label: None,
        name: None,
        parent: None,
        is_ours,
    };
    processes.take_names(vec![met(8, true), met(9, false)]);
    assert_eq!(numbers(&processes), [9], "what a helper started");
    processes.take_pass(&pass(2, &[(7, 9), (8, 9), (9, 9)]), 0);
    assert_eq!((numbers(&processes), processes.ended()), (vec![9], &[][..]));
}

/// The monotonic clock of a VM begins far below zero, so that its zero is years ahead.
#[test]
fn who_is_left_out_by_the_sweep_has_no_moment_of_its_own_and_is_read_again_later() {
    let mut processes = Processes::default();
    let offset_us = 600_000_000_000_000;
    let mut stuck = pass(1, &[(7, 0)]);
    stuck.rows[0].now = Look::default();
    (stuck.began_us, stuck.ended_us) = (1 - offset_us, 2 - offset_us);
    processes.take_pass(&stuck, offset_us);
    let row = processes.row(7).unwrap();
    assert_eq!((row.now.at_us, row.now.mailbox, row.state), (1, None, None));
    processes.take_reading(&reading(1_000_001 - offset_us, &[(7, Some(Status::Waiting))]), offset_us);
    let row = processes.row(7).unwrap();
    assert_eq!((row.now.at_us, row.now.mailbox), (1_000_001, Some(5)));
}
