//! The source against `tests/fixtures/proc`: names, states and races that a live kernel shows only now and then.

use std::{fs, os::unix::fs::symlink, path::Path, sync::atomic::AtomicU64, sync::atomic::Ordering};

use midair_vitals::{QueueKind, TaskKind, TaskState};

use super::*;

/// A source over a copy of the fixtures, with a clock that goes on by one second per reading.
pub(super) struct Fixture {
    pub(super) root: tempfile::TempDir,
    now_us: Arc<AtomicU64>,
    pub(super) kernel: Kernel,
}

impl Fixture {
    pub(super) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/proc"), root.path());
        let now_us = Arc::new(AtomicU64::new(0));
        let clock = now_us.clone();
        let kernel = Kernel::new(root.path().into(), move || clock.load(Ordering::Relaxed));
        Self { root, now_us, kernel }
    }

    pub(super) fn read(&mut self) -> Reading {
        self.read_wanting(&Wants::default())
    }

    pub(super) fn read_wanting(&mut self, wants: &Wants) -> Reading {
        self.now_us.fetch_add(1_000_000, Ordering::Relaxed);
        read(&mut self.kernel, wants)
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        fs::write(self.root.path().join(path), text).unwrap();
    }

    pub(super) fn replace(&self, path: &str, from: &str, to: &str) {
        let text = String::from_utf8(fs::read(self.root.path().join(path)).unwrap()).unwrap();
        assert!(text.contains(from), "{text}");
        self.write(path, &text.replace(from, to));
    }

    pub(super) fn remove(&self, path: &str) {
        let path = self.root.path().join(path);
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }
}

