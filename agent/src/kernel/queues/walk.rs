//! A round over all descriptors through the BPF iterator: sockets, pipes, event counters and message queues of all network
//! namespaces, each with its owner.
//!
//! One iterator is kept open and read in slices. Where a process has very many descriptors, it has an iterator of its own
//! and a lane of its own, and the others are walked through one by one, if the kernel lets one (6.1) and that is cheaper
//! than to walk through all.

mod object;

use std::collections::{HashMap, VecDeque};

use rustix::io::Errno;

use super::{
    book::{Book, Look, PipeEnd, Sight},
    holder::SLOW,
    object::Kind,
    price::{Moment, Period, Price},
    table::Place,
};
use crate::kernel::bpf::{Bpf, FileRecord, FileWalk};

/// A walk between two ticks.
pub(crate) struct Walk {
    all: FileWalk,
    stage: Stage,
    /// When the round began.
    begun: Moment,
    /// Processes still to be walked through in this round, where that is done one by one; and the one that is.
    one_by_one: Option<VecDeque<Place>>,
    one: Option<One>,
    /// Rounds that came to their end.
    n_rounds: u64,
    going: Going,
    price: Price,
    period: Period,
    slow: Slow,
}

/// What comes next in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Between,
    Walking,
    Sweeping,
}

/// The lane of processes with very many descriptors.
#[derive(Default)]
struct Slow {
    one: Option<One>,
    last: u32,
    period: Period,
}

/// A walk through one process.
struct One {
    at: Place,
    walk: FileWalk,
    n_files: u32,
}

/// The process whose descriptors are being walked through in a walk over all.
#[derive(Clone, Copy, Debug, Default)]
struct Going {
    pid: u32,
    at: Option<Place>,
    n_files: u32,
}

/// What a walk works with.
pub(crate) struct Tools<'a> {
    /// The iterators.
    pub(crate) bpf: &'a Bpf,
    /// Where it writes.
    pub(crate) book: &'a mut Book,
    /// Inode of the agent's own network namespace.
    pub(crate) own_netns: Option<u64>,
    /// This tick.
    pub(crate) now: Moment,
    /// CPU time of this thread, microseconds.
    pub(crate) cpu_us: &'a dyn Fn() -> u64,
}

/// A round that costs so much CPU time at most is made in one tick; else a part of it takes between these two.
const ONE_TICK_US: u64 = 700;
const LEAST_US: u64 = 600;
const MOST_US: u64 = 3_000;

/// What the slow lane takes of a tick.
const SLOW_US: u64 = 2_000;

/// Descriptors between two looks at the price.
const SLICE: u64 = 256;

/// To open an iterator for one process costs as much as so many descriptors in a walk over all, about.
const OPENING: u64 = 40;

/// Descriptors of a close look at most.
const MOST_CLOSE: u64 = 4_096;

/// Entries swept between two looks at the price.
const SWEEP: usize = 8_192;

impl Walk {
    /// Nothing is read yet.
    pub(crate) fn new(bpf: &Bpf) -> Self {
        Self {
            all: bpf.walk(),
            stage: Stage::Between,
            begun: (0, 0),
            one_by_one: None,
            one: None,
            n_rounds: 0,
            going: Going::default(),
            price: Price::new(ONE_TICK_US, LEAST_US, MOST_US),
            period: Period::default(),
            slow: Slow::default(),
        }
    }

    /// Whether a round is going on.
    pub(crate) fn is_going(&self) -> bool {
        self.stage != Stage::Between
    }

    /// Whether a round is made in one tick.
    pub(crate) fn is_of_one_tick(&self) -> bool {
        self.price.is_of_one_tick()
    }

    /// How long a round takes, and one of the slow lane; microseconds.
    pub(crate) fn periods_us(&self, now: Moment) -> (Option<u64>, Option<u64>) {
        (self.period.us(now), self.slow.period.us(now))
    }

