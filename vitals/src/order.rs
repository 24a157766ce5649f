//! The orders in which tasks are ranked, for agents that choose rows and for tables that sort them.

use std::cmp::Ordering;

use crate::{
    severity::Severity,
    task::{TaskReading, TaskVitals},
};

/// By what tasks are ranked; the highest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Order {
    /// Worst of the four severities.
    #[default]
    Severity,
    /// CPU time per second.
    Cpu,
    /// Run delay per second.
    Delay,
    /// Resident memory.
    Mem,
    /// Growth of resident memory.
    MemGrowth,
    /// Severity of the worst queue, ties by growth and depth.
    Queue,
    /// Growth of the worst queue.
    QueueGrowth,
    /// In and out per second.
    Rate,
    /// Drops since the last sample.
    Drops,
    /// Name.
    Name,
    /// Number.
    Number,
    /// Youngest first.
    Age,
    /// Erlang: share of looks in which it ran or was runnable.
    Active,
    /// Erlang: binaries held by reference.
    Binary,
    /// Erlang: growth of these.
    BinaryGrowth,
}

/// One task's place in an order: what compares higher ranks first. Unknown ranks below everything known.
#[derive(Clone, Debug, PartialEq)]
pub struct Rank {
    severity: Option<Severity>,
    first: Option<f64>,
    second: f64,
    text: Option<String>,
}

impl Rank {
    /// Where a task stands in an order.
    pub fn of(order: Order, task: &TaskReading, vitals: &TaskVitals) -> Self {
        let number = |first: Option<f64>| Self { severity: None, first, second: 0.0, text: None };
        let queue = vitals.worst_queue.and_then(|n| Some((task.queues.as_ref()?.get(n)?, vitals.queues.get(n)?)));
        match order {
            // Ties go to who uses most: of a hundred healthy tasks the busy one is the one to look at.
            Order::Severity => Self {
                severity: vitals.severities.worst(),
                // Of an Erlang process the kernel knows no CPU time: how often it was found active stands for it.
                first: vitals.cpu.or(task.active_milli.map(|milli| f64::from(milli) / 1000.0)),
                second: task.rss_bytes.unwrap_or(0) as f64,
                text: None,
            },
            Order::Cpu => number(vitals.cpu),
            Order::Delay => number(vitals.delay),
            Order::Mem => number(task.rss_bytes.map(|b| b as f64)),
            Order::MemGrowth => number(vitals.mem_growth),
            Order::Queue => Self {
                severity: queue.and_then(|(_, v)| v.severity),
                first: queue.and_then(|(_, v)| v.growth),
                second: queue.and_then(|(q, _)| q.depth).unwrap_or(0) as f64,
                text: None,
            },
            Order::QueueGrowth => Self {
                severity: None,
                first: queue.and_then(|(_, v)| v.growth),
                second: queue.and_then(|(q, _)| q.depth).unwrap_or(0) as f64,
                text: None,
            },
            Order::Rate => number(vitals.moved()),
            Order::Drops => number(vitals.drops.map(|n| n as f64)),
            Order::Name => {
                let text = task.name.as_deref().unwrap_or_default().to_lowercase();
                Self { severity: None, first: None, second: 0.0, text: Some(text) }
            }
            Order::Number => number(Some(task.id.number as f64)),
            Order::Age => number(Some(task.id.start as f64)),
            Order::Active => number(task.active_milli.map(f64::from)),
            Order::Binary => number(task.binary_bytes.map(|b| b as f64)),
            Order::BinaryGrowth => number(vitals.binary_growth),
        }
    }

    /// `Greater` when `self` ranks first. Names rank from a to z.
    pub fn compare(&self, other: &Self) -> Ordering {
        let known = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        };
        self.severity
            .cmp(&other.severity)
            .then_with(|| known(self.first, other.first))
            .then_with(|| self.second.total_cmp(&other.second))
            .then_with(|| other.text.cmp(&self.text))
    }

    /// Whether nothing is known to rank by: such a row comes last, whichever way the known ones are sorted.
    pub fn is_unknown(&self) -> bool {
        self.severity.is_none() && self.first.is_none() && self.text.is_none()
    }

    /// Whether there is anything to rank by: a row with nothing in an order does not enter a stream by it.
    pub fn is_nothing(&self) -> bool {
        self.severity.is_none_or(|s| s.per_mille() == 0) && self.first.is_none_or(|v| v <= 0.0)
    }
}

#[cfg(test)]
mod tests;
