//! The fold: what collectors deliver becomes the table of all threads and the sums of their processes.
//!
//! The table of the sweep before and what was seen now are both in order of tid, so that they are merged in one pass: no
//! thread is looked up, and one that rests costs a copy of its row.

use midair_vitals::TaskState;

use super::{
    process::{Found, Process, Total},
    seen::{Others, SeenProcess, SeenThread, Sight},
};
use crate::{
    kernel::{
        cgroups::Place,
        stat::SchedStat,
        tally::{Run, Tally},
    },
    numbers::NumberMap,
    reading::{ThreadReading, Used},
};

/// A sweep that is going on.
pub(in crate::kernel) struct Fold<'a> {
    processes: &'a mut NumberMap<Box<Process>>,
    before: &'a [ThreadReading],
    /// How many of `before` have been dealt with.
    n_done: usize,
    next: Vec<ThreadReading>,
    /// Threads, with the moments of their readings, that came before their processes: numbers begin anew at the largest.
    early: Vec<(u32, u32, SeenThread, u64)>,
    sweep: u64,
    /// Threads with a later start were born since the first sweep.
    since: u64,
    n_new: u64,
    did: Did,
}

/// What a sweep has come to.
#[derive(Debug)]
pub(super) struct Folded {
    /// All threads, in order of tid.
    pub table: Vec<ThreadReading>,
    /// New threads that were seen for the first time.
    pub n_new: u64,
    /// What threads did since they were last read.
    pub did: Did,
}

/// What the threads that were read did in the interval, and where.
#[derive(Debug, Default)]
pub(super) struct Did {
    runs: Vec<Run>,
    /// The CPUs for which a thread waits now, once for each.
    queued: Vec<u16>,
}

impl<'a> Fold<'a> {
    /// Begins sweep number `sweep`; the new table goes into `next`. Threads that started after `since`, clock ticks since
    /// boot, are counted as new.
    pub(super) fn begin(
        processes: &'a mut NumberMap<Box<Process>>,
        before: &'a [ThreadReading],
        next: Vec<ThreadReading>,
        (sweep, since): (u64, u64),
    ) -> Self {
        let did = Did::default();
        Self { processes, before, n_done: 0, next, early: Vec::new(), sweep, since, n_new: 0, did }
    }

    /// A process was seen at a moment, microseconds.
    pub(in crate::kernel) fn process(&mut self, seen: &SeenProcess, total: Option<Total>, others: Others, at_us: u64) {
        let process = self.processes.entry(seen.pid).or_insert_with(|| Box::new(Process::new(seen, self.sweep)));
        if process.now.start != seen.start {
            // The number was given to another process: nothing of the old one may stay.
            **process = Process::new(seen, self.sweep);
        }
        process.begin(seen, self.sweep);
        process.at_us = at_us;
        process.told = total;
        process.sweep.others = others;
    }

    /// A thread was seen at a moment, microseconds. In rising order of tid; its process is known by the end of the sweep,
    /// or it is passed over.
    pub(in crate::kernel) fn thread(&mut self, (tid, pid): (u32, u32), seen: Sight<'_>, at_us: u64) {
        self.keep_below(tid);
        let known = self.before.get(self.n_done).filter(|known| known.number == tid).copied();
        self.n_done += usize::from(known.is_some());
        let Some(process) = self.processes.get_mut(&pid) else {
            if let Sight::Whole(new) = seen {
                self.early.push((tid, pid, *new, at_us));
            }
            return;
        };
        process.begin_once(self.sweep);
        let known = known.filter(|known| known.process == pid && known.process_start == process.now.start);
        let row = match (seen, known) {
            (Sight::Whole(new), Some(known)) if known.start == new.start => advanced(known, new, at_us),
            (Sight::Whole(new), _) => {
                self.n_new += u64::from(new.start > self.since);
                process.sweep.bear((tid, pid), process.now.start, new, at_us)
            }
            (Sight::Used(used), Some(known)) => used_more(known, used, at_us),
            (Sight::Used(_), None) | (Sight::Ended, _) => return,
        };
        process.sweep.note(&row, known.as_ref());
        self.did.note(&row, process.place.as_ref());
        self.next.push(row);
    }

