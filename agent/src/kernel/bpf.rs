//! Every thread and every queue of this host in a few reads: BPF iterators, where the kernel and its owner allow them.
//!
//! The programs (`agent/bpf`) keep no state, so any number of readers may open the same ones. They are taken from where
//! `midair-agent setup` pinned them, else loaded by a child process ([`child`]), else it is said why there are none.

mod capabilities;
mod child;
mod iterators;
mod later;
mod load;
mod messages;
mod pass;
pub mod record;
mod setup;
mod sys;
mod walk;
mod why;

use std::{path::PathBuf, sync::Arc};

use rustix::io::Errno;

pub use self::{
    child::bpf_child,
    later::Later,
    messages::{Counts, Messages},
    record::{
        Backlog, Depth, FileKind, FileRecord, LeaderRecord, Mark, Memory, Record, Records, Sleeper, TaskRecord,
        TcpRecord,
    },
    setup::{Setup, undo},
    walk::{FileWalk, Progress},
    why::Why,
};
use self::{
    iterators::{Iterators, Over},
    load::{Loaded, Wanted},
    pass::Pass,
};

/// Where the programs may come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Folders of a BPF file system, the first that has them counts.
    pub pinned: Vec<PathBuf>,
    /// Where none has.
    pub loader: Loader,
}

/// Who loads the programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loader {
    /// A child that runs this program, which calls [`bpf_child`] first of all.
    Child(PathBuf),
    /// This process itself: its memory grows by 17 MiB, for good.
    Own,
    /// Nobody.
    Nobody,
}

impl Loader {
    fn load(&self, wanted: Wanted) -> Result<Loaded, Why> {
        // A loader would find that out after it has read all types of the kernel.
        if !capabilities::may_load() {
            return Err(Why::not_permitted());
        }
        match self {
            Self::Child(program) => child::load_by(program, wanted),
            Self::Own => load::load(wanted),
            Self::Nobody => Err(Why::new("no iterators are pinned; run `midair-agent setup` as root")),
        }
    }
}

impl Default for Choice {
    /// What `midair-agent setup` made, else a child of this program, if that is one that can be asked.
    fn default() -> Self {
        let loader = if child::is_honoured() { Loader::Child("/proc/self/exe".into()) } else { Loader::Own };
        Self { pinned: setup::PLACES.map(PathBuf::from).into(), loader }
    }
}

/// The iterators of this host.
pub struct Bpf {
    iterators: Arc<Iterators>,
    pass: Pass,
}

/// One thread of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thread<'a> {
    /// As it is now.
    Task(&'a TaskRecord),
    /// Only in a brief pass: as it was.
    Sleeper(Sleeper),
}

/// How much a pass over threads says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Say {
    /// Everything about every thread.
    All,
    /// Of those that sleep for ten seconds or more only that they do. For readers that have looked less than ten seconds
    /// ago, with room for their own delays.
    Brief,
}

impl Clone for Bpf {
    /// Another reader of the same programs; neither takes anything from the other.
    fn clone(&self) -> Self {
        Self { iterators: Arc::clone(&self.iterators), pass: Pass::default() }
    }
}

impl Bpf {
    /// Finds or loads the programs.
    pub fn open(choice: &Choice) -> Result<Self, Why> {
        let mut refused = None;
        for place in &choice.pinned {
            match Iterators::pinned(place) {
                Ok(Some(iterators)) => return Ok(Self::new(iterators)),
                Ok(None) => {}
                Err(why) => refused = Some(why),
            }
        }
        let loaded = choice.loader.load(Wanted::Iterators);
        // Who could not load them and was refused the pinned ones needs those.
        let loaded = loaded.map_err(|why| refused.unwrap_or(why))?;
        Ok(Self::new(Iterators::attach(loaded)?))
    }

    /// The same on a thread of its own: a loader takes a third of a second, on a busy host some.
    pub fn open_later(choice: Choice) -> Later<Self> {
        Later::begin(move || Self::open(&choice))
    }

    fn new(iterators: Iterators) -> Self {
        Self { iterators: Arc::new(iterators), pass: Pass::default() }
    }

    /// Where the programs came from, for people: `pinned in /sys/fs/bpf/midair`, `loaded by itself`.
    pub fn origin(&self) -> String {
        self.iterators.origin()
    }

    /// One pass over all threads that there are in the reader's pid namespace, in order of their numbers. Returns how many
    /// records could not be understood.
    pub fn tasks(&mut self, say: Say, each: &mut dyn FnMut(Thread<'_>)) -> Result<u32, Errno> {
        let over = match say {
            Say::All => Over::Tasks,
            Say::Brief => Over::TasksBrief,
        };
        self.pass.open(self.iterators.open(over)?);
        let mut take = |record: &Record<'_>| match record {
            Record::Task(task) => each(Thread::Task(task)),
            Record::Sleeper(sleeper) => each(Thread::Sleeper(*sleeper)),
            Record::File(_) | Record::Mark(_) => {}
        };
        while self.pass.read(pass::MOST, &mut take)? > 0 {}
        Ok(self.pass.close())
    }

    /// A walk over all descriptors of this host.
    pub fn walk(&self) -> FileWalk {
        FileWalk::new(Arc::clone(&self.iterators), None)
    }

    /// A walk over the descriptors of one process; `None` where only a walk over all can be had (kernels before 6.1).
    pub fn walk_of(&self, pid: u32) -> Option<FileWalk> {
        self.iterators.can_take_one().then(|| FileWalk::new(Arc::clone(&self.iterators), Some(pid)))
    }
}

#[cfg(test)]
mod tests;
