//! Who waits because of whom: the run delay of each cgroup's tasks, split over those who used the CPUs meanwhile.
//!
//! An estimate: while a task waits for a CPU, whoever runs there makes it wait. So its delay is shared out in proportion to
//! the time that each cgroup used on that CPU in the interval; where the CPU of the threads is not known, on all CPUs
//! together. Delay that a quota explains is nobody's. What could not be shared out (a CPU on which nobody was seen to run)
//! counts as nobody's too: a neighbour is never blamed for more than was measured.

use crate::kernel::tally::Run;

/// The cgroups as the split sees them, by their ids.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape<'a> {
    /// The parent of each; `None` for those that are below no other.
    pub parents: &'a [Option<u32>],
    /// Share of the run delay of each, 0 to 1, in which a quota held its tasks back.
    pub quota_shares: &'a [f64],
}

/// Who caused what in one interval.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Blame {
    /// Run delay that each cgroup, with those below it, caused to tasks outside of it, nanoseconds.
    pub caused_ns: Vec<f64>,
    /// Run delay of all tasks that other cgroups than their own caused, nanoseconds.
    pub neighbour_ns: f64,
}

/// Time used and waited on one CPU, nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    used: f64,
    waited: f64,
}

/// Splits the delays of an interval; `runs` are put in order of their CPUs.
pub(super) fn blame(runs: &mut [Run], shape: Shape<'_>) -> Blame {
    runs.sort_unstable_by_key(|run| (run.cpu, run.cgroup));
    let n = shape.parents.len();
    let mut split =
        Split { shape, own: vec![Share::default(); n], below: vec![Share::default(); n], touched: Vec::new() };
    let mut blame = Blame { caused_ns: vec![0.0; n], neighbour_ns: 0.0 };
    for runs in runs.chunk_by(|a, b| a.cpu == b.cpu) {
        split.cpu(runs, &mut blame);
    }
    blame
}

struct Split<'a> {
    shape: Shape<'a>,
    /// What tasks directly in a cgroup did on this CPU.
    own: Vec<Share>,
    /// The same with those below.
    below: Vec<Share>,
    touched: Vec<usize>,
}

impl Split<'_> {
    fn cpu(&mut self, runs: &[Run], blame: &mut Blame) {
        let mut all = Share::default();
        // Tasks of which the cgroup is not known are neighbours to everybody, and to themselves nothing is known.
        let mut strangers = Share::default();
        for run in runs {
            let n = run.cgroup.map(|id| id.0 as usize).filter(|n| *n < self.own.len());
            let quota_share = n.map_or(0.0, |n| self.shape.quota_shares[n]);
            let share = Share { used: run.cpu_ns as f64, waited: run.delay_ns as f64 * (1.0 - quota_share) };
            all.add(share);
            match n {
                Some(n) => self.add(n, share),
                None => strangers.add(share),
            }
        }
        if all.used > 0.0 {
            self.share_out(all, strangers, blame);
        }
        for n in self.touched.drain(..) {
            (self.own[n], self.below[n]) = (Share::default(), Share::default());
        }
    }

    fn add(&mut self, n: usize, share: Share) {
        self.own[n].add(share);
        let mut at = Some(n);
        while let Some(n) = at {
            let below = &mut self.below[n];
            if below.used == 0.0 && below.waited == 0.0 {
                self.touched.push(n);
            }
            below.add(share);
            at = self.shape.parents[n].map(|parent| parent as usize);
        }
    }

    fn share_out(&mut self, all: Share, strangers: Share, blame: &mut Blame) {
        self.touched.sort_unstable();
        self.touched.dedup();
        for n in &self.touched {
            let (own, below) = (self.own[*n], self.below[*n]);
            // Sums of fractions may miss zero by a hair on either side.
            blame.caused_ns[*n] += (below.used / all.used * (all.waited - below.waited)).max(0.0);
            blame.neighbour_ns += own.waited * (1.0 - own.used / all.used).max(0.0);
        }
        blame.neighbour_ns += strangers.waited * (1.0 - strangers.used / all.used).max(0.0);
    }
}

impl Share {
    fn add(&mut self, other: Self) {
        self.used += other.used;
        self.waited += other.waited;
    }
}

#[cfg(test)]
mod tests;