    /// A thread was seen that has neither run nor waited for long; `start_low` are the lower bits of its start. `false`:
    /// it must be told as a whole, for it is not known, or ran when it was last told of: a thread that runs for long without
    /// a switch, and then sleeps, has used more since than is known.
    pub(in crate::kernel) fn rests(&mut self, (tid, pid): (u32, u32), start_low: u32, at_us: u64) -> bool {
        self.keep_below(tid);
        let known = self.before.get(self.n_done).filter(|known| known.number == tid).copied();
        self.n_done += usize::from(known.is_some());
        let known = known.filter(|known| known.process == pid && known.start as u32 == start_low);
        let (Some(known), Some(process)) = (known, self.processes.get_mut(&pid)) else { return false };
        process.begin_once(self.sweep);
        if tid == pid {
            process.at_us = at_us;
        }
        let row = rested(known, at_us);
        process.sweep.note(&row, Some(&known));
        self.next.push(row);
        known.state != Some(TaskState::Running)
    }

    /// Whether nothing was told yet.
    pub(super) fn is_untouched(&self) -> bool {
        self.n_done == 0 && self.next.is_empty()
    }

    /// All that was not told of yet keeps what it had.
    pub(super) fn keep_others(&mut self) {
        self.next.extend_from_slice(&self.before[self.n_done..]);
        self.n_done = self.before.len();
        self.processes.values_mut().for_each(|process| process.begin_once(self.sweep));
    }

    /// What the sweep has come to. Processes that were not seen are forgotten.
    pub(super) fn finish(mut self) -> Folded {
        self.keep_below(u32::MAX);
        self.take_early();
        self.processes.retain(|_, process| process.seen == self.sweep);
        // What was done before the first sweep was not done in an interval.
        let did = if self.sweep > 1 { self.did } else { Did::default() };
        Folded { table: self.next, n_new: self.n_new, did }
    }

    /// Threads that came before their processes, where these have come since.
    fn take_early(&mut self) {
        let early = std::mem::take(&mut self.early);
        if early.is_empty() {
            return;
        }
        for (tid, pid, new, at_us) in early {
            let Some(process) = self.processes.get_mut(&pid).filter(|p| p.seen == self.sweep) else { continue };
            self.n_new += u64::from(new.start > self.since);
            let row = process.sweep.bear((tid, pid), process.now.start, &new, at_us);
            process.sweep.note(&row, None);
            self.did.note(&row, process.place.as_ref());
            self.next.push(row);
        }
        self.next.sort_unstable_by_key(|row| row.number);
    }

    /// Threads of which the collector said nothing are what it said of such threads of their process.
    fn keep_below(&mut self, tid: u32) {
        while let Some(known) = self.before.get(self.n_done).filter(|known| known.number < tid) {
            self.n_done += 1;
            let process = self.processes.get_mut(&known.process);
            let process = process.filter(|p| p.seen == self.sweep && p.now.start == known.process_start);
            let Some(process) = process else { continue };
            let row = match process.sweep.others {
                Others::Ended => continue,
                Others::Rest => rested(*known, process.at_us),
                Others::Unread => *known,
            };
            process.sweep.lacks_delay |= !row.knows_delay;
            if process.sweep.others == Others::Rest {
                process.sweep.waited(row.number, 0, row.now.at_us.saturating_sub(known.now.at_us));
            }
            self.next.push(row);
        }
    }
}

impl Did {
    /// Takes note of a thread that was read.
    fn note(&mut self, row: &ThreadReading, place: Option<&Place>) {
        if row.is_queued {
            self.queued.extend(row.cpu);
        }
        let Some((gained, _)) = row.gained().filter(|(gained, _)| gained.cpu_ns > 0 || gained.run_delay_ns > 0) else {
            return;
        };
        self.runs.push(Run {
            cgroup: place.map(|place| place.id),
            cpu: row.cpu.map(u32::from),
            cpu_ns: gained.cpu_ns,
            delay_ns: gained.run_delay_ns,
        });
    }

