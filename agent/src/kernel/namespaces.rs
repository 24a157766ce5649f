//! Network namespaces: which there are, who runs in them, and what each one counts.
//!
//! The files of a namespace are those of one of its processes (`/proc/PID/net`, proc(5)). They are opened for each reading:
//! a file that stays open holds its namespace, which then would outlive its pod. That costs 0.1 ms a namespace (kernel
//! 6.18), so that a tick reads as many as [`BUDGET_US`] allows, in turns.

mod counters;
mod names;

use std::{collections::HashMap, path::Path, sync::Arc};

use midair_vitals::{NetNamespace, NodeReading};
use rustix::{
    fd::{AsFd as _, BorrowedFd, OwnedFd},
    fs::{CWD, Mode, OFlags, openat, readlinkat},
    io::Errno,
    thread::{CapabilitySet, capabilities},
};

use self::{counters::Counters, names::Mounted};
use super::{
    cgroups::Cgroups,
    kept::{Page, open},
    stat::parse_stat,
    tally::{Netns, Tally},
    text::number,
};
use crate::{clock::Clock, reading::Health, stream::N_NAMESPACES};

/// CPU time that a tick may take for namespaces, microseconds. One is read in any case.
const BUDGET_US: u64 = 400;

/// Namespaces read per tick at most.
const READ_PER_TICK: usize = 16;

/// The network namespaces of this host.
#[derive(Debug)]
pub(super) struct Namespaces {
    root: Option<OwnedFd>,
    clock: Clock,
    /// That of this agent.
    own: Option<u64>,
    /// That of the host; `None` in a container that does not see the host's processes.
    host: Option<u64>,
    known: HashMap<u64, Known>,
    /// Whose turn it is: the inode after which the next round goes on.
    last_read: u64,
    counters: Counters,
    page: Page,
    mounted: Mounted,
    tick: u64,
    /// Whether this agent may look into processes of other users.
    may_trace: bool,
}

/// A namespace in which processes run.
#[derive(Debug)]
struct Known {
    /// The process through whose files it is read.
    pid: u32,
    reading: NetNamespace,
    /// The tick that saw it last.
    seen: u64,
}

