//! A close look at the queues of one process: each with its descriptor, its addresses, and who is at the other end.

use std::{cmp::Reverse, collections::HashMap, net::SocketAddr};

use midair_vitals::{Queue, TaskId};

use super::{
    Queues,
    book::rank,
    diag::{Diag, Which},
    full::Full,
    looks::{Descriptors, Target},
    object::{Ends, Kind, Object},
    table::Place,
};
use crate::kernel::files::Files;

/// At most so many queues are listed.
const MOST_QUEUES: usize = 256;

/// At most so many descriptors of a process are looked at for it, about 2 us each.
const MOST_DESCRIPTORS: u32 = 2_048;

impl Queues {
    /// All queues that a process holds, the worst first, and how many there are. `None` where they are not known.
    ///
    /// Those that another process owns are listed too: the row of each process has only its own.
    pub(in crate::kernel) fn all_of(&mut self, files: &mut Files, process: TaskId) -> Option<(Vec<Queue>, u32)> {
        let pid = u32::try_from(process.number).ok()?;
        let at = self.book.holders.find(pid)?;
        let holder = self.book.holders.get(at).filter(|h| h.start == process.start && !h.is_closed)?;
        let n_own = holder.n_queues();
        let fds = self.fds.remove(&pid).unwrap_or_else(|| descriptors(files, pid));
        let is_held = |full: &&Full| full.owner == Some(at) || fds.contains_key(&full.object.inode) && is_socket(full);
        let held: Vec<&Full> = self.book.fulls().filter(is_held).collect();
        let n_others =
            held.iter().filter(|full| full.owner != Some(at)).map(|full| full.object.kind.n_queues()).sum::<u32>();
        let mut queues: Vec<(&Full, Queue)> =
            held.iter().flat_map(|full| self.book.queues(full).map(|queue| (*full, queue))).collect();
        queues.sort_by_key(|(_, queue)| Reverse(rank(queue)));
        queues.truncate(MOST_QUEUES);
        let mut ends = OtherEnds::of(self.is_own, self.instant.take());
        let mut out = Vec::with_capacity(queues.len());
        for (full, queue) in queues {
            let (object, peer) = ends.find(full);
            let owner = peer.and_then(|peer| match peer {
                Peer::Socket(inode) => self.book.owner_of(inode),
                Peer::Process(place) => self.book.holders.get(place),
            });
            out.push(Queue {
                label: object.as_ref().unwrap_or(&full.object).label(queue.kind),
                fd: fds.get(&full.object.inode).copied(),
                peer: owner.map(|holder| holder.id()),
                ..queue
            });
        }
        self.instant = ends.diag;
        Some((out, n_own + n_others))
    }
}

fn is_socket(full: &Full) -> bool {
    !matches!(full.object.kind, Kind::Pipe | Kind::EventFd | Kind::MessageQueue)
}

/// The descriptors of a process by inode, the lowest of each.
fn descriptors(files: &mut Files, pid: u32) -> HashMap<u64, u32> {
    let mut fds = HashMap::new();
    let Ok(mut descriptors) = Descriptors::open(files, pid) else { return fds };
    // What vanishes meanwhile has no descriptor any more.
    let _ended = descriptors.read(MOST_DESCRIPTORS, &mut |descriptor| match descriptor.what {
        Target::Socket(inode) | Target::Pipe(inode) => {
            fds.entry(inode).and_modify(|fd: &mut u32| *fd = descriptor.fd.min(*fd)).or_insert(descriptor.fd);
        }
        Target::Other => {}
    });
    fds
}

/// What is at the other end.
enum Peer {
    Socket(u64),
    Process(Place),
}

/// Finds other ends, of each object once.
struct OtherEnds {
    diag: Option<Diag>,
    known: HashMap<u64, (Option<Object>, Option<u64>)>,
}

impl OtherEnds {
    fn of(is_own: bool, diag: Option<Diag>) -> Self {
        let diag = if is_own { diag.or_else(|| Diag::open().ok()) } else { None };
        Self { diag, known: HashMap::new() }
    }

    /// A fresh look at an object where that tells more, and its other end.
    fn find(&mut self, full: &Full) -> (Option<Object>, Option<Peer>) {
        if full.object.kind == Kind::Pipe {
            return (None, full.writer.map(Peer::Process));
        }
        let inode = full.object.inode;
        if !self.known.contains_key(&inode) {
            let found = self.ask(&full.object);
            self.known.insert(inode, found);
        }
        let (object, peer) = self.known.get(&inode).cloned().unwrap_or_default();
        (object, peer.map(Peer::Socket))
    }

    fn ask(&mut self, object: &Object) -> (Option<Object>, Option<u64>) {
        match (object.kind, &object.ends) {
            (Kind::Tcp, Ends::Inet { local, remote }) => (None, self.connected(*remote, *local)),
            (Kind::Unix | Kind::UnixListener, _) => {
                let Some(named) = u32::try_from(object.inode).ok().and_then(|inode| self.look(Which::Unix(inode)))
                else {
                    return (None, None);
                };
                let peer = if let Ends::Unix { peer, .. } = named.ends { peer } else { None };
                (Some(named), peer)
            }
            _ => (None, None),
        }
    }

    /// The socket on this host that is connected from one address to another.
    fn connected(&mut self, local: SocketAddr, remote: SocketAddr) -> Option<u64> {
        let found = self.look(Which::Tcp(local, remote))?;
        // Where there is no such connection the kernel answers with the listener on that port.
        Some(found.inode).filter(|inode| found.kind == Kind::Tcp && *inode != 0)
    }

    fn look(&mut self, which: Which) -> Option<Object> {
        let found = self.diag.as_mut()?.look(which);
        if found.is_err() {
            self.diag = None;
        }
        found.ok().flatten()
    }
}
