//! Whether a node is heard: live, late, silent, and how it comes back.

use std::sync::Arc;

use crate::event::{Cause, Stamp};

/// A node is late after this many tenths of its interval without a sample.
const LATE_TENTHS: u64 = 25;

/// A node is silent after this many intervals without a sample ...
const SILENT_INTERVALS: u64 = 5;

/// ... but never sooner than this, microseconds.
const SILENT_MIN_US: u64 = 3_000_000;

/// Samples that bring a silent node back.
const N_BACK: u8 = 2;

/// Whether samples of a node arrive.
#[derive(Clone, Debug, PartialEq)]
pub enum Presence {
    /// Nothing has arrived yet, and it is too early to worry.
    Awaited {
        /// Since when it is awaited.
        since: Stamp,
    },
    /// Samples arrive.
    Live,
    /// The next sample is overdue.
    Late {
        /// When the last one arrived.
        since: Stamp,
    },
    /// No samples.
    Silent {
        /// When the last one arrived; where there was none, since when there should have been.
        since: Stamp,
        /// Class of the reason, where the connection tells.
        cause: Option<Cause>,
        /// Why, in words.
        reason: Arc<str>,
        /// Samples that have arrived since; two bring it back.
        n_back: u8,
    },
}

impl Presence {
    /// Whether it is silent.
    pub fn is_silent(&self) -> bool {
        matches!(self, Self::Silent { .. })
    }

    /// Whether it is late.
    pub fn is_late(&self) -> bool {
        matches!(self, Self::Late { .. })
    }

    /// Since when it has been silent.
    pub fn silent_since(&self) -> Option<Stamp> {
        match self {
            Self::Silent { since, .. } => Some(*since),
            Self::Awaited { .. } | Self::Live | Self::Late { .. } => None,
        }
    }

    /// Why it is silent, in words.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Silent { reason, .. } => Some(reason),
            Self::Awaited { .. } | Self::Live | Self::Late { .. } => None,
        }
    }

    /// A sample arrived; `is_first` when none ever had.
    pub(crate) fn heard(&mut self, is_first: bool) {
        match self {
            Self::Silent { n_back, .. } if !is_first => {
                *n_back += 1;
                if *n_back >= N_BACK {
                    *self = Self::Live;
                }
            }
            Self::Silent { .. } | Self::Awaited { .. } | Self::Live | Self::Late { .. } => *self = Self::Live,
        }
    }

    /// The connection is closed or not to be had.
    ///
    /// What a black box cannot tell of a moment says nothing of the node: it was not heard then because nobody listened.
    pub(crate) fn cut(&mut self, at: Stamp, last: Option<Stamp>, new_cause: Cause, new_reason: Arc<str>) {
        if new_cause == Cause::BlackBox && last.is_none() {
            *self = Self::Awaited { since: at };
            return;
        }
        let since = match self {
            Self::Silent { since, .. } | Self::Awaited { since } => *since,
            Self::Live | Self::Late { .. } => last.unwrap_or(at),
        };
        *self = Self::Silent { since, cause: Some(new_cause), reason: new_reason, n_back: 0 };
    }

    /// The connection is open again; the node is back only when its samples are.
    pub(crate) fn reached(&mut self, why: &'static str) {
        if let Self::Silent { cause, reason, .. } = self {
            *cause = None;
            *reason = why.into();
        }
    }

    /// Time passed without a sample since `last`; `interval_us` is how often they should come, `why` what a node is
    /// said to be silent for while its connection tells nothing.
    pub(crate) fn waited(&mut self, now: Stamp, last: Option<Stamp>, interval_us: u64, why: &'static str) {
        let since = match self {
            Self::Awaited { since } => *since,
            Self::Live | Self::Late { .. } | Self::Silent { .. } => last.unwrap_or(now),
        };
        let waited_us = now.since_us(since);
        let is_silent = waited_us >= (SILENT_INTERVALS * interval_us).max(SILENT_MIN_US);
        match self {
            // A node that was heard once after its silence, and then no more, is not on its way back.
            Self::Silent { n_back, .. } if is_silent => *n_back = 0,
            Self::Silent { .. } => {}
            Self::Awaited { .. } | Self::Live | Self::Late { .. } if is_silent => {
                *self = Self::Silent { since, cause: None, reason: why.into(), n_back: 0 };
            }
            Self::Live if waited_us * 10 >= LATE_TENTHS * interval_us => *self = Self::Late { since },
            Self::Awaited { .. } | Self::Live | Self::Late { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests;
