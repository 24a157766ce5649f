//! The end of a round: what it has not seen is put away, and what has no owner is listed.

use super::{Book, count, give};
use crate::kernel::queues::{
    full::Fulls,
    holder::Holders,
    table::{Entry, Place},
};

/// A sweep over the table, which may take several ticks.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    /// Where it goes on, of so many runs; it starts anew when the table has grown meanwhile.
    run: usize,
    n_runs: usize,
    /// Processes that had ended when it began.
    n_ended: usize,
    coming: Vec<Wanted>,
    /// What the last sweep found.
    unowned: Vec<Wanted>,
    n_coming: usize,
    n_unowned: usize,
    /// How many were listed in this tick before the end of the round.
    n_at_once: usize,
}

/// A socket that must have an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Its inode.
    pub(crate) inode: u32,
    /// Its own port: the listener on it most likely has the same owner.
    pub(crate) port: u16,
    /// Whether something waits in it or was dropped.
    pub(crate) is_urgent: bool,
}

/// Whether what is in a network namespace, by its place, and has an owner in the slow lane or not, was read as a whole in
/// this round. `None` for a namespace that is gone.
pub(crate) type WasRead<'a> = &'a dyn Fn(usize, bool) -> Option<bool>;

/// Sockets without an owner listed at most; urgent ones come first.
const MOST_WANTED: usize = 4_096;

/// Of these so many are listed in a tick before the round is over.
const MOST_AT_ONCE: usize = 64;

impl Book {
    /// Sweeps over so many entries at most, about; true when the round is over. What `was_read` does not say to have been
    /// read as a whole in this round stays as it was.
    pub(crate) fn sweep(&mut self, most: usize, was_read: WasRead<'_>) -> bool {
        if self.sweep.run == 0 || self.sweep.n_runs != self.table.n_runs() {
            let unowned = std::mem::take(&mut self.sweep.unowned);
            let (n_runs, n_ended) = (self.table.n_runs(), self.holders.n_ended());
            let Sweep { n_unowned, n_at_once, .. } = self.sweep;
            self.sweep = Sweep { n_runs, n_ended, unowned, n_unowned, n_at_once, ..Sweep::default() };
        }
        let mut n = 0;
        while self.sweep.run < self.sweep.n_runs {
            if n >= most {
                return false;
            }
            n += self.sweep_run(self.sweep.run, was_read).max(1);
            self.sweep.run += 1;
        }
        self.end_sweep();
        true
    }

    fn end_sweep(&mut self) {
        self.sweep_pipes();
        let mut unowned = std::mem::take(&mut self.sweep.coming);
        unowned.sort_unstable_by_key(|wanted| (!wanted.is_urgent, wanted.inode));
        unowned.truncate(MOST_WANTED);
        self.sweep.unowned = unowned;
        self.sweep.n_unowned = self.sweep.n_coming;
        self.sweep.run = 0;
        self.holders.reuse(self.sweep.n_ended);
        self.sums.end_round();
        self.table.settle();
        self.round = self.round.wrapping_add(1).max(1);
    }

    /// Says how many entries it looked at.
    fn sweep_run(&mut self, run: usize, was_read: WasRead<'_>) -> usize {
        let Self { table, fulls, holders, sweep, round, tick, watched, .. } = self;
        let (round, is_small) = (*round, table.len() <= super::KEEP_ALL);
        let mut broom = Broom { fulls, holders, sweep, tick: *tick, watched, is_small };
        let mut n = 0;
        table.retain_run(run, |entry| {
            n += 1;
            let is_slow = broom.check_owner(entry);
            let was_read = was_read(entry.namespace(), is_slow);
            if was_read == Some(false) {
                entry.mark_seen(round);
            }
            let unseen_for = if was_read.is_none() { u32::MAX } else { entry.unseen_for(round) };
            if unseen_for == 0 {
                broom.settle(entry);
            } else {
                broom.put_away(entry);
            }
            unseen_for < 2
        });
        n
    }

    /// Begins a tick.
    pub(super) fn begin_wanting(&mut self) {
        self.sweep.n_at_once = 0;
    }

