//! What sockets moved and dropped, kept so that no sum goes back when one of them closes.

use std::collections::HashMap;

use midair_vitals::{Flow, Queue, QueueKind, Unit};

use super::socket::{Socket, TcpCounters};

/// The books of all sockets and their owners.
#[derive(Default)]
pub(crate) struct Ledger {
    sockets: HashMap<u64, Account>,
    processes: HashMap<u32, Moved>,
    drops: HashMap<QueueKind, u64>,
    tick: u64,
}

/// One socket between two ticks.
#[derive(Clone, Copy, Debug, Default)]
struct Account {
    last: TcpCounters,
    data_in: u64,
    data_out: u64,
    gained_in: u64,
    gained_out: u64,
    drops: u64,
    has_new_drops: bool,
    tick: u64,
}

/// What a process moved, in segments.
#[derive(Clone, Copy, Debug, Default)]
struct Moved {
    start: u64,
    n_in: u64,
    n_out: u64,
}

impl Ledger {
    /// Books a new reading of all sockets.
    pub(crate) fn book(&mut self, sockets: &[Socket]) {
        self.tick += 1;
        for socket in sockets.iter().filter(|socket| socket.inode != 0) {
            let account = self.sockets.entry(socket.inode).or_default();
            if let Some(now) = socket.tcp {
                account.book_segments(now);
            }
            // Another way of listing may not tell the drops: then they stand where they were.
            let drops = socket.drops.unwrap_or(account.drops);
            let dropped = drops.saturating_sub(account.drops);
            account.has_new_drops = dropped > 0;
            account.drops = drops;
            account.tick = self.tick;
            let counting = socket.queues().find(|queue| queue.drops.is_some());
            if let Some(queue) = counting {
                *self.drops.entry(queue.kind).or_default() += dropped;
            }
        }
        self.sockets.retain(|_, account| account.tick == self.tick);
    }

    /// Credits what a socket moved since the last tick to its owner. A socket that found its owner late brings nothing
    /// of what it moved before: it would look like a burst.
    pub(crate) fn credit(&mut self, inode: u64, (pid, start): (u32, u64)) {
        let Some(account) = self.sockets.get(&inode) else { return };
        let moved = self.processes.entry(pid).or_default();
        if moved.start != start {
            *moved = Moved { start, ..Moved::default() };
        }
        moved.n_in += account.gained_in;
        moved.n_out += account.gained_out;
    }

    /// Forgets processes that have ended.
    pub(crate) fn keep(&mut self, is_alive: impl Fn(u32, u64) -> bool) {
        self.processes.retain(|pid, moved| is_alive(*pid, moved.start));
    }

    /// Whether a socket dropped something since the last tick.
    pub(crate) fn has_new_drops(&self, inode: u64) -> bool {
        self.sockets.get(&inode).is_some_and(|account| account.has_new_drops)
    }

    /// What a process moved in TCP segments, since it was first seen to.
    pub(crate) fn flows(&self, pid: u32) -> Vec<Flow> {
        let moved = self.processes.get(&pid);
        moved.map(|m| Flow { unit: Unit::Segments, n_in: Some(m.n_in), n_out: Some(m.n_out) }).into_iter().collect()
    }

    /// Entries kept.
    #[cfg(test)]
    pub(crate) fn n_kept(&self) -> usize {
        self.sockets.len() + self.processes.len()
    }

    /// Adds the counters of data segments to a queue of a TCP connection.
    pub(crate) fn complete(&self, socket: &Socket, queue: &mut Queue) {
        let Some(account) = self.sockets.get(&socket.inode).filter(|_| socket.tcp.is_some()) else { return };
        queue.segments_in = (queue.kind == QueueKind::TcpReceive).then_some(account.data_in);
        queue.segments_out = (queue.kind == QueueKind::TcpSend).then_some(account.data_out);
    }

    /// All drops of a kind of queue, those of closed sockets included.
    pub(crate) fn drops(&self, kind: QueueKind) -> u64 {
        self.drops.get(&kind).copied().unwrap_or(0)
    }
}

impl Account {
    fn book_segments(&mut self, now: TcpCounters) {
        self.gained_in = gained(self.last.segs_in, now.segs_in);
        self.gained_out = gained(self.last.segs_out, now.segs_out);
        self.data_in += gained(self.last.data_segs_in, now.data_segs_in);
        self.data_out += gained(self.last.data_segs_out, now.data_segs_out);
        self.last = now;
    }
}

/// The kernel counts segments in 32 bits: the difference is taken so that it survives the wrap. A socket that was taken
/// off its peer and connected anew counts from zero again.
fn gained(before: u32, now: u32) -> u64 {
    let wrapped = now.wrapping_sub(before);
    u64::from(if wrapped > u32::MAX / 2 { now } else { wrapped })
}

#[cfg(test)]
mod tests;
