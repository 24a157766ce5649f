//! Processes that may hold sockets and pipes, and what they moved.

use std::{collections::HashMap, sync::Arc};

use midair_vitals::{self as vitals, Queue, QueueKind, Severity, TaskId, Unit};

use super::{object::Kind, table::Place};

/// A process that may own sockets: pid and start.
pub(crate) type Candidate = (u32, u64);

/// A process between two ticks.
#[derive(Clone, Debug)]
pub(crate) struct Holder {
    /// Its number.
    pub(crate) pid: u32,
    /// Its start, clock ticks since boot.
    pub(crate) start: u64,
    /// Whether it runs. The place of one that has ended is given to another only when nothing points to it any more.
    pub(crate) is_alive: bool,
    /// How many looks at its descriptors have come to their end.
    pub(crate) n_looks: u32,
    /// Whether this user may not look at its descriptors.
    pub(crate) is_closed: bool,
    /// Descriptors that the last look found.
    pub(crate) n_files: u32,
    /// The round in which a walk over all saw its last descriptor.
    pub(crate) looked_in: u32,
    /// The tick in which it was first seen.
    pub(crate) born: u64,
    /// Objects that it owns, by kind.
    pub(crate) n_owned: [u32; Kind::ALL.len()],
    /// The lowest inode among those of a kind of which no more is kept than that they are empty.
    pub(crate) empty: [Option<u32>; Kind::ALL.len()],
    /// Its worst queue of each kind.
    pub(crate) worst: Vec<Worst>,
    /// The queues that were shown last.
    pub(crate) shown: Arc<[Queue]>,
    flow: Flow,
    tick: u64,
}

/// The worst queue of a kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Worst {
    /// Its kind.
    pub(crate) kind: QueueKind,
    /// By what it was chosen.
    pub(crate) rank: Rank,
    /// Where all that is known of it stands.
    pub(crate) full: Place,
}

/// A process with more descriptors is looked at in a lane of its own.
pub(crate) const SLOW: u32 = 10_000;

/// By what the worst queue is chosen: severity, then depth, then number, so that equal ones do not take turns.
pub(crate) type Rank = (Option<Severity>, Option<u64>, std::cmp::Reverse<Option<u64>>);

/// Segments that a process moved.
#[derive(Clone, Debug, Default)]
struct Flow {
    /// Those that are told.
    told: (u64, u64),
    /// Those of the last round, or look, told in equal parts over the next.
    due: (u64, u64),
    /// Those that have come since.
    coming: (u64, u64),
    /// The tick from which on those due are told, and ticks that are left for it.
    delivered: u64,
    n_ticks: u64,
    /// Whether it has a TCP connection at all.
    is_known: bool,
    /// What was shown last.
    shown: Arc<[vitals::Flow]>,
}

/// All processes.
#[derive(Debug, Default)]
pub(crate) struct Holders {
    list: Vec<Holder>,
    by_pid: HashMap<u32, Place>,
    /// Those that run, in order of pid.
    order: Vec<(u32, Place)>,
    free: Vec<Place>,
    /// Places of processes that have ended, to which something may still point.
    ended: Vec<Place>,
    tick: u64,
}

impl Holder {
    fn new((pid, start): Candidate, tick: u64) -> Self {
        Self {
            pid,
            start,
            is_alive: true,
            n_looks: 0,
            is_closed: false,
            n_files: 0,
            looked_in: 0,
            born: tick,
            n_owned: [0; Kind::ALL.len()],
            empty: [None; Kind::ALL.len()],
            worst: Vec::new(),
            shown: Arc::default(),
            flow: Flow { delivered: tick, ..Flow::default() },
            tick,
        }
    }

    /// Its identity as a task.
    pub(crate) fn id(&self) -> TaskId {
        TaskId { runtime: 0, number: u64::from(self.pid), start: self.start }
    }

    /// How many queues it has.
    pub(crate) fn n_queues(&self) -> u32 {
        Kind::ALL.iter().zip(self.n_owned).map(|(kind, n)| kind.n_queues() * n).sum()
    }

    /// Of several processes that hold the same socket, this one owns it rather than another: who started first, for a
    /// child inherits; but the first process of all only if it is alone, for it holds sockets for the services it starts.
    pub(crate) fn is_before(&self, other: &Self) -> bool {
        (self.pid == 1, self.start, self.pid) < (other.pid == 1, other.start, other.pid)
    }

    /// Counts an object of its own in, or out.
    pub(crate) fn count(&mut self, kind: Kind, inode: u32, is_in: bool) {
        let place = kind as usize;
        if is_in {
            self.n_owned[place] += 1;
            return;
        }
        self.n_owned[place] = self.n_owned[place].saturating_sub(1);
        if self.empty[place] == Some(inode) {
            self.empty[place] = None;
        }
    }

    /// Adds what a connection of its own moved, in and out.
    pub(crate) fn add_moved(&mut self, (n_in, n_out): (u64, u64)) {
        self.flow.is_known = true;
        self.flow.coming.0 += n_in;
        self.flow.coming.1 += n_out;
    }

    /// What it moved in segments, in and out, since it was first seen to.
    pub(crate) fn moved(&self) -> Option<(u64, u64)> {
        Some(self.flow.told).filter(|_| self.flow.is_known)
    }

