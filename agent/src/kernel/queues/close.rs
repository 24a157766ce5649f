//! A close look at the queues of one process: each with its descriptor, its addresses, and who is at the other end.

use std::{cmp::Reverse, collections::HashMap, net::SocketAddr};

use midair_vitals::{Queue, TaskId};

use super::{
    Queues,
    book::{Book, rank},
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
    /// Those that another process owns are listed too: the row of each process has only its own. A pipe that it writes into
    /// belongs to who reads, and is labelled as what a shell would write: `> pipe:[8102]`.
    pub(in crate::kernel) fn all_of(&mut self, files: &mut Files, process: TaskId) -> Option<(Vec<Queue>, u32)> {
        let pid = u32::try_from(process.number).ok()?;
        let at = self.book.holders.find(pid)?;
        let holder = self.book.holders.get(at).filter(|h| h.start == process.start && !h.is_closed)?;
        let n_own = holder.n_queues();
        let fds = self.fds.remove(&pid).unwrap_or_else(|| descriptors(files, pid));
        let is_written = |full: &Full| full.object.kind == Kind::Pipe && full.writer == Some(at);
        let is_held = |full: &&Full| {
            full.owner == Some(at) || is_written(full) || fds.contains_key(&full.object.inode) && is_socket(full)
        };
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
            let is_written = full.owner != Some(at) && is_written(full);
            let (object, peer) = if is_written { (None, full.owner.map(Peer::Process)) } else { ends.find(full) };
            let owner = peer.and_then(|peer| match peer {
                Peer::Socket(inode) => self.book.owner_of(inode),
                Peer::Listener => self.book.holders.get(listener(&self.book, full)?),
                Peer::Process(place) => self.book.holders.get(place),
            });
            let written = is_written.then(|| format!("> pipe:[{}]", full.object.inode).into());
            out.push(Queue {
                label: written.or_else(|| object.as_ref().unwrap_or(&full.object).label(queue.kind)),
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

/// Who listens where a connection leads that was not accepted yet.
fn listener(book: &Book, connection: &Full) -> Option<Place> {
    let Ends::Inet { remote, .. } = &connection.object.ends else { return None };
    let takes = |listener: &Full| match &listener.object.ends {
        Ends::Inet { local, .. } => {
            let (ip, to) = (local.ip().to_canonical(), remote.ip().to_canonical());
            local.port() == remote.port() && (ip == to || ip.is_unspecified())
        }
        Ends::None | Ends::Unix { .. } => false,
    };
    let mut listeners = book.fulls().filter(|full| full.object.kind == Kind::TcpListener);
    listeners.find(|full| full.namespace == connection.namespace && takes(full))?.owner
}

/// What is at the other end.
#[derive(Clone, Copy)]
enum Peer {
    Socket(u64),
    /// A connection that waits to be accepted: nobody holds it yet, but somebody listens.
    Listener,
    Process(Place),
}

/// Finds other ends, of each object once.
struct OtherEnds {
    diag: Option<Diag>,
    known: HashMap<u64, (Option<Object>, Option<Peer>)>,
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
        self.known.get(&inode).cloned().unwrap_or_default()
    }

    fn ask(&mut self, object: &Object) -> (Option<Object>, Option<Peer>) {
        match (object.kind, &object.ends) {
            (Kind::Tcp, Ends::Inet { local, remote }) => (None, self.connected(*remote, *local)),
            (Kind::Unix | Kind::UnixListener, _) => {
                let Some(named) = u32::try_from(object.inode).ok().and_then(|inode| self.look(Which::Unix(inode)))
                else {
                    return (None, None);
                };
                let peer = if let Ends::Unix { peer, .. } = named.ends { peer } else { None };
                (Some(named), peer.map(Peer::Socket))
            }
            _ => (None, None),
        }
    }

    /// The socket on this host that is connected from one address to another.
    fn connected(&mut self, local: SocketAddr, remote: SocketAddr) -> Option<Peer> {
        let found = self.look(Which::Tcp(local, remote))?;
        match (found.kind, found.inode) {
            (Kind::Tcp, 0) => Some(Peer::Listener),
            (Kind::Tcp, inode) => Some(Peer::Socket(inode)),
            // Where there is no such connection the kernel answers with the listener on that port.
            _ => None,
        }
    }

    fn look(&mut self, which: Which) -> Option<Object> {
        let found = self.diag.as_mut()?.look(which);
        if found.is_err() {
            self.diag = None;
        }
        found.ok().flatten()
    }
}
