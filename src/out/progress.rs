//! How far long work has come, said on a terminal; and whether it is to stop.

use std::{
    fmt,
    io::{self, IsTerminal as _, Write as _},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::place::OutError;
use crate::{clock::Clock, event::Stamp};

/// How often it is said.
const SAY_EVERY_US: u64 = 200_000;

/// The clock is looked at once in so many entries.
const LOOK_EVERY: u32 = 256;

/// The way through a range of time.
#[derive(Debug)]
pub(super) struct Progress {
    /// "export", "cut".
    word: &'static str,
    clock: Clock,
    /// Whether anybody is there to read it.
    is_shown: bool,
    stop: Arc<AtomicUsize>,
    range: (Stamp, Stamp),
    began: Stamp,
    said: Stamp,
    n_entries: u32,
}

impl Progress {
    /// Begins; from now on SIGINT, SIGTERM and SIGHUP end the work in good order.
    pub(super) fn new(word: &'static str, clock: Clock) -> anyhow::Result<Self> {
        let stop = Arc::new(AtomicUsize::new(0));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            let number = usize::try_from(signal).unwrap_or_default();
            signal_hook::flag::register_usize(signal, Arc::clone(&stop), number).context("cannot listen to signals")?;
        }
        let (range, began) = ((Stamp(0), Stamp(0)), clock.now());
        let is_shown = io::stderr().is_terminal();
        Ok(Self { word, clock, is_shown, stop, range, began, said: began, n_entries: 0 })
    }

    /// Rows go to the terminal itself: they say enough.
    pub(super) fn be_quiet(&mut self) {
        self.is_shown = false;
    }

    /// What the work goes through.
    pub(super) fn through(&mut self, from: Stamp, to: Stamp) {
        (self.range, self.began) = ((from, to), self.clock.now());
    }

    /// It has come to a moment of the range.
    ///
    /// # Errors
    /// When it is to stop.
    pub(super) fn at(&mut self, at: Stamp) -> Result<(), OutError> {
        self.n_entries = self.n_entries.wrapping_add(1);
        if !self.n_entries.is_multiple_of(LOOK_EVERY) {
            return Ok(());
        }
        self.check()?;
        let now = self.clock.now();
        if self.is_shown && now.since_us(self.said) >= SAY_EVERY_US {
            self.said = now;
            let line = Line { at, range: self.range, took_us: now.since_us(self.began) };
            // Who cannot be told goes without.
            drop(write!(io::stderr(), "\r\x1b[K{} {line}", self.word));
        }
        Ok(())
    }

    /// Nothing new.
    ///
    /// # Errors
    /// When it is to stop.
    pub(super) fn check(&self) -> Result<(), OutError> {
        if let Ok(signal @ 1..) = u8::try_from(self.stop.load(Ordering::Relaxed)) {
            self.end();
            return Err(OutError::Stopped(signal));
        }
        Ok(())
    }

    /// What is done after the way, in words: it takes a while.
    ///
    /// # Errors
    /// When it is to stop.
    pub(super) fn then(&mut self, words: fmt::Arguments<'_>) -> Result<(), OutError> {
        self.check()?;
        if self.is_shown {
            self.said = self.clock.now();
            drop(write!(io::stderr(), "\r\x1b[K{} {words}", self.word));
        }
        Ok(())
    }

    /// The way is done: the line goes.
    pub(super) fn end(&self) {
        if self.is_shown && self.said > self.began {
            drop(write!(io::stderr(), "\r\x1b[K"));
        }
    }

    /// Says how it went, where somebody reads it.
    pub(super) fn say(&self, text: &str) {
        if self.is_shown {
            warn(text);
        }
    }
}

/// Says what must be known. Not `eprintln!`: it panics where nobody reads any more.
pub(super) fn warn(text: &str) {
    drop(writeln!(io::stderr(), "midair: {text}"));
}

/// `43 %, 12m10s of it, 120 times as fast as time, 3s left`.
#[derive(Clone, Copy, Debug)]
struct Line {
    at: Stamp,
    range: (Stamp, Stamp),
    took_us: u64,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = self.range;
        let (all_us, done_us) = (to.since_us(from).max(1), self.at.since_us(from).min(to.since_us(from)));
        if done_us == 0 {
            return write!(f, "reads what comes before");
        }
        let share = done_us as f64 / all_us as f64;
        let left = Duration::from_micros((self.took_us as f64 * (1.0 - share) / share) as u64);
        let speed = done_us as f64 / self.took_us.max(1) as f64;
        write!(f, "{:.0} %, {speed:.0} times as fast as time, {}s left", share * 100.0, left.as_secs())
    }
}

#[cfg(test)]
mod tests;
