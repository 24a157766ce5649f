//! The columns of each table: data, read from left to right in the order of the vitals.

pub mod cgroups;
pub mod cluster;
pub mod cpus;
pub mod host;
pub mod namespaces;
pub mod nodes;
pub mod processes;
pub mod queues;
pub mod relatives;
pub mod schedulers;
pub mod tasks;
pub mod vm_lists;
pub mod vms;

use midair_vitals::Order;

use crate::app::{screen::Panel, sort::Sort};

/// How a table is sorted, in words: the column that tells it may have no room.
pub fn sorted(panel: Panel, sort: Sort) -> &'static str {
    match (sort, panel) {
        (Sort::By(Order::Number), Panel::Cgroups | Panel::Namespaces) => "most processes first",
        (Sort::By(Order::Queue), Panel::Cpus) => "by who waits",
        (Sort::By(Order::Number), Panel::Groups) => "most that are not heard first",
        (Sort::By(Order::Number), Panel::Peers) => "most links first",
        (Sort::By(Order::Severity), Panel::Peers) => "who does not read first",
        (Sort::By(Order::Queue), Panel::Peers | Panel::Links) => "by pending bytes",
        (Sort::By(Order::Queue), Panel::Ports) => "by queued bytes",
        (Sort::By(Order::Queue), Panel::Processes) => "by mailbox",
        (Sort::By(Order::Queue), Panel::Vms) => "by messages",
        (Sort::By(Order::Rate), Panel::Processes) => "by reductions",
        (Sort::By(Order::Rate), Panel::Schedulers) => "by switches of the thread",
        (Sort::By(Order::Cpu), Panel::Schedulers | Panel::Vms) => "by utilisation",
        (Sort::By(Order::Number), Panel::Tables) => "by objects",
        (Sort::By(Order::Number), Panel::Vms) => "most processes first",
        (Sort::By(Order::Number), Panel::Functions) => "most often first",
        (Sort::By(Order::Number), Panel::Spots | Panel::Relatives) => "most telling first",
        (Sort::By(Order::Rate), Panel::Namespaces) => "by segments",
        (Sort::By(order), _) => by(order),
        (Sort::Caused, _) => "noisiest first",
        (Sort::Throttled, _) => "by time that quotas take",
    }
}

fn by(order: Order) -> &'static str {
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
        Order::Active => "by active share",
        Order::Binary => "by binaries",
        Order::BinaryGrowth => "by growth of binaries",
    }
}

#[cfg(test)]
mod tests;
