//! Whose socket it is: found by looking through the descriptors of processes.
//!
//! Looking is dear, so it is done when something asks for it. *Depth drives ownership*: a socket with data waiting and no
//! known owner is looked for among all processes at once, for a consumer that sleeps is the very case. Everything else is
//! found when a process is new, near its port, or as the rolling look comes by.

use std::collections::HashMap;

use rustix::io::Errno;

use crate::kernel::{files::Files, text::number};

/// Owners of sockets, by inode.
#[derive(Default)]
pub(crate) struct Owners {
    by_inode: HashMap<u64, u32>,
    looked: HashMap<u32, Looked>,
    /// The process after which the rolling look goes on.
    last: u32,
    /// How many descriptors the rolling look may still read; below zero after a large process.
    credit: i64,
    /// When a socket that nobody seems to hold is looked for again, microseconds.
    retry_us: HashMap<u64, u64>,
    /// When the likely owners may be looked at again, and when all processes may, microseconds.
    near_us: u64,
    everywhere_us: u64,
}

/// A process whose descriptors were looked at.
struct Looked {
    start: u64,
    is_closed: bool,
}

/// A socket that must have an owner.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// Its inode.
    pub(crate) inode: u64,
    /// Its own port: the listener on it most likely has the same owner.
    pub(crate) port: u16,
    /// Whether something waits in it or was dropped.
    pub(crate) is_urgent: bool,
}

/// A process that may own sockets: pid and start.
pub(crate) type Candidate = (u32, u64);

/// Descriptors that the rolling look reads per tick; about 2 us each.
const PER_TICK: i64 = 32;

/// After a look at many descriptors, the time for each of them until the next such look: looking takes about a hundredth
/// of it. Where connections come and go by the thousand there is always one with data and no known owner.
const REST_US: u64 = 200;

/// A socket that nobody seems to hold is looked for again after this time.
const RETRY_US: u64 = 3_000_000;

impl Owners {
    /// The owner of a socket.
    pub(crate) fn of(&self, inode: u64) -> Option<u32> {
        self.by_inode.get(&inode).copied()
    }

    /// Whether the descriptors of a process could not be looked at.
    pub(crate) fn is_closed(&self, pid: u32) -> bool {
        self.looked.get(&pid).is_some_and(|looked| looked.is_closed)
    }

    /// How many processes do not let this user look.
    pub(crate) fn n_closed(&self) -> usize {
        self.looked.values().filter(|looked| looked.is_closed).count()
    }

    /// Entries kept.
    #[cfg(test)]
    pub(crate) fn n_kept(&self) -> usize {
        self.by_inode.len() + self.looked.len() + self.retry_us.len()
    }

    /// Finds owners. `wanted` are all sockets in order of inode, `processes` all processes in order of pid.
    pub(crate) fn find(&mut self, files: &mut Files, processes: &[Candidate], wanted: &[Wanted], now_us: u64) {
        self.forget_ended(processes, wanted);
        self.credit = (self.credit + PER_TICK).min(PER_TICK);
        if self.lacks(wanted, |_| true) {
            for process in processes {
                if !self.looked.contains_key(&process.0) {
                    self.look(files, *process, wanted);
                }
            }
        }
        if now_us >= self.near_us && self.lacks(wanted, |_| true) {
            self.near_us = now_us + self.look_near(files, processes, wanted) * REST_US;
        }
        let retry_us = std::mem::take(&mut self.retry_us);
        let is_due = |w: &Wanted| w.is_urgent && retry_us.get(&w.inode).is_none_or(|due| now_us >= *due);
        let is_lacking = now_us >= self.everywhere_us && self.lacks(wanted, is_due);
        self.retry_us = retry_us;
        if is_lacking {
            self.look_everywhere(files, processes, wanted, now_us);
        } else {
            self.look_on(files, processes, wanted);
        }
    }

