//! When sources are read: at once, after 250 ms, then on a grid; on a thread of its own, so that a source that hangs
//! holds up nobody.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, mpsc},
    time::Duration,
};

use anyhow::Context;

use crate::{
    clock::Clock,
    config::{Config, INTERVAL_MIN, SourceChoice},
    cost::ThreadTimes,
    desk::Command,
    governor::{Off, Switches},
    reading::{Health, Reading, Source, SourceState, Wants},
};

/// Sources walk /proc with small buffers; nothing recurses.
const STACK_BYTES: usize = 512 * 1024;

/// The sources that a configuration asks for.
pub fn sources(config: &Config, clock: &Clock) -> anyhow::Result<Vec<Box<dyn Source>>> {
    let source = match config.source {
        SourceChoice::Sysinfo => sysinfo(config, clock),
        SourceChoice::Kernel => kernel(config, clock)?,
        SourceChoice::Auto if cfg!(target_os = "linux") => kernel(config, clock)?,
        SourceChoice::Auto => sysinfo(config, clock),
    };
    let mut sources = vec![source];
    sources.extend(beam(config, clock));
    Ok(sources)
}

/// The VMs of this host, found among its processes: it comes after the source that reads these.
#[cfg(target_os = "linux")]
fn beam(config: &Config, clock: &Clock) -> Option<Box<dyn Source>> {
    let clock = clock.clone();
    let is_own = config.proc_root == std::path::Path::new("/proc");
    is_own.then(|| Box::new(crate::beam::Beam::new(config.beam.clone(), move || clock.mono_us())) as Box<dyn Source>)
}

#[cfg(not(target_os = "linux"))]
fn beam(_: &Config, _: &Clock) -> Option<Box<dyn Source>> {
    None
}

fn sysinfo(config: &Config, clock: &Clock) -> Box<dyn Source> {
    let clock = clock.clone();
    Box::new(crate::sysinfo::Sysinfo::new(move || clock.mono_us()).showing_args(config.show_args))
}

#[cfg(target_os = "linux")]
#[expect(clippy::unnecessary_wraps, reason = "on other systems there is no such source")]
fn kernel(config: &Config, clock: &Clock) -> anyhow::Result<Box<dyn Source>> {
    let clock = clock.clone();
    let kernel = crate::kernel::Kernel::new(config.proc_root.clone(), move || clock.mono_us());
    Ok(Box::new(kernel.reading_through(config.collector).showing_args(config.show_args)))
}

#[cfg(not(target_os = "linux"))]
fn kernel(_: &Config, _: &Clock) -> anyhow::Result<Box<dyn Source>> {
    anyhow::bail!("the kernel source is for Linux; use --source sysinfo here")
}

/// What the desk wants read closely; the sampler looks at it before each reading. Locked for a copy, never over IO.
#[derive(Clone, Debug, Default)]
pub struct SharedWants(Arc<Mutex<Wants>>);

