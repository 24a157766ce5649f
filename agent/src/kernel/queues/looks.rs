//! Whose socket it is: found by looking through the descriptors of processes in `/proc`.
//!
//! Looking is dear, so it is done when something asks for it, and so many descriptors at a tick. *Depth drives ownership*:
//! a socket with data waiting and no known owner is looked for among all processes, for a consumer that sleeps is the very
//! case. Everything else is found when a process is new, near its port, or as the rolling look comes by. A process with
//! very many descriptors is looked at in a lane of its own, so that nothing else waits for it.

mod descriptors;

use std::collections::{HashMap, HashSet, VecDeque};

use rustix::io::Errno;

pub(crate) use self::descriptors::{Descriptors, Target};
use super::{
    book::{Book, Look},
    holder::{Holder, SLOW},
    table::Place,
};
use crate::kernel::files::Files;

/// What looks between two ticks.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    /// The look that something asked for, the rolling look, and that in the slow lane.
    asked: Option<Going>,
    rolling: Option<Going>,
    slow: Option<Going>,
    /// Processes to look at before the rolling look goes on; after them those with long tables.
    next: VecDeque<Place>,
    late: VecDeque<Place>,
    /// Whether all of them are being looked at.
    is_everywhere: bool,
    /// The process after which the rolling look goes on, and that of the slow lane.
    last: u32,
    last_slow: u32,
    /// Sockets without an owner that the slow lane has looked for from begin to end, and those that it looks for now.
    slow_done: HashSet<u32>,
    slow_wanted: HashSet<u32>,
    /// When the slow lane began anew, and how long it took the last time, microseconds.
    slow_begun_us: u64,
    slow_period_us: Option<u64>,
    /// How many descriptors may still be read, when something asks for it and as the rolling look; below zero after more.
    credit: i64,
    rolling_credit: i64,
    /// When a socket that nobody seems to hold is looked for again, microseconds.
    retry_us: HashMap<u32, u64>,
    /// When the likely owners may be looked at again, and when all processes may, microseconds.
    near_us: u64,
    everywhere_us: u64,
    /// Descriptors read by the look at all processes that is going on.
    n_everywhere: u64,
}

/// A look at a process that is not over.
#[derive(Debug)]
struct Going {
    at: Place,
    descriptors: Descriptors,
    n_files: u32,
}

/// Descriptors read per tick where something asks for it; about 2 us each.
const PER_TICK: i64 = 2_000;

/// A process with more of them is looked at after those with fewer, so that a few long tables do not delay the owners of all
/// else. It hastens no round: a socket has an owner when a dump has listed it, which at first takes minutes where there are
/// 100,000 connections.
const LONG: u32 = 512;

/// Descriptors that the rolling look reads per tick.
const ROLLING_PER_TICK: i64 = 32;

/// Descriptors that the slow lane reads per tick: where something asks for it, and else.
const SLOW_PER_TICK: u32 = 1_700;
const SLOW_ROLLING_PER_TICK: u32 = 256;

/// After a look at many descriptors, the time for each of them until the next such look: looking takes about a hundredth
/// of it. Where connections come and go by the thousand there is always one with data and no known owner.
const REST_US: u64 = 200;

/// A socket that nobody seems to hold is looked for again after this time; one in which nothing waits after that.
const RETRY_US: u64 = 3_000_000;
const RETRY_IDLE_US: u64 = 60_000_000;

impl Looks {
    /// Finds owners of what has none.
    pub(crate) fn find(&mut self, files: &mut Files, book: &mut Book, now_us: u64) {
        self.credit = (self.credit + PER_TICK).min(PER_TICK);
        self.rolling_credit = (self.rolling_credit + ROLLING_PER_TICK).min(ROLLING_PER_TICK);
        self.forget(book);
        let is_lacking = self.lacks(book, now_us);
        if is_lacking {
            self.ask(book, now_us);
        }
        self.look_at_next(files, book, now_us);
        self.look_on(files, book);
        book.settle_unowned();
        self.look_slowly(files, book, now_us);
        book.settle_unowned();
    }

    /// How long the slow lane takes to come round, microseconds; `None` without a process in it.
    pub(crate) fn slow_period_us(&self) -> Option<u64> {
        self.slow_period_us
    }

    /// Entries kept.
    #[cfg(test)]
    pub(crate) fn n_kept(&self) -> usize {
        self.retry_us.len() + self.next.len() + self.late.len()
    }

    fn forget(&mut self, book: &Book) {
        if self.retry_us.len() > 2 * book.unowned().len() + 16 {
            let still: HashSet<u32> = book.unowned().iter().map(|wanted| wanted.inode).collect();
            self.retry_us.retain(|inode, _| still.contains(inode));
        }
        for going in [&mut self.asked, &mut self.rolling, &mut self.slow] {
            if going.as_ref().is_some_and(|going| book.holders.get(going.at).is_none()) {
                *going = None;
            }
        }
    }

