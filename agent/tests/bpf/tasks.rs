//! Threads: the same as `/proc` says, and their waits as they are made here.

use std::{os::unix::fs::MetadataExt, process::Command, time::Duration};

use midair_agent::kernel::bpf::{Bpf, Say, TaskRecord, Thread};

use crate::support::{Ended, load, proc, status, threads};

/// The CPU that burners share.
const CPU: &str = "0";

fn fields(stat: &str) -> Vec<&str> {
    // The name may hold anything, blanks and parentheses too.
    let (_, rest) = stat.rsplit_once(')').expect("a name in parentheses");
    rest.split_whitespace().collect()
}

fn now_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

#[test]
fn a_process_reads_as_in_proc() {
    let Some(mut bpf) = load() else { return };
    let sleeper = Ended::start(Command::new("sleep").arg("600"));
    let pid = sleeper.0.id();
    // It is itself when it sleeps: before that it is a copy of this one.
    let asleep = (0..500).find_map(|_| {
        std::thread::sleep(Duration::from_millis(10));
        let task = threads(&mut bpf)[&pid];
        (task.comm.starts_with(b"sleep\0") && task.state == b'S').then_some(task)
    });
    let task = asleep.expect("sleep sleeps");
    let leader = task.leader.expect("it is the first of its process");
    let of = pid.to_string();
    let stat = proc(format!("{of}/stat"));
    let stat = fields(&stat);
    assert_eq!((task.tid, task.pid), (pid, pid));
    assert_eq!(task.start_ticks.to_string(), stat[19]);
    assert_eq!(leader.parent, std::process::id());
    assert_eq!(leader.n_threads, 1);
    assert_eq!(status(&of, "Uid").split_whitespace().next(), Some(leader.uid.to_string().as_str()));
    assert_eq!(status(&of, "voluntary_ctxt_switches"), task.n_voluntary.to_string());
    assert_eq!(status(&of, "nonvoluntary_ctxt_switches"), task.n_involuntary.to_string());
    let schedstat = proc(format!("{of}/schedstat"));
    let expected = format!("{} {} {}", task.cpu_ns, task.run_delay_ns, task.n_runs);
    assert_eq!(schedstat.trim(), expected);
    assert_eq!(task.cpu.to_string(), stat[36]);
    let inode = |name: &str| std::fs::metadata(format!("/proc/{pid}/ns/{name}")).expect("own child").ino() as u32;
    assert_eq!((leader.netns, leader.pidns), (Some(inode("net")), Some(inode("pid"))));
    assert!(!task.is_kernel && !task.is_queued && !task.is_running);
    assert!(leader.max_fds.is_some_and(|n| n >= 3));
    same_memory(&of, &task);
    same_cgroups(&of, &task);
}

fn same_memory(of: &str, task: &TaskRecord) {
    let memory = task.leader.and_then(|leader| leader.memory).expect("it has memory");
    let page_kib = rustix::param::page_size() as u64 / 1024;
    let kib = |field: &str| status(of, field).trim_end_matches(" kB").parse::<u64>().expect("a number");
    // The kernel's own sums are late by a batch of pages for each CPU (lib/percpu_counter.c).
    let slack = 2 * 64 * page_kib * std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    for (pages, field) in
        [(memory.anon_pages, "RssAnon"), (memory.file_pages, "RssFile"), (memory.shmem_pages, "RssShmem")]
    {
        let kib = kib(field);
        assert!((pages * page_kib).abs_diff(kib) <= slack, "{field}: {pages} pages, {kib} KiB");
    }
    assert!(memory.rss_pages() > 0);
}