impl SharedWants {
    /// Replaces what is wanted.
    pub fn set(&self, wants: Wants) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = wants;
    }

    /// So many intervals are between two readings now.
    fn interval_times(&self) -> u32 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).thrift.interval_times
    }

    /// What is wanted now.
    pub fn copy(&self) -> Wants {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A running sampler.
#[derive(Debug)]
pub struct Handle {
    stop: Option<mpsc::SyncSender<()>>,
}

impl Handle {
    /// Asks the sampler to end; it does after the reading that it is in, and nobody waits for a source that hangs.
    pub fn stop(&mut self) {
        self.stop = None;
    }
}

/// What a sampler is made of.
#[derive(Debug)]
pub struct Sampler {
    /// Time between two readings, where nothing is left out.
    pub interval: Duration,
    /// The agent's clock.
    pub clock: Clock,
    /// What the desk wants read.
    pub wants: SharedWants,
    /// What an operator has switched off.
    pub switches: Switches,
    /// Where it tells what it has used.
    pub threads: ThreadTimes,
    /// Where readings go.
    pub desk: mpsc::SyncSender<Command>,
}

impl Sampler {
    /// Starts its thread.
    pub fn start(self, sources: Vec<Box<dyn Source>>) -> anyhow::Result<Handle> {
        // Nothing is ever sent: that the other end goes away is the message.
        let (stop, stopped) = mpsc::sync_channel(1);
        std::thread::Builder::new()
            .name("midair-sampler".into())
            .stack_size(STACK_BYTES)
            .spawn(move || self.run(Readers::new(sources), &stopped))
            .context("cannot start the agent's sampler thread")?;
        Ok(Handle { stop: Some(stop) })
    }

    fn run(mut self, mut readers: Readers, stopped: &mpsc::Receiver<()>) {
        let grid = Grid { start_us: self.clock.mono_us(), interval_us: micros(self.interval) };
        let mut told_us = self.clock.thread_cpu_us();
        loop {
            let read_us = self.clock.mono_us();
            let mut wants = self.wants.copy();
            wants.off = self.switches.look(read_us).clone();
            let reading = readers.read(&wants, &self.clock);
            let cpu_us = self.clock.thread_cpu_us();
            self.threads.sampler(cpu_us);
            // What was done since the last reading is part of this one's cost.
            let spent_us = cpu_us - std::mem::replace(&mut told_us, cpu_us);
            if self.desk.send(Command::Read(Box::new(reading), spent_us)).is_err() {
                return;
            }
            if !self.wait(grid, read_us, stopped) {
                return;
            }
        }
    }

    /// Waits for the next moment to read; false when told to stop. The desk may stretch the interval and shorten it
    /// again meanwhile: each moment of the grid is looked at.
    fn wait(&self, grid: Grid, read_us: u64, stopped: &mpsc::Receiver<()>) -> bool {
        loop {
            let now_us = self.clock.mono_us();
            let wait_us = grid.next_us(now_us);
            if stopped.recv_timeout(Duration::from_micros(wait_us)) != Err(mpsc::RecvTimeoutError::Timeout) {
                return false;
            }
            let times = self.wants.interval_times();
            if times == 1 || grid.is_due(self.clock.mono_us(), read_us, times) {
                return true;
            }
        }
    }
}

/// The moments at which sources are read.
#[derive(Clone, Copy, Debug)]
struct Grid {
    start_us: u64,
    interval_us: u64,
}

impl Grid {
    /// Whether so many intervals have gone by since the last reading, give or take half of one.
    fn is_due(self, now_us: u64, read_us: u64, times: u32) -> bool {
        let wanted_us = u64::from(times) * self.interval_us;
        now_us.saturating_sub(read_us) + self.interval_us / 2 >= wanted_us
    }

    /// Microseconds from now to the next moment. Moments that a slow reading has missed are left out, never made up for.
    fn next_us(self, now_us: u64) -> u64 {
        let since_us = now_us.saturating_sub(self.start_us);
        let early_us = micros(INTERVAL_MIN);
        if since_us < early_us / 2 {
            return early_us - since_us;
        }
        let next_us = (since_us / self.interval_us + 1) * self.interval_us - since_us;
        // Rates over a sliver of time are noise: rather one moment fewer.
        if next_us < self.interval_us / 4 && next_us < early_us { next_us + self.interval_us } else { next_us }
    }
}

/// The sources, each with what is known of its state by itself.
pub(crate) struct Readers {
    readers: Vec<Reader>,
}

struct Reader {
    source: Box<dyn Source>,
    /// Names under which it last reported; said again when it has panicked.
    names: Vec<&'static str>,
    /// Why it is no longer read.
    fault: Option<Arc<str>>,
}

impl Readers {
    pub(crate) fn new(sources: Vec<Box<dyn Source>>) -> Self {
        let reader = |source| Reader { source, names: vec!["source"], fault: None };
        Self { readers: sources.into_iter().map(reader).collect() }
    }

    /// Reads every source once.
    pub(crate) fn read(&mut self, wants: &Wants, clock: &Clock) -> Reading {
        let mut reading = Reading::default();
        for reader in &mut self.readers {
            reader.read(wants, &mut reading, clock);
        }
        if reading.node.at_us == 0 {
            reading.node.at_us = clock.mono_us();
        }
        reading
    }
}

impl Reader {
    fn read(&mut self, wants: &Wants, into: &mut Reading, clock: &Clock) {
        if let Some(why) = wants.off.why(self.source.name()) {
            into.sources.push(SourceState::new(self.source.name(), Health::Off(why)));
            return;
        }
        if self.fault.is_none() {
            let (before_us, n_before) = (clock.thread_cpu_us(), into.sources.len());
            let (n_tasks, n_orphans, n_sums) = (into.tasks.len(), into.orphans.len(), into.sums.len());
            // A source that has panicked is never read again: its insides may be in any state.
            let outcome = catch_unwind(AssertUnwindSafe(|| self.source.read(wants, into)));
            let states = into.sources.get_mut(n_before..).unwrap_or_default();
            match outcome {
                Ok(()) => {
                    self.names = states.iter().map(|state| state.name).collect();
                    charge(states, clock.thread_cpu_us().saturating_sub(before_us));
                }
                Err(panic) => {
                    let what = panic_text(panic.as_ref());
                    tracing::error!(source = self.names.first(), what, "a source panicked and is off until a restart");
                    self.fault = Some(format!("stopped after a fault of its own ({what}); restart the agent").into());
                    into.sources.truncate(n_before);
                    // Half a list of tasks would say of the other half that it has died.
                    into.tasks.truncate(n_tasks);
                    into.orphans.truncate(n_orphans);
                    into.sums.truncate(n_sums);
                }
            }
        }
        if let Some(fault) = &self.fault {
            let off = |name: &&'static str| SourceState::new(name, Health::Off(Arc::clone(fault)));
            into.sources.extend(self.names.iter().map(off));
        }
    }
}

/// Books the time of a reading that its parts have not booked themselves on the first part that has booked none.
fn charge(states: &mut [SourceState], total_us: u64) {
    let booked_us: u64 = states.iter().filter_map(|state| state.cpu_us).sum();
    if let Some(state) = states.iter_mut().find(|state| state.cpu_us.is_none()) {
        state.cpu_us = Some(total_us.saturating_sub(booked_us));
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// Two readings 250 ms apart, for a sample with rates in it.
pub fn read_twice(sources: Vec<Box<dyn Source>>, clock: &Clock, off: Off) -> [Reading; 2] {
    let mut readers = Readers::new(sources);
    let wants = Wants { off, ..Wants::default() };
    let first = readers.read(&wants, clock);
    std::thread::sleep(INTERVAL_MIN);
    let second = readers.read(&wants, clock);
    [first, second]
}

#[cfg(test)]
mod tests;
