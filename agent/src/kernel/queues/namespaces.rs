//! The network namespaces of this host: netlink and `/proc/net` speak of one at a time.
//!
//! Each but the agent's own is entered once, by a thread that lives no longer than that: the
//! netlink socket it opens there stays there. Such a socket keeps its namespace alive, so it is closed at the first tick
//! at which no process is in it any more.

use rustix::{
    fd::AsFd,
    fs::OFlags,
    io::Errno,
    thread::{LinkNameSpaceType, move_into_link_name_space},
};

use super::{diag::Diag, table::NAMESPACES};
use crate::kernel::files::Files;

/// All network namespaces between two ticks.
#[derive(Debug, Default)]
pub(crate) struct Namespaces {
    /// By place; the first is the agent's own.
    list: Vec<Option<Namespace>>,
    /// Those that are there and are not read: too many.
    n_left_out: usize,
}

/// A network namespace.
#[derive(Debug)]
pub(crate) struct Namespace {
    /// Its inode; 0 for the agent's own.
    inode: u64,
    /// A process in it; `None` for the agent's own.
    pub(crate) pid: Option<u32>,
    /// How it is read.
    pub(crate) way: Way,
    /// Rounds that read it as a whole, one after the other.
    pub(crate) n_whole: u32,
    /// Whether this round has read it so far without an error.
    pub(crate) is_whole: bool,
}

/// How sockets of a namespace are listed.
#[derive(Debug)]
pub(crate) enum Way {
    /// Through netlink; opened, and entered, when it is first read.
    Netlink(Option<Diag>),
    /// Through the files of a process in it: this user may not enter, or the root is not this kernel's `/proc`, of which
    /// alone netlink speaks.
    Files,
    /// Not at all.
    Closed,
}

impl Namespaces {
    /// Only the agent's own. `is_own`: whether the root is the `/proc` of this kernel.
    pub(crate) fn new(is_own: bool) -> Self {
        let way = if is_own { Way::Netlink(None) } else { Way::Files };
        Self { list: vec![Some(Namespace::new(0, None, way))], n_left_out: 0 }
    }

    /// Takes note of the other namespaces that there are now, by inode, each with a process in it.
    pub(crate) fn sync(&mut self, others: &[(u64, u32)]) {
        let mut new: Vec<(u64, u32)> = others.to_vec();
        for slot in self.list.iter_mut().skip(1) {
            let Some(known) = slot else { continue };
            match new.iter().position(|(inode, _)| *inode == known.inode) {
                Some(at) => known.pid = Some(new.swap_remove(at).1),
                None => *slot = None,
            }
        }
        self.n_left_out = 0;
        for (inode, pid) in new {
            self.add(inode, pid);
        }
    }

    fn add(&mut self, inode: u64, pid: u32) {
        let is_own_by_netlink = matches!(self.list.first(), Some(Some(Namespace { way: Way::Netlink(_), .. })));
        let way = if is_own_by_netlink { Way::Netlink(None) } else { Way::Files };
        let new = Namespace::new(inode, Some(pid), way);
        match self.list.iter().position(Option::is_none) {
            Some(free) => self.list[free] = Some(new),
            None if self.list.len() < NAMESPACES => self.list.push(Some(new)),
            None => self.n_left_out += 1,
        }
    }

    /// The namespace at a place.
    pub(crate) fn get_mut(&mut self, place: usize) -> Option<&mut Namespace> {
        self.list.get_mut(place)?.as_mut()
    }

    /// The places of all that can be read.
    pub(crate) fn places(&self) -> impl Iterator<Item = usize> {
        let is_open = |namespace: &Namespace| !matches!(namespace.way, Way::Closed);
        self.list.iter().enumerate().filter(move |(_, n)| n.as_ref().is_some_and(is_open)).map(|(place, _)| place)
    }

    /// Begins a round.
    pub(crate) fn begin_round(&mut self) {
        self.list.iter_mut().flatten().for_each(|namespace| namespace.is_whole = true);
    }

    /// A round is over.
    pub(crate) fn end_round(&mut self) {
        for namespace in self.list.iter_mut().flatten() {
            let is_whole = namespace.is_whole && !matches!(namespace.way, Way::Closed);
            namespace.n_whole = if is_whole { namespace.n_whole.saturating_add(1) } else { 0 };
        }
    }

    /// Whether this round has read what is at a place as a whole; `None` where there is nothing any more.
    pub(crate) fn was_read(&self, place: usize) -> Option<bool> {
        self.list.get(place)?.as_ref().map(|namespace| namespace.is_whole)
    }

    /// How many of them are not read.
    pub(crate) fn n_unread(&self) -> u64 {
        let n_closed = self.list.iter().flatten().filter(|n| matches!(n.way, Way::Closed)).count();
        (n_closed + self.n_left_out) as u64
    }
}

impl Namespace {
    fn new(inode: u64, pid: Option<u32>, way: Way) -> Self {
        Self { inode, pid, way, n_whole: 0, is_whole: false }
    }

    /// Its netlink socket, opened if it is not; `None` where it is read through files.
    pub(crate) fn diag(&mut self, files: &mut Files) -> Result<Option<&mut Diag>, Errno> {
        let Way::Netlink(diag) = &mut self.way else { return Ok(None) };
        if diag.is_none() {
            let opened = match self.pid {
                None => Diag::open(),
                Some(pid) => enter(files, pid),
            };
            match (opened, self.pid) {
                (Ok(open), _) => *diag = Some(open),
                // Who may not enter may still read the files of a process inside.
                (Err(Errno::PERM | Errno::ACCESS | Errno::NOSYS), Some(_)) => {
                    self.way = Way::Files;
                    return Ok(None);
                }
                (Err(error), _) => return Err(error),
            }
        }
        match &mut self.way {
            Way::Netlink(diag) => Ok(diag.as_mut()),
            Way::Files | Way::Closed => Ok(None),
        }
    }

    /// Forgets a netlink socket that is of no more use.
    pub(crate) fn close(&mut self) {
        if let Way::Netlink(diag) = &mut self.way {
            *diag = None;
        }
    }
}

/// Opens a netlink socket in the network namespace of a process. A thread of its own enters it, for a thread that has
/// entered must not come back to do anything else.
fn enter(files: &mut Files, pid: u32) -> Result<Diag, Errno> {
    let link = files.open_file(format_args!("{pid}/ns/net"), OFlags::empty())?;
    let enter = move || {
        move_into_link_name_space(link.as_fd(), Some(LinkNameSpaceType::Network))?;
        Diag::open()
    };
    let thread = std::thread::Builder::new().name("midair-enter".into()).stack_size(64 * 1024).spawn(enter);
    let thread = thread.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::AGAIN))?;
    thread.join().unwrap_or(Err(Errno::AGAIN))
}