fn same_cgroups(of: &str, task: &TaskRecord) {
    let leader = task.leader.expect("it is the first of its process");
    let mounts = proc("self/mountinfo");
    let own = proc(format!("{of}/cgroup"));
    let mut n_checked = 0;
    for line in own.lines() {
        let parts: Vec<&str> = line.splitn(3, ':').collect();
        let has = |controller: &str| parts[1].split(',').any(|name| name == controller);
        let (mount, id) = match parts[1] {
            "" => (" - cgroup2 ".to_owned(), leader.cgroup_id),
            _ if has("memory") => (",memory".to_owned(), leader.memory_cgroup_id),
            _ if has("cpu") => (",cpu".to_owned(), leader.cpu_cgroup_id),
            _ => continue,
        };
        // In a hierarchy the inode of a folder is the id of its group.
        let line_of = |line: &&str| line.contains(&mount) && (parts[1].is_empty() || line.contains(" - cgroup "));
        let Some(at) = mounts.lines().find(line_of).and_then(|line| line.split(' ').nth(4)) else { continue };
        let folder = std::fs::metadata(format!("{at}{}", parts[2])).expect("the group of a child has a folder");
        assert_eq!(id, Some(folder.ino()), "{line}");
        n_checked += 1;
    }
    assert!(n_checked > 0, "no hierarchy of\n{own}is mounted in\n{mounts}");
}

#[test]
fn all_threads_are_there_once_and_no_others() {
    let Some(mut bpf) = load() else { return };
    let stop = std::sync::Barrier::new(9);
    let (expected, found): (Vec<u32>, _) = std::thread::scope(|scope| {
        for number in 0..8 {
            let thread = std::thread::Builder::new().name(format!("sheep {number}"));
            thread.spawn_scoped(scope, || (stop.wait(), stop.wait())).expect("a thread starts");
        }
        // Then all have their names.
        stop.wait();
        let expected = std::fs::read_dir("/proc/self/task")
            .expect("own threads are listed")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().parse().expect("a number"))
            .collect();
        let found = threads(&mut bpf);
        stop.wait();
        (expected, found)
    });
    let own: Vec<_> = found.values().filter(|task| task.pid == std::process::id()).collect();
    assert_eq!(own.iter().filter(|task| task.comm.starts_with(b"sheep ")).count(), 8, "{own:?}");
    // Threads of other tests come and go.
    assert!(own.iter().filter(|task| expected.contains(&task.tid)).count() >= 9, "{expected:?} {own:?}");
    let leaders: Vec<_> = own.iter().filter(|task| task.leader.is_some()).map(|task| task.tid).collect();
    assert_eq!(leaders, [std::process::id()]);
    assert!(found.values().any(|task| task.is_kernel && task.leader.is_some_and(|leader| leader.memory.is_none())));
}

#[test]
fn a_brief_pass_names_the_sleepers_that_a_pass_over_all_describes() {
    let Some(mut bpf) = load() else { return };
    let before = threads(&mut bpf);
    let (mut n_tasks, mut sleepers) = (0, Vec::new());
    let n_broken = bpf.tasks(Say::Brief, &mut |thread| match thread {
        Thread::Task(_) => n_tasks += 1,
        Thread::Sleeper(sleeper) => sleepers.push(sleeper),
    });
    let after = threads(&mut bpf);
    assert_eq!(n_broken, Ok(0));
    // Every kernel has threads that start and then wait for ever.
    assert!(!sleepers.is_empty() && n_tasks > 0, "{n_tasks} tasks, {} sleepers", sleepers.len());
    for sleeper in sleepers {
        let task = before[&sleeper.tid];
        assert_eq!((task.pid, task.start_ticks as u32), (sleeper.pid, sleeper.start_low), "{task:?}");
        assert!(task.leader.is_none_or(|leader| leader.n_threads == 1), "{task:?}");
        assert_ne!(task.state, b'R', "{task:?}");
        // What was asleep then may have been woken since.
        let later = after.get(&sleeper.tid).filter(|later| later.n_runs == task.n_runs);
        assert!(later.is_none_or(|later| later.cpu_ns == task.cpu_ns), "{task:?} {later:?}");
    }
}

