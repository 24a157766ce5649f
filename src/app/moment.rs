//! A moment as a person types it: `10m`, `3h ago`, `+30s`, `14:03`, `14:03:27`, `2026-11-23 14:03`; times of day are UTC.

use std::time::Duration;

use super::utc;
use crate::event::Stamp;

const SECOND_US: u64 = 1_000_000;
const DAY_US: u64 = 86_400 * SECOND_US;

/// Reads it. Lengths of time are counted back from `shown` (on from it with a `+`), times of day are those of its day, or of
/// the day before where that would lie after `newest`.
pub(super) fn parse(text: &str, shown: Stamp, newest: Stamp) -> Result<Stamp, String> {
    let text = text.trim();
    let wrong = || format!("{text:?} is no moment; write 10m, 3h ago, +30s, 14:03, 14:03:27 or 2026-11-23 14:03");
    let back = text.strip_suffix("ago").map_or(text, str::trim_end);
    let (sign, length) = match back.split_at_checked(1) {
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        _ => (-1, back),
    };
    if let Some(us) = length_us(length) {
        let moved = if sign > 0 { shown.0.saturating_add(us) } else { shown.0.saturating_sub(us) };
        return Ok(Stamp(moved));
    }
    let text = text.trim_end_matches(['Z', 'z']);
    match text.split_once(['T', ' ']) {
        Some((date, time)) => {
            let day = day(date).ok_or_else(wrong)?;
            let of_day = of_day_us(time.trim()).ok_or_else(wrong)?;
            Ok(Stamp(day * DAY_US + of_day))
        }
        None if text.contains(':') => {
            let of_day = of_day_us(text).ok_or_else(wrong)?;
            let at = newest.0 / DAY_US * DAY_US + of_day;
            Ok(Stamp(if at > newest.0 { at.saturating_sub(DAY_US) } else { at }))
        }
        None => day(text).map(|day| Stamp(day * DAY_US)).ok_or_else(wrong),
    }
}

/// A moment of a recording, as a command line says it: a length of time from its beginning (back from its end with `ago` or
/// a `-`), a time of day, a date, or `end`.
pub fn within(text: &str, from: Stamp, to: Stamp) -> Result<Stamp, String> {
    let text = text.trim();
    if text == "end" {
        return Ok(to);
    }
    let counts_back = text.starts_with('-') || text.ends_with("ago");
    let at = match length_us(text.trim_start_matches('+')) {
        Some(us) if !counts_back => Stamp(from.0.saturating_add(us)),
        Some(_) | None => parse(text, to, to)?,
    };
    let outside = || format!("{text} lies outside of the recording: {} to {}", utc(from), utc(to));
    (from..=to).contains(&at).then_some(at).ok_or_else(outside)
}

/// The time of day of a moment, with its date where that is not the one of another.
pub fn on_day(at: Stamp, of: Stamp) -> String {
    let text = utc(at).replace('T', " ").replace('Z', "");
    match text.split_once(' ') {
        Some((_, time)) if at.0 / DAY_US == of.0 / DAY_US => time.to_owned(),
        Some(_) | None => text,
    }
}

/// Whether a time of day was typed that lies ahead, so that the one of the day before is meant.
pub(super) fn is_of_day_before(text: &str, at: Stamp, newest: Stamp) -> bool {
    let is_time_of_day = of_day_us(text.trim().trim_end_matches(['Z', 'z'])).is_some();
    is_time_of_day && at.0 / DAY_US < newest.0 / DAY_US
}

/// A moment before now, as a command line says it: a length of time that has passed since, a time of day, a date.
pub fn before(text: &str, now: Stamp) -> Result<Stamp, String> {
    parse(text, now, now)
}

/// A length of time: `90s`, `10m`, `1h30m`.
pub fn length(text: &str) -> Option<Duration> {
    length_us(text).map(Duration::from_micros)
}

/// `90s`, `10m`, `1h30m`, `2d`.
fn length_us(text: &str) -> Option<u64> {
    let mut rest = text.trim();
    let mut sum_us: u64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let n_digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (digits, after) = rest.split_at(n_digits);
        let n_letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(n_letters);
        let seconds: u64 = match unit {
            "s" | "sec" => 1,
            "m" | "min" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return None,
        };
        let us = digits.parse::<u64>().ok()?.checked_mul(seconds * SECOND_US)?;
        sum_us = sum_us.checked_add(us)?;
        rest = after.trim_start();
    }
    Some(sum_us)
}

/// `14:03`, `14:03:27`.
fn of_day_us(text: &str) -> Option<u64> {
    let parts: Vec<u64> = text.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let (hour, minute, second) = match parts[..] {
        [hour, minute] => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    (hour < 24 && minute < 60 && second < 60).then_some((hour * 3_600 + minute * 60 + second) * SECOND_US)
}

/// `2026-11-23` as days since 1970, in the Gregorian calendar, reckoned in years that begin in March.
fn day(text: &str) -> Option<u64> {
    let parts: Vec<u64> = text.split('-').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [year, month, day] = parts[..] else { return None };
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let n_days = match month {
        2 => 28 + u64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if !(1970..10_000).contains(&year) || !(1..=12).contains(&month) || !(1..=n_days).contains(&day) {
        return None;
    }
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let of_year = (153 * month + 2) / 5 + day - 1;
    Some(year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719_468)
}

#[cfg(test)]
mod tests;
