//! Processes that come and go, and those that may not be read: nothing is mixed, invented or kept.

use std::process::{Command, Stdio};

use super::{
    fixtures::{Fixture, numbers, row},
    *,
};

/// Short-lived processes that a test starts, and how many at a time.
const N_FORKS: usize = 2_000;
const AT_ONCE: usize = 20;

#[test]
fn two_thousand_short_lived_processes_leave_nothing_behind() {
    let mut kernel = kernel();
    read(&mut kernel, &Wants::default());
    let before = kernel.n_kept();
    let mut n_seen = 0;
    std::thread::scope(|scope| {
        let forks = scope.spawn(|| {
            for _ in 0..N_FORKS / AT_ONCE {
                let start = |_| Command::new("true").stdin(Stdio::null()).spawn().expect("a process starts");
                let children: Vec<_> = (0..AT_ONCE).map(start).collect();
                for mut child in children {
                    child.wait().expect("it ends");
                }
            }
        });
        let own = Some(u64::from(std::process::id()));
        while !forks.is_finished() {
            let reading = read(&mut kernel, &Wants::default());
            n_seen += reading.tasks.iter().filter(|task| task.parent == own).count();
        }
    });
    assert!(n_seen > 0, "some of them were seen");
    let reading = read(&mut kernel, &Wants::default());
    let after = kernel.n_kept();
    let n_now = (reading.node.n_processes.unwrap() + reading.node.n_threads.unwrap()) as usize;
    // Of processes that rest the number of threads is as of the last look.
    assert!(after.tasks <= n_now + 100, "{after:?}, {n_now} now");
    // Other tests run beside this one, and start processes too.
    assert!(after.owners <= before.owners + 100, "{before:?} {after:?}");
}

#[test]
fn memory_taken_by_a_burst_of_tasks_is_given_back() {
    let mut fixture = Fixture::new();
    let stat = std::fs::read_to_string(fixture.root.path().join("1/stat")).unwrap();
    for number in 10_000..12_000 {
        std::fs::create_dir(fixture.root.path().join(number.to_string())).unwrap();
        fixture.write(&format!("{number}/stat"), &stat);
        fixture.write(&format!("{number}/schedstat"), "1 2 3\n");
    }
    assert_eq!(fixture.read().node.n_processes, Some(2_007));
    let full = fixture.kernel.n_kept();
    assert!(full.tasks > 4_000 && full.room >= full.tasks, "{full:?}");
    for number in 10_000..12_000 {
        fixture.remove(&number.to_string());
    }
    assert_eq!(fixture.read().node.n_processes, Some(7));
    let empty = fixture.kernel.n_kept();
    assert!(empty.tasks < 20 && empty.room < full.room / 10, "{empty:?} after {full:?}");
}

#[test]
fn the_threads_of_a_reused_pid_bring_nothing_of_the_old_ones() {
    let mut fixture = Fixture::new();
    let first = fixture.read();
    let hot = numbers(&first).into_iter().map(|number| row(&first, number).id).collect();
    let wants = Wants { hot, ..Wants::default() };
    fixture.write("20/task/21/schedstat", "41000000 31000000 905\n");
    let old = fixture.read_wanting(&wants);
    assert!(row(&old, 20).worst_thread.is_some() && row(&old, 22).wait_channel.is_some());
    // The same numbers, of a process that was born later and has used little.
    for (path, start) in [("20/stat", "8000"), ("20/task/20/stat", "8000"), ("20/task/21/stat", "8001")] {
        let text = std::fs::read_to_string(fixture.root.path().join(path)).unwrap();
        let at = text.rfind(')').unwrap();
        let mut fields: Vec<&str> = text[at + 2..].split(' ').collect();
        fields[19] = start;
        fixture.write(path, &(text[..at + 2].to_owned() + &fields.join(" ")));
    }
    for tid in [20, 21, 22] {
        fixture.write(&format!("20/task/{tid}/schedstat"), "50000000 40000000 1000\n");
    }
    fixture.write("20/schedstat", "50000000 40000000 1000\n");
    let new = fixture.read_wanting(&wants);
    let process = row(&new, 20);
    assert_eq!(process.id.start, 8000);
    assert_eq!((process.cpu_us, process.run_delay_us, process.n_runs), (Some(150_000), Some(120_000), Some(3_000)));
    assert_eq!((process.worst_thread, &process.wait_channel), (None, &None), "there is no interval yet");
    assert_eq!((row(&new, 21).id.start, row(&new, 21).cpu_us), (8001, Some(50_000)));
    let delay_us = new.node.run_delay_us.unwrap() - old.node.run_delay_us.unwrap();
    assert_eq!(delay_us, 120_000, "what the new threads waited since their birth");
}

#[test]
fn processes_that_are_hidden_are_told_and_not_guessed() {
    let mut fixture = Fixture::new();
    fixture.remove("1");
    let reading = fixture.read();
    let state = reading.sources.iter().find(|state| state.name == "kernel /proc").unwrap();
    assert!(matches!(&state.health, Health::Degraded(why) if why.contains("are hidden")), "{state:?}");
    assert!(reading.tasks.iter().all(|row| row.id.number != 1));
}
