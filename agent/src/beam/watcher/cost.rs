//! What watching a VM has taken there so far: of each helper, and of what was asked once.

/// CPU time on the VM, microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost {
    pub(super) node: Part,
    pub(super) links: Part,
    pub(super) events: Part,
    pub(super) ports: Part,
    pub(super) hot: Part,
    sweep: Part,
    /// What the last pass took and is not yet part of `sweep`, and how much of it each second is.
    owed_us: (u64, u64),
    pub(super) once: Part,
    /// Looks and traces; estimated.
    pub(super) asked: Part,
}

/// What one of these has taken, those before it included that ended: a helper that is started anew counts from zero.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Part {
    before_us: u64,
    now_us: u64,
}

impl Part {
    /// It counts so much now.
    pub(super) fn is_now(&mut self, us: u64) {
        if us < self.now_us {
            self.before_us = self.all();
        }
        self.now_us = us;
    }

    /// It has taken so much more.
    pub(super) fn add(&mut self, us: u64) {
        self.now_us = self.now_us.saturating_add(us);
    }

    fn all(self) -> u64 {
        self.before_us.saturating_add(self.now_us)
    }
}

impl Cost {
    /// A pass has told what it took over its whole period: it is booked over one as long, since who looks each second would
    /// else see nothing and then all at once.
    pub(super) fn take_pass(&mut self, work_us: u64, period_us: u64) {
        self.sweep.add(self.owed_us.0);
        self.owed_us = (work_us, work_us.saturating_mul(1_000_000) / period_us.max(1_000_000));
    }

    /// A second has gone by.
    pub(super) fn tick(&mut self) {
        let part_us = self.owed_us.1.min(self.owed_us.0);
        self.owed_us.0 -= part_us;
        self.sweep.add(part_us);
    }

    /// All of it; it never becomes less.
    pub(super) fn all(self) -> u64 {
        let Self { node, links, events, ports, hot, sweep, once, asked, owed_us: _ } = self;
        [node, links, events, ports, hot, sweep, once, asked].into_iter().map(Part::all).fold(0, u64::saturating_add)
    }
}

#[cfg(test)]
mod tests;
