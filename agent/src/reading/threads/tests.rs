use super::*;

fn thread(number: u32, process: u32) -> ThreadReading {
    ThreadReading {
        number,
        process,
        start: 7,
        process_start: 5,
        comm: Comm::new(b"worker"),
        state: None,
        knows_delay: true,
        is_queued: false,
        cpu: None,
        now: Used { at_us: 3_000_000, cpu_ns: 9_000, run_delay_ns: 4_000, n_runs: 5 },
        before: Some(Used { at_us: 2_000_000, cpu_ns: 2_000, run_delay_ns: 4_000, n_runs: 1 }),
        waiting_ns: 0,
    }
}

#[test]
fn a_thread_is_found_by_number_and_start_and_belongs_to_its_process_alone() {
    let threads = Threads::new(Arc::new(vec![thread(3, 3), thread(4, 3), thread(9, 8)]));
    let id = |number, start| TaskId { runtime: 0, number, start };
    assert_eq!(threads.find(id(4, 7)).map(|t| t.number), Some(4));
    assert_eq!(threads.find(id(4, 8)), None, "another one had this number");
    assert_eq!(threads.find(TaskId { runtime: 1, ..id(4, 7) }), None);
    let of = |process| threads.of(process).map(|t| t.number).collect::<Vec<_>>();
    assert_eq!((of(id(3, 5)), of(id(3, 6)), of(id(8, 5))), (vec![3, 4], vec![], vec![9]));
    assert_eq!(threads.rows().map(|t| t.number).collect::<Vec<_>>(), [4, 9]);
}

#[test]
fn a_row_has_the_names_of_its_process_and_its_own_past() {
    let mut process = TaskReading::unknown(TaskId { runtime: 0, number: 3, start: 5 }, TaskKind::Process, 1);
    process.command = Some("/bin/chat".into());
    process.user = Some("chat".into());
    let row = thread(4, 3).row(Some(&process));
    assert_eq!((row.name.as_deref(), row.command.as_deref()), (Some("worker"), Some("/bin/chat")));
    assert_eq!((row.cpu_us, row.run_delay_us, row.n_runs), (Some(9), Some(4), Some(5)));
    let before = row.previous.unwrap();
    assert_eq!((before.at_us, before.cpu_us, before.n_runs), (2_000_000, Some(2), Some(1)));
    let unknown = ThreadReading { knows_delay: false, before: None, ..thread(4, 3) }.row(None);
    assert_eq!((unknown.run_delay_us, unknown.n_runs, unknown.previous), (None, None, None));
}

#[test]
fn names_are_cut_as_the_kernel_cuts_them_and_hide_secrets() {
    assert_eq!(Comm::new(b"sixteen_bytes_and_more").bytes(), b"sixteen_bytes_a");
    assert_eq!(Comm::new(b"ok\xff\0rest").bytes(), b"ok\xff");
    assert_eq!(&*Comm::new(b"ok\xff").text(), "ok\u{fffd}");
    assert_eq!(&*Comm::new(b"").text(), "");
    assert!(!Comm::new(b"token=abcdefgh").shown().contains("abcdefgh"));
}
