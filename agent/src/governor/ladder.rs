//! The steps by which the agent leaves things out, in the order in which it does: names, census, sockets, threads, hot set,
//! answers, and at last the interval itself. Node vitals stand on no other step: they are in each reading.

use std::time::Duration;

use super::Thrift;
use crate::config::INTERVAL_MAX;

/// One step down. Each goes further than the one before of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// So many names a reading.
    Names(u32),
    /// No census.
    Census,
    /// A round over queues in so many seconds.
    Sockets(u64),
    /// All threads within so many seconds.
    Threads(u64),
    /// So many rows in the streams.
    Hot(usize),
    /// Tables and close looks in every so manieth reading.
    Answers(u32),
    /// So many times the interval.
    Interval(u32),
}

/// What a step makes cheaper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Reading names.
    Names,
    /// Rounds over queues: fewer of them.
    Sockets,
    /// Reading threads.
    Threads,
    /// What is done for each row of a stream, and for each who asks; it is not measured by itself.
    Rest,
    /// All that is done for each sample.
    Interval,
}

/// All steps there are. Fifty rows have room for the first of each order.
const STEPS: [Step; 30] = [
    Step::Names(64),
    Step::Names(8),
    Step::Census,
    Step::Sockets(2),
    Step::Sockets(4),
    Step::Sockets(8),
    Step::Sockets(16),
    Step::Sockets(32),
    Step::Sockets(60),
    Step::Threads(2),
    Step::Threads(5),
    Step::Threads(10),
    Step::Threads(30),
    Step::Threads(60),
    Step::Hot(100),
    Step::Hot(50),
    Step::Answers(2),
    Step::Answers(4),
    Step::Answers(8),
    Step::Interval(2),
    Step::Interval(3),
    Step::Interval(4),
    Step::Interval(6),
    Step::Interval(8),
    Step::Interval(12),
    Step::Interval(16),
    Step::Interval(24),
    Step::Interval(32),
    Step::Interval(48),
    Step::Interval(64),
];

/// The steps that make a difference at one interval.
#[derive(Clone, Debug)]
pub(super) struct Ladder {
    steps: Vec<Step>,
    interval: Duration,
    /// Whether threads cannot be read less often than processes: then no step does.
    are_threads_whole: bool,
}

impl Ladder {
    /// For an agent that samples at this interval.
    pub(super) fn at(interval: Duration) -> Self {
        let tells = |step: &Step| match *step {
            Step::Names(_) | Step::Census | Step::Hot(_) | Step::Answers(_) => true,
            Step::Sockets(seconds) | Step::Threads(seconds) => Duration::from_secs(seconds) > interval,
            Step::Interval(times) => interval * times <= INTERVAL_MAX,
        };
        Self { steps: STEPS.into_iter().filter(tells).collect(), interval, are_threads_whole: false }
    }

    /// Goes by whether a collector reads all threads at once: steps over threads say and save nothing then.
    pub(super) fn heed_threads(&mut self, are_whole: bool) {
        self.are_threads_whole = are_whole;
    }

    /// How many steps there are; level 0 stands above the first.
    pub(super) fn n_steps(&self) -> usize {
        self.steps.len()
    }

    /// The steps that are taken on a level.
    fn taken(&self, level: usize) -> impl Iterator<Item = Step> {
        let is_moot = |step: &Step| self.are_threads_whole && matches!(step, Step::Threads(_));
        self.steps.iter().take(level).copied().filter(move |step| !is_moot(step))
    }

    /// What is left out on a level.
    pub(super) fn thrift(&self, level: usize) -> Thrift {
        let mut thrift = Thrift::default();
        for step in self.taken(level) {
            match step {
                Step::Names(n) => thrift.names_per_tick = n,
                Step::Census => thrift.counts = false,
                Step::Sockets(seconds) => thrift.sockets_every = Duration::from_secs(seconds),
                Step::Threads(seconds) => thrift.threads_every = Duration::from_secs(seconds),
                Step::Hot(rows) => thrift.hot_rows = rows,
                Step::Answers(every) => thrift.answers_every = every,
                Step::Interval(times) => thrift.interval_times = times,
            }
        }
        // As many threads in a sample, however far apart samples are: else longer intervals would save nothing.
        thrift.threads_every *= thrift.interval_times;
        thrift
    }

    /// The same in words, first what was left out first.
    pub(super) fn words(&self, level: usize) -> Vec<String> {
        let steps: Vec<Step> = self.taken(level).collect();
        let thrift = self.thrift(level);
        // Of each kind the last step says it all.
        let is_last = |n: usize| {
            let kind = std::mem::discriminant(&steps[n]);
            steps[n + 1..].iter().all(|step| std::mem::discriminant(step) != kind)
        };
        (0..steps.len()).filter(|n| is_last(*n)).map(|n| self.word(steps[n], &thrift)).collect()
    }

    fn word(&self, step: Step, thrift: &Thrift) -> String {
        match step {
            Step::Names(n) => format!("names: {n} a sample"),
            Step::Census => "census".into(),
            Step::Sockets(seconds) => format!("sockets every {seconds} s"),
            Step::Threads(_) => format!("threads within {} s", thrift.threads_every.as_secs()),
            Step::Hot(rows) => format!("hot set: {rows} rows"),
            Step::Answers(every) => format!("tables and close looks every {every} samples"),
            Step::Interval(times) => format!("a sample every {} s", (self.interval * times).as_secs_f64()),
        }
    }

    /// What the step down to a level makes cheaper; nothing above the first, and where it does not.
    pub(super) fn part(&self, level: usize) -> Option<Part> {
        match self.steps.get(level.checked_sub(1)?)? {
            Step::Names(_) => Some(Part::Names),
            // It comes once a minute: what it saves is in no single sample.
            Step::Census => None,
            Step::Sockets(_) => Some(Part::Sockets),
            Step::Threads(_) => Some(Part::Threads).filter(|_| !self.are_threads_whole),
            Step::Hot(_) | Step::Answers(_) => Some(Part::Rest),
            Step::Interval(_) => Some(Part::Interval),
        }
    }

    /// So many times what it costs below the step down to a level its part may cost above it: a guess, until it was
    /// measured. Of rounds and of intervals it is known.
    pub(super) fn guess(&self, level: usize) -> f64 {
        match level.checked_sub(1).and_then(|n| self.steps.get(n)) {
            Some(Step::Names(8)) => 8.0,
            Some(Step::Threads(5)) => 2.5,
            Some(Step::Threads(30)) => 3.0,
            Some(Step::Names(_) | Step::Threads(_)) => 2.0,
            Some(Step::Hot(_) | Step::Answers(_)) => 1.15,
            Some(Step::Census | Step::Sockets(_) | Step::Interval(_)) | None => 1.0,
        }
    }

    /// Time between two readings on a level.
    pub(super) fn interval(&self, level: usize) -> Duration {
        self.interval * self.thrift(level).interval_times
    }

    /// Time between two rounds over queues on a level.
    pub(super) fn between_rounds(&self, level: usize) -> Duration {
        self.thrift(level).sockets_every.max(self.interval(level))
    }
}

#[cfg(test)]
mod tests;
