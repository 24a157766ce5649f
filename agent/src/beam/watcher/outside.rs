//! What a VM shows without being asked: whether it runs, and the crash dump that it writes.

use std::{
    fs,
    io::Read,
    os::{fd::OwnedFd, unix::fs::MetadataExt},
};

use midair_proto::v1::CrashDump;
use rustix::fs::{FileType, OFlags, ResolveFlags, fstat};

use super::place;

/// Between two looks, microseconds.
const EVERY_US: u64 = 2_000_000;

/// The slogan is its third line, and short mostly.
const HEAD_BYTES: u64 = 4096;

/// The line that names its node comes after those of all processes (erts/emulator/beam/break.c, `erl_crash_dump_v`).
const NODE_BYTES: u64 = 4 << 20;

/// What it says there where the VM is not distributed.
const NO_NODE: &str = "nonode@nohost";

/// Files that a VM has open and that are compared with a dump: it is among the first of them.
const MOST_FILES: usize = 4096;

/// What a crash dump begins with.
const DUMP: &str = "=erl_crash_dump:";

/// A task that ends (kernel: include/linux/sched.h, `PF_EXITING`).
const EXITING: u64 = 0x4;

/// The crash dump of one VM.
///
/// Its folder is held open: a small dump is there only when the process has ended, and then nobody else knows the way.
#[derive(Debug)]
pub(super) struct Dump {
    pid: u32,
    folder: Option<OwnedFd>,
    looked_us: u64,
    /// Where it would be, as the VM sees it.
    path: String,
    /// The one that was there before the VM was watched, or when it answered last.
    before: Option<There>,
    bytes: Option<u64>,
    slogan: Option<String>,
    /// The node in it, and how large it was then.
    node: Option<(u64, Option<String>)>,
    /// Whether the VM was seen to have it open.
    is_own: bool,
}

/// A file as it was at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct There {
    bytes: u64,
    /// Time of change, seconds and nanoseconds.
    changed: (i64, u64),
    device: u64,
    inode: u64,
}

/// Whose dump it is: VMs that were started in one folder write to the same file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    Own,
    Unknown,
}

/// Whom a dump would be of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Who<'a> {
    /// As it said itself, or as its arguments do.
    pub(super) name: Option<&'a str>,
    pub(super) has_answered: bool,
}

/// A dump that was found, which is not known to be another's.
#[derive(Debug, PartialEq)]
pub(super) struct Found {
    pub(super) dump: CrashDump,
    pub(super) whose: Whose,
    /// Why the VM ended, as it says in there.
    pub(super) slogan: Option<String>,
}

impl Dump {
    pub(super) fn new(pid: u32) -> Self {
        // erl(1): ERL_CRASH_DUMP, else erl_crash.dump in its working directory.
        Self::at(pid, place::variable(pid, "ERL_CRASH_DUMP").unwrap_or_else(|| "erl_crash.dump".into()))
    }

    fn at(pid: u32, path: String) -> Self {
        let from = if path.starts_with('/') { "root" } else { "cwd" };
        // Where it may not be opened, no dump is seen.
        let folder = place::folder(pid, from).ok();
        let mut dump = Self {
            pid,
            folder,
            looked_us: 0,
            path,
            before: None,
            bytes: None,
            slogan: None,
            node: None,
            is_own: false,
        };
        dump.before = dump.there(); // Most VMs have never written one.
        dump
    }

    /// The VM has answered, and this was there before it was asked: who answers has not crashed, so it is another's.
    pub(super) fn answered(&mut self, there: Option<There>) {
        self.before = there;
        (self.bytes, self.slogan, self.node, self.is_own) = (None, None, None, false);
    }

    /// Looks, where it is time to. It may take as long as the file system of the VM likes.
    pub(super) fn look(&mut self, now_us: u64, who: Who<'_>) -> Option<Found> {
        if self.looked_us > 0 && now_us.saturating_sub(self.looked_us) < EVERY_US {
            return None;
        }
        self.looked_us = now_us;
        self.look_now(who)
    }

    /// Looks.
    pub(super) fn look_now(&mut self, who: Who<'_>) -> Option<Found> {
        let now = self.there().filter(|now| Some(*now) != self.before)?;
        let is_growing = self.bytes.is_none_or(|before| now.bytes > before);
        self.bytes = Some(now.bytes);
        let whose = self.whose(&now, who)?;
        self.slogan = self.slogan.take().or_else(|| self.read_slogan());
        let dump = CrashDump { path: Some(self.path.clone()), bytes: Some(now.bytes), is_growing: Some(is_growing) };
        Some(Found { dump, whose, slogan: self.slogan.clone() })
    }

