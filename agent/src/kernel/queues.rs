//! The sockets, pipes and other queues of this host: what waits in them, whose they are, and what they move.
//!
//! One book, two ways to fill it: netlink and `/proc` (here), and the BPF iterator over descriptors. A queue that several
//! processes hold, because a child inherited it or was handed it, belongs to the one that started first, and to the first
//! process of all only if nobody else holds it; so each is counted once. The queue of a pipe belongs to who reads it.

mod book;
mod close;
mod diag;
mod full;
mod holder;
mod looks;
mod namespaces;
mod object;
mod price;
mod procnet;
mod round;
mod table;
mod walk;

use std::{collections::HashMap, sync::Arc};

use midair_vitals::{Queue, TaskId, TaskReading, Unit};
use rustix::io::Errno;

use self::{
    book::{Book, Sight, rank},
    diag::{Diag, Dump, Family, Senders, Which},
    full::Full,
    looks::Looks,
    namespaces::Namespaces,
    object::{Ends, Kind, Object},
    price::Price,
    round::Round,
    walk::Walk,
};
use super::{bpf::Bpf, files::Files, names::own_user, node::InUse};
use crate::{
    governor::{self, Off, Thrift},
    reading::{Health, Reading, SourceState},
};

pub(super) use self::holder::Candidate;

/// All queues between two ticks.
pub(super) struct Queues {
    is_own: bool,
    book: Book,
    looks: Looks,
    namespaces: Namespaces,
    round: Round,
    price: Price,
    /// Where the BPF iterator over descriptors can be read it takes the place of all the above.
    walk: Option<Walk>,
    /// When it is tried again after it failed, microseconds.
    walk_again_us: u64,
    /// When a round may begin.
    due: governor::Round,
    /// Descriptors of the tasks that are looked at closely, by inode, where a walk found them.
    fds: HashMap<u32, HashMap<u64, u32>>,
    /// For listeners and single sockets: the other netlink sockets may be in the middle of a dump.
    instant: Option<Diag>,
}

/// What a reading is made with.
pub(super) struct Look<'a> {
    /// The files.
    pub(super) files: &'a mut Files,
    /// The BPF iterators, where they may be read.
    pub(super) bpf: Option<&'a Bpf>,
    /// How many sockets there are.
    pub(super) in_use: InUse,
    /// The processes that may hold queues, in order of pid.
    pub(super) processes: &'a [Candidate],
    /// Processes with so many descriptors, as far as is known, that they are to be read in a lane of their own.
    pub(super) large: &'a [u32],
    /// Inode of the agent's own network namespace.
    pub(super) own_netns: Option<u64>,
    /// The others, each with a process in it.
    pub(super) other_netns: &'a [(u64, u32)],
    /// Tasks that are looked at closely.
    pub(super) close: &'a [TaskId],
    /// `CLOCK_MONOTONIC`, microseconds.
    pub(super) now_us: u64,
    /// CPU time of this thread, microseconds.
    pub(super) cpu_us: &'a dyn Fn() -> u64,
    /// What is to be left out.
    pub(super) thrift: Thrift,
    /// What is switched off.
    pub(super) off: &'a Off,
}

/// A process whose table of descriptors is so long has very many, most likely: such tables double when they are full.
pub(super) const LARGE: u32 = 16_384;

/// A round through netlink that costs so much CPU time at most is made in one tick; else a part of it takes so much.
const ONE_TICK_US: u64 = 10_000;
const SLICE_US: u64 = 3_000;

/// After a failure the BPF iterator is tried again after this time.
const WALK_AGAIN_US: u64 = 60_000_000;

/// Sockets in which something waited at the last look, looked at again per tick while a round is going on; about 6 us each.
const BUSY_PER_TICK: usize = 32;

impl Queues {
    /// `is_own`: whether the root is the `/proc` of this kernel.
    pub(super) fn new(is_own: bool) -> Self {
        Self {
            is_own,
            book: Book::default(),
            looks: Looks::default(),
            namespaces: Namespaces::new(is_own),
            round: Round::default(),
            price: Price::new(ONE_TICK_US, SLICE_US, SLICE_US),
            walk: None,
            walk_again_us: 0,
            due: governor::Round::default(),
            fds: HashMap::new(),
            instant: None,
        }
    }

    /// Reads sockets and finds their owners.
    pub(super) fn read(&mut self, look: &mut Look<'_>) -> SourceState {
        if let Some(why) = look.off.why("sockets") {
            *self = Self::new(self.is_own);
            return SourceState::new("sockets", Health::Off(why));
        }
        let watched = look.close.iter().filter_map(|id| u32::try_from(id.number).ok());
        self.book.begin(look.now_us, look.processes, watched);
        self.book.expect_large(look.large);
        self.fds.clear();
        let is_walked = look.bpf.is_some_and(|bpf| self.read_walk(bpf, look));
        if !is_walked && let Err(error) = self.read_round(look) {
            *self = Self::new(self.is_own);
            return SourceState::new("sockets", Health::Off(format!("cannot list sockets: {error}").into()));
        }
        self.book.holders.tell();
        self.book.end();
        self.state(look.now_us)
    }

