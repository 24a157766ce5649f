//! Which cgroups have their files read, and when.

use super::{
    WATCHED,
    book::{Book, Entry},
    trees::Trees,
};
use crate::kernel::kept::Page;

/// The cgroups that are watched, and whose turn it is among the others.
#[derive(Debug, Default)]
pub(super) struct Watch {
    watched: Vec<u32>,
    /// The agent's own cgroup, where its limit may be that of all.
    pub own: Option<u32>,
    page: Page,
    /// Where the round over those that are not watched stands.
    next: u32,
}

/// The dear files of a watched cgroup are read at every so manieth tick.
const TURNS: u64 = 8;

/// Cgroups that are not watched and looked at per tick.
const LOOKS_PER_TICK: usize = 4;

/// The same of those that were never looked at: on a large host it takes a while until all limits are known.
const FIRST_LOOKS_PER_TICK: usize = 32;

/// What a quota that is set, or a limit that is near, counts beside CPU time and run delay, in nanoseconds per tick.
const WORTH_A_LOOK: u64 = 1_000_000_000;

/// What being watched counts: a cgroup does not come and go with each burst.
const STAYS: u64 = 5_000_000;

impl Watch {
    /// Reads the files of the watched cgroups.
    pub(super) fn read(&mut self, book: &mut Book, trees: &Trees, tick: u64) {
        for n in &self.watched {
            let is_turn = (tick + u64::from(*n)).is_multiple_of(TURNS);
            if let Some(entry) = book.entry_mut(*n) {
                let kills = |entry: &Entry| entry.gauges.values().n_oom_kills;
                let before = kills(entry);
                entry.gauges.read(trees, &mut self.page, is_turn);
                let is_news = before.is_some() && kills(entry) > before;
                entry.has_killed = is_news || entry.has_killed && !entry.is_live();
            }
        }
    }

    /// Watches none any more.
    pub(super) fn stop(&mut self) {
        self.watched.clear();
    }

    /// Looks at some of the cgroups that are not watched, then chooses those that are from now on.
    pub(super) fn choose(&mut self, book: &mut Book, trees: &Trees, mem_total_bytes: Option<u64>) {
        self.look_at_others(book, trees);
        let mut candidates: Vec<(u64, u32)> = book
            .iter()
            .filter(|(_, entry)| {
                // Whoever was killed there as the last one: somebody may ask why it ended.
                let was_last = entry.is_watched && entry.has_killed && book.has_emptied(entry);
                entry.n_processes > 0 || was_last || is_notable(book, entry, mem_total_bytes)
            })
            .map(|(n, entry)| (worth(book, n, entry, mem_total_bytes).max(self.worth_of_own(n)), n))
            .collect();
        if candidates.len() > WATCHED {
            candidates.select_nth_unstable_by(WATCHED, |a, b| b.cmp(a));
            candidates.truncate(WATCHED);
        }
        self.watched.clear();
        self.watched.extend(candidates.into_iter().map(|(_, n)| n));
        self.watched.sort_unstable();
        for (n, entry) in book.iter_mut() {
            let is_watched = self.watched.binary_search(&n).is_ok();
            if entry.is_watched && !is_watched {
                entry.gauges.close();
            }
            // What was not read for a while says nothing of one interval.
            let has_begun = is_watched && !entry.is_watched;
            entry.is_watched = is_watched;
            if has_begun {
                entry.gauges.read(trees, &mut self.page, true);
                entry.is_read = true;
            }
        }
    }

    fn worth_of_own(&self, n: u32) -> u64 {
        if self.own == Some(n) { u64::MAX } else { 0 }
    }

    fn look_at_others(&mut self, book: &mut Book, trees: &Trees) {
        let is_other = |entry: &Entry| !entry.is_watched && entry.is_live() && !entry.gauges.is_empty();
        let others = || book.iter().filter(|(_, entry)| is_other(entry));
        let first: Vec<u32> =
            others().filter(|(_, entry)| !entry.is_read).map(|(n, _)| n).take(FIRST_LOOKS_PER_TICK).collect();
        let (before, after): (Vec<u32>, Vec<u32>) = others().map(|(n, _)| n).partition(|n| *n < self.next);
        let round: Vec<u32> = after.into_iter().chain(before).take(LOOKS_PER_TICK).collect();
        self.next = round.last().map_or(0, |n| n + 1);
        for n in if first.is_empty() { round } else { first } {
            self.look(book, trees, n);
        }
    }

    /// Reads all files of a cgroup now, unless it is watched.
    pub(super) fn look(&mut self, book: &mut Book, trees: &Trees, n: u32) {
        if let Some(entry) = book.entry_mut(n).filter(|entry| !entry.is_watched) {
            entry.gauges.read(trees, &mut self.page, true);
            entry.gauges.close();
            entry.is_read = true;
        }
    }

    /// The watched cgroups, those first that used or waited for most CPU.
    pub(super) fn busiest_first(&self, book: &Book) -> impl Iterator<Item = u32> + use<> {
        let busy = |n: &u32| book.entry(*n).map_or(0, |entry| entry.moved.cpu_ns + entry.moved.delay_ns);
        let mut order: Vec<u32> = self.watched.clone();
        order.sort_by_key(|n| std::cmp::Reverse(busy(n)));
        order.into_iter()
    }
}

/// Whether a cgroup without processes of its own says more than those below it: it holds several, or a quota or a limit
/// is set here.
fn is_notable(book: &Book, entry: &Entry, mem_total_bytes: Option<u64>) -> bool {
    let limit = |entry: &Entry| limit(entry, mem_total_bytes);
    let above = || entry.parent.and_then(|parent| book.entry(parent)).and_then(limit);
    let has_limit = || limit(entry).is_some_and(|own| above().is_none_or(|above| own < above));
    entry.n_below > 1 || entry.n_below > 0 && (entry.gauges.values().quota_us.is_some() || has_limit())
}

/// How much a cgroup is worth watching, as CPU time in nanoseconds per tick.
fn worth(book: &Book, n: u32, entry: &Entry, mem_total_bytes: Option<u64>) -> u64 {
    let values = entry.gauges.values();
    let used = values.mem_bytes.map(|bytes| bytes.saturating_sub(values.mem_inactive_bytes.unwrap_or(0)));
    let limit = nearest_limit(book, n, mem_total_bytes);
    let is_near = used.zip(limit).is_some_and(|(used, limit)| used >= limit / 10 * 9);
    let moved = entry.moved.cpu_ns + entry.moved.delay_ns;
    let moved = if entry.is_watched { moved.saturating_mul(2) + STAYS } else { moved };
    let facts = u64::from(is_near) + u64::from(values.quota_us.is_some());
    moved.saturating_add(facts * WORTH_A_LOOK)
}

/// The lowest of a cgroup's own memory limit and those above it, bytes.
pub(super) fn nearest_limit(book: &Book, n: u32, mem_total_bytes: Option<u64>) -> Option<u64> {
    book.upwards(n).filter_map(|entry| limit(entry, mem_total_bytes)).min()
}

/// A limit beyond all memory of the host is none; v1 writes one where none is set.
fn limit(entry: &Entry, mem_total_bytes: Option<u64>) -> Option<u64> {
    entry.gauges.values().mem_limit_bytes.filter(|limit| mem_total_bytes.is_none_or(|total| *limit < total))
}
