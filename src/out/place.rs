//! Where something is written: beside its name until it is whole, then under it. Nothing is overwritten unasked.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::Context as _;

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
pub(super) struct Place {
    path: PathBuf,
    partial: PathBuf,
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
    pub(super) fn reserve(path: &Path, is_forced: bool) -> anyhow::Result<Self> {
        if !is_forced && path.symlink_metadata().is_ok() {
            return Err(OutError::Exists(path.to_owned()).into());
        }
        let name = path.file_name().with_context(|| format!("{} is no name of a file", path.display()))?;
        let partial = path.with_file_name(format!(".{}.{}.part", name.to_string_lossy(), std::process::id()));
        Ok(Self { path: path.to_owned(), partial, file: None })
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
    pub(super) fn partial(&self) -> &Path {
        &self.partial
    }

    /// Gives it its name.
    pub(super) fn finish(mut self) -> anyhow::Result<()> {
        let written = self.file.take().map_or(Ok(()), |mut file| file.flush());
        let named = written.and_then(|()| fs::rename(&self.partial, &self.path));
        named.with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// The same of a folder. One that is there stays, with all that others keep in it: only files of the new names are
    /// replaced, and those removed that an earlier time wrote and this one did not.
    pub(super) fn finish_folder(self, is_ours: impl Fn(&str) -> bool) -> anyhow::Result<()> {
        if !self.path.is_dir() {
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
