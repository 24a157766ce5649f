//! A round over all sockets through netlink and `/proc/net`: namespace by namespace, in slices that keep to a price.

use rustix::io::Errno;

use super::{
    book::{Book, Sight},
    diag::{Dump, Family, Senders},
    namespaces::{Namespaces, Way},
    price::{Moment, Period},
    procnet::{self, NetFile},
};
use crate::kernel::{files::Files, node::InUse};

/// A round that is going on, and what the last one took.
#[derive(Debug, Default)]
pub(crate) struct Round {
    steps: Vec<Step>,
    /// The step that is being read, and a file of it that is open.
    at: usize,
    has_begun: bool,
    file: Option<procnet::Reading>,
    /// Of unix sockets, in the dump that is being read.
    senders: Senders,
    /// Sockets of the dump that is being read.
    n_listed: usize,
    /// Dumps of the agent's own namespace that listed few sockets: they may be read at each tick.
    small: Vec<Dump>,
    /// Why netlink could not be used for the agent's own namespace, in this round.
    fault: Option<Fault>,
    /// The same in the last round.
    last_fault: Option<Fault>,
    period: Period,
}

/// What netlink did not list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Unix sockets, for which there is no other way, rather than those of TCP and UDP.
    pub(crate) is_unix: bool,
    /// Why.
    pub(crate) error: Errno,
}

/// One listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    /// The place of its namespace.
    namespace: usize,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Dump(Dump),
    File(NetFile),
}

/// What a round works with.
pub(crate) struct Tools<'a> {
    /// The files.
    pub(crate) files: &'a mut Files,
    /// Where it writes.
    pub(crate) book: &'a mut Book,
    /// The namespaces.
    pub(crate) namespaces: &'a mut Namespaces,
    /// How many sockets the agent's own namespace has.
    pub(crate) in_use: InUse,
    /// This tick.
    pub(crate) now: Moment,
    /// Whether the price of this tick has been paid.
    pub(crate) is_spent: &'a dyn Fn() -> bool,
}

/// Entries swept between two looks at the price.
const SWEEP: usize = 8_192;

/// A dump of no more sockets is small; about 1.5 us each.
const SMALL: usize = 512;

impl Round {
    /// Goes on with the round, or begins one; true when it is over. At least one part is read.
    pub(crate) fn go_on(&mut self, tools: &mut Tools<'_>) -> Result<bool, Errno> {
        if self.steps.is_empty() {
            self.begin(tools);
        }
        while self.at < self.steps.len() {
            if self.read_part(tools)? {
                self.at += 1;
                self.has_begun = false;
            }
            if (tools.is_spent)() {
                return Ok(false);
            }
        }
        while !tools.book.sweep(SWEEP, &|place, _| tools.namespaces.was_read(place)) {
            if (tools.is_spent)() {
                return Ok(false);
            }
        }
        self.end(tools);
        Ok(true)
    }

    /// Whether a round is going on.
    pub(crate) fn is_going(&self) -> bool {
        !self.steps.is_empty()
    }

    /// Why netlink could not be used in the last round that came to its end.
    pub(crate) fn last_fault(&self) -> Option<Fault> {
        self.last_fault
    }

    /// How long a round takes, microseconds; `None` where one is made at each tick.
    pub(crate) fn period_us(&self, now: Moment) -> Option<u64> {
        self.period.us(now)
    }

    /// Dumps of other sockets than those of TCP, which a round reads first: where they listed few, they may be read at each
    /// tick while the round goes on.
    pub(crate) fn small(&self) -> &[Dump] {
        &self.small
    }

    fn begin(&mut self, tools: &mut Tools<'_>) {
        tools.namespaces.begin_round();
        let steps = tools.namespaces.places().flat_map(|place| {
            let in_use = if place == 0 { tools.in_use } else { InUse::default() };
            steps(place, in_use)
        });
        let small = std::mem::take(&mut self.small);
        let (last_fault, period) = (self.last_fault, self.period);
        *self = Self { steps: steps.collect(), last_fault, period, small, ..Self::default() };
        self.period.begin(tools.now);
    }

    fn end(&mut self, tools: &mut Tools<'_>) {
        tools.namespaces.end_round();
        self.last_fault = self.fault;
        self.steps.clear();
        for holder in tools.book.holders.iter_mut() {
            holder.deliver(tools.now.0);
        }
    }

    /// Reads a part of a step; true when it was the last.
    fn read_part(&mut self, tools: &mut Tools<'_>) -> Result<bool, Errno> {
        let Some(step) = self.steps.get(self.at).copied() else { return Ok(true) };
        let outcome = match step.what {
            What::Dump(dump) => self.read_dump(step.namespace, dump, tools),
            What::File(file) => self.read_file(step.namespace, file, tools),
        };
        let error = match outcome {
            Ok(is_done) => return Ok(is_done),
            Err(error) => error,
        };
        self.has_begun = false;
        self.file = None;
        let is_own = step.namespace == 0;
        match step.what {
            What::Dump(dump) => {
                if let Some(namespace) = tools.namespaces.get_mut(step.namespace) {
                    namespace.close();
                }
                self.instead(step, dump, error, tools.namespaces);
                Ok(true)
            }
            What::File(_) => {
                if let Some(namespace) = tools.namespaces.get_mut(step.namespace) {
                    namespace.is_whole = false;
                    if !is_own && matches!(error, Errno::ACCESS | Errno::PERM) {
                        namespace.way = Way::Closed;
                    }
                }
                // Of other namespaces the process may have ended.
                if is_own { Err(error) } else { Ok(true) }
            }
        }
    }

