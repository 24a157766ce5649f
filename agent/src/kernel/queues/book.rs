//! The book of all queues: what is known of each, whose it is, and what moved. Whoever reads the kernel writes into it.
//!
//! It is written in *rounds*: in each, every object is seen once, at one tick or over several. What a round has not seen
//! is not shown any more, and what two rounds have not seen is forgotten: a walk through the kernel's tables may pass one
//! over while others beside it close. Owners are found in *looks* at the descriptors of processes; what its owner was not
//! seen to hold in a look that came to its end goes to whoever holds it.

mod pipes;
mod sums;
mod sweep;

use std::{cmp::Reverse, sync::Arc};

use midair_vitals::{Flow, Queue, QueueKind, Severity, severity};

pub(crate) use self::pipes::PipeEnd;
#[cfg(test)]
use self::sweep::Wanted;
use self::{pipes::Pipes, sums::Sums, sweep::Sweep};
use super::{
    full::{Full, Fulls, segments_gained},
    holder::{Candidate, Holder, Holders, Rank, SLOW, Worst},
    object::{Kind, Level, Object},
    table::{Entry, Place, Table},
};

/// All that is known of queues.
#[derive(Debug, Default)]
pub(crate) struct Book {
    table: Table,
    fulls: Fulls,
    pipes: Pipes,
    /// The processes.
    pub(crate) holders: Holders,
    sums: Sums,
    /// Number of this tick, from 1, and its time in microseconds.
    tick: u64,
    now_us: u64,
    /// Number of the round that is going on, from 1.
    round: u32,
    sweep: Sweep,
    /// Connections of this process are kept in full, idle or not.
    watched: Vec<Place>,
    /// Room for the queues of one process.
    room: Vec<Queue>,
}

/// Up to so many sockets, all that is known of each is kept.
const KEEP_ALL: usize = 4_096;

/// Connections kept in full at most, about 300 bytes each. Of more, the depths still count in the sums.
const MOST_FULL: usize = 16_384;

/// Where a socket was seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sight {
    /// The place of its network namespace.
    pub(crate) namespace: usize,
    /// Whether all sockets of that namespace were seen in the round before: what is new now is younger than that.
    pub(crate) is_proof: bool,
}

impl Book {
    /// Begins a tick. `processes` are all that may hold queues, in order of pid.
    pub(crate) fn begin(&mut self, now_us: u64, processes: &[Candidate], watched: impl Iterator<Item = u32>) {
        self.tick += 1;
        self.now_us = now_us;
        self.round = self.round.max(1);
        self.begin_wanting();
        self.holders.sync(processes);
        self.watched.clear();
        self.watched.extend(watched.filter_map(|pid| self.holders.find(pid)));
    }

    /// Takes these processes for ones with very many descriptors, until they have been looked at.
    pub(crate) fn expect_large(&mut self, pids: &[u32]) {
        for pid in pids {
            let Some(holder) = self.holders.find(*pid).and_then(|place| self.holders.get_mut(place)) else { continue };
            if holder.n_looks == 0 {
                holder.n_files = holder.n_files.max(SLOW + 1);
            }
        }
    }

