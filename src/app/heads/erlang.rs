//! The heads of columns that tell of Erlang VMs and their processes.

use midair_vitals::Order;

use super::{Head, WORST};

/// The Erlang VMs of a node.
pub(super) const VMS: &[Head] = &[
    Head::new("vm", 16, 0).growing(3).by(Order::Name),
    Head::new("otp", 4, 6),
    WORST,
    Head::new("answer", 7, 0),
    Head::new("busy %", 7, 1).by(Order::Cpu),
    Head::new("ready", 6, 2).by(Order::Delay),
    Head::new("mem B", 6, 1).by(Order::Mem),
    Head::new("+B/s", 7, 4).by(Order::MemGrowth),
    Head::new("rss B", 6, 3),
    Head::new("messages", 9, 1).by(Order::Queue),
    Head::new("reds/s", 7, 3).by(Order::Rate),
    Head::new("processes", 10, 2).by(Order::Number),
    Head::new("swept", 6, 5),
    Head::new("cost %", 6, 5),
    Head::new("why not", 14, 1).growing(3),
];

/// The processes of a VM.
pub(super) const PROCESSES: &[Head] = &[
    Head::new("task", 15, 0).growing(3).by(Order::Name),
    Head::new("pid", 11, 3).by(Order::Number),
    Head::new("worst%", 7, 2).by(Order::Severity),
    Head::new("state", 9, 3),
    Head::new("active %", 9, 1).by(Order::Active),
    Head::new("mailbox", 8, 0).by(Order::Queue),
    Head::new("grow/s", 7, 1).by(Order::QueueGrowth),
    Head::new("reds/s", 7, 2).by(Order::Rate),
    Head::new("mem B", 7, 1).by(Order::Mem),
    Head::new("+B/s", 7, 5).by(Order::MemGrowth),
    Head::new("binary B", 9, 3).by(Order::Binary),
    Head::new("+bin/s", 7, 6).by(Order::BinaryGrowth),
    Head::new("age", 5, 7),
    Head::new("now in", 16, 8).growing(2),
];

/// The schedulers of a VM: what the VM says of each, then what the kernel says of its thread.
pub(super) const SCHEDULERS: &[Head] = &[
    Head::new("scheduler", 13, 0).by(Order::Number),
    Head::new("busy %", 7, 0).by(Order::Cpu),
    Head::new("ready", 6, 1).by(Order::Queue),
    Head::new("thread", 8, 3),
    Head::new("on cpu %", 8, 0),
    Head::new("delay/s", 8, 0).by(Order::Delay),
    Head::new("switches/s", 11, 1).by(Order::Rate),
    Head::new("state", 8, 4),
    Head::new("waits in", 14, 5).growing(1),
    Head::new("in use", 10, 6).growing(2),
];

/// What the active processes of a VM do.
pub(super) const FUNCTIONS: &[Head] =
    &[Head::new("function", 24, 0).growing(3), Head::new("processes", 9, 0), Head::new("share %", 7, 0)];

/// The distribution links of a VM.
pub(super) const LINKS: &[Head] = &[
    Head::new("peer", 18, 0).growing(3).by(Order::Name),
    Head::new("state", 8, 1),
    Head::new("pending B", 10, 0).by(Order::Queue),
    Head::new("fill %", 6, 2),
    Head::new("in B/s", 7, 2).by(Order::Rate),
    Head::new("out B/s", 7, 1),
    Head::new("msg in/s", 8, 3),
    Head::new("out/s", 7, 3),
    Head::new("address", 18, 4).growing(2),
];

/// The ports of a VM.
pub(super) const PORTS: &[Head] = &[
    Head::new("port", 13, 0).by(Order::Name),
    Head::new("driver", 14, 1).growing(1),
    Head::new("queued B", 9, 0).by(Order::Queue),
    Head::new("in B/s", 7, 1).by(Order::Rate),
    Head::new("out B/s", 7, 1),
    Head::new("owner", 16, 2).growing(2),
    Head::new("address", 18, 3).growing(2),
];

/// The ETS tables of a VM.
pub(super) const TABLES: &[Head] = &[
    Head::new("table", 18, 0).growing(3).by(Order::Name),
    Head::new("mem B", 7, 0).by(Order::Mem),
    Head::new("objects", 8, 1).by(Order::Number),
    Head::new("type", 13, 3),
    Head::new("owner", 18, 2).growing(2),
];

/// Where an Erlang process is.
pub(super) const SPOTS: &[Head] = &[Head::new("seen", 14, 0), Head::new("function", 24, 0).growing(3)];

/// Other processes around one.
pub(super) const RELATIVES: &[Head] = &[
    Head::new("it", 12, 0),
    Head::new("process", 15, 0).growing(3),
    Head::new("count", 14, 1),
    Head::new("node", 10, 2).growing(1),
];
