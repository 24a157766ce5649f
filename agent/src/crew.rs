//! Many agents in one process: their desks and sources on the caller's runtime, read one after the other over the interval.
//!
//! For sources that need no thread of their own since they neither wait nor hang. What an agent reads, encodes and sends is
//! done by the same sampler and desk as in a process of its own; who is watched by nobody reads nothing.

use std::{collections::VecDeque, fmt, sync::Arc, time::Duration};

use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};

use crate::{
    clock::Clock,
    config::Config,
    cost::ThreadTimes,
    desk::{Command, Desk, Door},
    identity::Identity,
    reading::{Source, Wants},
    sampler::{Readers, SharedWants},
};

/// Agents are read in groups this far apart: to wake for each by itself would cost more than it does.
const GROUP_EVERY: Duration = Duration::from_millis(50);

/// Commands of all agents that wait at most; when full, their clients wait.
const N_COMMANDS: usize = 1_024;

/// Agents read at once, before the next look at what clients ask.
const N_AT_ONCE: usize = 64;

/// Agents that share a runtime.
#[derive(Debug)]
pub struct Crew {
    members: Vec<Member>,
    /// Who is read when, the next first: `CLOCK_MONOTONIC` in microseconds, and the number of a member.
    due: VecDeque<(u64, usize)>,
    interval_us: u64,
    clock: Clock,
    commands: mpsc::Sender<(usize, Command)>,
    inbox: mpsc::Receiver<(usize, Command)>,
}

/// One agent.
struct Member {
    desk: Desk,
    readers: Readers,
    wants: SharedWants,
    /// `CLOCK_MONOTONIC` of its last reading, microseconds; `None` before the first.
    read_us: Option<u64>,
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member").field("desk", &self.desk).finish_non_exhaustive()
    }
}

impl Crew {
    /// Nobody yet. All members have this interval.
    pub fn new(interval: Duration) -> Self {
        let (commands, inbox) = mpsc::channel(N_COMMANDS);
        let interval_us = u64::try_from(interval.as_micros()).unwrap_or(u64::MAX);
        Self { members: Vec::new(), due: VecDeque::new(), interval_us, clock: Clock::system(), commands, inbox }
    }

    /// Takes on an agent; the way in to it, for servers.
    pub fn add(&mut self, config: &Config, identity: Identity, clock: Clock, sources: Vec<Box<dyn Source>>) -> Door {
        let (identity, wants, threads) = (Arc::new(identity), SharedWants::default(), ThreadTimes::default());
        let desk = Desk::new(config, Arc::clone(&identity), clock.clone(), wants.clone(), threads);
        // Whoever comes wants little at first.
        wants.set(Wants { is_few: true, ..Wants::default() });
        let number = self.members.len();
        let door = Door::shared((self.commands.clone(), number), identity, clock);
        self.members.push(Member { desk, readers: Readers::new(sources), wants, read_us: None });
        door
    }

    /// Reads and serves until it is dropped.
    pub async fn run(mut self) {
        self.spread();
        let mut groups = interval(GROUP_EVERY);
        groups.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_behind = false;
        loop {
            tokio::select! {
                biased;
                Some((number, command)) = self.inbox.recv() => self.handle(number, command),
                () = tokio::task::yield_now(), if is_behind => is_behind = self.read_due(),
                _ = groups.tick(), if !is_behind => is_behind = self.read_due(),
            }
        }
    }

    /// Gives each its moment within the interval.
    fn spread(&mut self) {
        let (n, from_us) = (self.members.len().max(1) as u64, self.clock.mono_us());
        let moment = |number: usize| (from_us + self.interval_us * number as u64 / n, number);
        self.due = (0..self.members.len()).map(moment).collect();
    }

    /// Reads those whose moment has come; whether more wait.
    fn read_due(&mut self) -> bool {
        let now_us = self.clock.mono_us();
        for _ in 0..N_AT_ONCE {
            let Some((due_us, number)) = self.due.front().copied().filter(|(due_us, _)| *due_us <= now_us) else {
                return false;
            };
            self.due.pop_front();
            // Moments that were missed are left out, never made up for; the order stays.
            let n_missed = (now_us - due_us) / self.interval_us;
            self.due.push_back((due_us + (n_missed + 1) * self.interval_us, number));
            if let Some(member) = self.members.get_mut(number).filter(|member| !member.desk.is_idle()) {
                member.read(&self.clock);
            }
        }
        true
    }

    fn handle(&mut self, number: usize, command: Command) {
        let Some(member) = self.members.get_mut(number) else { return };
        let asks = matches!(command, Command::Join { .. } | Command::Describe { .. });
        let is_old = || member.read_us.is_none_or(|at_us| self.clock.mono_us() - at_us > self.interval_us);
        // Nobody was told anything lately, and so nothing was read.
        if asks && is_old() {
            member.read(&self.clock);
        }
        member.desk.handle(command);
    }
}

impl Member {
    fn read(&mut self, clock: &Clock) {
        let before_us = clock.thread_cpu_us();
        let reading = self.readers.read(&self.wants.copy(), clock);
        let spent_us = clock.thread_cpu_us().saturating_sub(before_us);
        self.read_us = Some(reading.node.at_us);
        self.desk.handle(Command::Read(Box::new(reading), spent_us));
    }
}

#[cfg(test)]
mod tests;