    /// Books what a look at a socket found.
    pub(crate) fn see(&mut self, object: Object, sight: Sight) {
        let inode = u32::try_from(object.inode).unwrap_or(0);
        if inode == 0 {
            // Nobody holds it any more; it still waits to be sent.
            return self.sums.add_loose(&object);
        }
        let (entry, is_new) = self.table.get_or_add(inode);
        let was_absent = entry.is_absent();
        if !is_new && (entry.kind() != object.kind || was_absent) {
            // One that was absent was counted out when it went.
            if !was_absent {
                count(&mut self.holders, entry, false);
            }
            entry.set_kind(object.kind);
            entry.set_absent(false);
            count(&mut self.holders, entry, true);
        }
        entry.set_kind(object.kind);
        entry.set_namespace(sight.namespace);
        let is_again = !is_new && entry.unseen_for(self.round) == 0;
        if is_new {
            entry.set_fresh(sight.is_proof);
        } else if !is_again {
            entry.grow_older();
        }
        entry.mark_seen(self.round);
        entry.port = object.port();
        if let Some(tcp) = object.tcp {
            let gain = if is_new { (0, 0) } else { segments_gained(entry.segments, tcp) };
            entry.segments = (tcp.segs_in, tcp.segs_out);
            if let Some(holder) = entry.owner.and_then(|owner| self.holders.get_mut(owner)) {
                holder.add_moved(gain);
            }
        }
        // What was seen and not kept had dropped nothing then; a socket that may be old may have dropped before.
        let are_drops_new = if is_new { sight.is_proof || self.tick == 1 } else { !was_absent };
        self.keep(inode, object, are_drops_new, is_again);
    }

    /// Notes that at least so much waits in a socket, where its own counters say less.
    pub(crate) fn wait_at_least(&mut self, inode: u64, bytes: u64) {
        let entry = u32::try_from(inode).ok().and_then(|inode| self.table.get(inode));
        let full = entry.and_then(|entry| entry.full).and_then(|full| self.fulls.get_mut(full));
        // What is not kept was empty when it was read.
        if let Some(depth) = full.and_then(|full| full.object.receive.depth.as_mut()).filter(|depth| **depth > 0) {
            *depth = bytes.max(*depth);
        }
    }

    /// Keeps all that was read of a socket, where it is worth it. `is_again`: it was seen in this round before.
    fn keep(&mut self, inode: u32, object: Object, are_drops_new: bool, is_again: bool) {
        let is_small = self.table.len() <= KEEP_ALL;
        let Some(entry) = self.table.get_mut(inode) else { return };
        if let Some(full) = entry.full.and_then(|full| self.fulls.get_mut(full)) {
            let kind = object.kind;
            full.namespace = entry.namespace();
            let dropped = full.update(object, self.now_us, self.tick);
            if full.owner.is_none() && full.is_urgent(self.tick) {
                self.sweep.want_at_once(entry);
            }
            return self.sums.add_drops(kind.queue_kind(), dropped);
        }
        let mut full = Full::new(object, self.now_us, entry.owner);
        full.namespace = entry.namespace();
        let is_watched = entry.owner.is_some_and(|owner| self.watched.contains(&owner));
        if !is_small && !is_watched && !full.is_notable(self.tick) {
            return;
        }
        if self.fulls.len() >= MOST_FULL {
            // Several may hold it, and each of them shows it.
            if !is_again {
                self.sums.add_loose(&full.object);
            }
            return;
        }
        if are_drops_new {
            self.sums.add_drops(full.object.kind.queue_kind(), full.dropped_all(self.tick));
        }
        if let Some(holder) = entry.owner.and_then(|owner| self.holders.get_mut(owner)) {
            let empty = &mut holder.empty[entry.kind() as usize];
            *empty = empty.filter(|known| *known != inode);
        }
        let is_wanted = full.owner.is_none() && full.is_urgent(self.tick);
        entry.full = Some(self.fulls.add(full));
        if is_wanted {
            self.sweep.want_at_once(entry);
        }
    }

    /// Notes that a process holds a socket; false where the socket is not known.
    pub(crate) fn claim(&mut self, inode: u64, by: Place) -> bool {
        let Some(entry) = u32::try_from(inode).ok().and_then(|n| self.table.get_mut(n)) else { return false };
        let Some(claimant) = self.holders.get(by) else { return true };
        let look = claimant.n_looks.wrapping_add(1);
        if entry.owner != Some(by) {
            let owner = entry.owner.and_then(|owner| self.holders.get(owner));
            if owner.is_some_and(|owner| !claimant.is_before(owner) && entry.is_held(owner.n_looks)) {
                return true;
            }
            give(entry, Some(by), &mut self.holders, &mut self.fulls);
        }
        entry.mark_claimed(look);
        true
    }

