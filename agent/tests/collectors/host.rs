//! This host: sources of it, one for each way, and processes to be seen.

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use midair_agent::{
    Clock, Collector,
    kernel::{
        Kernel,
        bpf::{Choice, Loader},
    },
    reading::{Reading, Source, ThreadReading, Wants},
};
use midair_vitals::{TaskId, TaskReading};

/// Whether the tests run as root; says in words what is missing where they do not.
pub(crate) fn is_root() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        eprintln!("skipped: only root may load BPF programs and ask for taskstats");
    }
    is_root
}

/// A source that reads in one way, and nothing else.
pub(crate) fn kernel(collector: Collector) -> Kernel {
    let from = Choice { pinned: Vec::new(), loader: Loader::Own };
    new_kernel().reading_through_iterators(collector, from)
}

/// A source that takes pinned iterators while they are there.
pub(crate) fn pinned(place: PathBuf) -> Kernel {
    let from = Choice { pinned: vec![place], loader: Loader::Nobody };
    new_kernel().reading_through_iterators(Collector::Auto, from)
}

fn new_kernel() -> Kernel {
    let clock = Clock::system();
    Kernel::new("/proc".into(), move || clock.mono_us())
}

pub(crate) fn read(kernel: &mut Kernel) -> Reading {
    read_wanting(kernel, &Wants::default())
}

pub(crate) fn read_wanting(kernel: &mut Kernel, wants: &Wants) -> Reading {
    let mut reading = Reading::default();
    kernel.read(wants, &mut reading);
    reading
}

/// The name under which tasks were read, and that nothing is wrong with it.
pub(crate) fn way(reading: &Reading) -> &'static str {
    let state = reading.sources.iter().find(|state| state.name.starts_with("kernel")).expect("the kernel speaks");
    state.name
}

pub(crate) fn process(reading: &Reading, pid: u32) -> Option<&TaskReading> {
    reading.tasks.iter().find(|row| row.id.number == u64::from(pid) && row.process.is_none())
}

/// All identities of a reading.
pub(crate) fn ids(reading: &Reading) -> Vec<TaskId> {
    let threads = reading.threads.iter().filter(|thread| !thread.is_first()).map(ThreadReading::id);
    reading.tasks.iter().filter(|row| row.process.is_none()).map(|row| row.id).chain(threads).collect()
}

/// A process that ends with the test.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    /// Runs a shell command that ends when its standard input does, or has used twenty seconds of CPU.
    pub(crate) fn shell(script: &str) -> Self {
        Self::program("prlimit", &["--cpu=20", "sh", "-c", script])
    }

    pub(crate) fn program(program: &str, args: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::null());
        Self(command.spawn().unwrap_or_else(|error| panic!("{program} can be started: {error}")))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended already is as good.
        let _ended = self.0.kill().and_then(|()| self.0.wait());
    }
}
