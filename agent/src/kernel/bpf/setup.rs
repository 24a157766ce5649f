//! `midair-agent setup`: root loads the iterators once and pins them for a group, so that the agent needs no privilege.

use std::{
    ffi::CString,
    fs,
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown},
    },
    path::{Path, PathBuf},
};

use anyhow::Context;
use rustix::{
    fd::{AsFd, BorrowedFd},
    fs::statfs,
    mount::{MountFlags, UnmountFlags, mount, unmount},
};

use super::{
    iterators::{FILES_PROGRAM, Over},
    load::{Loaded, Wanted, load},
    sys,
};

/// Where agents look, in this order: in the host's BPF file system, and in one of midair's own.
pub(super) const PLACES: [&str; 2] = ["/sys/fs/bpf/midair", "/run/midair-bpf/midair"];

/// Where the own one is mounted: the host's may be absent, or closed to other users (systemd mounts it for root alone).
const OWN: &str = "/run/midair-bpf";

/// `BPF_FS_MAGIC`, include/uapi/linux/magic.h.
const BPF_FS: u64 = 0xcafe_4a11;

/// What setup is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    /// Whose members may read the iterators; without one only root.
    pub group: Option<u32>,
    /// A folder in a BPF file system instead of the usual place.
    pub place: Option<PathBuf>,
}

impl Setup {
    /// Loads the programs and pins them, in place of what an earlier setup pinned. Returns where.
    pub fn run(&self) -> anyhow::Result<PathBuf> {
        // First of all: where they cannot be loaded nothing is left behind.
        let loaded = load(Wanted::Iterators)?;
        let place = match &self.place {
            Some(place) => place.clone(),
            None => usual_place()?,
        };
        let at = if place.is_dir() { Some(place.as_path()) } else { place.parent() };
        anyhow::ensure!(
            at.is_some_and(is_bpf),
            "{} is not in a BPF file system; mount one, or name another folder",
            place.display()
        );
        if !place.is_dir() {
            let failed = || format!("cannot make {}", place.display());
            fs::DirBuilder::new().mode(0o750).create(&place).with_context(failed)?;
        }
        self.pin_all(&place, &loaded)?;
        self.give(&place, 0o750)?;
        Ok(place)
    }

    fn pin_all(&self, place: &Path, loaded: &Loaded) -> anyhow::Result<()> {
        for (name, program) in &loaded.0 {
            let link = sys::attach(program.as_fd(), None).context("cannot attach an iterator")?;
            let over = Over::ALL.into_iter().find(|over| over.program() == name).context("an iterator over what?")?;
            self.pin(place, over.name(), link.as_fd())?;
            if over == Over::Files {
                self.pin(place, FILES_PROGRAM, program.as_fd())?;
            }
        }
        let ours = Over::ALL.map(Over::name);
        for other in names(place)? {
            // What another version left.
            if !ours.contains(&other.as_str()) && other != FILES_PROGRAM {
                remove(&place.join(other))?;
            }
        }
        Ok(())
    }

    /// Under another name first: an agent that opens the file at this moment gets the old one or the new one, whole.
    fn pin(&self, place: &Path, name: &str, object: BorrowedFd<'_>) -> anyhow::Result<()> {
        let (path, new) = (place.join(name), place.join(format!("new_{name}")));
        if new.exists() {
            remove(&new)?;
        }
        let c_path = CString::new(new.as_os_str().as_bytes())?;
        sys::pin(object, &c_path).with_context(|| format!("cannot pin {}", path.display()))?;
        self.give(&new, 0o440)?;
        fs::rename(&new, &path).with_context(|| format!("cannot pin {}", path.display()))
    }

    fn give(&self, path: &Path, mode: u32) -> anyhow::Result<()> {
        let failed = || format!("cannot give {} to its group", path.display());
        chown(path, Some(0), Some(self.group.unwrap_or(0))).with_context(failed)?;
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).with_context(failed)
    }
}

/// Removes what setup made: in a place, or in all where it may have. Returns from where.
pub fn undo(place: Option<&Path>) -> anyhow::Result<Vec<PathBuf>> {
    let places = place.map_or_else(|| PLACES.map(PathBuf::from).into(), |place| vec![place.to_path_buf()]);
    let mut undone = Vec::new();
    for place in places.into_iter().filter(|place| place.is_dir() && is_bpf(place)) {
        for name in names(&place)? {
            remove(&place.join(name))?;
        }
        fs::remove_dir(&place).with_context(|| format!("cannot remove {}", place.display()))?;
        if place == Path::new(PLACES[1]) {
            unmount(OWN, UnmountFlags::empty()).with_context(|| format!("cannot unmount {OWN}"))?;
            fs::remove_dir(OWN).with_context(|| format!("cannot remove {OWN}"))?;
        }
        undone.push(place);
    }
    Ok(undone)
}

/// In the host's BPF file system, or in one of its own, which it mounts.
fn usual_place() -> anyhow::Result<PathBuf> {
    let shared = Path::new(PLACES[0]);
    if shared.parent().is_some_and(|root| is_bpf(root) && is_open_to_others(root)) {
        return Ok(shared.into());
    }
    let own = Path::new(OWN);
    if !own.is_dir() {
        fs::DirBuilder::new().mode(0o755).create(own).with_context(|| format!("cannot make {OWN}"))?;
    }
    if !is_bpf(own) {
        let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
        mount("bpf", own, "bpf", flags, c"mode=0755")
            .with_context(|| format!("cannot mount a BPF file system on {OWN}; is this root?"))?;
    }
    Ok(PLACES[1].into())
}

fn is_bpf(path: &Path) -> bool {
    statfs(path).is_ok_and(|found| found.f_type as u64 == BPF_FS)
}

fn is_open_to_others(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.mode() & 0o001 != 0)
}

fn names(place: &Path) -> anyhow::Result<Vec<String>> {
    let entries = fs::read_dir(place).with_context(|| format!("cannot list {}", place.display()))?;
    let files = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_dir()));
    Ok(files.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
}

fn remove(path: &Path) -> anyhow::Result<()> {
    fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))
}
