//! One collector takes over from the other while the agent runs: no task changes its identity, no counter is lost.

use std::{collections::HashMap, path::PathBuf, process::Command};

use midair_agent::{
    kernel::bpf::{Setup, undo},
    reading::{Health, Reading},
};
use midair_vitals::TaskId;

use crate::host::{ids, is_root, pinned, read, way};

/// A BPF file system of its own with pins in it, unmounted in the end.
struct Pins {
    mount: tempfile::TempDir,
}

impl Pins {
    fn new() -> Self {
        let mount = tempfile::tempdir().expect("a scratch folder");
        let pins = Self { mount };
        pins.run("mount", &["-t", "bpf", "bpf"]);
        pins.make();
        pins
    }

    fn place(&self) -> PathBuf {
        self.mount.path().join("midair")
    }

    fn make(&self) {
        let setup = Setup { group: None, place: Some(self.place()) };
        setup.run().expect("root may load and pin the iterators");
    }

    fn remove(&self) {
        undo(Some(&self.place())).expect("what was pinned can be removed");
    }

    fn run(&self, program: &str, args: &[&str]) {
        let status = Command::new(program).args(args).arg(self.mount.path()).status();
        assert!(status.is_ok_and(|status| status.success()), "{program}");
    }
}

impl Drop for Pins {
    fn drop(&mut self) {
        self.run("umount", &["-l"]);
    }
}

/// What a task used, and when that was read, microseconds.
struct Used {
    at_us: u64,
    counters: [u64; 3],
}

fn used(reading: &Reading) -> HashMap<TaskId, Used> {
    let threads = reading.threads.iter().filter(|thread| !thread.is_first()).map(|thread| {
        let now = thread.now;
        (thread.id(), Used { at_us: now.at_us, counters: [now.cpu_ns / 1000, now.run_delay_ns / 1000, now.n_runs] })
    });
    let rows = reading.tasks.iter().filter(|row| row.process.is_none()).map(|row| {
        let counters = [row.cpu_us, row.run_delay_us, row.n_runs].map(|n| n.expect("known to both"));
        (row.id, Used { at_us: row.at_us, counters })
    });
    threads.chain(rows).collect()
}

/// Each task of the one that lives in the other has gone on from where it was.
fn assert_goes_on(before: &Reading, after: &Reading) {
    let (old, new) = (used(before), used(after));
    let n_cpus = after.node.cpus.len() as u64;
    let mut n_common = 0;
    for (id, now) in &new {
        let Some(then) = old.get(id) else { continue };
        n_common += 1;
        let is_on = now.counters.iter().zip(&then.counters).all(|(now, then)| now >= then);
        assert!(is_on, "{id:?} goes back: {:?} {:?}", then.counters, now.counters);
        // Nobody can have used more than all CPUs together gave since.
        let (elapsed_us, gained_us) = (now.at_us - then.at_us + 100_000, now.counters[0] - then.counters[0]);
        assert!(gained_us <= elapsed_us * n_cpus, "{id:?}: {gained_us} us of CPU in {elapsed_us} us");
    }
    assert!(n_common * 10 > old.len() * 8, "{n_common} of {} tasks are still who they were", old.len());
}

#[test]
fn iterators_that_are_removed_are_missed_in_words_and_taken_again_when_they_are_back() {
    if !is_root() {
        return;
    }
    let pins = Pins::new();
    let mut kernel = pinned(pins.place());
    let mut readings = vec![read(&mut kernel), read(&mut kernel)];
    assert_eq!(way(&readings[1]), "kernel bpf");
    pins.remove();
    readings.extend((0..3).map(|_| read(&mut kernel)));
    let first = &readings[2];
    assert_eq!(way(first), "kernel /proc", "in the very same reading");
    let state = first.sources.iter().find(|state| state.name == "kernel /proc").expect("it speaks");
    assert!(matches!(&state.health, Health::Degraded(why) if why.contains("midair-agent setup")), "{state:?}");

    pins.make();
    // They are looked for once in sixty readings.
    readings.extend((0..60).map(|_| read(&mut kernel)));
    let last = readings.last().expect("many were made");
    assert_eq!(way(last), "kernel bpf");
    let state = last.sources.iter().find(|state| state.name == "kernel bpf").expect("it speaks");
    // Some kernels hide a process from BPF, which is worth a word of its own.
    let is_well = match &state.health {
        Health::Ok => true,
        Health::Degraded(why) => why.contains("hidden from BPF"),
        Health::Off(_) => false,
    };
    assert!(is_well, "{state:?}");
    for pair in readings.windows(2) {
        assert_goes_on(&pair[0], &pair[1]);
    }
    let all = ids(last);
    let mut distinct = all.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(all.len(), distinct.len(), "each identity stands once");
}