    /// Goes on with the walk through BPF; false where that failed.
    fn read_walk(&mut self, bpf: &Bpf, look: &mut Look<'_>) -> bool {
        if look.now_us < self.walk_again_us {
            return false;
        }
        let mut walk = self.walk.take().unwrap_or_else(|| Walk::new(bpf));
        if !walk.is_going() && !self.due.begin(look.thrift.sockets_every, look.now_us) {
            self.walk = Some(walk);
            return true;
        }
        if !walk.is_of_one_tick() {
            self.look_again();
        }
        let mut tools = walk::Tools {
            bpf,
            own_netns: look.own_netns,
            now: (self.book.tick(), look.now_us),
            book: &mut self.book,
            cpu_us: look.cpu_us,
        };
        if walk.go_on(&mut tools).is_err() {
            self.walk_again_us = look.now_us + WALK_AGAIN_US;
            return false;
        }
        for pid in look.close.iter().filter_map(|id| u32::try_from(id.number).ok()) {
            self.fds.extend(walk.look_closely(pid, &mut tools).map(|fds| (pid, fds)));
        }
        self.walk = Some(walk);
        true
    }

    /// Goes on with the round through netlink, and finds owners.
    fn read_round(&mut self, look: &mut Look<'_>) -> Result<(), Errno> {
        self.walk = None;
        let is_off = look.off.why("namespaces").is_some();
        self.namespaces.sync(if is_off { &[] } else { look.other_netns });
        if !self.round.is_going() && !self.due.begin(look.thrift.sockets_every, look.now_us) {
            return Ok(());
        }
        let before_us = (look.cpu_us)();
        if self.is_own && !self.price.is_of_one_tick() {
            self.look_again();
        }
        let most_us = self.price.of_tick();
        let is_spent = || (look.cpu_us)().saturating_sub(before_us) >= most_us;
        let now = (self.book.tick(), look.now_us);
        let mut tools = round::Tools {
            files: &mut *look.files,
            book: &mut self.book,
            namespaces: &mut self.namespaces,
            in_use: look.in_use,
            now,
            is_spent: &is_spent,
        };
        let is_over = self.round.go_on(&mut tools)?;
        self.price.pay((look.cpu_us)().saturating_sub(before_us), is_over);
        self.looks.find(look.files, &mut self.book, look.now_us);
        if is_over {
            // What was moved by connections whose owner has just been found is told with the rest of the round.
            self.book.holders.iter_mut().for_each(|holder| holder.deliver(now.0));
        }
        Ok(())
    }

    /// Looks at listeners, at what was busy, and at all but connections where that is little, in the agent's own network
    /// namespace.
    fn look_again(&mut self) {
        // Kept only while all goes well: the rest of a broken answer would stand before the next.
        let Some(mut diag) = self.instant.take().or_else(|| Diag::open().ok()) else { return };
        let is_proof = self.namespaces.get_mut(0).is_some_and(|own| own.n_whole > 0);
        let sight = Sight { namespace: 0, is_proof };
        let book = &mut self.book;
        let listed = diag.read(Dump::Listeners(Family::Both), &mut |object| book.see(object, sight));
        if listed.is_err() {
            return;
        }
        let mut senders = Senders::default();
        for dump in self.round.small() {
            let see = &mut |object: Object| {
                senders.add(&object);
                book.see(object, sight);
            };
            if diag.read(*dump, see).is_err() {
                return;
            }
        }
        senders.drain().for_each(|(inode, bytes)| book.wait_at_least(inode, bytes));
        for (inode, which) in self
            .book
            .busy(BUSY_PER_TICK)
            .into_iter()
            .filter_map(|full| Some((full.object.inode, which(full)?)))
            .collect::<Vec<_>>()
        {
            match diag.look(which) {
                Ok(Some(object)) if object.inode == inode => self.book.see(object, sight),
                Ok(_) => {}
                Err(_) => return,
            }
        }
        self.instant = Some(diag);
    }

    /// Adds the worst queue of each kind, and what it moved, to the row of a process.
    pub(super) fn add_to(&mut self, row: &mut TaskReading) {
        let Some(at) = u32::try_from(row.id.number).ok().and_then(|pid| self.book.holders.find(pid)) else { return };
        let Some(holder) = self.book.holders.get(at) else { return };
        let is_unknown = holder.n_looks == 0 && self.book.n_unowned() > 0;
        if holder.is_closed || is_unknown && holder.n_queues() == 0 {
            return;
        }
        row.n_queues = Some(holder.n_queues());
        (row.queues, row.flows) = self.book.show(at).map(|shown| (shown.queues, shown.flows)).unzip();
    }

