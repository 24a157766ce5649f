//! What a pass found.

use super::history::Looks;
use crate::term::Pid;

/// The report of one pass over all processes. Moments are microseconds of the target's monotonic clock
/// (`erlang:monotonic_time/1`: of any origin, mostly negative).
#[derive(Clone, Debug, PartialEq)]
pub struct Pass {
    /// Counted from 1.
    pub number: u64,
    /// When it began.
    pub began_us: i64,
    /// When it ended: a pass is spread over its period.
    pub ended_us: i64,
    /// The period that it was given, in microseconds.
    pub period_us: u64,
    /// What it cost the target, in microseconds: the time that its slices took, which is more than their work where others
    /// have the cores.
    pub own_work_us: u64,
    /// Processes that were looked at.
    pub n_swept: u64,
    /// Messages in all mailboxes.
    pub n_messages: u64,
    /// How many were in each status.
    pub statuses: Statuses,
    /// Passes that it takes until what all processes hold was read: 1 on small nodes, else 4. The first pass reads all.
    pub n_parts: u64,
    /// Those that are left out for a while, since they held the sweep up. Their rows say nothing but who they are.
    pub left_out: Vec<Pid>,
    /// Rows that each [`Order`] has at most.
    pub n_first: usize,
    /// The first of each order, and suspended ones: each process once, in no order.
    pub rows: Vec<Row>,
}

impl Pass {
    /// Whether nothing was known before it, so that there are no rates yet.
    pub fn is_first(&self) -> bool {
        self.number == 1
    }

    /// The first of all processes by an order, greatest first; fewer, where fewer have a value above 0.
    pub fn first(&self, order: Order) -> Vec<&Row> {
        let mut ranked: Vec<(f64, &Row)> =
            self.rows.iter().filter_map(|row| Some((row.rank(order).filter(|rank| *rank > 0.0)?, row))).collect();
        ranked.sort_by(|(a, x), (b, y)| b.total_cmp(a).then_with(|| x.pid.cmp(&y.pid)));
        ranked.into_iter().take(self.n_first).map(|(_, row)| row).collect()
    }

    /// Those that wait until a link takes what they send: at most 50.
    pub fn suspended(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.now.status == Some(Status::Suspended))
    }
}

/// Mailboxes that a pass found before its end: longer than the last of the first by [`Order::Mailbox`] in the pass before,
/// where that had as many, and of 100 messages at least. In a pass there are at most as many as it has rows of an order,
/// and of those that the pass before reported so only such as have grown tenfold.
#[derive(Clone, Debug, PartialEq)]
pub struct Early {
    /// The number of the pass that goes on.
    pub pass: u64,
    /// The processes, in no order; nothing is said of what they hold.
    pub rows: Vec<Row>,
}

/// By what processes are ranked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// Messages in the mailbox.
    Mailbox,
    /// Messages that it grew by, per second.
    MailboxGrowth,
    /// How many of the last looks found it active.
    ActiveShare,
    /// Reductions per second.
    Reductions,
    /// Bytes that it holds on its heaps, as estimated.
    Memory,
    /// Bytes of binaries that it refers to.
    Binaries,
    /// Bytes that its memory grew by, per second.
    MemoryGrowth,
    /// Bytes that its binaries grew by, per second.
    BinariesGrowth,
}

/// How many processes were in each status. Those that waited are the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statuses {
    /// On a scheduler.
    pub running: u64,
    /// In a run queue.
    pub runnable: u64,
    /// Collecting its garbage.
    pub garbage_collecting: u64,
    /// Until a busy link takes what they send, or whoever suspended them lets them go.
    pub suspended: u64,
    /// Ending.
    pub exiting: u64,
    /// Waiting for a message, or in any other status.
    pub waiting: u64,
}

/// `process_info(Pid, status)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// On a scheduler.
    Running,
    /// In a run queue.
    Runnable,
    /// Waiting for a message.
    Waiting,
    /// Collecting its garbage.
    GarbageCollecting,
    /// Until a busy link takes what it sends, or whoever suspended it lets it go.
    Suspended,
    /// Ending.
    Exiting,
}

