//! Numbers, times and units as text: three significant digits, `-` for what is unknown, `~` for what is estimated.

use midair_vitals::{Severity, Unit};

pub use crate::app::tabs::exact;
use crate::event::Stamp;

/// What stands where nothing is known.
pub const UNKNOWN: &str = "-";

/// What stands where there is nothing that could have a value.
pub const NOTHING: &str = "·";

const SECOND_US: u64 = 1_000_000;
const MINUTE_US: u64 = 60 * SECOND_US;
const HOUR_US: u64 = 60 * MINUTE_US;
const DAY_US: u64 = 24 * HOUR_US;

/// A plain number: `0`, `0.25`, `12.3`, `999`, `1.23k`, `45.6M`.
pub fn number(value: Option<f64>) -> String {
    known(value, |value| scaled(value, 1000.0, &["", "k", "M", "G", "T", "P"]))
}

/// A number of things, which has no decimals below a thousand.
pub fn count(value: Option<u64>) -> String {
    value.map_or_else(unknown, |n| if n < 1000 { n.to_string() } else { number(Some(n as f64)) })
}

/// A few seconds to a tenth: `5.0 s`.
pub fn seconds(us: u64) -> String {
    format!("{:.1} s", us as f64 / SECOND_US as f64)
}

/// A number of an object, which is not scaled: 1204 is another than 1205.
pub fn exact_or_unknown(value: Option<u64>) -> String {
    value.map_or_else(unknown, |n| n.to_string())
}

/// Bytes in powers of 1024: `812`, `1.50K`, `38.2G`.
pub fn bytes(value: Option<f64>) -> String {
    known(value, |value| scaled(value, 1024.0, &["", "K", "M", "G", "T", "P"]))
}

/// A share of 1 as per cent, without the sign: `0`, `0.3`, `12.3`, `640`.
pub fn percent(share: Option<f64>) -> String {
    known(share, |share| {
        let percent = share * 100.0;
        match percent.abs() {
            0.0 => "0".to_owned(),
            p if p < 99.95 => format!("{percent:.1}"),
            _ => scaled(percent, 1000.0, &["", "k", "M"]),
        }
    })
}

/// A share of 1 as per cent, for running text: `0.3 %`.
pub fn percent_sign(share: Option<f64>) -> String {
    format!("{} %", percent(share))
}

/// A share that a person has set, with as few digits as it has: `1 %`, `0.5 %`.
pub fn percent_round(share: f64) -> String {
    format!("{} %", (share * 1000.0).round() / 10.0)
}

/// A severity in whole per cent.
pub fn severity(value: Option<Severity>) -> String {
    value.map_or_else(unknown, |s| s.percent().to_string())
}

/// Seconds waited per second: `0`, `85us`, `2.10ms`, `340ms`, `1.20s`.
pub fn delay(seconds: Option<f64>) -> String {
    known(seconds, |s| match s.abs() {
        a if a < 0.000_000_5 => "0".to_owned(),
        a if a < 0.001 => format!("{}us", digits(s * 1e6)),
        a if a < 1.0 => format!("{}ms", digits(s * 1e3)),
        _ => format!("{}s", scaled(s, 1000.0, &["", "k", "M"])),
    })
}

/// A short length of time, microseconds: `640us`, `1.10ms`.
pub fn latency(us: Option<u64>) -> String {
    delay(us.map(|us| us as f64 / 1e6))
}

/// A change per second with its sign: `+8.10k`, `-120`, `0`.
pub fn growth(per_second: Option<f64>) -> String {
    known(per_second, |value| signed(value, number(Some(value.abs()))))
}

/// A change in bytes per second with its sign: `+1.50M`.
pub fn bytes_growth(per_second: Option<f64>) -> String {
    known(per_second, |value| signed(value, bytes(Some(value.abs()))))
}

/// The sign of a unit behind a depth, short enough for a cell.
pub fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Messages => "msg",
        Unit::Bytes => "B",
        Unit::Connections => "conn",
        Unit::Waiters => "wait",
        Unit::Segments => "seg",
        Unit::Reductions => "red",
        Unit::Polls => "poll",
        Unit::Events => "ev",
    }
}

/// A depth without its unit: bytes in powers of 1024, all else in thousands.
pub fn amount(value: Option<u64>, unit: Unit) -> String {
    match unit {
        Unit::Bytes => bytes(value.map(|n| n as f64)),
        Unit::Messages
        | Unit::Connections
        | Unit::Waiters
        | Unit::Segments
        | Unit::Reductions
        | Unit::Polls
        | Unit::Events => count(value),
    }
}

/// A depth with its unit: `1.20M msg`, `48.0KB`.
pub fn depth(value: Option<u64>, of: Unit) -> String {
    with_unit(value.map(|n| n as f64), amount(value, of), of)
}

/// An amount with its unit: `511 conn`, `4.49MB`.
pub fn amount_with_unit(value: Option<f64>, of: Unit) -> String {
    with_unit(value, amount_rate(value, of), of)
}

