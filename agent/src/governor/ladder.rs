//! The steps by which the agent leaves things out, in the order in which it does: names, sockets, threads, hot set,
//! answers, and at last the interval itself. Node vitals stand on no step.

use std::time::Duration;

use super::Thrift;
use crate::config::INTERVAL_MAX;

/// One step down. Each goes further than the one before of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// So many names a reading.
    Names(u32),
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

/// All steps there are. A census would stand after the names; there is none yet.
const STEPS: [Step; 23] = [
    Step::Names(64),
    Step::Names(8),
    Step::Sockets(2),
    Step::Sockets(4),
    Step::Sockets(8),
    Step::Sockets(16),
    Step::Sockets(32),
    Step::Sockets(60),
    Step::Threads(2),
    Step::Threads(5),
    Step::Threads(10),
    Step::Hot(100),
    Step::Hot(50),
    Step::Hot(20),
    Step::Answers(2),
    Step::Answers(4),
    Step::Answers(8),
    Step::Interval(2),
    Step::Interval(4),
    Step::Interval(8),
    Step::Interval(16),
    Step::Interval(32),
    Step::Interval(64),
];

/// The steps that make a difference at one interval.
#[derive(Clone, Debug)]
pub(super) struct Ladder {
    steps: Vec<Step>,
    interval: Duration,
}

impl Ladder {
    /// For an agent that samples at this interval.
    pub(super) fn at(interval: Duration) -> Self {
        let tells = |step: &Step| match *step {
            Step::Names(_) | Step::Hot(_) | Step::Answers(_) => true,
            Step::Sockets(seconds) | Step::Threads(seconds) => Duration::from_secs(seconds) > interval,
            Step::Interval(times) => interval * times <= INTERVAL_MAX,
        };
        Self { steps: STEPS.into_iter().filter(tells).collect(), interval }
    }

    /// How many steps there are; level 0 stands above the first.
    pub(super) fn n_steps(&self) -> usize {
        self.steps.len()
    }

    /// What is left out on a level.
    pub(super) fn thrift(&self, level: usize) -> Thrift {
        let mut thrift = Thrift::default();
        for step in self.steps.iter().take(level) {
            match *step {
                Step::Names(n) => thrift.names_per_tick = n,
                Step::Sockets(seconds) => thrift.sockets_every = Duration::from_secs(seconds),
                Step::Threads(seconds) => thrift.threads_every = Duration::from_secs(seconds),
                Step::Hot(rows) => thrift.hot_rows = rows,
                Step::Answers(every) => thrift.answers_every = every,
                Step::Interval(times) => thrift.interval_times = times,
            }
        }
        thrift
    }

    /// The same in words, first what was left out first.
    pub(super) fn words(&self, level: usize) -> Vec<String> {
        let steps = self.steps.get(..level).unwrap_or(&self.steps);
        // Of each kind the last step says it all.
        let is_last = |n: usize| {
            let kind = std::mem::discriminant(&steps[n]);
            steps[n + 1..].iter().all(|step| std::mem::discriminant(step) != kind)
        };
        (0..steps.len()).filter(|n| is_last(*n)).map(|n| self.word(steps[n])).collect()
    }

    fn word(&self, step: Step) -> String {
        match step {
            Step::Names(n) => format!("names: {n} a sample"),
            Step::Sockets(seconds) => format!("sockets every {seconds} s"),
            Step::Threads(seconds) => format!("threads within {seconds} s"),
            Step::Hot(rows) => format!("hot set: {rows} rows"),
            Step::Answers(every) => format!("tables and close looks every {every} samples"),
            Step::Interval(times) => format!("a sample every {} s", (self.interval * times).as_secs_f64()),
        }
    }

    /// By how much the step down to this level may at most have lowered the cost: what going back up may raise it by.
    pub(super) fn factor(&self, level: usize) -> f64 {
        match level.checked_sub(1).and_then(|n| self.steps.get(n)) {
            Some(Step::Threads(5)) => 2.5,
            Some(Step::Sockets(_) | Step::Threads(_) | Step::Interval(_)) => 2.0,
            Some(Step::Names(_) | Step::Hot(_) | Step::Answers(_)) => 1.3,
            None => 1.0,
        }
    }

    /// The longest time between two things of one kind on a level: nothing is known of its cost before so long.
    pub(super) fn period(&self, level: usize) -> Duration {
        let thrift = self.thrift(level);
        let interval = self.interval * thrift.interval_times;
        let answers = interval * thrift.answers_every;
        thrift.sockets_every.max(thrift.threads_every).max(answers)
    }
}

#[cfg(test)]
mod tests;
