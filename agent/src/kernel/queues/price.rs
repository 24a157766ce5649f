//! What rounds may cost, and how long they take for it.

/// The price of the rounds of one collector, in CPU time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Price {
    /// A round that costs no more is made in one tick, so that all is fresh each time.
    one_tick_us: u64,
    /// A round that costs more takes so much of each tick: what it costs, divided by `PATIENCE`, but within these.
    least_us: u64,
    most_us: u64,
    /// What the round that is going on has cost so far, and what the last one did.
    so_far_us: u64,
    last_us: Option<u64>,
}

/// Ticks over which a round is spread, unless that is dearer than it may be.
const PATIENCE: u64 = 5;

impl Price {
    /// Limits in microseconds of CPU time: of a round in one tick, and of a part of one, at least and at most.
    pub(crate) fn new(one_tick_us: u64, least_us: u64, most_us: u64) -> Self {
        Self { one_tick_us, least_us, most_us, so_far_us: 0, last_us: None }
    }

    /// What may be spent at this tick.
    pub(crate) fn of_tick(&self) -> u64 {
        match self.last_us {
            // Of a first round nothing is known yet; it is left off when it has cost so much.
            None if self.so_far_us == 0 => self.one_tick_us,
            Some(last) if last <= self.one_tick_us && self.so_far_us == 0 => self.one_tick_us,
            last => (last.unwrap_or(0).max(self.so_far_us) / PATIENCE).clamp(self.least_us, self.most_us),
        }
    }

    /// Whether a round is made in one tick.
    pub(crate) fn is_of_one_tick(&self) -> bool {
        self.so_far_us == 0 && self.last_us.is_none_or(|last| last <= self.one_tick_us)
    }

    /// Books what a tick has cost.
    pub(crate) fn pay(&mut self, us: u64, is_round_over: bool) {
        // A part that cost nothing measurable was one all the same.
        self.so_far_us += us.max(1);
        if is_round_over {
            // Rounds differ a little; without this it would change its mind each time.
            let is_wavering = self.last_us.is_some_and(|last| last > self.one_tick_us);
            let slack_us = if is_wavering { self.one_tick_us / 4 } else { 0 };
            self.last_us = Some(self.so_far_us + slack_us);
            self.so_far_us = 0;
        }
    }
}

/// How often rounds begin.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Period {
    begun: Option<Moment>,
    last_us: Option<u64>,
}

/// A tick: its number and its time in microseconds.
pub(crate) type Moment = (u64, u64);

impl Period {
    /// A round begins.
    pub(crate) fn begin(&mut self, now: Moment) {
        if let Some(begun) = self.begun {
            self.last_us = since(begun, now);
        }
        self.begun = Some(now);
    }

    /// Whether a round began at this tick.
    pub(crate) fn begun_at(&self, now: Moment) -> bool {
        self.begun.is_some_and(|begun| begun.0 == now.0)
    }

    /// The time from one round to the next, microseconds; `None` where one begins at each tick. While the first is going
    /// on it is what that has taken so far.
    pub(crate) fn us(&self, now: Moment) -> Option<u64> {
        self.last_us.or_else(|| self.begun.and_then(|begun| since(begun, now)))
    }
}

fn since(begun: Moment, now: Moment) -> Option<u64> {
    (now.0 > begun.0 + 1).then(|| now.1.saturating_sub(begun.1))
}

#[cfg(test)]
mod tests;