impl Status {
    /// The status of its atom, where it is one.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "running" => Some(Self::Running),
            "runnable" => Some(Self::Runnable),
            "waiting" => Some(Self::Waiting),
            "garbage_collecting" => Some(Self::GarbageCollecting),
            "suspended" => Some(Self::Suspended),
            "exiting" => Some(Self::Exiting),
            _ => None,
        }
    }

    /// Whether it has something to do, and not only to wait for.
    pub fn is_active(self) -> bool {
        matches!(self, Self::Running | Self::Runnable | Self::GarbageCollecting)
    }
}

/// One process of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Who.
    pub pid: Pid,
    /// What was found now.
    pub now: Look,
    /// What was found in the pass before, where it was looked at then.
    pub before: Option<Look>,
    /// The last looks, this one with them.
    pub looks: Option<Looks>,
    /// What it held when that was read last: in this pass, or in one of the [`Pass::n_parts`] before.
    pub size: Option<Size>,
    /// What it held the time before.
    pub size_before: Option<Size>,
}

/// What a process holds, as its collector counts it (`garbage_collection_info`). Not read where the mailbox has 100
/// messages or more, since it would be walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// When, in microseconds of the target's monotonic clock.
    pub at_us: i64,
    /// Estimate of its memory in bytes: the blocks of its young and old heap, the stack in them, and heap fragments.
    pub memory_bytes: u64,
    /// Binaries outside of its heap that it refers to, in bytes, by their virtual heaps: parts of binaries count whole,
    /// and what others refer to as well counts for each.
    pub binary_bytes: u64,
}

/// What one look at a process found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// When, in microseconds of the target's monotonic clock.
    pub at_us: i64,
    /// Messages in its mailbox.
    pub mailbox: Option<u64>,
    /// Reductions since its start.
    pub reductions: Option<u64>,
    /// Its status; not kept from passes before.
    pub status: Option<Status>,
}

impl Row {
    /// Messages that its mailbox grew by, per second since the pass before; below 0 where it shrank.
    pub fn mailbox_growth(&self) -> Option<f64> {
        self.per_second(|look| look.mailbox)
    }

    /// Reductions per second since the pass before.
    pub fn reductions_rate(&self) -> Option<f64> {
        self.per_second(|look| look.reductions)
    }

    /// Bytes that its memory grew by, per second since it was read before; below 0 where it shrank.
    pub fn memory_growth(&self) -> Option<f64> {
        self.grew(|size| size.memory_bytes)
    }

    /// Bytes that its binaries grew by, per second since they were read before; below 0 where they shrank.
    pub fn binaries_growth(&self) -> Option<f64> {
        self.grew(|size| size.binary_bytes)
    }

    fn per_second(&self, value: impl Fn(&Look) -> Option<u64>) -> Option<f64> {
        let before = self.before.as_ref()?;
        rate((value(&self.now)?, self.now.at_us), (value(before)?, before.at_us))
    }

    fn grew(&self, value: impl Fn(&Size) -> u64) -> Option<f64> {
        let (now, before) = (self.size?, self.size_before?);
        rate((value(&now), now.at_us), (value(&before), before.at_us))
    }

    /// What an order ranks it by.
    fn rank(&self, order: Order) -> Option<f64> {
        match order {
            Order::Mailbox => self.now.mailbox.map(|n| n as f64),
            Order::MailboxGrowth => self.mailbox_growth(),
            Order::ActiveShare => self.looks.map(|looks| looks.rank().into()),
            Order::Reductions => self.reductions_rate(),
            Order::Memory => self.size.map(|size| size.memory_bytes as f64),
            Order::Binaries => self.size.map(|size| size.binary_bytes as f64),
            Order::MemoryGrowth => self.memory_growth(),
            Order::BinariesGrowth => self.binaries_growth(),
        }
    }
}

fn rate((now, now_us): (u64, i64), (before, before_us): (u64, i64)) -> Option<f64> {
    let elapsed = now_us.checked_sub(before_us).filter(|us| *us > 0)?;
    Some((now as f64 - before as f64) * 1e6 / elapsed as f64)
}
