//! The one clock of the dashboard: whoever needs the time is handed this.

use std::time::{Duration, Instant, SystemTime};

use crate::event::Stamp;

/// Wall time that never runs backwards: the wall clock at the start, and the monotonic clock since.
///
/// Stamps order entries, so a wall clock that is set back must not reorder them.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
    start_wall_us: u64,
}

impl Clock {
    /// Reads both clocks of this machine.
    #[expect(clippy::disallowed_methods, reason = "the one place where the dashboard reads a clock")]
    pub fn system() -> Self {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Self { start: Instant::now(), start_wall_us: micros(wall) }
    }

    /// Now.
    #[expect(clippy::disallowed_methods, reason = "the one place where the dashboard reads a clock")]
    pub fn now(&self) -> Stamp {
        Stamp(self.start_wall_us.saturating_add(micros(Instant::now().duration_since(self.start))))
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