impl Namespaces {
    /// The namespaces of the processes below `root`, a `/proc`.
    pub(super) fn new(root: &Path) -> Self {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        // Where it cannot be opened nothing is known; the source says why.
        let root = openat(CWD, root, flags, Mode::empty()).ok();
        let of = |process: &str| root.as_ref().and_then(|root| inode(root.as_fd(), process).ok());
        let host = root.as_ref().filter(|root| is_kernel_thread(root.as_fd(), 2)).and_then(|_| of("2"));
        Self {
            own: of("self"),
            host,
            root,
            clock: Clock::system(),
            known: HashMap::new(),
            last_read: 0,
            counters: Counters::default(),
            page: Page::default(),
            mounted: Mounted::default(),
            tick: 0,
            may_trace: capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::SYS_PTRACE)),
        }
    }

    /// The namespace of a process. It may not be seen by just any user (ptrace(2), PTRACE_MODE_READ_FSCREDS).
    pub(super) fn of_process(&self, pid: u32) -> Netns {
        let Some(root) = &self.root else { return Netns::Unknown };
        match inode(root.as_fd(), &pid.to_string()) {
            Ok(inode) => self.of_inode(inode),
            Err(Errno::ACCESS | Errno::PERM) => Netns::Hidden,
            Err(_) => Netns::Unknown,
        }
    }

    /// The namespace with an inode.
    pub(super) fn of_inode(&self, inode: u64) -> Netns {
        if self.own == Some(inode) { Netns::Own(inode) } else { Netns::Other(inode) }
    }

    /// That of the agent.
    pub(super) fn own(&self) -> Option<u64> {
        self.own
    }

    /// The namespaces that can be read, each with a process in it, the agent's own left out.
    pub(super) fn others(&self) -> impl Iterator<Item = (u64, u32)> {
        self.known.iter().filter(|(inode, _)| Some(**inode) != self.own).map(|(inode, known)| (*inode, known.pid))
    }

    /// Reads the counters of those whose turn it is. Done beside the files of the node, for both carry one stamp: what was
    /// read of the node is that of its own namespace.
    pub(super) fn read(&mut self, node: &NodeReading) {
        self.tick += 1;
        if let Some(own) = self.own.and_then(|own| self.known.get_mut(&own)) {
            counters::copy(node, &mut own.reading);
        }
        let mut turns: Vec<u64> = self.known.keys().filter(|inode| Some(**inode) != self.own).copied().collect();
        turns.sort_unstable();
        let first = turns.partition_point(|inode| *inode <= self.last_read);
        turns.rotate_left(first);
        let began_us = self.clock.thread_cpu_us();
        for inode in turns.into_iter().take(READ_PER_TICK) {
            self.read_one(inode, node.at_us);
            self.last_read = inode;
            if self.clock.thread_cpu_us().saturating_sub(began_us) >= BUDGET_US {
                break;
            }
        }
    }

    fn read_one(&mut self, number: u64, at_us: u64) {
        let (Some(root), Some(known)) = (&self.root, self.known.get_mut(&number)) else { return };
        // The process may have moved, or its number may be that of another one by now.
        let is_there = !matches!(inode(root.as_fd(), &known.pid.to_string()), Ok(other) if other != number);
        let read = is_there.then(|| self.counters.read(root.as_fd(), known.pid, &mut self.page, &mut known.reading));
        known.reading.unread = match read {
            Some(Ok(())) => {
                known.reading.at_us = at_us;
                None
            }
            Some(Err(Errno::NOENT | Errno::SRCH | Errno::INVAL)) | None => Some("its processes come and go".into()),
            Some(Err(error)) => Some(format!("cannot read /proc/{}/net: {error}", known.pid).into()),
        };
    }

    /// Takes in who runs where, and tells of at most [`N_NAMESPACES`]: the agent's own first, then those with most
    /// processes. New ones are read at the next tick.
    pub(super) fn close(
        &mut self,
        tally: &Tally,
        cgroups: &Cgroups,
        node: &mut NodeReading,
        into: &mut Vec<NetNamespace>,
    ) -> Health {
        self.count(tally, cgroups, node);
        let mut order: Vec<&Known> = self.known.values().collect();
        order.sort_by_key(|known| {
            let NetNamespace { is_own, n_processes, inode, .. } = known.reading;
            (std::cmp::Reverse((is_own, n_processes)), inode)
        });
        into.extend(order.iter().take(N_NAMESPACES).map(|known| known.reading.clone()));
        let n_beyond = order.len().saturating_sub(N_NAMESPACES);
        let n_unread =
            order.iter().take(N_NAMESPACES).filter(|known| known.reading.unread.is_some()).count() + n_beyond;
        let is_known = !self.known.is_empty();
        node.n_netns = is_known.then_some(self.known.len() as u64);
        node.n_netns_unread = is_known.then_some(n_unread as u64);
        self.health(tally)
    }

    fn count(&mut self, tally: &Tally, cgroups: &Cgroups, node: &NodeReading) {
        let tick = self.tick;
        for process in &tally.processes {
            let Some(inode) = process.netns.inode() else { continue };
            let known = self.known.entry(inode).or_insert_with(|| Known::new(inode, process.pid, self.own));
            if known.seen != tick {
                known.seen = tick;
                known.reading.n_processes = Some(0);
                // In the order of their numbers: the lowest is the one that was there first, most often.
                known.pid = process.pid;
            }
            known.reading.n_processes = known.reading.n_processes.map(|n| n + 1);
            if known.reading.name.is_none() {
                let unit = process.cgroup.and_then(|id| cgroups.unit(id));
                known.reading.name = self.mounted.name(inode, unit, self.host, tick);
            }
        }
        self.known.retain(|_, known| known.seen == tick);
        if let Some(own) = self.own.and_then(|own| self.known.get_mut(&own)).filter(|own| own.reading.at_us == 0) {
            counters::copy(node, &mut own.reading);
        }
    }

    fn health(&self, tally: &Tally) -> Health {
        let n = tally.processes.iter().filter(|process| process.netns == Netns::Hidden).count();
        // A process may be closed even to who may trace all others; there is nothing to be done about that.
        if n > 0 && !self.may_trace {
            let why = format!(
                "the network namespaces of {n} processes may not be seen; run midair-agent with CAP_SYS_PTRACE, or through \
                 the iterators that `midair-agent setup` pins"
            );
            return Health::Degraded(why.into());
        }
        if self.own.zip(self.host).is_some_and(|(own, host)| own != host) {
            let why = "the network of the node is that of this agent's own network namespace, not of the host; run \
                midair-agent in the host's network namespace";
            return Health::Degraded(why.into());
        }
        Health::Ok
    }

    /// What is known of a namespace, that of the agent where none is named.
    pub(super) fn row(&self, inode: Option<u64>) -> Option<NetNamespace> {
        Some(self.known.get(&inode.or(self.own)?)?.reading.clone())
    }
}

impl Known {
    fn new(inode: u64, pid: u32, own: Option<u64>) -> Self {
        let is_own = own == Some(inode);
        let unread: Option<Arc<str>> = (!is_own).then(|| "its turn has not come yet".into());
        Self { pid, reading: NetNamespace { inode, is_own, unread, ..NetNamespace::default() }, seen: 0 }
    }
}

/// The inode behind `/proc/PID/ns/net`: a link to `net:[4026531840]` (namespaces(7)).
fn inode(root: BorrowedFd<'_>, process: &str) -> Result<u64, Errno> {
    let link = readlinkat(root, format!("{process}/ns/net"), Vec::with_capacity(32))?;
    let text = link.as_bytes();
    text.strip_prefix(b"net:[").and_then(|rest| rest.strip_suffix(b"]")).and_then(number).ok_or(Errno::INVAL)
}

/// Whether a process is a thread of the kernel. The second process of a host is the parent of them all, and they never
/// leave the first namespaces; the second one of a container is just anybody.
fn is_kernel_thread(root: BorrowedFd<'_>, pid: u32) -> bool {
    let stat = open(root, &format!("{pid}/stat")).ok();
    let mut page = Page::default();
    let text = stat.as_ref().and_then(|file| page.read_short(file.as_fd()).ok());
    text.and_then(|text| parse_stat(text).ok()).is_some_and(|stat| stat.is_kernel_thread)
}

#[cfg(test)]
mod tests;