    fn is_due(&self, inode: u32, now_us: u64) -> bool {
        self.retry_us.get(&inode).is_none_or(|due| now_us >= *due)
    }

    fn lacks(&self, book: &Book, now_us: u64) -> bool {
        book.unowned().iter().any(|wanted| self.is_due(wanted.inode, now_us))
    }

    /// Decides whom to look at.
    fn ask(&mut self, book: &Book, now_us: u64) {
        let never = |(place, holder): (Place, &Holder)| (holder.n_looks == 0).then_some(place);
        let mut asked: Vec<Place> = book.holders.places().filter_map(never).collect();
        if now_us >= self.near_us && !self.is_everywhere {
            let near = near(book);
            let n_near: u64 = near.iter().filter_map(|at| book.holders.get(*at)).map(|h| u64::from(h.n_files)).sum();
            self.near_us = now_us + n_near * REST_US;
            asked.extend(near);
            // Those that this does not find are left to the rolling look.
            for wanted in book.unowned().iter().filter(|wanted| !wanted.is_urgent) {
                self.rest(wanted.inode, now_us, RETRY_IDLE_US);
            }
        }
        let going = self.asked.as_ref().map(|going| going.at);
        asked.retain(|at| !self.next.contains(at) && !self.late.contains(at) && Some(*at) != going);
        self.next.extend(asked);
        if self.is_everywhere {
            return;
        }
        let is_urgent = book.unowned().iter().any(|wanted| wanted.is_urgent && self.is_due(wanted.inode, now_us));
        if is_urgent && now_us >= self.everywhere_us {
            self.is_everywhere = true;
            self.n_everywhere = 0;
            let mut all: Vec<(u32, Place)> = book.holders.places().map(|(place, holder)| (holder.pid, place)).collect();
            all.sort_unstable();
            self.next.extend(all.into_iter().map(|(_, place)| place));
        }
    }

    /// Lets a socket that was looked for in vain rest.
    fn rest(&mut self, inode: u32, now_us: u64, rest_us: u64) {
        if self.is_due(inode, now_us) {
            self.retry_us.insert(inode, now_us + rest_us);
        }
    }

    /// Looks at whom something asked for.
    fn look_at_next(&mut self, files: &mut Files, book: &mut Book, now_us: u64) {
        let mut done: Vec<Place> = Vec::new();
        while self.credit > 0 {
            let Some(mut going) = self.asked.take().or_else(|| self.begin_next(files, book, &mut done)) else {
                if self.next.is_empty() && self.late.is_empty() {
                    break;
                }
                continue;
            };
            let (n, is_over) = self.go_on(&mut going, book, self.credit);
            self.credit -= n;
            self.n_everywhere += n.unsigned_abs();
            if !is_over {
                self.asked = Some(going);
            }
        }
        if self.is_everywhere && self.next.is_empty() && self.late.is_empty() && self.asked.is_none() {
            self.is_everywhere = false;
            self.everywhere_us = now_us + self.n_everywhere * REST_US;
            book.settle_unowned();
            for wanted in book.unowned() {
                self.rest(wanted.inode, now_us, if wanted.is_urgent { RETRY_US } else { RETRY_IDLE_US });
            }
        }
    }

    /// Begins with the next of those that something asked for, if that is to be looked at now.
    fn begin_next(&mut self, files: &mut Files, book: &mut Book, done: &mut Vec<Place>) -> Option<Going> {
        let (at, is_late) = match self.next.pop_front() {
            Some(at) => (at, false),
            None => (self.late.pop_front()?, true),
        };
        self.credit -= 1;
        let holder = book.holders.get(at).filter(|holder| !holder.is_slow())?;
        // Somebody may be asked for for several reasons.
        if done.contains(&at) {
            return None;
        }
        let is_long = |n_files: u32| n_files > LONG && !is_late;
        if !is_long(holder.n_files) {
            done.push(at);
            let going = begin(files, book, at)?;
            if !going.descriptors.n_files().is_some_and(is_long) {
                return Some(going);
            }
            done.pop();
        }
        if !self.late.contains(&at) {
            self.late.push_back(at);
        }
        None
    }

    /// Goes on with the rolling look, which also notices sockets that were handed over or closed by one of two owners.
    fn look_on(&mut self, files: &mut Files, book: &mut Book) {
        if book.n_sockets() == 0 {
            return;
        }
        let n_holders = book.holders.iter().count();
        for _ in 0..n_holders {
            if self.rolling_credit <= 0 {
                return;
            }
            let Some(mut going) = self.rolling.take().or_else(|| self.begin_rolling(files, book)) else { continue };
            let (n, is_over) = self.go_on(&mut going, book, self.rolling_credit);
            self.rolling_credit -= n;
            if !is_over {
                self.rolling = Some(going);
            }
        }
    }