pub(super) fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let (entry, to) = (entry.as_ref().unwrap(), to.join(entry.as_ref().unwrap().file_name()));
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            fs::create_dir(&to).unwrap();
            copy(&entry.path(), &to);
        } else if kind.is_symlink() {
            symlink(fs::read_link(entry.path()).unwrap(), to).unwrap();
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// The row of a task; of a thread that has none, the row it would have.
pub(super) fn row(reading: &Reading, number: u64) -> TaskReading {
    let has_number = |row: &&TaskReading| row.id.number == number;
    if let Some(row) = reading.tasks.iter().find(has_number) {
        return row.clone();
    }
    let thread = reading.threads.rows().find(|thread| u64::from(thread.number) == number);
    let thread = thread.unwrap_or_else(|| panic!("no row of {number}"));
    let process = reading.tasks.iter().find(|row| row.id == thread.process_id());
    TaskReading { previous: None, ..thread.row(process) }
}

/// Numbers of all tasks that have a row or may be given one.
pub(super) fn numbers(reading: &Reading) -> Vec<u64> {
    let threads = reading.threads.rows().map(|thread| u64::from(thread.number));
    let mut numbers: Vec<u64> = reading.tasks.iter().map(|row| row.id.number).chain(threads).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

fn used(row: TaskReading) -> (Option<u64>, Option<u64>, Option<u64>) {
    (row.cpu_us, row.run_delay_us, row.n_runs)
}

#[test]
fn all_that_runs_is_read_and_what_vanished_is_skipped() {
    let reading = Fixture::new().read();
    assert_eq!(numbers(&reading), [1, 2, 10, 11, 12, 20, 21, 22, 30, 31]);
    assert_eq!((reading.node.n_processes, reading.node.n_threads), (Some(7), Some(10)));
    assert_eq!(reading.node.mem_total_bytes, Some(2048 * 1024));
    assert_eq!((reading.node.psi_cpu_some_us, reading.node.tcp_in), (None, None), "no such files here");
}

#[test]
fn names_may_hold_anything() {
    let reading = Fixture::new().read();
    let name = |number| row(&reading, number).name.as_deref().unwrap().to_owned();
    assert_eq!(name(10), "a) b (");
    assert_eq!(name(11), "two\nlines\u{fffd}\u{fffd}");
    let secret =
        |row: &&TaskReading| row.command.as_ref().is_some_and(|c| c.contains("PLANTED") || c.contains("hunter2"));
    assert_eq!(reading.tasks.iter().find(secret), None);
    assert_eq!(row(&reading, 20).command.as_deref(), Some("/usr/lib/erlang/bin/beam.smp -sname chat"));
    assert_eq!(row(&reading, 20).cgroup.as_deref(), Some("/chat"));
    assert_eq!(row(&reading, 20).user.as_deref(), Some("root"));
}

#[test]
fn states_and_kinds_are_the_kernels() {
    let reading = Fixture::new().read();
    assert_eq!((row(&reading, 11).state, row(&reading, 12).state), (Some(TaskState::Blocked), Some(TaskState::Zombie)));
    let kthread = row(&reading, 2);
    assert_eq!((kthread.kind, kthread.rss_bytes, &kthread.command), (TaskKind::KernelThread, Some(0), &None));
    assert_eq!((row(&reading, 21).kind, row(&reading, 21).process), (TaskKind::Thread, Some(20)));
    assert_eq!(row(&reading, 21).name.as_deref(), Some("1_scheduler"));
    assert_eq!(row(&reading, 1).rss_bytes, Some(25 * page_size() as u64));
}

#[test]
fn a_process_is_the_sum_of_its_threads() {
    let reading = Fixture::new().read();
    assert_eq!(used(row(&reading, 20)), (Some(43_000), Some(30_015), Some(912)));
    assert_eq!(used(row(&reading, 21)), (Some(40_000), Some(30_000), Some(900)));
    assert_eq!(row(&reading, 20).worst_thread, None, "there is no interval yet");
    assert_eq!(reading.node.run_delay_us, Some(0), "nor has the node waited in it");
}

#[test]
fn a_thread_that_ends_takes_nothing_away() {
    let mut fixture = Fixture::new();
    fixture.read();
    fixture.write("20/task/21/schedstat", "41000000 31000000 905\n");
    let second = fixture.read();
    assert_eq!(used(row(&second, 20)), (Some(44_000), Some(31_015), Some(917)));
    let worst = row(&second, 20).worst_thread.unwrap();
    assert_eq!((worst.number, worst.run_delay_us, worst.over_us), (21, 1_000, 1_000_000));
    assert_eq!(second.node.run_delay_us, Some(1_000));

    fixture.remove("20/task/21");
    fixture.write("20/task/22/schedstat", "2500000 6000 8\n");
    let third = fixture.read();
    assert_eq!(used(row(&third, 20)), (Some(44_500), Some(31_016), Some(918)));
    assert_eq!(third.node.run_delay_us, Some(1_001));
    assert!(!numbers(&third).contains(&21));

    fixture.remove("20");
    assert_eq!(fixture.read().node.run_delay_us, Some(1_001));
}

#[test]
fn what_an_ended_thread_used_after_its_last_reading_is_taken_from_the_process() {
    let mut fixture = Fixture::new();
    fixture.read();
    fixture.remove("20/task/21");
    // The process says 100 ticks of user time, 1 of system time, ended threads included.
    fixture.replace("20/stat", " 0 0 0 0 1 0 0 ", " 0 0 0 100 1 0 0 ");
    assert_eq!(row(&fixture.read(), 20).cpu_us, Some(1_010_000));
}

#[test]
fn a_thread_born_between_two_readings_counts_in_full() {
    let mut fixture = Fixture::new();
    fixture.read();
    fs::create_dir(fixture.root.path().join("20/task/23")).unwrap();
    fs::copy(fixture.root.path().join("20/task/22/stat"), fixture.root.path().join("20/task/23/stat")).unwrap();
    fixture.write("20/task/23/schedstat", "5000000 4000000 3\n");
    let reading = fixture.read();
    assert_eq!(used(row(&reading, 20)), (Some(48_000), Some(34_015), Some(915)));
    assert_eq!(reading.node.run_delay_us, Some(4_000));
}

#[test]
fn a_thread_without_schedstat_knows_its_cpu_time_alone() {
    let reading = Fixture::new().read();
    assert_eq!(used(row(&reading, 31)), (Some(20_000), None, None));
    assert_eq!(used(row(&reading, 30)), (Some(70_000), None, None), "a part is not the sum");
    let state = reading.sources.iter().find(|s| s.name == "kernel /proc").unwrap();
    assert!(matches!(&state.health, Health::Degraded(why) if why.contains("CONFIG_SCHED_INFO")), "{state:?}");
}

#[test]
fn a_task_that_has_ended_says_nothing_of_the_kernel() {
    let mut fixture = Fixture::new();
    for schedstat in ["30/schedstat", "30/task/30/schedstat", "30/task/31/schedstat"] {
        fixture.write(schedstat, "1000 2000 3\n");
    }
    fixture.remove("12/schedstat");
    let lacks = |reading: &Reading| {
        let state = reading.sources.iter().find(|state| state.name == "kernel /proc").unwrap();
        matches!(&state.health, Health::Degraded(why) if why.contains("CONFIG_SCHED_INFO"))
    };
    let reading = fixture.read();
    assert_eq!((row(&reading, 12).state, row(&reading, 12).run_delay_us), (Some(TaskState::Zombie), None));
    assert!(!lacks(&reading), "{:?}", reading.sources);
    // One that lives and has no such file does.
    fixture.remove("11/schedstat");
    assert!((0..3).any(|_| lacks(&fixture.read())));
}

#[test]
fn a_reused_pid_is_another_task_with_nothing_of_the_old_one() {
    let mut fixture = Fixture::new();
    let old = row(&fixture.read(), 10);
    fixture.replace("10/stat", " 1000 3133440", " 5555 3133440");
    fixture.replace("10/stat", "(a) b ()", "(new)");
    fixture.write("10/schedstat", "2000 1000 1\n");
    fixture.write("10/cmdline", "/bin/new\0");
    let new = row(&fixture.read(), 10);
    assert_eq!((old.id.start, new.id.start), (1000, 5555));
    assert_eq!(used(new.clone()), (Some(2), Some(1), Some(1)));
    assert_eq!((new.name.as_deref(), new.command.as_deref()), (Some("new"), Some("/bin/new")));
}

#[test]
fn a_process_that_becomes_another_program_changes_its_names() {
    let mut fixture = Fixture::new();
    for _ in 0..3 {
        fixture.read();
    }
    fixture.write("1/cmdline", "/usr/lib/other\0");
    assert_eq!(row(&fixture.read(), 1).command.as_deref(), Some("/sbin/init"), "not read at each tick");
    fixture.replace("1/stat", "(init)", "(other)");
    let reading = fixture.read();
    assert_eq!(row(&reading, 1).name.as_deref(), Some("other"));
    assert_eq!(row(&reading, 1).command.as_deref(), Some("/usr/lib/other"));
}

#[test]
fn dear_fields_are_read_for_those_who_are_wanted_alone() {
    let mut fixture = Fixture::new();
    let first = fixture.read();
    assert_eq!((&row(&first, 1).wait_channel, row(&first, 1).n_voluntary), (&None, None));
    let wants =
        Wants { hot: vec![row(&first, 1).id, row(&first, 22).id], close: vec![row(&first, 20).id], ..Wants::default() };
    let reading = fixture.read_wanting(&wants);
    let init = row(&reading, 1);
    assert_eq!(init.wait_channel.as_deref(), Some("do_epoll_wait"));
    assert_eq!((init.n_voluntary, init.n_involuntary), (None, None), "counters are for close looks");
    assert_eq!((init.anon_bytes, init.file_bytes, init.swap_bytes), (Some(112 << 10), Some(1632 << 10), Some(8 << 10)));
    let thread = row(&reading, 22);
    assert_eq!((thread.wait_channel.as_deref(), thread.state), (Some("futex_wait_queue"), Some(TaskState::Sleeping)));
    assert_eq!(row(&reading, 10).wait_channel, None);
    let close = fixture.read_wanting(&Wants { close: vec![init.id], ..Wants::default() }).close[&init.id].task.clone();
    assert_eq!((close.n_voluntary, close.n_involuntary), (Some(12), Some(3)));
}

#[test]
fn a_close_look_lists_the_busiest_threads_first_and_all_queues() {
    let mut fixture = Fixture::new();
    let id = row(&fixture.read(), 20).id;
    fixture.write("20/task/22/schedstat", "9000000 5000 7\n");
    let reading = fixture.read_wanting(&Wants { close: vec![id], ..Wants::default() });
    let close = &reading.close[&id];
    let children: Vec<u64> = close.children.iter().map(|row| row.id.number).collect();
    assert_eq!((children, close.n_children), (vec![22, 20, 21], 3));
    assert_eq!(close.task.n_voluntary, Some(36), "the sum of the three");
    assert_eq!(close.children[2].state, Some(TaskState::Running));
    assert_eq!(close.n_queues, 2);
    let worst = &close.task.queues.as_ref().unwrap()[0];
    assert_eq!((worst.kind, worst.depth, worst.number), (QueueKind::TcpReceive, Some(5000), Some(8101)));
    assert_eq!(worst.label.as_deref(), Some("127.0.0.1:7070 < 10.0.0.2:40112"));
}

#[test]
fn a_socket_that_nobody_holds_is_an_orphan() {
    let reading = Fixture::new().read();
    let orphans: Vec<_> = reading.orphans.iter().map(|q| (q.kind, q.depth, q.number)).collect();
    assert_eq!(orphans, [(QueueKind::TcpReceive, Some(16), Some(8102))]);
    let sum = |kind| reading.sums.iter().find(|q| q.kind == kind).unwrap().depth;
    assert_eq!((sum(QueueKind::TcpReceive), sum(QueueKind::TcpSend)), (Some(5016), Some(40)));
    assert_eq!((sum(QueueKind::Listen), sum(QueueKind::UdpReceive)), (Some(0), Some(0)));
}

#[test]
fn a_missing_proc_is_said_in_words() {
    let reading = read(&mut Kernel::new("/nonexistent".into(), || 0), &Wants::default());
    let [state] = &reading.sources[..] else { panic!("one source speaks") };
    assert!(matches!(&state.health, Health::Off(why) if why.contains("/nonexistent")), "{state:?}");
    assert!(reading.tasks.is_empty() && reading.node.n_processes.is_none());
}

#[test]
fn where_no_task_says_how_long_it_waited_the_node_does_not_either() {
    let mut fixture = Fixture::new();
    for path in ["1", "2", "10", "11", "12", "20", "30", "20/task/20", "20/task/21", "20/task/22", "30/task/30"] {
        fixture.remove(&format!("{path}/schedstat"));
    }
    assert_eq!(fixture.read().node.run_delay_us, None);
    assert_eq!(fixture.read().node.run_delay_us, None);
}

#[test]
fn a_schedstat_that_fails_once_brings_no_burst_of_delay() {
    let mut fixture = Fixture::new();
    let path = "20/task/21/schedstat";
    let before = fixture.read();
    let text = fs::read_to_string(fixture.root.path().join(path)).unwrap();
    fixture.remove(path);
    assert_eq!(row(&fixture.read(), 21).run_delay_us, None);
    fixture.write(path, &text);
    let after = fixture.read();
    assert_eq!(row(&after, 21).run_delay_us, row(&before, 21).run_delay_us);
    assert_eq!(row(&after, 20).run_delay_us, row(&before, 20).run_delay_us);
    assert_eq!(after.node.run_delay_us, before.node.run_delay_us);
}

#[test]
fn what_an_operator_switches_off_is_not_read_and_says_so() {
    let mut fixture = Fixture::new();
    let off = ["names", "threads"].map(|part| (part.to_owned(), "switched off by a test".into()));
    let wants = Wants { off: crate::governor::Off::of(off), ..Wants::default() };
    let reading = fixture.read_wanting(&wants);
    assert!(reading.threads.is_empty() && reading.tasks.iter().all(|row| row.process.is_none()));
    assert!(reading.tasks.iter().all(|row| row.command.is_none() && row.user.is_none()));
    for part in ["names", "threads"] {
        let state = reading.sources.iter().find(|state| state.name == part).expect("it says so");
        assert_eq!(state.health, Health::Off("switched off by a test".into()));
    }
    let again = fixture.read();
    assert_eq!((row(&again, 20).command.is_some(), again.threads.is_empty()), (true, false));
}

#[test]
fn in_thrift_names_wait_for_later_sweeps() {
    let mut fixture = Fixture::new();
    let mut wants = Wants::default();
    wants.thrift.names_per_tick = 2;
    let n_named = |reading: &Reading| reading.tasks.iter().filter(|row| row.user.is_some()).count();
    let counts: Vec<usize> = (0..4).map(|_| n_named(&fixture.read_wanting(&wants))).collect();
    assert_eq!(counts, [2, 4, 6, 7]);
}
