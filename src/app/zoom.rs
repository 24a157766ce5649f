//! How much time the time line shows: from one minute to a day, a step with each key.

/// How long a stretch of time the line shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zoom(usize);

const MINUTE_US: u64 = 60_000_000;

/// The lengths there are, minutes.
const MINUTES: [u64; 10] = [1, 2, 5, 10, 20, 60, 180, 360, 720, 1_440];

/// The length at the start: ten minutes.
const FIRST: usize = 3;

impl Default for Zoom {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Zoom {
    /// How long it is, microseconds.
    pub fn span_us(self) -> u64 {
        MINUTES[self.0] * MINUTE_US
    }

    /// So many steps longer, or shorter; `None` where there is none.
    #[must_use]
    pub fn by(self, steps: i32) -> Option<Self> {
        let to = self.0.checked_add_signed(steps as isize)?;
        (to < MINUTES.len()).then_some(Self(to))
    }
}