fn with_unit(value: Option<f64>, text: String, of: Unit) -> String {
    match (value, of) {
        (None, _) => text,
        (Some(_), Unit::Bytes) => format!("{text}{}", unit(of)),
        (
            Some(_),
            Unit::Messages
            | Unit::Connections
            | Unit::Waiters
            | Unit::Segments
            | Unit::Reductions
            | Unit::Polls
            | Unit::Events,
        ) => format!("{text} {}", unit(of)),
    }
}

/// A change per second in a unit, with its sign and without the unit.
pub fn amount_growth(per_second: Option<f64>, unit: Unit) -> String {
    match unit {
        Unit::Bytes => bytes_growth(per_second),
        Unit::Messages
        | Unit::Connections
        | Unit::Waiters
        | Unit::Segments
        | Unit::Reductions
        | Unit::Polls
        | Unit::Events => growth(per_second),
    }
}

/// A rate in a unit, without the unit.
pub fn amount_rate(per_second: Option<f64>, unit: Unit) -> String {
    match unit {
        Unit::Bytes => bytes(per_second),
        Unit::Messages
        | Unit::Connections
        | Unit::Waiters
        | Unit::Segments
        | Unit::Reductions
        | Unit::Polls
        | Unit::Events => number(per_second),
    }
}

/// A length of time in its largest unit: `85ms`, `41s`, `3min`, `2h`, `41d`.
pub fn age(us: Option<u64>) -> String {
    let Some(us) = us else { return unknown() };
    match us {
        0..SECOND_US => format!("{}ms", us / 1000),
        SECOND_US..MINUTE_US => format!("{}s", us / SECOND_US),
        MINUTE_US..HOUR_US => format!("{}min", us / MINUTE_US),
        HOUR_US..DAY_US => format!("{}h", us / HOUR_US),
        _ => format!("{}d", us / DAY_US),
    }
}

/// A length of time for running text, in the largest unit of which there are two: `41 s`, `119 s`, `3 min`. Seconds and days
/// are those that are full, as a clock and a calendar count them.
pub fn duration(us: u64) -> String {
    let units = [(DAY_US, "d"), (HOUR_US, "h"), (MINUTE_US, "min"), (SECOND_US, "s")];
    let is_told_in = |(unit_us, word): &(u64, &str)| {
        us >= 2 * unit_us || (us >= *unit_us && (us.is_multiple_of(*unit_us) || *word == "s"))
    };
    match units.into_iter().find(is_told_in) {
        Some((unit_us, word @ ("h" | "min"))) => format!("{} {word}", us.saturating_add(unit_us / 2) / unit_us),
        Some((unit_us, word)) => format!("{} {word}", us / unit_us),
        None => format!("{} ms", us / 1000),
    }
}

/// A length of time as closely as it matters, rounded: `92 s`, `5 min 20 s`, `3 h 12 min`, `2 d 4 h`.
pub fn span(us: u64) -> String {
    let with = |n: u64, of: &str, part: u64, and: &str| match part {
        0 => format!("{n} {of}"),
        _ => format!("{n} {of} {part} {and}"),
    };
    match us.saturating_add(SECOND_US / 2) / SECOND_US {
        0 if us > 0 => format!("{} ms", us / 1000),
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => with(seconds / 60, "min", seconds % 60, "s"),
        seconds => match (seconds + 30) / 60 {
            minutes @ 0..2_880 => with(minutes / 60, "h", minutes % 60, "min"),
            minutes => with((minutes + 30) / 1_440, "d", (minutes + 30) / 60 % 24, "h"),
        },
    }
}

/// A moment as `HH:MM:SS`, UTC.
pub fn clock(at: Stamp) -> String {
    let s = at.0 / SECOND_US;
    format!("{:02}:{:02}:{:02}", s / 3600 % 24, s / 60 % 60, s % 60)
}

/// Marks a text as an estimate; the unknown stays unknown.
pub fn estimate(text: String) -> String {
    if text == UNKNOWN { text } else { format!("~{text}") }
}

fn unknown() -> String {
    UNKNOWN.to_owned()
}

fn known(value: Option<f64>, text: impl Fn(f64) -> String) -> String {
    value.filter(|v| v.is_finite()).map_or_else(unknown, text)
}

fn signed(value: f64, size: String) -> String {
    match size.as_str() {
        "0" | "0.00" => "0".to_owned(),
        _ if value < 0.0 => format!("-{size}"),
        _ => format!("+{size}"),
    }
}

fn scaled(value: f64, base: f64, suffixes: &[&str]) -> String {
    let mut value = value;
    let mut n = 0;
    // 999.5 would print as 1000: four digits, so it moves on to the next suffix.
    while value.abs() >= 999.5 && n + 1 < suffixes.len() {
        value /= base;
        n += 1;
    }
    // Whole numbers below the first suffix are counts: 7 stays 7, not 7.00.
    let text = if n == 0 && value.fract() == 0.0 { format!("{value:.0}") } else { digits(value) };
    format!("{text}{}", suffixes[n])
}

/// Three significant digits of a number below a thousand.
fn digits(value: f64) -> String {
    match value.abs() {
        a if a < 9.995 => format!("{value:.2}"),
        a if a < 99.95 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests;
