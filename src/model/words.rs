//! Pieces of sentences: what is said of a model, before it is known how numbers are written.

use std::sync::Arc;

use midair_vitals::Unit;

/// A piece of a sentence. The view writes amounts as it does everywhere else, and makes names harmless; it puts nothing
/// between the pieces.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Our own words.
    Words(&'static str),
    /// Something from outside: a name, a reason.
    Name(Arc<str>),
    /// So many of a unit.
    Amount(f64, Unit),
    /// So many of a unit per second, with its sign.
    Growth(f64, Unit),
    /// A count without unit.
    Count(u64),
    /// A number without unit; of something per second where the words say so.
    Number(f64),
    /// CPUs in use, 1.0 is one of them.
    Cores(f64),
    /// A share, 1.0 is 100 %.
    Share(f64),
    /// Time waited per time, 1.0 is a second per second.
    Delay(f64),
    /// A length of time, microseconds.
    Time(u64),
    /// A length of time that may be very short, seconds.
    Latency(f64),
}