    /// What process owns a socket.
    pub(crate) fn owner_of(&self, inode: u64) -> Option<&Holder> {
        let entry = self.table.get(u32::try_from(inode).ok()?)?;
        self.holders.get(entry.owner?)
    }

    /// A look at a process is over.
    pub(crate) fn end_look(&mut self, at: Place, outcome: Look) {
        let Some(holder) = self.holders.get_mut(at) else { return };
        holder.is_closed = outcome == Look::Closed;
        if let Look::Open { n_files } | Look::Slow { n_files } = outcome {
            holder.n_files = n_files;
        }
        if !matches!(outcome, Look::Slow { .. }) {
            holder.n_looks = holder.n_looks.wrapping_add(1).max(1);
        }
    }

    /// A walk over all has seen the last descriptor of a process; it may come back to it for a thread that has
    /// descriptors of its own, which is the same look.
    pub(crate) fn end_look_of_round(&mut self, at: Place, n_files: u32) {
        let round = self.round;
        let Some(holder) = self.holders.get_mut(at).filter(|holder| holder.looked_in != round) else { return };
        holder.looked_in = round;
        self.end_look(at, Look::Open { n_files });
    }

    /// A walk over all is over, and the sweep after it: who was there when it began and was not seen in it holds nothing.
    pub(crate) fn end_looks_of_round(&mut self, begun: u64, has_slow_lane: bool) {
        let round = self.round.wrapping_sub(1);
        let tick = self.tick;
        for holder in self.holders.iter_mut().filter(|holder| !(has_slow_lane && holder.is_slow())) {
            if holder.looked_in != round && holder.born <= begun {
                holder.n_looks = holder.n_looks.wrapping_add(1).max(1);
                (holder.n_files, holder.is_closed) = (0, false);
            }
            holder.deliver(tick);
        }
    }

    /// Ends a tick: finds the worst queue of each process and the sums.
    pub(crate) fn end(&mut self) {
        for holder in self.holders.iter_mut() {
            holder.worst.clear();
        }
        self.sums.begin();
        for (place, full) in self.fulls.iter() {
            let mut holder = full.owner.and_then(|owner| self.holders.get_mut(owner));
            for (kind, level) in full.object.levels() {
                self.sums.add(kind, level);
                let Some(holder) = &mut holder else { continue };
                let now = Worst { kind, rank: level_rank(kind, level, full.object.inode), full: place };
                match holder.worst.iter_mut().find(|worst| worst.kind == kind) {
                    Some(worst) if worst.rank >= now.rank => {}
                    Some(worst) => *worst = now,
                    None => holder.worst.push(now),
                }
            }
        }
    }

    /// The worst queue of each kind of a process, and what it moved. Most stay what they were: then nothing is made anew.
    pub(crate) fn show(&mut self, at: Place) -> Option<Shown> {
        let mut queues = std::mem::take(&mut self.room);
        queues.clear();
        self.add_worst_of(self.holders.get(at)?, &mut queues);
        let holder = self.holders.get_mut(at)?;
        if *holder.shown != *queues {
            holder.shown = queues.drain(..).collect();
        }
        self.room = queues;
        Some(Shown { queues: Arc::clone(&holder.shown), flows: holder.show_moved() })
    }

    /// The worst queue of each kind of a process.
    fn add_worst_of(&self, holder: &Holder, queues: &mut Vec<Queue>) {
        let full = |worst: &Worst| {
            let full = self.fulls.get(worst.full)?;
            self.queues(full).find(|queue| queue.kind == worst.kind)
        };
        queues.extend(holder.worst.iter().filter_map(full));
        for (inode, kind) in holder.empty.iter().zip(Kind::ALL) {
            let Some(inode) = inode else { continue };
            let empty = Object::bare(kind, u64::from(*inode));
            for mut queue in empty.queues().filter(|queue| holder.worst.iter().all(|worst| worst.kind != queue.kind)) {
                queue.depth = Some(0);
                queues.push(queue);
            }
        }
    }

