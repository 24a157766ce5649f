//! Who the short-lived processes are: counted by name where they end, as long as tasks are read through BPF that the agent
//! has loaded itself.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Weak},
};

use midair_vitals::{SHORT_LIVED_MOST, ShortLived, ShortLivedName};
use rustix::io::Errno;

use super::bpf::{Bpf, Counting, Ended, Exits, Name, Totals};
use crate::{governor::Off, reading::Comm};

/// What was counted so far.
#[derive(Default)]
pub(super) struct Exited {
    /// `None` where nothing counts.
    counting: Option<Counting>,
    /// The programs that the kernel has refused: it is not asked for these again.
    refused: Weak<Exits>,
    book: Book,
}

/// Short-lived processes by name, from reading to reading.
#[derive(Debug, Default)]
struct Book {
    /// INVARIANT: no pair but those that the map has, so no more than it holds.
    of: HashMap<(Name, Name), Account>,
    /// Runs of the programs at the last reading: without new ones nothing has ended.
    n_runs: u64,
    /// What was listed then.
    listed: Vec<ShortLivedName>,
}

/// Those of one name and one parent's name.
#[derive(Debug)]
struct Account {
    name: Arc<str>,
    parent: Arc<str>,
    /// As the map said last.
    last: Count,
    /// What came in the last interval.
    gained: Count,
    /// When something came last, microseconds.
    at_us: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    n: u64,
    cpu_ns: u64,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.n += other.n;
        self.cpu_ns += other.cpu_ns;
    }
}

/// Those whose names look the same.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    gained: Count,
    all: Count,
    at_us: u64,
}

/// A name of which none ended for so long is forgotten, microseconds.
const FORGOTTEN_US: u64 = 60_000_000;

/// With more names than this those go of which none ended in the last interval: others find room in the map.
const CROWDED: usize = 128;

/// By which it is switched off.
const NAME: &str = "probes";

impl Exited {
    /// Who ended since the counting began; `None` where that is not known. `at_us` is the moment at which the last sweep over
    /// all tasks was over: whoever was born before is one that it may have seen.
    pub(super) fn read(&mut self, bpf: Option<&Bpf>, at_us: u64, off: &Off) -> Option<ShortLived> {
        self.keep(bpf.filter(|_| off.why(NAME).is_none()));
        let counting = self.counting.as_ref()?;
        match read(counting, &mut self.book, at_us) {
            Ok(found) => Some(found),
            Err(error) => {
                tracing::warn!(%error, "counts of short-lived processes can no longer be read");
                self.counting = None;
                self.refused = bpf.and_then(Bpf::exits).map_or_else(Weak::new, Arc::downgrade);
                None
            }
        }
    }

    /// Begins to count, or ends it.
    fn keep(&mut self, bpf: Option<&Bpf>) {
        let Some(bpf) = bpf else {
            self.counting = None;
            return;
        };
        let exits = bpf.exits().filter(|exits| !std::ptr::eq(self.refused.as_ptr(), Arc::as_ptr(exits)));
        if self.counting.as_ref().zip(exits).is_some_and(|(counting, exits)| counting.is_of(exits)) {
            return;
        }
        self.book = Book::default();
        self.counting = exits.and_then(|exits| {
            let counting = exits.count();
            counting
                .inspect_err(|why| {
                    tracing::info!(%why, "short-lived processes are not counted by name");
                    self.refused = Arc::downgrade(exits);
                })
                .ok()
        });
    }
}

fn read(counting: &Counting, book: &mut Book, at_us: u64) -> Result<ShortLived, Errno> {
    counting.swept(at_us * 1000)?;
    let totals = counting.totals()?;
    if book.is_news(&totals) {
        counting.by_name(|ended| book.add(&ended, at_us))?;
        book.list();
    }
    for (name, parent) in book.idle(at_us) {
        match counting.forget(&name, &parent) {
            Ok(()) | Err(Errno::NOENT) => book.forget(&(name, parent)),
            Err(error) => return Err(error),
        }
    }
    Ok(ShortLived {
        n: Some(totals.n),
        cpu_us: Some(totals.cpu_ns / 1000),
        cost_us: Some(totals.cost_ns / 1000),
        by_name: book.listed.clone(),
    })
}

impl Book {
    /// Whether something may have ended since the last look.
    fn is_news(&mut self, totals: &Totals) -> bool {
        for account in self.of.values_mut() {
            account.gained = Count::default();
        }
        std::mem::replace(&mut self.n_runs, totals.n_runs) != totals.n_runs
    }

    fn add(&mut self, ended: &Ended, at_us: u64) {
        let now = Count { n: ended.n, cpu_ns: ended.cpu_ns };
        let account = self.of.entry((ended.name, ended.parent)).or_insert_with(|| Account {
            name: Comm::new(&ended.name).shown(),
            parent: Comm::new(&ended.parent).shown(),
            last: Count::default(),
            gained: Count::default(),
            at_us,
        });
        account.gained =
            Count { n: now.n.saturating_sub(account.last.n), cpu_ns: now.cpu_ns.saturating_sub(account.last.cpu_ns) };
        if account.gained != Count::default() {
            account.at_us = at_us;
        }
        account.last = now;
    }

    /// Lists those of which most ended or that used most CPU in the last interval. Names that look the same are one.
    fn list(&mut self) {
        let mut sums: BTreeMap<(&Arc<str>, &Arc<str>), Sum> = BTreeMap::new();
        let mut all = Count::default();
        for account in self.of.values() {
            let sum = sums.entry((&account.name, &account.parent)).or_default();
            sum.gained.add(account.gained);
            sum.all.add(account.last);
            sum.at_us = sum.at_us.max(account.at_us);
            all.add(account.gained);
        }
        let weight = |sum: &Sum| {
            let share = |part: u64, whole: u64| part as f64 / whole.max(1) as f64;
            share(sum.gained.n, all.n) + share(sum.gained.cpu_ns, all.cpu_ns)
        };
        let mut ranked: Vec<_> = sums.into_iter().collect();
        // What rests stands behind, the latest first.
        ranked.sort_by(|(_, a), (_, b)| weight(b).total_cmp(&weight(a)).then(b.at_us.cmp(&a.at_us)));
        let one = |((name, parent), sum): ((&Arc<str>, &Arc<str>), Sum)| ShortLivedName {
            name: Arc::clone(name),
            parent: Some(Arc::clone(parent)),
            n: Some(sum.all.n),
            cpu_us: Some(sum.all.cpu_ns / 1000),
        };
        self.listed = ranked.into_iter().take(SHORT_LIVED_MOST).map(one).collect();
    }

    /// Who makes room.
    fn idle(&self, now_us: u64) -> Vec<(Name, Name)> {
        let is_crowded = self.of.len() > CROWDED;
        let is_idle = |account: &Account| {
            now_us.saturating_sub(account.at_us) >= FORGOTTEN_US || (is_crowded && account.gained == Count::default())
        };
        self.of.iter().filter(|(_, account)| is_idle(account)).map(|(pair, _)| *pair).collect()
    }

    fn forget(&mut self, pair: &(Name, Name)) {
        let Some(account) = self.of.remove(pair) else { return };
        self.listed.retain(|one| one.name != account.name || one.parent.as_ref() != Some(&account.parent));
    }
}

#[cfg(test)]
mod tests;