    /// Tells it to a tally.
    pub(super) fn tell(self, tally: &mut Tally) {
        self.runs.into_iter().for_each(|run| tally.ran(run));
        self.queued.into_iter().for_each(|cpu| tally.queued(u32::from(cpu)));
    }
}

impl Found {
    /// A thread was seen for the first time.
    fn bear(&mut self, ids: (u32, u32), process_start: u64, new: &SeenThread, at_us: u64) -> ThreadReading {
        self.gained = self.gained.plus(new.used);
        born(ids, process_start, new, at_us)
    }

    /// Takes note of a thread that was seen.
    fn note(&mut self, row: &ThreadReading, known: Option<&ThreadReading>) {
        let used =
            |used: &Used| SchedStat { cpu_ns: used.cpu_ns, run_delay_ns: used.run_delay_ns, n_runs: used.n_runs };
        self.living = self.living.plus(used(&row.now));
        self.lacks_delay |= !row.knows_delay;
        if row.waiting_ns > 0 {
            self.waits(row.waiting_ns);
        }
        if let Some(known) = known
            && row.before.is_some()
        {
            let gained = used(&row.now).minus(used(&known.now));
            self.gained = self.gained.plus(gained);
            if row.knows_delay {
                self.waited(row.number, gained.run_delay_ns, row.now.at_us.saturating_sub(known.now.at_us));
            }
        }
    }
}

/// A thread seen for the first time.
fn born((tid, pid): (u32, u32), process_start: u64, new: &SeenThread, at_us: u64) -> ThreadReading {
    ThreadReading {
        number: tid,
        process: pid,
        start: new.start,
        process_start,
        comm: new.comm,
        state: new.state,
        knows_delay: new.knows_delay,
        is_queued: new.is_queued,
        cpu: new.cpu,
        now: at(new.used, at_us),
        before: None,
        waiting_ns: new.waiting_ns,
    }
}

fn advanced(known: ThreadReading, new: &SeenThread, at_us: u64) -> ThreadReading {
    let last = known.now;
    // What it does not say now it says again later: until then nothing is gained, and nothing is gained twice.
    let silent =
        SchedStat { cpu_ns: new.used.cpu_ns.max(last.cpu_ns), run_delay_ns: last.run_delay_ns, n_runs: last.n_runs };
    let row = used_more(known, if new.knows_delay { new.used } else { silent }, at_us);
    ThreadReading {
        comm: new.comm,
        state: new.state,
        knows_delay: new.knows_delay,
        is_queued: new.is_queued,
        cpu: new.cpu.or(known.cpu),
        waiting_ns: new.waiting_ns,
        ..row
    }
}

/// A known thread that used this much by now. A wait that is going on is counted before the kernel does, which may count
/// it in another way: no run delay goes back.
fn used_more(known: ThreadReading, used: SchedStat, at_us: u64) -> ThreadReading {
    // A thread that has become another program takes the number of the first one with its own, smaller counters.
    let is_other = used.cpu_ns < known.now.cpu_ns || used.n_runs < known.now.n_runs;
    let mut now = at(used, at_us);
    if !is_other {
        now.run_delay_ns = now.run_delay_ns.max(known.now.run_delay_ns);
    }
    let before = (!is_other).then_some(known.now);
    ThreadReading { now, before, is_queued: false, waiting_ns: 0, ..known }
}

fn rested(known: ThreadReading, at_us: u64) -> ThreadReading {
    // What ran when it was last looked at, and has not run since, does not run now.
    let state = known.state.filter(|state| *state != TaskState::Running);
    let now = Used { at_us, ..known.now };
    ThreadReading { now, before: Some(known.now), state, is_queued: false, waiting_ns: 0, ..known }
}

fn at(used: SchedStat, at_us: u64) -> Used {
    Used { at_us, cpu_ns: used.cpu_ns, run_delay_ns: used.run_delay_ns, n_runs: used.n_runs }
}

#[cfg(test)]
mod tests;
