//! A process, as a look shows it.

use std::fmt;

use super::tally::Tally;
use crate::{
    term::{Atom, Pid, Port},
    watch::wait::Waits,
};

/// What is known of a process at one moment. Data from outside: texts may hold any character.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProcessLook {
    /// Its registered name.
    pub name: Option<String>,
    /// Its label (`proc_lib:set_label/1`, OTP 27), or what its library keeps as its name: `queue q1 in vhost /`.
    pub label: Option<String>,
    /// Its initial call, as `proc_lib` translates it where the dictionary could be asked: `chat_router:init/1`.
    pub initial_call: Option<Function>,
    /// `low`, `normal`, `high`, `max`.
    pub priority: Option<String>,
    /// Whether exits of those that it is linked to come as messages.
    pub traps_exits: Option<bool>,
    /// Whether its messages stay outside of its heap.
    pub is_mailbox_off_heap: Option<bool>,
    /// What it does at this moment.
    pub status: Option<Status>,
    /// Messages in its mailbox.
    pub mailbox: Option<u64>,
    /// Reductions since it started.
    pub reductions: Option<u64>,
    /// Its stack, the current function first: as many frames as the VM tells (`backtrace_depth`, 8), at most 32.
    pub stack: Vec<Frame>,
    /// Its memory.
    pub heap: Heap,
    /// Processes and ports that it is linked to.
    pub links: Neighbours,
    /// What it monitors.
    pub monitors: Neighbours,
    /// Who monitors it.
    pub monitored_by: Neighbours,
    /// Reads since these three were asked: those of a process that has very many are asked seldom.
    pub neighbours_age: u32,
    /// Who started it.
    pub parent: Option<Neighbour>,
    /// Its group leader.
    pub group_leader: Option<Neighbour>,
    /// `$ancestors`: who started it, and who started that one, the nearest first.
    pub ancestors: Neighbours,
    /// `$callers` (Elixir): on whose behalf it works, the nearest first.
    pub callers: Neighbours,
    /// What it waits for, as of the latest looks.
    pub waits: Waits,
    /// In how many looks of the tally it waited so.
    pub n_waits: usize,
    /// What it did in the last looks.
    pub tally: Tally,
}

/// What a process does at a moment (`process_info(Pid, status)`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Waits for a message.
    Waiting,
    /// Runs.
    Running,
    /// Waits for a scheduler.
    Runnable,
    /// Collects its garbage.
    Collecting,
    /// Waits for a busy port or link, or was suspended by another process.
    Suspended,
    /// Ends.
    Exiting,
    /// Something that this program does not know.
    Other(String),
}

impl Status {
    pub(super) fn named(name: &str) -> Self {
        match name {
            "waiting" => Self::Waiting,
            "running" => Self::Running,
            "runnable" => Self::Runnable,
            "garbage_collecting" => Self::Collecting,
            "suspended" => Self::Suspended,
            "exiting" => Self::Exiting,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Whether it wants a scheduler: from outside, running and runnable cannot be told apart.
    pub fn is_active(&self) -> bool {
        matches!(self, Self::Running | Self::Runnable | Self::Collecting)
    }
}

/// A function: `module:function/arity`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Function {
    /// Its module.
    pub module: Atom,
    /// Its name.
    pub function: Atom,
    /// How many arguments it takes.
    pub arity: u8,
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}/{}", self.module, self.function, self.arity)
    }
}

/// One frame of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The function.
    pub function: Function,
    /// Its source file, as the compiler was told.
    pub file: Option<String>,
    /// The line there.
    pub line: Option<u32>,
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.function)?;
        match (&self.file, self.line) {
            (Some(file), Some(line)) => write!(f, " ({file}:{line})"),
            (Some(file), None) => write!(f, " ({file})"),
            (None, _) => Ok(()),
        }
    }
}

/// The memory of a process, in bytes. What walks the mailbox is `None` while that is long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heap {
    /// Young heap and stack, as allocated.
    pub young: Option<u64>,
    /// Old heap, as allocated.
    pub old: Option<u64>,
    /// Stack: part of `young`.
    pub stack: Option<u64>,
    /// Outside of the heap until the next collection: messages on their way in, for one.
    pub fragments: Option<u64>,
    /// Binaries that it holds by reference.
    pub binaries: Option<u64>,
    /// Minor collections since the last full one.
    pub n_minor_collections: Option<u64>,
    /// What the VM says it takes, messages included.
    pub memory: Option<u64>,
}

impl Heap {
    /// Young and old heap, stack and fragments: close to `memory`, and without messages outside of the heap.
    pub fn estimated(&self) -> Option<u64> {
        self.young?.checked_add(self.old?)?.checked_add(self.fragments?)
    }
}

/// Neighbours of a process: the first 64, and how many there are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Neighbours {
    /// How many there are; `None` where they could not be asked.
    pub n: Option<u64>,
    /// At most 64 of them.
    pub some: Vec<Neighbour>,
}

/// One neighbour.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbour {
    /// Who it is.
    pub party: Party,
    /// Its registered name, where it is of the same node and has one.
    pub name: Option<String>,
    /// Its node, where that is another one.
    pub node: Option<String>,
}

/// Who a neighbour is.
#[derive(Clone, Debug, PartialEq)]
pub enum Party {
    /// A process: it can be looked at, on its node.
    Process(Pid),
    /// A name of another node, or one that nobody has now.
    Name(String),
    /// A port.
    Port(Port),
    /// Something else: a resource of a NIF, a clock service. In words.
    Other(String),
}

impl Neighbour {
    /// The process, where it is known.
    pub fn pid(&self) -> Option<&Pid> {
        if let Party::Process(pid) = &self.party { Some(pid) } else { None }
    }
}

impl fmt::Display for Neighbour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.party, &self.name) {
            (Party::Process(pid), Some(name)) => write!(f, "{pid} {name}")?,
            (Party::Process(pid), None) => write!(f, "{pid}")?,
            (Party::Port(port), Some(name)) => write!(f, "#Port<0.{}> {name}", port.id)?,
            (Party::Port(port), None) => write!(f, "#Port<0.{}>", port.id)?,
            (Party::Name(text) | Party::Other(text), _) => f.write_str(text)?,
        }
        self.node.iter().try_for_each(|node| write!(f, " on {node}"))
    }
}