    /// Goes on with the round, or begins one; and with the slow lane.
    pub(crate) fn go_on(&mut self, tools: &mut Tools<'_>) -> Result<(), Errno> {
        let before_us = (tools.cpu_us)();
        if self.stage == Stage::Between {
            self.begin(tools);
        }
        let most_us = self.price.of_tick();
        while self.stage != Stage::Between {
            if self.stage == Stage::Walking && self.slice(tools)? {
                self.stage = Stage::Sweeping;
            } else if self.stage == Stage::Sweeping && self.sweep(tools) {
                self.stage = Stage::Between;
            }
            if (tools.cpu_us)().saturating_sub(before_us) >= most_us {
                break;
            }
        }
        self.price.pay((tools.cpu_us)().saturating_sub(before_us), self.stage == Stage::Between);
        if self.one_by_one.is_some() { self.look_slowly(tools) } else { Ok(()) }
    }

    /// Looks at all descriptors of one process, at once; gives their numbers by inode. `None` where the kernel lets nobody.
    pub(crate) fn look_closely(&mut self, pid: u32, tools: &mut Tools<'_>) -> Option<HashMap<u64, u32>> {
        let at = tools.book.holders.find(pid)?;
        let mut one = One { at, walk: tools.bpf.walk_of(pid)?, n_files: 0 };
        let mut fds = HashMap::new();
        let mut remember = |file: &FileRecord<'_>| {
            fds.entry(object::number(file)).and_modify(|fd: &mut u32| *fd = file.fd.min(*fd)).or_insert(file.fd);
        };
        one.slice(MOST_CLOSE, tools, true, &mut remember).ok()?;
        Some(fds)
    }

    fn begin(&mut self, tools: &mut Tools<'_>) {
        self.stage = Stage::Walking;
        self.begun = tools.now;
        self.period.begin(tools.now);
        let holders = &tools.book.holders;
        let n_slow_files: u64 = holders.iter().filter(|h| h.is_slow()).map(|h| u64::from(h.n_files)).sum();
        let n_others = holders.iter().filter(|h| !h.is_slow()).count() as u64;
        let is_cheaper = n_slow_files > n_others * OPENING;
        self.one_by_one = (is_cheaper && tools.bpf.walk_of(1).is_some())
            .then(|| holders.places().filter(|(_, h)| !h.is_slow()).map(|(place, _)| place).collect());
        if self.one_by_one.is_none() {
            self.slow = Slow::default();
        }
    }

    /// Walks on; true when that was the last.
    fn slice(&mut self, tools: &mut Tools<'_>) -> Result<bool, Errno> {
        if self.one_by_one.is_some() {
            return self.slice_of_one(tools);
        }
        let Self { all, going, n_rounds, .. } = self;
        let is_proof = *n_rounds > 0;
        let progress = all.slice(SLICE, &mut |file| {
            if file.pid != going.pid {
                going.end(tools.book);
                *going = Going { pid: file.pid, at: tools.book.holders.find(file.pid), n_files: 0 };
            }
            going.n_files += 1;
            if let Some(at) = going.at {
                take(tools, file, at, is_proof, false);
            }
        })?;
        if progress.is_round_done {
            going.end(tools.book);
            *going = Going::default();
        }
        Ok(progress.is_round_done)
    }

    fn slice_of_one(&mut self, tools: &mut Tools<'_>) -> Result<bool, Errno> {
        let mut left = SLICE;
        while left > 0 {
            let next = self.one.take().or_else(|| {
                let at = self.one_by_one.as_mut()?.pop_front()?;
                left = left.saturating_sub(OPENING);
                One::open(at, tools)
            });
            let Some(mut one) = next else {
                if self.one_by_one.as_ref().is_none_or(VecDeque::is_empty) {
                    return Ok(true);
                }
                continue;
            };
            let before = one.n_files;
            let is_over = one.slice(left, tools, false, &mut |_| {})?;
            left = left.saturating_sub(u64::from(one.n_files - before));
            if is_over {
                tools.book.end_look_of_round(one.at, one.n_files);
            } else if one.n_files > SLOW {
                tools.book.end_look(one.at, Look::Slow { n_files: one.n_files });
            } else {
                self.one = Some(one);
            }
        }
        Ok(false)
    }

    /// Ends the round; true when that is done.
    fn sweep(&mut self, tools: &mut Tools<'_>) -> bool {
        let has_slow_lane = self.one_by_one.is_some();
        if !tools.book.sweep(SWEEP, &|_, is_slow| Some(!(is_slow && has_slow_lane))) {
            return false;
        }
        tools.book.end_looks_of_round(self.begun.0, has_slow_lane);
        self.n_rounds += 1;
        true
    }

    /// Walks through the processes with very many descriptors, one after the other.
    fn look_slowly(&mut self, tools: &mut Tools<'_>) -> Result<(), Errno> {
        let before_us = (tools.cpu_us)();
        while (tools.cpu_us)().saturating_sub(before_us) < SLOW_US {
            let Some(mut one) = self.slow.one.take().or_else(|| self.slow.begin(tools)) else { return Ok(()) };
            if one.slice(SLICE, tools, false, &mut |_| {})? {
                tools.book.end_look(one.at, Look::Open { n_files: one.n_files });
                let tick = tools.now.0;
                if let Some(holder) = tools.book.holders.get_mut(one.at) {
                    holder.deliver(tick);
                }
            } else {
                self.slow.one = Some(one);
            }
        }
        Ok(())
    }
}

