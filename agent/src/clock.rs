//! Time, for the agent: the one place where a clock is read.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

/// Tells the time; handed to whoever needs it, so that tests say what time it is.
#[derive(Clone, Debug)]
pub struct Clock(Inner);

#[derive(Clone, Debug)]
enum Inner {
    System,
    /// The clocks of this host, with a wall clock that is ahead by so many microseconds.
    Off(Arc<AtomicI64>),
    Scripted(Arc<Script>),
}

/// What a scripted clock shows, microseconds.
#[derive(Debug, Default)]
struct Script {
    mono_us: AtomicU64,
    cpu_us: AtomicU64,
}

/// Wall time of a scripted clock whose monotonic time is zero: 2026-01-01, microseconds since 1970.
const SCRIPTED_WALL_US: u64 = 1_767_225_600_000_000;

impl Clock {
    /// The clocks of this host.
    pub fn system() -> Self {
        Self(Inner::System)
    }

    /// The clocks of this host, but for a wall clock that is ahead of it by so many microseconds as stand there.
    pub fn off_by(ahead_us: Arc<AtomicI64>) -> Self {
        Self(Inner::Off(ahead_us))
    }

    /// A clock that stands still until it is told to go on.
    pub fn scripted(mono_us: u64) -> Self {
        Self(Inner::Scripted(Arc::new(Script { mono_us: AtomicU64::new(mono_us), ..Script::default() })))
    }

    /// Moves a scripted clock, and all its clones, on.
    pub fn forward(&self, us: u64) {
        if let Inner::Scripted(script) = &self.0 {
            script.mono_us.fetch_add(us, Ordering::Relaxed);
        }
    }

    /// Has the agent use CPU time, as a scripted clock shows it.
    pub fn spend(&self, us: u64) {
        if let Inner::Scripted(script) = &self.0 {
            script.cpu_us.fetch_add(us, Ordering::Relaxed);
        }
    }

    /// Whether it says what a test has told it, and not what is.
    pub fn is_scripted(&self) -> bool {
        matches!(self.0, Inner::Scripted(_))
    }

    /// `CLOCK_MONOTONIC`, microseconds.
    pub fn mono_us(&self) -> u64 {
        match &self.0 {
            Inner::System | Inner::Off(_) => system::mono_us(),
            Inner::Scripted(script) => script.mono_us.load(Ordering::Relaxed),
        }
    }

    /// Microseconds since 1970.
    pub fn wall_us(&self) -> u64 {
        match &self.0 {
            Inner::System => system::wall_us(),
            Inner::Off(ahead_us) => system::wall_us().saturating_add_signed(ahead_us.load(Ordering::Relaxed)),
            Inner::Scripted(script) => SCRIPTED_WALL_US + script.mono_us.load(Ordering::Relaxed),
        }
    }

    /// CPU time that the calling thread has used, microseconds.
    pub fn thread_cpu_us(&self) -> u64 {
        match &self.0 {
            Inner::System | Inner::Off(_) => system::thread_cpu_us(),
            Inner::Scripted(script) => script.cpu_us.load(Ordering::Relaxed),
        }
    }

    /// CPU time that this process has used, microseconds.
    pub fn process_cpu_us(&self) -> u64 {
        match &self.0 {
            Inner::System | Inner::Off(_) => system::process_cpu_us(),
            Inner::Scripted(script) => script.cpu_us.load(Ordering::Relaxed),
        }
    }
}

mod system {
    use rustix::time::{ClockId, clock_gettime};

    pub(super) fn mono_us() -> u64 {
        read_us(ClockId::Monotonic)
    }

    pub(super) fn wall_us() -> u64 {
        read_us(ClockId::Realtime)
    }

    pub(super) fn thread_cpu_us() -> u64 {
        read_us(ClockId::ThreadCPUTime)
    }

    pub(super) fn process_cpu_us() -> u64 {
        read_us(ClockId::ProcessCPUTime)
    }

    fn read_us(id: ClockId) -> u64 {
        let time = clock_gettime(id);
        // A host whose wall clock stands before 1970 reads as 1970.
        u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000
    }
}