    /// Adds the sums per kind, the queues without an owner in which something waits or was dropped, and how many network
    /// namespaces are not read.
    pub(super) fn add_whole(&self, into: &mut Reading) {
        if self.walk.is_none() {
            into.node.n_netns_unread = into.node.n_netns_unread.max(Some(self.namespaces.n_unread()));
        }
        into.sums = self.book.sums();
        let tick = self.book.tick();
        for full in
            self.book.fulls().filter(|full| full.owner.is_none_or(|owner| self.book.holders.get(owner).is_none()))
        {
            let has_dropped = full.has_dropped_in(tick);
            let waiting = self.book.queues(full).filter(|q| q.depth > Some(0) || has_dropped && q.drops.is_some());
            into.orphans.extend(waiting.map(|queue| Queue { label: full.object.label(queue.kind), ..queue }));
        }
        self.label_worst(into);
    }

    /// The owners of all TCP listeners, each as often as it has one.
    pub(super) fn listeners(&self) -> impl Iterator<Item = u32> {
        let listeners = self.book.fulls().filter(|full| full.object.kind == Kind::TcpListener);
        listeners.filter_map(|full| Some(self.book.holders.get(full.owner?)?.pid))
    }

    /// Whether sockets of all network namespaces are seen, whoever may enter them.
    pub(super) fn sees_all_namespaces(&self) -> bool {
        self.walk.is_some()
    }

    /// The worst queue of the node is shown with its addresses; labelling all would cost more than it tells.
    fn label_worst(&self, into: &mut Reading) {
        let queues =
            into.tasks.iter().enumerate().flat_map(|(at, row)| row.queues().iter().map(move |queue| (at, queue)));
        let waiting = queues.filter(|(_, queue)| queue.depth > Some(0));
        let Some((at, worst)) = waiting.max_by_key(|(_, queue)| rank(queue)) else { return };
        let is_it = |full: &&Full| Some(full.object.inode) == worst.number && full.queue(worst.kind).is_some();
        let Some(label) = self.book.fulls().find(is_it).and_then(|full| full.object.label(worst.kind)) else { return };
        let which = (worst.kind, worst.number);
        let queues = into.tasks[at].queues.as_mut().map(Arc::make_mut).into_iter().flatten();
        queues
            .filter(|queue| (queue.kind, queue.number) == which)
            .for_each(|queue| queue.label = Some(Arc::clone(&label)));
    }

    /// Entries kept of queues and their owners.
    #[cfg(test)]
    pub(super) fn n_kept(&self) -> usize {
        self.book.n_kept() + self.looks.n_kept()
    }

    fn state(&self, now_us: u64) -> SourceState {
        let millis = |us: u64| u32::try_from(us / 1000).unwrap_or(u32::MAX);
        let now = (self.book.tick(), now_us);
        let (period_us, slow_period_us) = match &self.walk {
            Some(walk) => walk.periods_us(now),
            None => (self.round.period_us(now), self.looks.slow_period_us()),
        };
        SourceState {
            note: None,
            period_ms: period_us.map(millis),
            slow_period_ms: slow_period_us.map(millis),
            ..SourceState::new("sockets", self.health())
        }
    }

    fn health(&self) -> Health {
        if self.walk.is_some() {
            return Health::Ok;
        }
        let n_lost = self.book.n_unowned();
        let n_closed = self.book.holders.iter().filter(|holder| holder.is_closed).count();
        if n_lost > 0 && n_closed > 0 {
            let (n, user) = (self.book.n_sockets(), own_user());
            return degraded(format!(
                "the owners of {n_lost} of {n} sockets are not known: the descriptors of {n_closed} processes are \
                 closed to user {user}; run midair-agent as root or with CAP_SYS_PTRACE"
            ));
        }
        if !self.is_own {
            return degraded(
                "limits, segments, unix sockets and drops of listeners are not known: this /proc is not that of this kernel",
            );
        }
        match self.round.last_fault() {
            None => Health::Ok,
            Some(fault) if fault.is_unix => degraded(format!(
                "unix sockets are not known: netlink sock_diag: {}; load the kernel module unix_diag",
                fault.error
            )),
            Some(fault) => degraded(format!(
                "limits, segments and drops of listeners are not known: netlink sock_diag: {}; load the kernel modules \
                 tcp_diag and udp_diag",
                fault.error
            )),
        }
    }
}

fn degraded(why: impl Into<Arc<str>>) -> Health {
    Health::Degraded(why.into())
}

/// How one socket is asked for.
fn which(full: &Full) -> Option<Which> {
    let inode = u32::try_from(full.object.inode).ok()?;
    match (full.object.kind, &full.object.ends) {
        (Kind::Tcp, Ends::Inet { local, remote }) => Some(Which::Tcp(*local, *remote)),
        (Kind::Udp, Ends::Inet { local, remote }) => Some(Which::Udp(*local, *remote)),
        // Of datagrams the look at one socket says less than a round does.
        (Kind::Unix, _) if full.object.receive.unit == Unit::Messages || full.object.send.depth.is_some() => None,
        (Kind::Unix | Kind::UnixListener, _) => Some(Which::Unix(inode)),
        (Kind::TcpListener | Kind::Tcp | Kind::Udp | Kind::Pipe | Kind::EventFd | Kind::MessageQueue, _) => None,
    }
}

#[cfg(test)]
mod tests;
