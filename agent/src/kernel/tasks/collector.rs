//! Which collector reads: the BPF iterators where they may be had, else `/proc`; and what is said of that.

use std::sync::Arc;

use rustix::io::Errno;

use super::{
    Sweeper,
    fold::Fold,
    iter::Iter,
    proc::{Collected, Proc},
};
use crate::{
    config::Collector,
    kernel::bpf::{Bpf, Choice, Loader},
};

/// The collectors of this host, of which one reads.
pub(in crate::kernel) struct Collectors {
    choice: Collector,
    /// Where the iterators may come from.
    from: Choice,
    /// Whether the root is the `/proc` of this kernel, of which alone iterators and netlink speak.
    is_own: bool,
    way: Way,
    /// Why iterators are not read: they never could be, or no longer.
    why: Option<Arc<str>>,
    /// Whether they were read before, or are asked for: then it is worth acting on that they are not.
    is_missed: bool,
    /// Whether an operator has switched the iterators off.
    is_off: bool,
}

enum Way {
    /// Nothing was tried yet.
    Untried,
    /// Through BPF iterators.
    Iter(Iter),
    /// Through `/proc`.
    Proc(Box<Proc>),
}

/// How a sweep was read.
#[derive(Clone, Debug, Default)]
pub(in crate::kernel) struct Read {
    /// Whether through BPF iterators.
    pub is_bpf: bool,
    /// What `/proc` told beside its tasks.
    pub proc: Collected,
    /// Why not through iterators; `None` where nobody asked for them.
    pub why: Option<Arc<str>>,
    /// Whether that is worth acting on.
    pub is_missed: bool,
}

/// Pinned iterators are looked for again after so many sweeps: `midair-agent setup` may come after the agent.
const LOOK_AGAIN: u64 = 60;

impl Collectors {
    /// Collectors of which none has been tried.
    pub(in crate::kernel) fn new(choice: Collector, from: Choice, is_own: bool) -> Self {
        let is_missed = choice == Collector::Bpf;
        Self { choice, from, is_own, way: Way::Untried, why: None, is_missed, is_off: false }
    }

    /// Reads all tasks, the one way or the other. `n_forks` is the count of forks as of before this sweep.
    pub(in crate::kernel) fn collect(
        &mut self,
        sweep: &mut Sweeper<'_>,
        n_forks: Option<u64>,
        fold: &mut Fold<'_>,
    ) -> Result<Read, Errno> {
        self.heed(sweep.off.why("bpf").is_some());
        self.find_way(sweep.number);
        if let Way::Iter(iter) = &mut self.way {
            match iter.collect(sweep, fold) {
                Ok(()) => return Ok(Read { is_bpf: true, ..Read::default() }),
                Err(error) => self.lose(error),
            }
            if !fold.is_untouched() {
                // Half a pass says of no thread that it has ended: the others keep what they had until the next sweep.
                fold.keep_others();
                return Ok(self.read(true, Collected::default()));
            }
        }
        let is_own = self.is_own;
        if !matches!(self.way, Way::Proc(_)) {
            self.way = Way::Proc(Box::new(Proc::new(is_own)));
        }
        let Way::Proc(proc) = &mut self.way else { return Err(Errno::INVAL) };
        let collected = proc.collect(sweep, n_forks, fold)?;
        Ok(self.read(false, collected))
    }

    /// The iterators, where these are what reads.
    pub(in crate::kernel) fn bpf(&self) -> Option<&Bpf> {
        match &self.way {
            Way::Iter(iter) => Some(iter.bpf()),
            Way::Untried | Way::Proc(_) => None,
        }
    }

    /// Goes by what an operator has switched off, or on again.
    fn heed(&mut self, is_off: bool) {
        if is_off != std::mem::replace(&mut self.is_off, is_off) {
            (self.way, self.why) = (Way::Untried, None);
        }
    }

    /// Tries the iterators where that was not done, and again now and then whether they have been pinned since.
    fn find_way(&mut self, sweep: u64) {
        let is_wanted = self.is_own && self.choice != Collector::Proc && !self.is_off;
        let from = match &self.way {
            Way::Untried if is_wanted => self.from.clone(),
            Way::Proc(_) if is_wanted && sweep.is_multiple_of(LOOK_AGAIN) => {
                Choice { loader: Loader::Nobody, ..self.from.clone() }
            }
            Way::Untried | Way::Proc(_) | Way::Iter(_) => return,
        };
        match Bpf::open(&from) {
            Ok(bpf) => {
                tracing::info!(origin = bpf.origin(), "tasks are read through BPF iterators");
                self.way = Way::Iter(Iter::new(bpf));
                self.why = None;
                self.is_missed = self.choice == Collector::Bpf;
            }
            Err(why) if self.why.is_none() => {
                tracing::info!(%why, "tasks are read through /proc");
                self.why = Some(why.to_string().into());
            }
            Err(_) => {}
        }
    }

    fn lose(&mut self, error: Errno) {
        tracing::warn!(%error, "the BPF iterators can no longer be read; tasks are read through /proc");
        let why = format!(
            "the BPF iterators can no longer be read ({error}), tasks are read through /proc; run `midair-agent setup` again"
        );
        self.why = Some(why.into());
        self.is_missed = true;
        self.way = Way::Proc(Box::new(Proc::new(self.is_own)));
    }

    fn read(&self, is_bpf: bool, proc: Collected) -> Read {
        Read { is_bpf, proc, why: self.why.clone(), is_missed: self.is_missed }
    }
}
