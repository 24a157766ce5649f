//! Where something is written: beside its name until it is whole, then under it. Nothing is overwritten unasked.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use rustix::{
    fs::{CWD, RenameFlags, renameat_with},
    io::Errno,
};

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum OutError {
    /// Something of that name is there.
    #[error("{0} is there already; write to another name, or add --force to replace it")]
    Exists(PathBuf),
    /// SIGINT or SIGTERM came.
    #[error("stopped; nothing was written")]
    Stopped(u8),
}

/// A file that is being written. Dropped before [`Place::finish`] it leaves nothing.
#[derive(Debug)]
pub(crate) struct Place {
    path: PathBuf,
    partial: PathBuf,
    is_forced: bool,
    file: Option<BufWriter<File>>,
}

impl Place {
    /// Begins a file; `is_forced` replaces what has its name.
    pub(super) fn new(path: &Path, is_forced: bool) -> anyhow::Result<Self> {
        let mut place = Self::reserve(path, is_forced)?;
        let file = OpenOptions::new().write(true).create_new(true).open(&place.partial);
        let file = file.with_context(|| format!("cannot write {}", path.display()))?;
        place.file = Some(BufWriter::with_capacity(1 << 18, file));
        Ok(place)
    }

    /// The same for who makes the file by itself, at [`Place::partial`].
    pub(crate) fn reserve(path: &Path, is_forced: bool) -> anyhow::Result<Self> {
        if !is_forced && path.symlink_metadata().is_ok() {
            return Err(OutError::Exists(path.to_owned()).into());
        }
        let name = path.file_name().with_context(|| format!("{} is no name of a file", path.display()))?;
        let partial = path.with_file_name(format!(".{}.{}.part", name.to_string_lossy(), std::process::id()));
        Ok(Self { path: path.to_owned(), partial, is_forced, file: None })
    }

    /// A folder, made at [`Place::partial`].
    pub(super) fn folder(path: &Path, is_forced: bool) -> anyhow::Result<Self> {
        let place = Self::reserve(path, is_forced)?;
        let is_other = path.symlink_metadata().is_ok() && !path.is_dir();
        anyhow::ensure!(!is_other, "{} is there and is no folder; write to another name", path.display());
        fs::create_dir(&place.partial).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(place)
    }

    /// Its name, without those of the folders above.
    pub(super) fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Where it is until it is whole.
    pub(crate) fn partial(&self) -> &Path {
        &self.partial
    }

    /// Gives it its name.
    ///
    /// # Errors
    /// When that cannot be done, or something else has come to have it that was not to be replaced.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        let written = self.file.take().map_or(Ok(()), |mut file| file.flush());
        match written.and_then(|()| self.rename()) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && !self.is_forced => {
                Err(OutError::Exists(self.path.clone()).into())
            }
            named => named.with_context(|| format!("cannot write {}", self.path.display())),
        }
    }

    fn rename(&self) -> io::Result<()> {
        if self.is_forced {
            return fs::rename(&self.partial, &self.path);
        }
        match rename_beside(&self.partial, &self.path) {
            // Not all filesystems can (renameat2(2)); to a file a second name can be given instead.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) if self.partial.is_dir() => {
                fs::rename(&self.partial, &self.path)
            }
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                fs::hard_link(&self.partial, &self.path).and_then(|()| fs::remove_file(&self.partial))
            }
            named => Ok(named?),
        }
    }

    /// The same of a folder. One that is there stays, with all that others keep in it: only files of the new names are
    /// replaced, and those removed that an earlier time wrote and this one did not.
    pub(super) fn finish_folder(self, is_ours: impl Fn(&str) -> bool) -> anyhow::Result<()> {
        if !self.is_forced || !self.path.is_dir() {
            return self.finish();
        }
        self.merge(is_ours).with_context(|| format!("cannot write {}", self.path.display()))
    }

    fn merge(&self, is_ours: impl Fn(&str) -> bool) -> io::Result<()> {
        for old in fs::read_dir(&self.path)? {
            let old = old?;
            if old.file_type()?.is_file() && old.file_name().to_str().is_some_and(&is_ours) {
                fs::remove_file(old.path())?;
            }
        }
        for new in fs::read_dir(&self.partial)? {
            let new = new?;
            fs::rename(new.path(), self.path.join(new.file_name()))?;
        }
        Ok(())
    }
}

/// Renames unless the name is taken.
fn rename_beside(from: &Path, to: &Path) -> Result<(), Errno> {
    renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)
}

impl Write for Place {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_mut().map_or_else(|| Err(io::ErrorKind::NotConnected.into()), |file| file.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // After `finish` there is nothing of that name; else nobody can be told that it stays.
        drop(fs::remove_file(&self.partial).or_else(|_| fs::remove_dir_all(&self.partial)));
    }
}

#[cfg(test)]
mod tests;
