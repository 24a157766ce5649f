//! One CPU of a node: what it does, and who waits for it.

use midair_vitals::{CpuTimes, NodeReading, rate};

use super::Latest;

/// What is derived of one CPU.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CpuVitals {
    /// Its number.
    pub number: u32,
    /// Share of time in use.
    pub busy: Option<f64>,
    /// Share of time in the kernel, interrupts left out.
    pub system: Option<f64>,
    /// Share of time in interrupts, soft ones included: one CPU that does nothing else holds all packets up.
    pub interrupts: Option<f64>,
    /// Share of time that the hypervisor gave to others.
    pub steal: Option<f64>,
    /// Threads that wait for it now.
    pub n_queued: Option<u32>,
    /// Seconds waited for it per second.
    pub delay: Option<f64>,
}

impl Latest {
    /// Brings the values of each CPU to a reading and the one before it.
    pub(super) fn derive_cpus(&mut self, before: Option<&NodeReading>) {
        let now = &self.reading;
        let earlier = |number: u32| {
            let before = before?;
            Some((before.cpus.iter().find(|(n, _)| *n == number)?.1, before.at_us))
        };
        let mut cpus: Vec<CpuVitals> = now
            .cpus
            .iter()
            .map(|(number, times)| {
                let earlier = earlier(*number);
                let share = |field: fn(&CpuTimes) -> Option<u64>| {
                    let (before, at_us) = earlier?;
                    let share = rate::share(field(&before), field(times), at_us, now.at_us);
                    // The kernel counts in ticks: a CPU seems to have done a little more than there was time for.
                    share.map(|share| share.min(1.0))
                };
                CpuVitals {
                    number: *number,
                    busy: share(CpuTimes::busy_us),
                    system: share(|t| t.system_us),
                    interrupts: share(|t| t.irq_us),
                    steal: share(|t| t.steal_us),
                    n_queued: None,
                    delay: None,
                }
            })
            .collect();
        for (number, n_queued, delay) in &self.vitals.cpu_queues {
            match cpus.iter_mut().find(|cpu| cpu.number == *number) {
                Some(cpu) => (cpu.n_queued, cpu.delay) = (*n_queued, *delay),
                None => {
                    cpus.push(CpuVitals { number: *number, n_queued: *n_queued, delay: *delay, ..CpuVitals::default() })
                }
            }
        }
        cpus.sort_by_key(|cpu| cpu.number);
        self.cpus = cpus;
    }
}
