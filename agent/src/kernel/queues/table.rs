//! All sockets by inode, in 24 bytes each: a host may have hundreds of thousands of connections, most of them idle.
//!
//! A table of short runs, each in order of inode and filled to nine tenths on the average: a common hash table takes up to
//! twice the room of its entries, and twice that again while it grows.

use super::object::Kind;

/// What is kept of every socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its inode: the kernel numbers sockets in 32 bits (`get_next_ino`, fs/inode.c).
    pub(crate) inode: u32,
    /// Who owns it: a place among the holders.
    pub(crate) owner: Option<Place>,
    /// All that is known of it: a place in the book.
    pub(crate) full: Option<Place>,
    /// Segments that a TCP connection received and sent; the kernel counts them in 32 bits.
    pub(crate) segments: (u32, u32),
    /// Its own port; 0 where it has none.
    pub(crate) port: u16,
    marks: u16,
}

/// A place in a list, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Place(std::num::NonZeroU32);

impl Place {
    /// Of a position in a list; lists here are shorter than 2^32.
    pub(crate) fn new(at: usize) -> Self {
        let one_more = u32::try_from(at).unwrap_or(u32::MAX - 1).saturating_add(1);
        Self(std::num::NonZeroU32::new(one_more).unwrap_or(std::num::NonZeroU32::MIN))
    }