    fn lacks(&self, wanted: &[Wanted], which: impl Fn(&Wanted) -> bool) -> bool {
        wanted.iter().any(|w| !self.by_inode.contains_key(&w.inode) && which(w))
    }

    fn forget_ended(&mut self, processes: &[Candidate], wanted: &[Wanted]) {
        let start = |pid: &u32| processes.binary_search_by_key(pid, |p| p.0).ok().map(|at| processes[at].1);
        let looked = &mut self.looked;
        looked.retain(|pid, looked| start(pid) == Some(looked.start));
        let is_wanted = |inode: &u64| wanted.binary_search_by_key(inode, |w| w.inode).is_ok();
        self.by_inode.retain(|inode, pid| looked.contains_key(pid) && is_wanted(inode));
        self.retry_us.retain(|inode, _| is_wanted(inode));
    }

    /// Looks at the owners of other sockets on the same port: who listens there takes the connections, most often. Says
    /// how many descriptors it read.
    fn look_near(&mut self, files: &mut Files, processes: &[Candidate], wanted: &[Wanted]) -> u64 {
        let has_owner = |w: &&Wanted| self.by_inode.contains_key(&w.inode);
        let mut ports: Vec<u16> = wanted.iter().filter(|w| !has_owner(w)).map(|w| w.port).collect();
        ports.sort_unstable();
        ports.dedup();
        let near = wanted.iter().filter(|w| ports.binary_search(&w.port).is_ok());
        let mut pids: Vec<u32> = near.filter_map(|w| self.of(w.inode)).collect();
        pids.sort_unstable();
        pids.dedup();
        let mut n_read = 0;
        for pid in pids {
            if let Ok(at) = processes.binary_search_by_key(&pid, |p| p.0) {
                n_read += self.look(files, processes[at], wanted);
            }
        }
        n_read
    }

    fn look_everywhere(&mut self, files: &mut Files, processes: &[Candidate], wanted: &[Wanted], now_us: u64) {
        self.by_inode.clear();
        let n_read: u64 = processes.iter().map(|process| self.look(files, *process, wanted)).sum();
        self.everywhere_us = now_us + n_read * REST_US;
        for w in wanted.iter().filter(|w| w.is_urgent && !self.by_inode.contains_key(&w.inode)) {
            self.retry_us.insert(w.inode, now_us + RETRY_US);
        }
    }

    /// Goes on with the rolling look, which also notices sockets that were handed over or closed by one of two owners.
    fn look_on(&mut self, files: &mut Files, processes: &[Candidate], wanted: &[Wanted]) {
        if wanted.is_empty() {
            return;
        }
        for _ in 0..processes.len() {
            if self.credit <= 0 {
                return;
            }
            let next = processes.partition_point(|p| p.0 <= self.last);
            let process = processes[next % processes.len()];
            self.last = process.0;
            self.by_inode.retain(|_, pid| *pid != process.0);
            self.credit -= self.look(files, process, wanted).cast_signed().max(1);
        }
    }

    /// Looks at all descriptors of one process; says how many it read. Of several owners the lowest pid counts.
    fn look(&mut self, files: &mut Files, (pid, start): Candidate, wanted: &[Wanted]) -> u64 {
        let mut n = 0;
        let by_inode = &mut self.by_inode;
        let looked = files.links(format_args!("{pid}/fd"), |target| {
            n += 1;
            let Some(inode) = socket_inode(target) else { return };
            if wanted.binary_search_by_key(&inode, |w| w.inode).is_ok() {
                by_inode.entry(inode).and_modify(|owner| *owner = pid.min(*owner)).or_insert(pid);
            }
        });
        let is_closed = matches!(looked, Err(Errno::ACCESS | Errno::PERM));
        self.looked.insert(pid, Looked { start, is_closed });
        n
    }
}

/// `socket:[8101]`.
fn socket_inode(link: &[u8]) -> Option<u64> {
    number(link.strip_prefix(b"socket:[")?.strip_suffix(b"]")?)
}

#[cfg(test)]
mod tests;
