//! The sockets of this host: what waits in them, whose they are, and what they move.

mod diag;
mod ledger;
mod owners;
mod procnet;
mod socket;

use std::{cmp::Reverse, sync::Arc};

use midair_vitals::{Flow, Queue, QueueKind, Severity, TaskId, TaskReading, Unit, severity};
use rustix::io::Errno;

use self::{
    diag::Diag,
    ledger::Ledger,
    owners::{Candidate, Owners, Wanted},
    socket::{Protocol, Socket},
};
use super::{files::Files, names::own_user, node::InUse};
use crate::reading::{Health, Reading};

/// All sockets between two ticks.
pub(super) struct Sockets {
    diag: Way,
    sockets: Vec<Socket>,
    /// Owner and index of each socket that has one, in order of pid.
    owned: Vec<(u32, usize)>,
    owners: Owners,
    ledger: Ledger,
    wanted: Vec<Wanted>,
}

/// How sockets are listed.
enum Way {
    /// Through netlink, opened at the first dump.
    Netlink(Option<Diag>),
    /// Through `/proc/net`: the root is not this kernel's, of which alone netlink speaks.
    Files,
}

/// The kinds of queue that this source knows, with their units and whether drops are counted.
const KINDS: [(QueueKind, Unit, bool); 4] = [
    (QueueKind::Listen, Unit::Connections, true),
    (QueueKind::TcpReceive, Unit::Bytes, false),
    (QueueKind::TcpSend, Unit::Bytes, false),
    (QueueKind::UdpReceive, Unit::Bytes, true),
];

/// At most so many queues are listed in a close look.
const MOST_QUEUES: usize = 256;

impl Sockets {
    /// `is_own`: whether the root is the `/proc` of this kernel.
    pub(super) fn new(is_own: bool) -> Self {
        Self {
            diag: if is_own { Way::Netlink(None) } else { Way::Files },
            sockets: Vec::new(),
            owned: Vec::new(),
            owners: Owners::default(),
            ledger: Ledger::default(),
            wanted: Vec::new(),
        }
    }

    /// Lists all sockets and finds their owners among `processes`, which are in order of pid.
    pub(super) fn read(&mut self, files: &mut Files, in_use: InUse, processes: &[Candidate], now_us: u64) -> Health {
        let why = match self.list(files, in_use) {
            Ok(why) => why,
            Err(error) => {
                self.sockets.clear();
                self.owned.clear();
                return Health::Off(format!("cannot list sockets: {error}").into());
            }
        };
        self.ledger.book(&self.sockets);
        let ledger = &self.ledger;
        self.wanted.clear();
        self.wanted.extend(self.sockets.iter().filter(|s| s.inode != 0).map(|s| Wanted {
            inode: s.inode,
            port: s.local.port(),
            is_urgent: s.has_waiting() || ledger.has_new_drops(s.inode),
        }));
        self.wanted.sort_unstable_by_key(|w| w.inode);
        self.owners.find(files, processes, &self.wanted, now_us);
        self.assign(processes);
        self.health(why)
    }

    /// Adds the worst queue of each kind, and what it moved, to the row of a process.
    pub(super) fn add_to(&self, row: &mut TaskReading) {
        let Ok(pid) = u32::try_from(row.id.number) else { return };
        if self.owners.is_closed(pid) {
            return;
        }
        let mut worst: Vec<Queue> = Vec::new();
        let mut n = 0;
        for queue in self.queues_of(pid).map(|(_, queue)| queue) {
            n += 1;
            match worst.iter_mut().find(|known| known.kind == queue.kind) {
                Some(known) if rank(known) >= rank(&queue) => {}
                Some(known) => *known = queue,
                None => worst.push(queue),
            }
        }
        row.queues = Some(worst);
        row.n_queues = Some(n);
        row.flows = Some(self.flows(pid));
    }

    /// All queues of a process, the worst first and labelled, and how many there are. `None` where they are not known.
    pub(super) fn all_of(&self, process: TaskId) -> Option<(Vec<Queue>, u32)> {
        let pid = u32::try_from(process.number).ok().filter(|pid| !self.owners.is_closed(*pid))?;
        let mut queues: Vec<(&Socket, Queue)> = self.queues_of(pid).collect();
        queues.sort_by_key(|(_, queue)| Reverse(rank(queue)));
        let n = queues.len() as u32;
        queues.truncate(MOST_QUEUES);
        Some((queues.into_iter().map(|(socket, queue)| labelled(socket, queue)).collect(), n))
    }

    /// Adds the sums per kind, and the queues without an owner in which something waits or was dropped.
    pub(super) fn add_whole(&self, into: &mut Reading) {
        for (kind, unit, counts_drops) in KINDS {
            let queues = self.sockets.iter().flat_map(Socket::queues).filter(|queue| queue.kind == kind);
            into.sums.push(Queue {
                depth: Some(queues.filter_map(|queue| queue.depth).sum()),
                drops: counts_drops.then(|| self.ledger.drops(kind)),
                ..Queue::unknown(kind, unit)
            });
        }
        for socket in self.sockets.iter().filter(|s| s.inode != 0 && self.owners.of(s.inode).is_none()) {
            let has_new_drops = self.ledger.has_new_drops(socket.inode);
            let waiting =
                self.complete_queues(socket).filter(|q| q.depth > Some(0) || (has_new_drops && q.drops.is_some()));
            into.orphans.extend(waiting.map(|queue| labelled(socket, queue)));
        }
        self.label_worst(into);
    }

