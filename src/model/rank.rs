//! Which row comes first: tasks and nodes in each order.

use std::cmp::Ordering;

use midair_vitals::{Order, Rank, Severity, Unit};

use super::{node::Node, task::Task};

/// Where a row stands in an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Above all else: a node that is not heard.
    attention: u8,
    is_known: bool,
    severity: Option<Severity>,
    /// Different units are never compared: rows of one unit stand together.
    unit: Option<Unit>,
    measure: Measure,
}

#[derive(Clone, Debug, PartialEq)]
enum Measure {
    Task(Rank),
    Node(f64, String),
}

impl Standing {
    /// `Less` when `self` comes first. What is unknown comes last, also when the order is turned round.
    pub fn compare(&self, other: &Self, is_inverted: bool) -> Ordering {
        let known = other.is_known.cmp(&self.is_known);
        let ranks = self.severity.cmp(&other.severity).then_with(|| other.unit.cmp(&self.unit));
        let ranks =
            self.attention.cmp(&other.attention).then(ranks).then_with(|| match (&self.measure, &other.measure) {
                (Measure::Task(a), Measure::Task(b)) => a.compare(b),
                (Measure::Node(a, a_name), Measure::Node(b, b_name)) => a.total_cmp(b).then_with(|| b_name.cmp(a_name)),
                (Measure::Task(_), Measure::Node(..)) | (Measure::Node(..), Measure::Task(_)) => Ordering::Equal,
            });
        known.then(if is_inverted { ranks } else { ranks.reverse() })
    }

    /// Where a task stands.
    pub fn of_task(order: Order, task: &Task) -> Self {
        let (reading, vitals) = (&task.reading, &task.vitals);
        let queue = task.worst_queue();
        let is_known = match order {
            Order::Severity => vitals.severities.worst().is_some(),
            Order::Cpu => vitals.cpu.is_some(),
            Order::Delay => vitals.delay.is_some(),
            Order::Mem => reading.rss_bytes.is_some(),
            Order::MemGrowth => vitals.mem_growth.is_some(),
            Order::Queue => queue.is_some_and(|(_, v)| v.severity.is_some()),
            Order::QueueGrowth => queue.is_some_and(|(_, v)| v.growth.is_some()),
            Order::Rate => vitals.moved().is_some(),
            Order::Drops => vitals.drops.is_some(),
            Order::Name => reading.name.is_some(),
            Order::Number | Order::Age => true,
            Order::Active => reading.active_milli.is_some(),
            Order::Binary => reading.binary_bytes.is_some(),
            Order::BinaryGrowth => vitals.binary_growth.is_some(),
        };
        let moving = || vitals.rates.iter().find(|r| r.rate_in.is_some() || r.rate_out.is_some());
        let (severity, unit) = match order {
            Order::Queue => (vitals.severities.queue, queue.map(|(q, _)| q.unit)),
            Order::QueueGrowth => (None, queue.map(|(q, _)| q.unit)),
            Order::Rate => (None, moving().map(|r| r.unit)),
            Order::Severity
            | Order::Cpu
            | Order::Delay
            | Order::Mem
            | Order::MemGrowth
            | Order::Drops
            | Order::Name
            | Order::Number
            | Order::Age
            | Order::Active
            | Order::Binary
            | Order::BinaryGrowth => (None, None),
        };
        let measure = Measure::Task(Rank::of(order, reading, vitals));
        Self { attention: 0, is_known, severity, unit, measure }
    }

    /// Where a node stands. By severity, silent and late nodes are the worst.
    pub fn of_node(order: Order, node: &Node) -> Self {
        let glance = node.glance();
        let severities = glance.map(|known| known.severities).unwrap_or_default();
        let count = |n: Option<u64>| n.map(|n| n as f64);
        let (severity, value) = match order {
            Order::Severity => (severities.worst(), glance.and_then(|g| g.cpu)),
            Order::Cpu => (None, glance.and_then(|g| g.cpu)),
            Order::Delay => (severities.sched, glance.and_then(|g| g.delay)),
            Order::Mem => (severities.mem, count(glance.and_then(|g| g.mem_used_bytes))),
            Order::MemGrowth => (None, glance.and_then(|g| g.mem_growth)),
            Order::Queue => (severities.queue, glance.and_then(|g| g.queue_growth)),
            Order::QueueGrowth => (None, glance.and_then(|g| g.queue_growth)),
            Order::Rate => (severities.rate, glance.and_then(|g| g.moved)),
            Order::Drops => (None, count(glance.and_then(|g| g.n_drops))),
            // Nodes are not ranked by what only Erlang processes have.
            Order::Name | Order::Active | Order::Binary | Order::BinaryGrowth => (None, None),
            Order::Number => (None, count(node.latest.as_ref().and_then(|l| l.reading.n_processes))),
            Order::Age => (None, count(glance.and_then(|g| g.up_us)).map(|up| -up)),
        };
        let attention = match order {
            Order::Severity if node.presence.is_silent() => 2,
            Order::Severity if node.presence.is_late() => 1,
            _ => 0,
        };
        Self {
            attention,
            is_known: attention > 0 || order == Order::Name || severity.is_some() || value.is_some(),
            severity,
            unit: None,
            measure: Measure::Node(value.unwrap_or(f64::NEG_INFINITY), node.name().to_lowercase()),
        }
    }
}
