//! The network namespaces of this host: netlink and `/proc/net` speak of one at a time.
//!
//! They are found by the links of processes, and each is entered once, by a thread that lives no longer than that: the
//! netlink socket it opens there stays there. Such a socket keeps its namespace alive, so it is closed at the first tick
//! at which no process is in it any more.

use rustix::{
    fd::AsFd,
    fs::OFlags,
    io::Errno,
    thread::{LinkNameSpaceType, move_into_link_name_space},
};

use super::{
    diag::Diag,
    holder::Holders,
    table::{NAMESPACES, Place},
};
use crate::kernel::{files::Files, text::number};

/// All network namespaces between two ticks.
#[derive(Debug, Default)]
pub(crate) struct Namespaces {
    /// By place; the first is the agent's own.
    list: Vec<Option<Namespace>>,
    /// Those that are there and are not read: too many.
    n_left_out: usize,
    /// The process after which links are read again.
    last: u32,
}

/// A network namespace.
#[derive(Debug)]
pub(crate) struct Namespace {
    /// Its inode; `None` of the agent's own where even that may not be read.
    inode: Option<u32>,
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

/// Links read per tick: of new processes, and again of old ones, which may have moved. About 2.5 us each.
const NEW_PER_TICK: usize = 128;
const AGAIN_PER_TICK: usize = 16;

impl Namespaces {
    /// Only the agent's own. `is_own`: whether the root is the `/proc` of this kernel.
    pub(crate) fn new(is_own: bool) -> Self {
        let way = if is_own { Way::Netlink(None) } else { Way::Files };
        Self { list: vec![Some(Namespace::new(None, None, way))], ..Self::default() }
    }

    /// Inode of the agent's own, where this user may know.
    pub(crate) fn own(&mut self, files: &mut Files) -> Option<u32> {
        let own = self.list.first_mut().and_then(Option::as_mut)?;
        if own.inode.is_none() {
            own.inode = files.link(format_args!("self/ns/net")).ok().and_then(namespace_inode);
        }
        own.inode
    }

    /// Forgets all but the agent's own.
    pub(crate) fn leave_others(&mut self) {
        self.list.truncate(1);
        self.n_left_out = 0;
    }

    /// Finds out which namespaces there are and forgets those that nobody is in.
    pub(crate) fn sync(&mut self, files: &mut Files, holders: &mut Holders) {
        let own = self.own(files);
        self.read_links(files, holders);
        let mut found: Vec<(u32, u32)> = holders.iter().filter_map(|h| Some((h.netns?, h.pid))).collect();
        found.sort_unstable();
        found.dedup_by_key(|(inode, _)| *inode);
        found.retain(|(inode, _)| Some(*inode) != own);
        for slot in self.list.iter_mut().skip(1) {
            let Some(known) = slot else { continue };
            match found.iter().position(|(inode, _)| Some(*inode) == known.inode) {
                Some(at) => known.pid = Some(found.remove(at).1),
                None => *slot = None,
            }
        }
        self.n_left_out = 0;
        for (inode, pid) in found {
            self.add(inode, pid);
        }
    }

    fn add(&mut self, inode: u32, pid: u32) {
        // Without a name of its own, none can be told from the others.
        let Some(own) = self.list[0].as_ref().filter(|own| own.inode.is_some()) else {
            self.n_left_out += 1;
            return;
        };
        let way = if matches!(own.way, Way::Netlink(_)) { Way::Netlink(None) } else { Way::Files };
        let new = Namespace::new(Some(inode), Some(pid), way);
        match self.list.iter().position(Option::is_none) {
            Some(free) => self.list[free] = Some(new),
            None if self.list.len() < NAMESPACES => self.list.push(Some(new)),
            None => self.n_left_out += 1,
        }
    }

    /// Reads the links of processes that are new, and of some that are not.
    fn read_links(&mut self, files: &mut Files, holders: &mut Holders) {
        let mut new: Vec<Place> = holders.places().filter(|(_, h)| !h.is_netns_asked).map(|(place, _)| place).collect();
        new.truncate(NEW_PER_TICK);
        let again = holders.after(self.last, AGAIN_PER_TICK);
        self.last = again.last().and_then(|place| holders.get(*place)).map_or(0, |holder| holder.pid);
        for place in new.into_iter().chain(again) {
            let Some(holder) = holders.get_mut(place) else { continue };
            let link = files.link(format_args!("{}/ns/net", holder.pid));
            holder.netns = link.ok().and_then(namespace_inode).or(holder.netns);
            holder.is_netns_asked = true;
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

    /// How many namespaces are known, and how many of these are not read.
    pub(crate) fn count(&self) -> (u32, u32) {
        let n_closed = self.list.iter().flatten().filter(|n| matches!(n.way, Way::Closed)).count();
        let n = self.list.iter().flatten().count() + self.n_left_out;
        (n as u32, (n_closed + self.n_left_out) as u32)
    }
}

impl Namespace {
    fn new(inode: Option<u32>, pid: Option<u32>, way: Way) -> Self {
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

/// `net:[4026531840]`.
fn namespace_inode(link: &[u8]) -> Option<u32> {
    number(link.strip_prefix(b"net:[")?.strip_suffix(b"]")?).and_then(|inode| u32::try_from(inode).ok())
}