    /// Sockets without an owner that the last round saw, or this one in which something waits; the urgent ones first.
    pub(crate) fn unowned(&self) -> &[Wanted] {
        &self.sweep.unowned
    }

    /// How many sockets without an owner there are, those that are not listed included.
    pub(crate) fn n_unowned(&self) -> usize {
        self.sweep.n_unowned
    }

    /// How many sockets there are.
    pub(crate) fn n_sockets(&self) -> usize {
        self.table.len()
    }

    /// Goes through the list of sockets without an owner again, after looks have found some.
    pub(crate) fn settle_unowned(&mut self) {
        let (table, holders) = (&mut self.table, &self.holders);
        let before = self.sweep.unowned.len();
        self.sweep.unowned.retain(|wanted| {
            let entry = table.get_mut(wanted.inode);
            entry.is_some_and(|entry| entry.owner.is_none_or(|owner| holders.get(owner).is_none()))
        });
        self.sweep.n_unowned -= before - self.sweep.unowned.len();
    }
}

/// What a sweep works with.
struct Broom<'a> {
    fulls: &'a mut Fulls,
    holders: &'a mut Holders,
    sweep: &'a mut Sweep,
    tick: u64,
    watched: &'a [Place],
    is_small: bool,
}

impl Broom<'_> {
    /// Takes a socket from an owner that has ended, or was looked at and not seen to hold it. Says whether it has an owner
    /// in the slow lane.
    fn check_owner(&mut self, entry: &mut Entry) -> bool {
        let Some(owner) = entry.owner else { return false };
        match self.holders.get(owner).filter(|owner| entry.is_held(owner.n_looks)) {
            Some(owner) => owner.is_slow(),
            None => {
                give(entry, None, self.holders, self.fulls);
                false
            }
        }
    }

    /// Hides what the round has not seen.
    fn put_away(&mut self, entry: &mut Entry) {
        if let Some(full) = entry.full.take() {
            self.fulls.remove(full);
        }
        if !entry.is_absent() {
            count(self.holders, entry, false);
            entry.set_absent(true);
        }
    }

    /// Lists what has no owner, and keeps of an idle connection no more than must be.
    fn settle(&mut self, entry: &mut Entry) {
        let full = entry.full.and_then(|place| self.fulls.get(place));
        if entry.owner.is_none() {
            let is_urgent = full.is_some_and(|full| full.is_urgent(self.tick));
            self.sweep.want(entry, is_urgent);
        }
        let is_watched = entry.owner.is_some_and(|owner| self.watched.contains(&owner));
        let is_idle = full.is_some_and(|full| !full.is_notable(self.tick));
        if let Some(place) = entry.full.filter(|_| is_idle && !is_watched && !self.is_small) {
            self.fulls.remove(place);
            entry.full = None;
        }
        if let (None, Some(holder)) = (entry.full, entry.owner.and_then(|owner| self.holders.get_mut(owner))) {
            let empty = &mut holder.empty[entry.kind() as usize];
            *empty = Some(empty.map_or(entry.inode, |known| known.min(entry.inode)));
        }
    }
}

impl Sweep {
    /// Lists a socket without an owner in which something waits: the end of a round may be far.
    pub(super) fn want_at_once(&mut self, entry: &Entry) {
        if self.n_at_once >= MOST_AT_ONCE || self.unowned.len() >= MOST_WANTED {
            return;
        }
        self.n_at_once += 1;
        let wanted = Wanted { inode: entry.inode, port: entry.port, is_urgent: true };
        if let Some(known) = self.unowned.iter_mut().find(|known| known.inode == wanted.inode) {
            *known = wanted;
        } else {
            self.unowned.insert(0, wanted);
            self.n_unowned += 1;
        }
    }

    fn want(&mut self, entry: &Entry, is_urgent: bool) {
        self.n_coming += 1;
        if is_urgent || self.coming.len() < MOST_WANTED {
            self.coming.push(Wanted { inode: entry.inode, port: entry.port, is_urgent });
        }
    }
}