/// A burner on the one CPU, started through these words.
fn burner(through: &[&str]) -> Ended {
    let mut words = vec!["taskset", "--cpu-list", CPU];
    words.extend(through);
    words.extend(["sh", "-c", "while :; do :; done"]);
    Ended::start(Command::new(words[0]).args(&words[1..]))
}

/// A thread at two moments, and the least and the most that can have gone by between them, nanoseconds.
struct While {
    first: TaskRecord,
    last: TaskRecord,
    least_ns: u64,
    most_ns: u64,
}

impl While {
    fn watch(bpf: &mut Bpf, pid: u32, sleep_ms: u64) -> Self {
        let (before_first_ns, first, after_first_ns) = (now_ns(), threads(bpf)[&pid], now_ns());
        std::thread::sleep(Duration::from_millis(sleep_ms));
        let (before_last_ns, last, after_last_ns) = (now_ns(), threads(bpf)[&pid], now_ns());
        Self { first, last, least_ns: before_last_ns - after_first_ns, most_ns: after_last_ns - before_first_ns }
    }

    /// Clocks of waits and of CPU time move with the ticks of a CPU: every 10 ms at least.
    fn assert_is_all(&self, ns: u64) {
        let Self { first, last, least_ns, most_ns } = self;
        let slack_ns = least_ns / 20 + 10_000_000;
        assert!(
            (least_ns - slack_ns..most_ns + slack_ns).contains(&ns),
            "{ns} ns of {least_ns} to {most_ns} ns: {first:?} {last:?}"
        );
    }
}

#[test]
fn a_burner_beside_another_waits_while_that_one_runs() {
    let Some(mut bpf) = load() else { return };
    let (one, _other) = (burner(&[]), burner(&[]));
    std::thread::sleep(Duration::from_millis(200));
    let seen @ While { first, last, least_ns, .. } = &While::watch(&mut bpf, one.0.id(), 1500);
    // It is on its CPU or waits for it.
    seen.assert_is_all((last.cpu_ns + last.run_delay_ns) - (first.cpu_ns + first.run_delay_ns));
    assert!(last.run_delay_ns > first.run_delay_ns + least_ns / 5, "{first:?} {last:?}");
    let schedstat = proc(format!("{}/schedstat", one.0.id()));
    let delay_ns: u64 = schedstat.split(' ').nth(1).expect("run delay").parse().expect("a number");
    assert!(last.run_delay_ns - last.waiting_ns <= delay_ns, "{schedstat} {last:?}");
    assert_eq!(last.state, b'R');
}

#[test]
fn a_starving_thread_is_seen_to_wait_longer_and_longer() {
    let Some(mut bpf) = load() else { return };
    // The one that waits first: beside the other it would hardly start.
    let idle = burner(&["chrt", "--idle", "0"]);
    std::thread::sleep(Duration::from_millis(200));
    let _burner = burner(&["nice", "--adjustment=-20"]);
    std::thread::sleep(Duration::from_millis(200));
    // Once in a long while it is let on even so: then the next while tells.
    let starved = (0..30).find_map(|_| {
        let seen = While::watch(&mut bpf, idle.0.id(), 500);
        (seen.first.n_runs == seen.last.n_runs && seen.first.is_queued && seen.last.is_queued).then_some(seen)
    });
    let seen @ While { first, last, .. } = &starved.expect("a while in which it never ran");
    assert_eq!((first.policy, first.state, first.cpu.to_string().as_str()), (5, b'R', CPU));
    assert_eq!((first.cpu_ns, first.is_running), (last.cpu_ns, false));
    seen.assert_is_all(last.waiting_ns - first.waiting_ns);
    seen.assert_is_all(last.run_delay_ns - first.run_delay_ns);
}

#[test]
fn processes_that_come_and_go_break_no_pass() {
    let Some(mut bpf) = load() else { return };
    let _forks = Ended::start(Command::new("sh").args(["-c", "while :; do true & wait; /bin/true; done"]));
    let mut n_seen = 0;
    for _ in 0..50 {
        n_seen += threads(&mut bpf).len();
    }
    assert!(n_seen > 50);
}
