//! The iterators themselves: pinned by somebody, or attached by this process; opened for each pass.

use std::{
    ffi::CString,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use rustix::{
    fd::{AsFd, OwnedFd},
    fs::{Mode, OFlags, open, openat},
    io::Errno,
};

use super::{Why, load::Loaded, pass::Pass, record::Record, sys};

/// What is iterated over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// Threads.
    Tasks,
    /// Threads, sleepers in short.
    TasksBrief,
    /// Descriptors.
    Files,
}

impl Over {
    pub(super) const ALL: [Self; 3] = [Self::Tasks, Self::TasksBrief, Self::Files];

    /// Name of its program.
    pub(super) fn program(self) -> &'static str {
        match self {
            Self::Tasks => "tasks",
            Self::TasksBrief => "tasks_brief",
            Self::Files => "files",
        }
    }

    /// Its name where it is pinned. The number is that of the records' layout (`agent/bpf/midair.h`).
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Tasks => "tasks_2",
            Self::TasksBrief => "tasks_brief_2",
            Self::Files => "files_1",
        }
    }
}

/// Name of the pinned program over descriptors, from which an iterator over those of one process is made.
pub(super) const FILES_PROGRAM: &str = "files_program_1";

/// Iterators that can be opened.
pub(super) struct Iterators {
    from: From,
    /// The program over descriptors, where it may be had and this kernel's takes one process.
    of_one: OnceLock<Option<OwnedFd>>,
}

enum From {
    /// A folder of a BPF file system: opening a file there starts a pass.
    Pinned { place: PathBuf, folder: OwnedFd },
    /// Attached by this process.
    Attached { tasks: OwnedFd, tasks_brief: OwnedFd, files: OwnedFd, program: OwnedFd },
}

/// No kernel gives such a number to a process (`PID_MAX_LIMIT`, include/linux/threads.h).
const NOBODY: u32 = 1 << 30;

impl Iterators {
    /// Those that are pinned in a folder, if any are; refused says why.
    pub(super) fn pinned(place: &Path) -> Result<Option<Self>, Why> {
        let folder = match open(place, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()) {
            Ok(folder) => folder,
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
            Err(Errno::ACCESS | Errno::PERM) => return Err(Why::not_for_this_user(place)),
            Err(error) => return Err(Why::unusable(place, error)),
        };
        let found = Self { from: From::Pinned { place: place.into(), folder }, of_one: OnceLock::new() };
        for over in Over::ALL {
            match found.open(over) {
                Ok(_) => {}
                Err(Errno::NOENT) => return Err(Why::other_version(place)),
                Err(Errno::ACCESS | Errno::PERM) => return Err(Why::not_for_this_user(place)),
                Err(error) => return Err(Why::unusable(place, error)),
            }
        }
        Ok(Some(found))
    }

    /// Attaches programs that have just been loaded.
    pub(super) fn attach(mut loaded: Loaded) -> Result<Self, Why> {
        let mut take = |name: &str| {
            loaded.take(name).ok_or_else(|| Why::new(format!("the loader of BPF programs has left out {name}")))
        };
        let attach = |program: &OwnedFd| {
            sys::attach(program.as_fd(), None)
                .map_err(|error| Why::new(format!("the kernel does not attach iterators: {error}")))
        };
        let program = take("files")?;
        let from = From::Attached {
            tasks: attach(&take("tasks")?)?,
            tasks_brief: attach(&take("tasks_brief")?)?,
            files: attach(&program)?,
            program,
        };
        Ok(Self { from, of_one: OnceLock::new() })
    }

    /// Where they are from, for people.
    pub(super) fn origin(&self) -> String {
        match &self.from {
            From::Pinned { place, .. } => format!("pinned in {}", place.display()),
            From::Attached { .. } => "loaded by itself".into(),
        }
    }

    /// Starts a pass.
    pub(super) fn open(&self, over: Over) -> Result<OwnedFd, Errno> {
        match (&self.from, over) {
            (From::Pinned { folder, .. }, over) => {
                openat(folder, over.name(), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
            }
            (From::Attached { tasks, .. }, Over::Tasks) => sys::open_pass(tasks.as_fd()),
            (From::Attached { tasks_brief, .. }, Over::TasksBrief) => sys::open_pass(tasks_brief.as_fd()),
            (From::Attached { files, .. }, Over::Files) => sys::open_pass(files.as_fd()),
        }
    }

    /// Starts a pass over the descriptors of one process.
    pub(super) fn open_files_of(&self, pid: u32) -> Result<OwnedFd, Errno> {
        let program = self.program().ok_or(Errno::NOTSUP)?;
        // The pass holds on to what it iterates with: the link need not be kept.
        sys::open_pass(sys::attach(program.as_fd(), Some(pid))?.as_fd())
    }

    /// Whether [`Self::open_files_of`] works.
    pub(super) fn can_take_one(&self) -> bool {
        self.program().is_some()
    }

    fn program(&self) -> Option<&OwnedFd> {
        self.of_one.get_or_init(|| self.find_program().filter(takes_one)).as_ref()
    }

    fn find_program(&self) -> Option<OwnedFd> {
        match &self.from {
            From::Pinned { place, .. } => {
                let path = CString::new(place.join(FILES_PROGRAM).as_os_str().as_bytes()).ok()?;
                // Where it is not for this user, walks over all descriptors still are.
                sys::pinned(&path).ok()
            }
            // Out of descriptors: then one cannot be opened either.
            From::Attached { program, .. } => program.try_clone().ok(),
        }
    }
}

/// Whether this kernel's iterators take one process: an older one iterates over all where it is asked for one that does
/// not exist.
fn takes_one(program: &OwnedFd) -> bool {
    let Ok(pass) = sys::attach(program.as_fd(), Some(NOBODY)).and_then(|link| sys::open_pass(link.as_fd())) else {
        return false;
    };
    let (mut pass_over_nobody, mut n_files) = (Pass::default(), 0);
    pass_over_nobody.open(pass);
    let mut count = |record: &Record<'_>| match record {
        Record::File(_) => n_files += 1,
        Record::Mark(mark) => n_files += mark.n_files,
        Record::Task(_) | Record::Sleeper(_) => {}
    };
    let read = pass_over_nobody.read(4096, &mut count);
    read.is_ok() && n_files == 0
}