    /// The same as it is shown.
    pub(crate) fn show_moved(&mut self) -> Arc<[vitals::Flow]> {
        let flow = |(n_in, n_out)| vitals::Flow { unit: Unit::Segments, n_in: Some(n_in), n_out: Some(n_out) };
        let flow = self.moved().map(flow);
        if self.flow.shown.first() != flow.as_ref() {
            self.flow.shown = flow.into_iter().collect();
        }
        Arc::clone(&self.flow.shown)
    }

    /// Whether it has so many descriptors that it is looked at in a lane of its own.
    pub(crate) fn is_slow(&self) -> bool {
        self.n_files > SLOW
    }

    /// What moved since the last time is to be told over as many ticks as that is ago, an equal part at each: else a
    /// process whose connections are read every tenth second would seem to stand still for nine seconds and to burst in
    /// the tenth.
    pub(crate) fn deliver(&mut self, tick: u64) {
        let coming = std::mem::take(&mut self.flow.coming);
        self.flow.due.0 += coming.0;
        self.flow.due.1 += coming.1;
        if self.flow.delivered != tick {
            self.flow.n_ticks = tick.saturating_sub(self.flow.delivered);
            self.flow.delivered = tick;
        }
    }

    /// Tells a part of what is to be told.
    fn tell(&mut self) {
        let n_ticks = self.flow.n_ticks.max(1);
        let part = |due: &mut u64, told: &mut u64| {
            let part = due.div_ceil(n_ticks);
            *due -= part;
            *told += part;
        };
        part(&mut self.flow.due.0, &mut self.flow.told.0);
        part(&mut self.flow.due.1, &mut self.flow.told.1);
        self.flow.n_ticks = n_ticks - 1;
    }
}

impl Holders {
    /// Takes note of who runs now; `processes` are in order of pid.
    pub(crate) fn sync(&mut self, processes: &[Candidate]) {
        self.tick += 1;
        self.order.clear();
        for process in processes {
            let known = self.by_pid.get(&process.0).copied();
            let known = known.filter(|place| self.list.get(place.at()).is_some_and(|h| h.start == process.1));
            let place = known.unwrap_or_else(|| self.add(*process));
            if let Some(holder) = self.list.get_mut(place.at()) {
                holder.tick = self.tick;
            }
            self.order.push((process.0, place));
        }
        let (list, ended, tick) = (&mut self.list, &mut self.ended, self.tick);
        self.by_pid.retain(|_, place| {
            let Some(holder) = list.get_mut(place.at()) else { return false };
            if holder.tick == tick {
                return true;
            }
            holder.is_alive = false;
            ended.push(*place);
            false
        });
    }

    fn add(&mut self, process: Candidate) -> Place {
        let holder = Holder::new(process, self.tick);
        let place = match self.free.pop() {
            Some(place) => place,
            None => {
                self.list.push(holder.clone());
                Place::new(self.list.len() - 1)
            }
        };
        if let Some(slot) = self.list.get_mut(place.at()) {
            *slot = holder;
        }
        if let Some(old) = self.by_pid.insert(process.0, place) {
            // The number was given to another process.
            if let Some(holder) = self.list.get_mut(old.at()) {
                holder.is_alive = false;
            }
            self.ended.push(old);
        }
        place
    }

    /// Processes that have ended: the number of these places, to be given to `reuse` when nothing points to them.
    pub(crate) fn n_ended(&self) -> usize {
        self.ended.len()
    }

    /// Gives the first places of those that have ended to others: nothing points to them any more.
    pub(crate) fn reuse(&mut self, n: usize) {
        self.free.extend(self.ended.drain(..n.min(self.ended.len())));
    }

    /// The process at a place, if it runs.
    pub(crate) fn get(&self, place: Place) -> Option<&Holder> {
        self.list.get(place.at()).filter(|holder| holder.is_alive)
    }

    /// The same, to be changed.
    pub(crate) fn get_mut(&mut self, place: Place) -> Option<&mut Holder> {
        self.list.get_mut(place.at()).filter(|holder| holder.is_alive)
    }

    /// The place of a process.
    pub(crate) fn find(&self, pid: u32) -> Option<Place> {
        self.by_pid.get(&pid).copied()
    }

    /// The process of a pid.
    #[cfg(test)]
    pub(crate) fn of_pid(&self, pid: u32) -> Option<&Holder> {
        self.get(self.find(pid)?)
    }

    /// All that run.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Holder> {
        self.list.iter().filter(|holder| holder.is_alive)
    }

    /// All that run, to be changed.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Holder> {
        self.list.iter_mut().filter(|holder| holder.is_alive)
    }

    /// All that run, with their places.
    pub(crate) fn places(&self) -> impl Iterator<Item = (Place, &Holder)> {
        let all = self.list.iter().enumerate().map(|(at, holder)| (Place::new(at), holder));
        all.filter(|(_, holder)| holder.is_alive)
    }

    /// The next `n` processes after a pid, in order of pid; from the first again after the last.
    pub(crate) fn after(&self, pid: u32, n: usize) -> Vec<Place> {
        let from = self.order.partition_point(|(known, _)| *known <= pid);
        let next = self.order[from..].iter().chain(&self.order[..from]);
        next.take(n).map(|(_, place)| *place).collect()
    }

    /// Tells a part of what is to be told of each.
    pub(crate) fn tell(&mut self) {
        self.iter_mut().for_each(Holder::tell);
    }

    /// Entries kept.
    #[cfg(test)]
    pub(crate) fn n_kept(&self) -> usize {
        self.by_pid.len() + self.ended.len()
    }
}

#[cfg(test)]
mod tests;