    fn begin_rolling(&mut self, files: &mut Files, book: &mut Book) -> Option<Going> {
        self.rolling_credit -= 1;
        let at = book.holders.after(self.last, 1).first().copied()?;
        let (pid, is_slow) = book.holders.get(at).map(|holder| (holder.pid, holder.is_slow()))?;
        self.last = pid;
        if is_slow { None } else { begin(files, book, at) }
    }

    /// Goes on with a look; says how many descriptors it read, and whether it is over.
    fn go_on(&mut self, going: &mut Going, book: &mut Book, most: i64) -> (i64, bool) {
        let room = SLOW.saturating_sub(going.n_files) + 1;
        let (n, is_done) = going.read(book, u32::try_from(most.max(1)).unwrap_or(1).min(room));
        if is_done {
            going.end(book);
        } else if going.n_files > SLOW {
            // The slow lane looks at it when its turn comes there.
            book.end_look(going.at, Look::Slow { n_files: going.n_files });
            return (i64::from(n), true);
        }
        (i64::from(n), is_done)
    }

    /// Looks at the processes with very many descriptors, one after the other.
    fn look_slowly(&mut self, files: &mut Files, book: &mut Book, now_us: u64) {
        let is_lacking = book.unowned().iter().any(|wanted| !self.slow_done.contains(&wanted.inode));
        let mut most = if is_lacking { SLOW_PER_TICK } else { SLOW_ROLLING_PER_TICK };
        let n_slow = book.holders.iter().filter(|holder| holder.is_slow()).count();
        if n_slow == 0 {
            (self.slow, self.slow_period_us) = (None, None);
            return;
        }
        for _ in 0..=n_slow {
            let Some(mut going) = self.slow.take().or_else(|| self.begin_slow(files, book, now_us)) else { return };
            let (n, is_done) = going.read(book, most);
            if !is_done {
                self.slow = Some(going);
                return;
            }
            going.end(book);
            most = most.saturating_sub(n);
            if most == 0 {
                return;
            }
        }
    }

    fn begin_slow(&mut self, files: &mut Files, book: &mut Book, now_us: u64) -> Option<Going> {
        let slow: Vec<(u32, Place)> =
            book.holders.places().filter(|(_, h)| h.is_slow()).map(|(at, h)| (h.pid, at)).collect();
        let next = slow.iter().filter(|(pid, _)| *pid > self.last_slow).min();
        let (pid, at) = match next {
            Some(next) => *next,
            None => {
                if self.slow_begun_us > 0 {
                    self.slow_period_us = Some(now_us.saturating_sub(self.slow_begun_us));
                }
                self.slow_begun_us = now_us;
                self.slow_done = std::mem::take(&mut self.slow_wanted);
                self.slow_wanted.extend(book.unowned().iter().map(|wanted| wanted.inode));
                *slow.iter().min()?
            }
        };
        self.last_slow = pid;
        let descriptors = Descriptors::open(files, pid).ok()?;
        Some(Going { at, descriptors, n_files: 0 })
    }
}

/// Begins a look; `None` where there is nothing to be looked at.
fn begin(files: &mut Files, book: &mut Book, at: Place) -> Option<Going> {
    let pid = book.holders.get(at)?.pid;
    match Descriptors::open(files, pid) {
        Ok(descriptors) => match descriptors.n_files().filter(|n| *n > SLOW) {
            Some(n_files) => {
                book.end_look(at, Look::Slow { n_files });
                None
            }
            None => Some(Going { at, descriptors, n_files: 0 }),
        },
        Err(error) => {
            let is_closed = matches!(error, Errno::ACCESS | Errno::PERM);
            book.end_look(at, if is_closed { Look::Closed } else { Look::Open { n_files: 0 } });
            None
        }
    }
}

impl Going {
    fn read(&mut self, book: &mut Book, most: u32) -> (u32, bool) {
        let at = self.at;
        let read = self.descriptors.read(most, &mut |descriptor| {
            if let Target::Socket(inode) = descriptor.what {
                book.claim(inode, at);
            }
        });
        // The process has ended, or become another program that may not be looked at.
        let (n, is_done) = read.unwrap_or((1, true));
        self.n_files += n;
        (n, is_done)
    }

    fn end(&self, book: &mut Book) {
        book.end_look(self.at, Look::Open { n_files: self.n_files });
    }
}

/// The owners of other sockets on the same ports: who listens there takes the connections, most often.
fn near(book: &Book) -> Vec<Place> {
    let mut ports: Vec<u16> = book.unowned().iter().map(|wanted| wanted.port).filter(|port| *port != 0).collect();
    ports.sort_unstable();
    ports.dedup();
    let has_port = |port: u16| port != 0 && ports.binary_search(&port).is_ok();
    let mut near: Vec<Place> =
        book.fulls().filter(|full| has_port(full.object.port())).filter_map(|full| full.owner).collect();
    near.sort_unstable();
    near.dedup();
    near
}

#[cfg(test)]
mod tests;