impl Slow {
    fn begin(&mut self, tools: &mut Tools<'_>) -> Option<One> {
        let slow = tools.book.holders.places().filter(|(_, h)| h.is_slow()).map(|(at, h)| (h.pid, at));
        let slow: Vec<(u32, Place)> = slow.collect();
        let next = slow.iter().filter(|(pid, _)| *pid > self.last).min();
        let (pid, at) = match next {
            Some(next) => *next,
            None => {
                // Once around, and no oftener than once a tick.
                if self.period.begun_at(tools.now) {
                    return None;
                }
                self.period.begin(tools.now);
                *slow.iter().min()?
            }
        };
        self.last = pid;
        One::open(at, tools)
    }
}

impl One {
    fn open(at: Place, tools: &Tools<'_>) -> Option<Self> {
        let pid = tools.book.holders.get(at)?.pid;
        Some(Self { at, walk: tools.bpf.walk_of(pid)?, n_files: 0 })
    }

    /// Walks on; true when that was the last. A process that has ended has none left.
    fn slice(
        &mut self,
        most: u64,
        tools: &mut Tools<'_>,
        has_name: bool,
        each: &mut dyn FnMut(&FileRecord<'_>),
    ) -> Result<bool, Errno> {
        let Some((pid, n_looks)) = tools.book.holders.get(self.at).map(|h| (h.pid, h.n_looks)) else { return Ok(true) };
        let progress = self.walk.slice(most, &mut |file| {
            // The number may have been given to another process.
            if file.pid == pid {
                each(file);
                take(tools, file, self.at, n_looks > 0, has_name);
            }
        });
        match progress {
            Ok(progress) => {
                // Those without a queue are walked over, too.
                self.n_files = u32::try_from(progress.n_round).unwrap_or(u32::MAX);
                Ok(progress.is_round_done)
            }
            Err(Errno::SRCH | Errno::NOENT) => Ok(true),
            Err(error) => Err(error),
        }
    }
}

impl Going {
    fn end(&self, book: &mut Book) {
        if let Some(at) = self.at {
            book.end_look_of_round(at, self.n_files);
        }
    }
}

/// Books a descriptor. `is_proof`: whether all that its process held was seen before.
fn take(tools: &mut Tools<'_>, file: &FileRecord<'_>, by: Place, is_proof: bool, has_name: bool) {
    let Some(object) = object::object(file, has_name) else { return };
    match object.kind {
        Kind::Pipe | Kind::EventFd | Kind::MessageQueue => {
            let end = PipeEnd { can_read: file.can_read, can_write: file.can_write };
            tools.book.see_pipe(file.device.unwrap_or(0), object, by, end);
        }
        Kind::TcpListener | Kind::Tcp | Kind::Udp | Kind::UnixListener | Kind::Unix => {
            let inode = object.inode;
            // Others than its own need not be told apart: all are read.
            let is_own = file.netns.is_none() || file.netns.map(u64::from) == tools.own_netns;
            tools.book.see(object, Sight { namespace: usize::from(!is_own), is_proof });
            tools.book.claim(inode, by);
        }
    }
}
