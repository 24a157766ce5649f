//! CPU time and memory of this process.

use std::fs;

use rustix::time::{ClockId, clock_gettime};

/// CPU time since a start: other programs on the machine do not count.
pub(crate) struct Cpu(f64);

impl Cpu {
    pub(crate) fn start() -> Self {
        Self(now_us())
    }

    /// Microseconds since.
    pub(crate) fn us(&self) -> f64 {
        now_us() - self.0
    }
}

fn now_us() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 * 1e6 + now.tv_nsec as f64 / 1e3
}

/// The most memory that this process had so far.
pub(crate) struct MemoryPeak {
    pub(crate) kib: u64,
}

impl MemoryPeak {
    /// `VmHWM` of /proc/self/status (proc(5)).
    pub(crate) fn read() -> Self {
        let status = fs::read_to_string("/proc/self/status").expect("Linux");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the kernel says it");
        let kib = line.trim().trim_end_matches(" kB").parse().expect("a number of kB");
        Self { kib }
    }
}
