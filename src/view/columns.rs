//! The columns of each table: data, read from left to right in the order of the vitals.

pub mod nodes;
pub mod queues;
pub mod tasks;

use midair_vitals::Order;

/// How a table is sorted, in words: the column that tells it may have no room.
pub fn order(order: Order) -> &'static str {
    match order {
        Order::Severity => "worst first",
        Order::Cpu => "by cpu",
        Order::Delay => "by delay",
        Order::Mem => "by memory",
        Order::MemGrowth => "by growth of memory",
        Order::Queue => "by queue",
        Order::QueueGrowth => "by growth of queue",
        Order::Rate => "by rate",
        Order::Drops => "by drops",
        Order::Name => "by name",
        Order::Number => "by number",
        Order::Age => "youngest first",
    }
}

#[cfg(test)]
mod tests;