    /// The position.
    pub(crate) fn at(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// Which bits of `marks` hold what: their number and where they start.
#[derive(Clone, Copy)]
struct Bits(u16, u16);

const SEEN: Bits = Bits(2, 0);
const CLAIMED: Bits = Bits(2, 2);
const KIND: Bits = Bits(3, 4);
const NAMESPACE: Bits = Bits(6, 7);
const FRESH: Bits = Bits(2, 13);
const IS_ABSENT: Bits = Bits(1, 15);

/// Network namespaces are told apart by their place, below this.
pub(crate) const NAMESPACES: usize = 1 << NAMESPACE.0;

impl Entry {
    fn new(inode: u32) -> Self {
        Self { inode, owner: None, full: None, segments: (0, 0), port: 0, marks: 0 }
    }

    /// How many rounds ago it was seen last, at most three.
    pub(crate) fn unseen_for(&self, round: u32) -> u32 {
        round.wrapping_sub(u32::from(self.get(SEEN))) & 3
    }

    /// Notes that it was seen in a round.
    pub(crate) fn mark_seen(&mut self, round: u32) {
        self.set(SEEN, (round & 3) as u16);
    }

    /// Whether its owner holds it, as far as is known: it was seen to in the last look at it that came to its end, of so
    /// many, or in the one that is going on (or four before).
    pub(crate) fn is_held(&self, n_looks: u32) -> bool {
        [n_looks, n_looks.wrapping_add(1)].iter().any(|look| u32::from(self.get(CLAIMED)) == look & 3)
    }

    /// Notes that a look saw its owner hold it.
    pub(crate) fn mark_claimed(&mut self, look: u32) {
        self.set(CLAIMED, (look & 3) as u16);
    }

    /// What it is.
    pub(crate) fn kind(&self) -> Kind {
        Kind::ALL[usize::from(self.get(KIND)).min(Kind::ALL.len() - 1)]
    }

    /// Says what it is.
    pub(crate) fn set_kind(&mut self, kind: Kind) {
        self.set(KIND, kind as u16);
    }

    /// The place of its network namespace.
    pub(crate) fn namespace(&self) -> usize {
        usize::from(self.get(NAMESPACE))
    }

    /// Says in which network namespace it is.
    pub(crate) fn set_namespace(&mut self, place: usize) {
        self.set(NAMESPACE, place.min(NAMESPACES - 1) as u16);
    }

    /// Whether it is so young that all that it moved was moved in the last three rounds.
    pub(crate) fn is_fresh(&self) -> bool {
        self.get(FRESH) != 0
    }

    /// Says whether it is younger than the last round.
    pub(crate) fn set_fresh(&mut self, is_fresh: bool) {
        self.set(FRESH, if is_fresh { 3 } else { 0 });
    }

    /// Makes it a round older.
    pub(crate) fn grow_older(&mut self) {
        self.set(FRESH, self.get(FRESH).saturating_sub(1));
    }

    /// Whether the last round did not see it; it may have been passed over, and is not counted.
    pub(crate) fn is_absent(&self) -> bool {
        self.get(IS_ABSENT) != 0
    }

    /// Says whether the last round did not see it.
    pub(crate) fn set_absent(&mut self, is_absent: bool) {
        self.set(IS_ABSENT, u16::from(is_absent));
    }

    fn get(&self, Bits(width, at): Bits) -> u16 {
        self.marks >> at & ((1 << width) - 1)
    }

    fn set(&mut self, Bits(width, at): Bits, value: u16) {
        let mask = ((1 << width) - 1) << at;
        self.marks = self.marks & !mask | value << at & mask;
    }
}

/// Entries by inode.
#[derive(Debug)]
pub(crate) struct Table {
    /// Their number is a power of two.
    runs: Vec<Vec<Entry>>,
    len: usize,
}

/// Runs are split when they hold more than this on the average.
const RUN: usize = 128;

impl Default for Table {
    fn default() -> Self {
        Self { runs: vec![Vec::new()], len: 0 }
    }
}

impl Table {
    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// How many runs there are.
    pub(crate) fn n_runs(&self) -> usize {
        self.runs.len()
    }

    /// The entry of an inode.
    pub(crate) fn get(&self, inode: u32) -> Option<&Entry> {
        let run = &self.runs[self.run_of(inode)];
        run.binary_search_by_key(&inode, |entry| entry.inode).ok().map(|at| &run[at])
    }

    /// The entry of an inode, to be changed.
    pub(crate) fn get_mut(&mut self, inode: u32) -> Option<&mut Entry> {
        let n = self.run_of(inode);
        let run = &mut self.runs[n];
        run.binary_search_by_key(&inode, |entry| entry.inode).ok().map(|at| &mut run[at])
    }

    /// The entry of an inode, made where there is none; also whether it was made.
    pub(crate) fn get_or_add(&mut self, inode: u32) -> (&mut Entry, bool) {
        if self.len >= self.runs.len() * RUN {
            self.split();
        }
        let n = self.run_of(inode);
        let run = &mut self.runs[n];
        match run.binary_search_by_key(&inode, |entry| entry.inode) {
            Ok(at) => (&mut run[at], false),
            Err(at) => {
                if run.len() == run.capacity() {
                    run.reserve_exact(run.len() / 8 + 4);
                }
                run.insert(at, Entry::new(inode));
                self.len += 1;
                (&mut run[at], true)
            }
        }
    }

    /// Shows `each` the entries of a run, and forgets those that it does not want.
    pub(crate) fn retain_run(&mut self, run: usize, each: impl FnMut(&mut Entry) -> bool) {
        let Some(run) = self.runs.get_mut(run) else { return };
        let before = run.len();
        run.retain_mut(each);
        self.len -= before - run.len();
        if run.capacity() > run.len() + run.len() / 4 + 8 {
            run.shrink_to(run.len() + run.len() / 8 + 4);
        }
    }

    /// Gives memory back after many entries have gone.
    pub(crate) fn settle(&mut self) {
        if self.runs.len() > 1 && self.len < self.runs.len() * RUN / 8 {
            let n_runs = (self.len / RUN + 1).next_power_of_two();
            let entries: Vec<Entry> = self.runs.drain(..).flatten().collect();
            self.runs = vec![Vec::new(); n_runs];
            self.len = 0;
            for entry in entries {
                *self.get_or_add(entry.inode).0 = entry;
            }
        }
    }

    /// All entries.
    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.runs.iter().flatten()
    }

    /// Inodes that follow each other go to different runs (Fibonacci hashing).
    fn run_of(&self, inode: u32) -> usize {
        let bits = self.runs.len().trailing_zeros();
        let mixed = u64::from(inode.wrapping_mul(0x9e37_79b9));
        (mixed << bits >> 32) as usize
    }

    /// Each run becomes two, one after the other: the high bits tell which.
    fn split(&mut self) {
        let old = std::mem::take(&mut self.runs);
        let n_runs = old.len() * 2;
        self.runs.reserve_exact(n_runs);
        let bit = 31 - old.len().trailing_zeros();
        for run in old {
            let is_upper = |entry: &Entry| entry.inode.wrapping_mul(0x9e37_79b9) >> bit & 1 == 1;
            let (upper, lower) = run.into_iter().partition(is_upper);
            self.runs.extend([exact(lower), exact(upper)]);
        }
    }
}

fn exact(mut run: Vec<Entry>) -> Vec<Entry> {
    run.shrink_to(run.len() + run.len() / 8 + 4);
    run
}

#[cfg(test)]
mod tests;