    /// The worst queue of the node is shown with its addresses; labelling all would cost more than it tells.
    fn label_worst(&self, into: &mut Reading) {
        let queues = into.tasks.iter_mut().filter_map(|row| row.queues.as_mut()).flatten();
        let Some(worst) = queues.filter(|queue| queue.depth > Some(0)).max_by_key(|queue| rank(queue)) else { return };
        if let Some(socket) = self.sockets.iter().find(|socket| Some(socket.inode) == worst.number) {
            worst.label = Some(socket.label(worst.kind).into());
        }
    }

    /// Entries kept of sockets and their owners.
    #[cfg(test)]
    pub(super) fn n_kept(&self) -> usize {
        self.owners.n_kept() + self.ledger.n_kept()
    }

    /// Lists all sockets; says why, where netlink could not be used.
    fn list(&mut self, files: &mut Files, in_use: InUse) -> Result<Option<Errno>, Errno> {
        let mut why = None;
        self.sockets.clear();
        for (protocol, in_use) in [(Protocol::Tcp, in_use.tcp), (Protocol::Udp, in_use.udp)] {
            let before = self.sockets.len();
            let dumped = match &mut self.diag {
                Way::Netlink(diag) => dump(diag, protocol, in_use, &mut self.sockets),
                Way::Files => Err(Errno::OPNOTSUPP),
            };
            if let Err(error) = dumped {
                self.sockets.truncate(before);
                procnet::read(files, protocol, &mut self.sockets)?;
                why = Some(error);
            }
        }
        Ok(why)
    }

    fn assign(&mut self, processes: &[Candidate]) {
        let start = |pid: u32| processes.binary_search_by_key(&pid, |p| p.0).ok().map(|at| processes[at].1);
        self.ledger.keep(|pid, then| start(pid) == Some(then));
        self.owned.clear();
        for (n, socket) in self.sockets.iter().enumerate() {
            let Some(pid) = self.owners.of(socket.inode) else { continue };
            self.owned.push((pid, n));
            if let Some(start) = start(pid).filter(|_| socket.tcp.is_some()) {
                self.ledger.credit(socket.inode, (pid, start));
            }
        }
        self.owned.sort_unstable();
    }

    fn queues_of(&self, pid: u32) -> impl Iterator<Item = (&Socket, Queue)> {
        let from = self.owned.partition_point(|(owner, _)| *owner < pid);
        let own = self.owned[from..].iter().take_while(move |(owner, _)| *owner == pid);
        own.flat_map(|(_, n)| self.complete_queues(&self.sockets[*n]).map(|queue| (&self.sockets[*n], queue)))
    }

    fn complete_queues<'a>(&'a self, socket: &'a Socket) -> impl Iterator<Item = Queue> + 'a {
        socket.queues().map(|mut queue| {
            self.ledger.complete(socket, &mut queue);
            queue
        })
    }

    fn flows(&self, pid: u32) -> Vec<Flow> {
        self.ledger.flows(pid)
    }

    fn health(&self, why: Option<Errno>) -> Health {
        let n_lost = self.wanted.iter().filter(|w| self.owners.of(w.inode).is_none()).count();
        let n_closed = self.owners.n_closed();
        if n_lost > 0 && n_closed > 0 {
            let (n, user) = (self.wanted.len(), own_user());
            return Health::Degraded(
                format!(
                    "the owners of {n_lost} of {n} sockets are not known: the descriptors of {n_closed} processes are \
                     closed to user {user}; run midair-agent as root or with CAP_SYS_PTRACE"
                )
                .into(),
            );
        }
        match (why, &self.diag) {
            (None, _) => Health::Ok,
            (Some(_), Way::Files) => Health::Degraded(
                "limits, segments and drops of listeners are not known: this /proc is not that of this kernel".into(),
            ),
            (Some(error), Way::Netlink(_)) => Health::Degraded(
                format!(
                    "limits, segments and drops of listeners are not known: netlink sock_diag: {error}; load the kernel \
                     modules tcp_diag and udp_diag"
                )
                .into(),
            ),
        }
    }
}

fn dump(
    diag: &mut Option<Diag>,
    protocol: Protocol,
    in_use: [Option<u64>; 2],
    into: &mut Vec<Socket>,
) -> Result<(), Errno> {
    let mut open = match diag.take() {
        Some(open) => open,
        None => Diag::open()?,
    };
    open.dump(protocol, in_use, into)?;
    // Kept only after a whole dump: the rest of a broken one would stand before the next answer.
    *diag = Some(open);
    Ok(())
}

/// By what the worst queue is chosen: severity, then depth, then number, so that equal ones do not take turns.
fn rank(queue: &Queue) -> (Option<Severity>, Option<u64>, Reverse<Option<u64>>) {
    (severity::queue(queue, None), queue.depth, Reverse(queue.number))
}

fn labelled(socket: &Socket, mut queue: Queue) -> Queue {
    queue.label = Some(Arc::from(socket.label(queue.kind)));
    queue
}