    /// What is read where a dump failed.
    fn instead(&mut self, step: Step, dump: Dump, error: Errno, namespaces: &mut Namespaces) {
        let is_refused = matches!(error, Errno::NOENT | Errno::INVAL | Errno::OPNOTSUPP);
        let instead: &[What] = match dump {
            // The older request is gone, or its module: the newer ones know.
            Dump::Tcp(Family::Both) if is_refused => {
                &[What::Dump(Dump::Tcp(Family::V4)), What::Dump(Dump::Tcp(Family::V6))]
            }
            Dump::Tcp(Family::V6) => &[What::File(NetFile::Tcp6)],
            Dump::Tcp(Family::V4) => &[What::File(NetFile::Tcp)],
            Dump::Tcp(Family::Both) => &[What::File(NetFile::Tcp), What::File(NetFile::Tcp6)],
            Dump::Udp(Family::V6) => &[What::File(NetFile::Udp6)],
            Dump::Udp(_) => &[What::File(NetFile::Udp)],
            Dump::Unix | Dump::Listeners(_) => &[],
        };
        if instead.is_empty()
            && !is_refused
            && let Some(namespace) = namespaces.get_mut(step.namespace)
        {
            // Nothing else tells of those that the rest of the dump would have listed.
            namespace.is_whole = false;
        }
        let is_last = !matches!(instead.first(), Some(What::Dump(_)));
        if step.namespace == 0 && is_last {
            self.fault = Some(Fault { is_unix: dump == Dump::Unix, error });
        }
        let steps = instead.iter().map(|what| Step { namespace: step.namespace, what: *what });
        let at = self.at + 1;
        self.steps.splice(at..at, steps);
    }

    fn read_dump(&mut self, place: usize, dump: Dump, tools: &mut Tools<'_>) -> Result<bool, Errno> {
        let Some(namespace) = tools.namespaces.get_mut(place) else { return Ok(true) };
        let sight = Sight { namespace: place, is_proof: namespace.n_whole > 0 };
        let Some(diag) = namespace.diag(tools.files)? else {
            // It may not be entered: its files say less.
            return if dump == Dump::Unix { Ok(true) } else { Err(Errno::OPNOTSUPP) };
        };
        if !self.has_begun {
            diag.begin(dump)?;
            self.has_begun = true;
            self.n_listed = 0;
        }
        let (book, senders, n_listed) = (&mut *tools.book, &mut self.senders, &mut self.n_listed);
        let is_done = diag.go_on(&mut |object| {
            *n_listed += 1;
            senders.add(&object);
            book.see(object, sight);
        })?;
        if is_done {
            senders.drain().for_each(|(inode, bytes)| book.wait_at_least(inode, bytes));
            if place == 0 {
                self.small.retain(|known| *known != dump);
                let is_small = self.n_listed <= SMALL && !matches!(dump, Dump::Tcp(_) | Dump::Listeners(_));
                self.small.extend(is_small.then_some(dump));
            }
        }
        Ok(is_done)
    }

    fn read_file(&mut self, place: usize, which: NetFile, tools: &mut Tools<'_>) -> Result<bool, Errno> {
        let Some(namespace) = tools.namespaces.get_mut(place) else { return Ok(true) };
        let sight = Sight { namespace: place, is_proof: namespace.n_whole > 0 };
        if self.file.is_none() {
            self.file = procnet::Reading::open(tools.files, namespace.pid, which)?;
        }
        let Some(file) = &mut self.file else { return Ok(true) };
        let is_done = file.go_on(&mut |object| tools.book.see(object, sight))?;
        if is_done {
            self.file = None;
        }
        Ok(is_done)
    }
}

/// The listings of a namespace: the connections last, of which there are most. Families of which the kernel holds no
/// socket are left out.
fn steps(namespace: usize, in_use: InUse) -> Vec<Step> {
    let mut dumps = vec![Dump::Unix];
    for (family, n) in [Family::V4, Family::V6].into_iter().zip(in_use.udp) {
        if n != Some(0) {
            dumps.push(Dump::Udp(family));
        }
    }
    match in_use.tcp.map(|n| n != Some(0)) {
        [true, true] => dumps.push(Dump::Tcp(Family::Both)),
        [true, false] => dumps.push(Dump::Tcp(Family::V4)),
        [false, true] => dumps.push(Dump::Tcp(Family::V6)),
        [false, false] => {}
    }
    dumps.into_iter().map(|dump| Step { namespace, what: What::Dump(dump) }).collect()
}

#[cfg(test)]
mod tests;
