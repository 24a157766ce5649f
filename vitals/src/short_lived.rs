//! Processes that end before anybody has seen them, by name: who they are, how many, and what they use.

use std::sync::Arc;

use crate::rate::{per_second, share};

/// A node lists so many names at most. A list that is shorter holds all that there are.
pub const SHORT_LIVED_MOST: usize = 8;

/// Short-lived processes of a node, counted where they ended. Counters are cumulative over the agent's life.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShortLived {
    /// How many there were, those that are not listed included.
    pub n: Option<u64>,
    /// Their CPU time, microseconds.
    pub cpu_us: Option<u64>,
    /// What counting them cost those that ended, microseconds of CPU.
    pub cost_us: Option<u64>,
    /// Those of which most ended, or that used most CPU, in the last interval; these first.
    pub by_name: Vec<ShortLivedName>,
}

/// Those of one name, with one parent's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShortLivedName {
    /// Their short name when they ended.
    pub name: Arc<str>,
    /// The short name of their parent then.
    pub parent: Option<Arc<str>>,
    /// How many there were since the entry was listed first or came back.
    pub n: Option<u64>,
    /// Their CPU time since then, microseconds.
    pub cpu_us: Option<u64>,
}

/// What is derived of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShortLivedVitals {
    /// How many ended per second.
    pub rate: Option<f64>,
    /// CPUs that they used.
    pub cpu: Option<f64>,
    /// By name, those of which most ended first.
    pub by_name: Vec<ShortLivedNameVitals>,
}

/// Those of one name.
#[derive(Clone, Debug, PartialEq)]
pub struct ShortLivedNameVitals {
    /// Their name.
    pub name: Arc<str>,
    /// Their parent's.
    pub parent: Option<Arc<str>>,
    /// How many ended per second.
    pub rate: Option<f64>,
    /// CPUs that they used.
    pub cpu: Option<f64>,
}

impl ShortLivedVitals {
    /// Derives them from two readings, each with its moment, microseconds.
    pub fn derive(before: Option<(&ShortLived, u64)>, now: Option<(&ShortLived, u64)>) -> Self {
        let Some(((before, before_us), (now, now_us))) = before.zip(now) else { return Self::default() };
        // Who is missing in a list that had room for more had not been counted yet.
        let absent = (before.by_name.len() < SHORT_LIVED_MOST).then_some(0);
        let one = |one: &ShortLivedName| {
            let earlier = before.by_name.iter().find(|e| e.name == one.name && e.parent == one.parent);
            ShortLivedNameVitals {
                name: Arc::clone(&one.name),
                parent: one.parent.clone(),
                rate: per_second(earlier.map_or(absent, |e| e.n), one.n, before_us, now_us),
                cpu: share(earlier.map_or(absent, |e| e.cpu_us), one.cpu_us, before_us, now_us),
            }
        };
        let mut by_name: Vec<_> = now.by_name.iter().map(one).collect();
        by_name.sort_by(|a, b| b.rate.unwrap_or(-1.0).total_cmp(&a.rate.unwrap_or(-1.0)));
        Self {
            rate: per_second(before.n, now.n, before_us, now_us),
            cpu: share(before.cpu_us, now.cpu_us, before_us, now_us),
            by_name,
        }
    }
}

#[cfg(test)]
mod tests;
