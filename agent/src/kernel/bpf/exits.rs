//! Short-lived processes by name: counted where they end, by programs that stay attached as long as somebody reads.

use std::sync::{Arc, Mutex, PoisonError};

use rustix::{
    fd::{AsFd, OwnedFd},
    io::Errno,
};

use super::{
    Why,
    load::{BY_NAME, EXIT_PROGRAMS, Loaded, SWEPT, TOTALS},
    sys::{self, CpuArray, Table, Word},
};

/// Words of a pair of names, of what is counted for each, and of the totals (`agent/bpf/exits.bpf.c`).
const PAIR: usize = 4;
const USED: usize = 2;
const N_TOTALS: usize = 4;

/// As many pairs as the map holds.
const MOST: usize = 256;

/// Programs and maps; they count nothing until they are attached.
pub struct Exits {
    programs: Vec<(&'static str, OwnedFd)>,
    totals: CpuArray<N_TOTALS>,
    swept: Word,
    by_name: Mutex<Table<PAIR, USED>>,
}

/// They count until this is dropped.
pub struct Counting {
    exits: Arc<Exits>,
    /// Held, not read.
    _links: Vec<OwnedFd>,
}

/// A short name as the kernel has it: at most fifteen bytes, NULs behind them.
pub type Name = [u8; 16];

/// Processes of one name and one parent's name that have ended, since the entry came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Their name when they ended.
    pub name: Name,
    /// Their parent's.
    pub parent: Name,
    /// How many.
    pub n: u64,
    /// The CPU time of those that were freed since, nanoseconds.
    pub cpu_ns: u64,
}

/// All short-lived processes, of all names, and what counting them cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many ended.
    pub n: u64,
    /// The CPU time of those that were freed since, nanoseconds.
    pub cpu_ns: u64,
    /// How often the programs ran: twice for each process of any age.
    pub n_runs: u64,
    /// Time that they took, measured by themselves, nanoseconds.
    pub cost_ns: u64,
}

impl Exits {
    /// Takes them out of what was loaded; `None` where they are not in it.
    pub(super) fn of(loaded: &mut Loaded) -> Option<Self> {
        let programs: Option<Vec<_>> =
            EXIT_PROGRAMS.iter().map(|(name, _)| Some((*name, loaded.take(name)?))).collect();
        let (by_name, totals, swept) = (loaded.take(BY_NAME)?, loaded.take(TOTALS)?, loaded.take(SWEPT)?);
        let maps = || Ok((Table::new(by_name, MOST)?, CpuArray::new(totals)?, Word::new(swept)?));
        match maps() {
            Ok((by_name, totals, swept)) => {
                Some(Self { programs: programs?, totals, swept, by_name: Mutex::new(by_name) })
            }
            Err(error) => {
                let error: Errno = error;
                tracing::warn!(%error, "counts of short-lived processes cannot be read");
                None
            }
        }
    }

    /// Attaches them.
    pub fn count(self: &Arc<Self>) -> Result<Counting, Why> {
        let attach = |(name, program): &(&str, OwnedFd)| {
            sys::attach_there(program.as_fd()).map_err(|error| {
                Why::new(format!("the kernel does not attach what counts short-lived processes ({name}): {error}"))
            })
        };
        let links = self.programs.iter().map(attach).collect::<Result<Vec<_>, Why>>()?;
        Ok(Counting { exits: Arc::clone(self), _links: links })
    }
}

impl Counting {
    /// Whether it is these that count.
    pub fn is_of(&self, exits: &Arc<Exits>) -> bool {
        Arc::ptr_eq(&self.exits, exits)
    }

    /// Says that all processes born before a moment (`CLOCK_MONOTONIC`, nanoseconds) may have been seen: they are not
    /// counted.
    pub fn swept(&self, at_ns: u64) -> Result<(), Errno> {
        self.exits.swept.set(at_ns)
    }

    /// All together.
    pub fn totals(&self) -> Result<Totals, Errno> {
        let [n, cpu_ns, n_runs, cost_ns] = self.exits.totals.sum()?;
        Ok(Totals { n, cpu_ns, n_runs, cost_ns })
    }

    /// Each by name.
    pub fn by_name(&self, mut each: impl FnMut(Ended)) -> Result<(), Errno> {
        let mut table = self.exits.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        for (pair, [n, cpu_ns]) in table.read()? {
            let (name, parent) = names(pair);
            each(Ended { name, parent, n: *n, cpu_ns: *cpu_ns });
        }
        Ok(())
    }

    /// Makes room: takes out an entry. What is counted for it from now on begins at 0.
    pub fn forget(&self, name: &Name, parent: &Name) -> Result<(), Errno> {
        let table = self.exits.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        table.remove(&pair(name, parent))
    }
}

fn names(pair: &[u64; PAIR]) -> (Name, Name) {
    let name = |at: usize| {
        let mut name = Name::default();
        let (front, back) = name.split_at_mut(8);
        front.copy_from_slice(&pair[at].to_ne_bytes());
        back.copy_from_slice(&pair[at + 1].to_ne_bytes());
        name
    };
    (name(0), name(2))
}

/// The reverse.
fn pair(name: &Name, parent: &Name) -> [u64; PAIR] {
    let word = |name: &Name, at: usize| u64::from_ne_bytes(std::array::from_fn(|n| name[at * 8 + n]));
    [word(name, 0), word(name, 1), word(parent, 0), word(parent, 1)]
}

#[cfg(test)]
mod tests;
