//! This host as a collector reads it.

use std::{net::SocketAddr, os::fd::AsFd, time::Duration};

use midair_agent::{
    Clock,
    config::Collector,
    kernel::{
        Kernel,
        bpf::{Bpf, Choice, Loader},
    },
    reading::{Close, Reading, Source, SourceState, Wants},
};
use midair_vitals::{Queue, QueueKind, TaskReading};
use rustix::process::geteuid;

/// A source, read again and again.
pub(crate) struct Host {
    pub(crate) kernel: Kernel,
}

/// Nothing here takes longer than so many readings.
const MOST: usize = 2_000;
const PAUSE: Duration = Duration::from_millis(10);

/// The collectors that this user may use.
pub(crate) fn collectors() -> Vec<Collector> {
    if !geteuid().is_root() {
        eprintln!("through /proc alone: only root may load BPF programs");
        return vec![Collector::Proc];
    }
    let choice = Choice { pinned: Vec::new(), loader: Loader::Own };
    if let Err(why) = Bpf::open(&choice) {
        panic!("BPF iterators cannot be had here: {why}");
    }
    vec![Collector::Proc, Collector::Bpf]
}

impl Host {
    pub(crate) fn new(collector: Collector) -> Self {
        let clock = Clock::system();
        let choice = Choice { pinned: Vec::new(), loader: Loader::Own };
        let kernel = Kernel::new("/proc".into(), move || clock.mono_us()).reading_through_iterators(collector, choice);
        Self { kernel }
    }

    pub(crate) fn read(&mut self, wants: &Wants) -> Reading {
        let mut reading = Reading::default();
        self.kernel.read(wants, &mut reading);
        reading
    }

    /// Reads until something is seen.
    pub(crate) fn until<T>(&mut self, what: &str, find: impl Fn(&Reading) -> Option<T>) -> T {
        for _ in 0..MOST {
            let reading = self.read(&Wants::default());
            if let Some(found) = find(&reading) {
                return found;
            }
            std::thread::sleep(PAUSE);
        }
        panic!("{what} is not seen");
    }

    /// Looks closely at a process until something is seen.
    pub(crate) fn close_until<T>(&mut self, pid: u32, what: &str, find: impl Fn(&Close) -> Option<T>) -> T {
        let id = self.until("the process", |reading| row(reading, pid).map(|row| row.id));
        for _ in 0..MOST {
            let reading = self.read(&Wants { close: vec![id], ..Wants::default() });
            if let Some(found) = reading.close.get(&id).and_then(&find) {
                return found;
            }
            std::thread::sleep(PAUSE);
        }
        panic!("{what} is not seen");
    }
}

/// The row of a process.
pub(crate) fn row(reading: &Reading, pid: u32) -> Option<&TaskReading> {
    reading.tasks.iter().find(|row| row.id.number == u64::from(pid) && row.process.is_none())
}

/// The state of the source of queues.
pub(crate) fn state(reading: &Reading) -> &SourceState {
    reading.sources.iter().find(|state| state.name == "sockets").unwrap()
}

/// The worst queue of a kind in the row of a process.
pub(crate) fn queue_of(reading: &Reading, pid: u32, kind: QueueKind) -> Option<&Queue> {
    row(reading, pid)?.queues.as_ref()?.iter().find(|queue| queue.kind == kind)
}

/// The queue of a kind and inode in a close look.
pub(crate) fn queue_in(close: &Close, kind: QueueKind, inode: u64) -> Option<&Queue> {
    let mut queues = close.task.queues.as_ref()?.iter();
    queues.find(|queue| queue.kind == kind && queue.number == Some(inode))
}

/// The queue of a kind at a local address in a close look.
pub(crate) fn queue_at(close: &Close, kind: QueueKind, local: SocketAddr) -> Option<&Queue> {
    let local = local.to_string();
    let is_here = |q: &&Queue| q.kind == kind && q.label.as_ref().and_then(|l| l.split(' ').next()) == Some(&local);
    close.task.queues.as_ref()?.iter().find(is_here)
}

pub(crate) fn inode(file: &impl AsFd) -> u64 {
    rustix::fs::fstat(file).unwrap().st_ino
}
