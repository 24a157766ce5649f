//! The four vitals, in the one order in which every screen shows them.

use midair_vitals::{Order, Severities, Severity};

/// What screens are coloured and sorted by: keys `0` to `4`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Vital {
    /// The worst of the four.
    #[default]
    Worst,
    /// Does it get the CPU it wants?
    Sched,
    /// Does it grow?
    Mem,
    /// What waits for it?
    Queue,
    /// Does work move?
    Rate,
}

impl Vital {
    /// The four, without the worst of them.
    pub const FOUR: [Self; 4] = [Self::Sched, Self::Mem, Self::Queue, Self::Rate];

    /// The word on the screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Worst => "worst",
            Self::Sched => "sched",
            Self::Mem => "mem",
            Self::Queue => "queue",
            Self::Rate => "rate",
        }
    }

    /// The vital behind a digit key.
    pub fn from_digit(digit: u8) -> Option<Self> {
        [Self::Worst, Self::Sched, Self::Mem, Self::Queue, Self::Rate].get(usize::from(digit)).copied()
    }

    /// Its severity.
    pub fn of(self, severities: Severities) -> Option<Severity> {
        match self {
            Self::Worst => severities.worst(),
            Self::Sched => severities.sched,
            Self::Mem => severities.mem,
            Self::Queue => severities.queue,
            Self::Rate => severities.rate,
        }
    }

    /// The order that tables take when it is chosen. Saturation before utilisation: *sched* sorts by run delay.
    pub fn order(self) -> Order {
        match self {
            Self::Worst => Order::Severity,
            Self::Sched => Order::Delay,
            Self::Mem => Order::Mem,
            Self::Queue => Order::Queue,
            Self::Rate => Order::Rate,
        }
    }
}