    /// The queues of an object; those that were not read in this tick carry the moment at which they were.
    pub(crate) fn queues(&self, full: &Full) -> impl Iterator<Item = Queue> {
        let at_us = Some(full.at_us).filter(|at_us| *at_us != self.now_us);
        full.queues().map(move |queue| Queue { at_us, ..queue })
    }

    /// Objects of the agent's own network namespace in which something waited when they were read last, at an earlier tick:
    /// those longest ago first.
    pub(crate) fn busy(&self, most: usize) -> Vec<&Full> {
        let is_busy = |full: &&Full| full.namespace == 0 && full.at_us != self.now_us && full.object.has_waiting();
        let mut busy: Vec<&Full> = self.fulls().filter(is_busy).collect();
        busy.sort_by_key(|full| full.at_us);
        busy.truncate(most);
        busy
    }

    /// Everything that is kept in full.
    pub(crate) fn fulls(&self) -> impl Iterator<Item = &Full> {
        self.fulls.iter().map(|(_, full)| full)
    }

    /// Number of this tick, from 1.
    pub(crate) fn tick(&self) -> u64 {
        self.tick
    }

    /// One sum per kind of queue, with the drops since the first tick.
    pub(crate) fn sums(&self) -> Vec<Queue> {
        self.sums.queues()
    }

    /// Entries kept.
    #[cfg(test)]
    pub(crate) fn n_kept(&self) -> usize {
        self.table.len() + self.fulls.len() + self.pipes.len() + self.holders.n_kept()
    }
}

/// What is shown of a process.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    /// Its worst queue of each kind.
    pub(crate) queues: Arc<[Queue]>,
    /// What it moved.
    pub(crate) flows: Arc<[Flow]>,
}

/// How a look at a process went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// It was looked at to its last descriptor.
    Open {
        /// How many descriptors it has.
        n_files: u32,
    },
    /// It was left off after very many descriptors.
    Slow {
        /// How many.
        n_files: u32,
    },
    /// This user may not look.
    Closed,
}

/// By what the worst queue is chosen.
pub(crate) fn rank(queue: &Queue) -> Rank {
    (severity::queue(queue, None), queue.depth, Reverse(queue.number))
}

/// The same of a queue that is not made for it: there are thousands, and most are empty.
fn level_rank(kind: QueueKind, level: Level, number: u64) -> Rank {
    let Level { unit, depth, limit } = level;
    let severity = match depth {
        Some(0) | None => depth.map(|_| Severity::default()),
        Some(_) => severity::queue(&Queue { depth, limit, ..Queue::unknown(kind, unit) }, None),
    };
    (severity, depth, Reverse(Some(number)))
}

/// Counts an object with its owner, in or out.
fn count(holders: &mut Holders, entry: &Entry, is_in: bool) {
    if let Some(holder) = entry.owner.and_then(|owner| holders.get_mut(owner)) {
        holder.count(entry.kind(), entry.inode, is_in);
    }
}

/// Changes the owner. What a connection moved that is younger than the last round was moved by this owner.
fn give(entry: &mut Entry, to: Option<Place>, holders: &mut Holders, fulls: &mut Fulls) {
    if !entry.is_absent() {
        count(holders, entry, false);
    }
    entry.owner = to;
    if !entry.is_absent() {
        count(holders, entry, true);
    }
    if let Some(full) = entry.full.and_then(|full| fulls.get_mut(full)) {
        full.owner = to;
    }
    let Some(holder) = to.and_then(|to| holders.get_mut(to)) else { return };
    if entry.kind() == Kind::Tcp {
        let moved = if entry.is_fresh() { entry.segments } else { (0, 0) };
        holder.add_moved((moved.0.into(), moved.1.into()));
        entry.set_fresh(false);
    }
}

#[cfg(test)]
mod tests;
