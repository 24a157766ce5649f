//! Ten thousand processes fork and exit during the run, and numbers are given again: nothing leaks, nothing is mixed.

use std::{
    collections::HashMap,
    fs,
    process::{Command, Stdio},
    time::Duration,
};

use midair_agent::{Collector, kernel::Kernel};
use midair_vitals::TaskId;

use crate::host::{Running, ids, is_root, kernel, process, read};

/// Shells, and the processes that each of them forks.
const N_SHELLS: usize = 10;
const N_FORKS: usize = 1_000;

fn n_descriptors() -> usize {
    fs::read_dir("/proc/self/fd").expect("own descriptors can be listed").count()
}

#[test]
fn ten_thousand_processes_fork_and_exit_and_leave_nothing_behind() {
    if !is_root() {
        return;
    }
    for collector in [Collector::Bpf, Collector::Proc] {
        let mut kernel = kernel(collector);
        for _ in 0..3 {
            read(&mut kernel);
        }
        let before = n_descriptors();
        let n_missed = beside_forks(&mut kernel);
        assert!(n_missed > 0, "{collector:?}: what lived for less than a sweep is counted");
        // Files are kept open for tasks that are busy, within a bound; those of ended ones are closed.
        let after = n_descriptors();
        assert!(after < before + 1_700, "{before} descriptors before, {after} after");
        let reading = read(&mut kernel);
        let ended = reading.tasks.iter().filter(|row| row.name.as_deref() == Some("fork-and-exit")).count();
        assert_eq!(ended, 0, "none of them is shown any more");
    }
}

/// Reads while ten thousand processes come and go; says how many of them were never seen.
fn beside_forks(kernel: &mut Kernel) -> u64 {
    let script =
        format!("printf fork-and-exit > /proc/$$/comm; n=0; while [ $n -lt {N_FORKS} ]; do (:); n=$((n+1)); done");
    let mut shells: Vec<_> = (0..N_SHELLS)
        .map(|_| Command::new("sh").args(["-c", &script]).stdin(Stdio::null()).spawn().expect("a shell starts"))
        .collect();
    let first = read(kernel).node.n_short_lived.expect("root sees all forks");
    let mut last: HashMap<TaskId, [Option<u64>; 3]> = HashMap::new();
    let (mut n_forks, mut n_rounds) = (0, 0);
    loop {
        let is_over = shells.iter_mut().all(|shell| shell.try_wait().expect("a shell ends").is_some());
        let reading = read(kernel);
        assert!(reading.threads.as_slice().is_sorted_by(|a, b| a.number < b.number));
        let all = ids(&reading);
        assert_eq!(all.iter().collect::<std::collections::HashSet<_>>().len(), all.len(), "each identity stands once");
        for row in reading.tasks.iter().filter(|row| row.process.is_none()) {
            let now = [row.cpu_us, row.run_delay_us, row.n_runs];
            if let Some(then) = last.insert(row.id, now) {
                assert!(now.iter().zip(then).all(|(now, then)| *now >= then), "{row:?} was {then:?}");
            }
        }
        n_forks = reading.node.n_short_lived.expect("known").max(n_forks);
        // Where threads are read in turn, it takes a round to know what was never seen.
        n_rounds += u32::from(is_over);
        if is_over && (n_forks > first || n_rounds > 60) {
            return n_forks - first;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_number_that_is_given_again_is_another_task() {
    if !is_root() {
        return;
    }
    let mut kernels = [kernel(Collector::Bpf), kernel(Collector::Proc)];
    for kernel in &mut kernels {
        read(kernel);
    }
    // Other processes are forked beside this test, and may get the number first.
    for _ in 0..200 {
        let old = Running::shell("n=0; while [ $n -lt 20000 ]; do n=$((n+1)); done; read _");
        let pid = old.pid();
        std::thread::sleep(Duration::from_millis(60));
        let before = kernels.each_mut().map(read);
        drop(old);
        fs::write("/proc/sys/kernel/ns_last_pid", (pid - 1).to_string()).expect("root may choose the next number");
        let new = Running::program("sleep", &["60"]);
        if new.pid() != pid {
            continue;
        }
        // It has its number a moment before it has its name.
        std::thread::sleep(Duration::from_millis(20));
        let after = kernels.each_mut().map(read);
        for (before, after) in before.iter().zip(&after) {
            let old = process(before, pid).expect("it ran");
            let new = process(after, pid).expect("it runs");
            assert!(new.id.start > old.id.start, "{old:?} {new:?}");
            assert_eq!(new.name.as_deref(), Some("sleep"));
            assert!(new.n_runs < Some(1_000) && new.worst_thread.is_none(), "{new:?}");
            let command = new.command.as_deref().map(|command| command.split([' ', '/']).any(|word| word == "sleep"));
            assert_ne!(command, Some(false), "{new:?}");
        }
        return;
    }
    panic!("the number was never given again");
}