    /// `None` where it is another's.
    fn whose(&mut self, now: &There, who: Who<'_>) -> Option<Whose> {
        self.is_own = self.is_own || is_open(self.pid, now);
        if self.is_own {
            return Some(Whose::Own);
        }
        if self.node.as_ref().is_none_or(|(bytes, _)| *bytes != now.bytes) {
            self.node = Some((now.bytes, self.read_node()));
        }
        let node = self.node.as_ref().and_then(|(_, node)| node.as_deref());
        whose(node, who)
    }

    fn open(&self, how: OFlags) -> Option<OwnedFd> {
        // Below its working directory nothing leads out of it; one that does is no dump that we know.
        let bounds = if self.path.starts_with('/') { ResolveFlags::IN_ROOT } else { ResolveFlags::BENEATH };
        place::open_below(self.folder.as_ref()?, &self.path, how, bounds).ok() // There is none.
    }

    /// What is there now.
    pub(super) fn there(&self) -> Option<There> {
        let found = fstat(self.open(OFlags::PATH)?).ok()?; // It has been taken away.
        (FileType::from_raw_mode(found.st_mode) == FileType::RegularFile).then(|| There {
            bytes: u64::try_from(found.st_size).unwrap_or(0),
            changed: (found.st_mtime, found.st_mtime_nsec),
            device: found.st_dev,
            inode: found.st_ino,
        })
    }

    /// What it says was the reason. Another file than a dump says nothing, whatever its path is.
    fn read_slogan(&self) -> Option<String> {
        slogan(&String::from_utf8_lossy(&self.read(HEAD_BYTES)?)).map(str::to_owned)
    }

    /// The node of which it says that it is.
    fn read_node(&self) -> Option<String> {
        node(&self.read(NODE_BYTES)?)
    }

    fn read(&self, most: u64) -> Option<Vec<u8>> {
        let file = fs::File::from(self.open(OFlags::RDONLY)?);
        file.metadata().ok().filter(fs::Metadata::is_file)?; // Nor does a pipe.
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes).ok()?; // It may be on a disk that is broken.
        Some(bytes)
    }
}

fn slogan(head: &str) -> Option<&str> {
    let slogan = head.strip_prefix(DUMP)?.lines().find_map(|line| line.strip_prefix("Slogan: "))?;
    Some(slogan.trim()).filter(|slogan| !slogan.is_empty())
}

fn node(dump: &[u8]) -> Option<String> {
    let lines = dump.strip_prefix(DUMP.as_bytes())?.split_inclusive(|byte| *byte == b'\n');
    // A line that is not whole is still being written.
    let line = lines.filter_map(|line| line.strip_suffix(b"\n")).find_map(|line| line.strip_prefix(b"=node:"))?;
    // An atom, and so in quotes where it holds an @.
    Some(String::from_utf8_lossy(line).trim().trim_matches('\'').to_owned())
}

/// Whose a dump is that names this node; `None` where it is another's.
fn whose(node: Option<&str>, Who { name, has_answered }: Who<'_>) -> Option<Whose> {
    let begins = |name: &str| name.split('@').next().unwrap_or_default().to_owned();
    match (node, name) {
        // It may have been cut before that line, or be none at all.
        (None, _) => Some(Whose::Unknown),
        (Some(NO_NODE), _) => (!has_answered).then_some(Whose::Unknown),
        (Some(node), Some(name)) if node == name => Some(Whose::Own),
        // What the arguments say leaves the host away, or a part of it.
        (Some(node), Some(name)) => (!has_answered && begins(node) == begins(name)).then_some(Whose::Unknown),
        (Some(_), None) => None,
    }
}

/// Whether a process has this file open.
fn is_open(pid: u32, file: &There) -> bool {
    let Ok(open) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false }; // It has ended, or is not to be seen.
    let is_it = |at: &fs::Metadata| (at.dev(), at.ino()) == (file.device, file.inode);
    // One that has been closed since is not it.
    open.take(MOST_FILES).filter_map(|one| fs::metadata(one.ok()?.path()).ok()).any(|at| is_it(&at))
}

/// Whether an OS process runs on, and is not about to end (proc(5), stat: state, and the ninth field, its flags).
pub(super) fn is_running(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default(); // It has ended.
    // Its name may hold anything but what follows the last bracket.
    let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
    let mut words = after.split_whitespace();
    let state = words.next().unwrap_or("X");
    let flags: Option<u64> = words.nth(5).and_then(|flags| flags.parse().ok()); // The kernel writes numbers.
    !matches!(state, "X" | "Z") && flags.is_some_and(|flags| flags & EXITING == 0)
}

#[cfg(test)]
mod tests;
