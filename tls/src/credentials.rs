//! Three PEM files, looked at again now and then, and taken up when they have changed.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    material::{Material, TlsError},
    role::Roles,
};

/// Files are looked at at most so often.
pub const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Where authorities, certificate and key are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// Authorities that may have signed the other end's certificate.
    pub ca: PathBuf,
    /// Our own certificate, and those between it and its authority.
    pub cert: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// Credentials that may be replaced while they are in use.
#[derive(Debug)]
pub struct Credentials {
    files: Files,
    roles: Arc<Roles>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    looked_us: u64,
    stamps: [Stamp; 3],
    material: Arc<Material>,
    trouble: Option<String>,
}

/// By which it is seen that a file is another: modified (seconds and nanoseconds), inode, bytes. `None`: it is not there.
type Stamp = Option<(i64, i64, u64, u64)>;

impl Credentials {
    /// Reads the files. `now_us` is any clock that only goes forward, microseconds.
    ///
    /// # Errors
    /// Which file is wrong, and what is.
    pub fn load(files: Files, roles: Roles, now_us: u64) -> Result<Self, TlsError> {
        let roles = Arc::new(roles);
        // Before they are read: what changes meanwhile is seen at the next look.
        let stamps = files.stamps();
        let material = Arc::new(Material::read(&files, &roles)?);
        let state = State { looked_us: now_us, stamps, material, trouble: None };
        Ok(Self { files, roles, state: Mutex::new(state) })
    }

    /// What holds now: what the files hold, or held when they could last be used. By the clock that it was loaded with.
    pub fn current(&self, now_us: u64) -> Arc<Material> {
        let mut state = self.state();
        if now_us.saturating_sub(state.looked_us) >= LOOK_EVERY.as_micros() as u64 {
            state.looked_us = now_us;
            self.look(&mut state);
        }
        Arc::clone(&state.material)
    }

    /// Why the files as they are now cannot be used, where they cannot: those before them still are.
    pub fn trouble(&self) -> Option<String> {
        self.state().trouble.clone()
    }

    /// What others may be to us.
    pub fn roles(&self) -> &Roles {
        &self.roles
    }

    /// Where the files are.
    pub fn files(&self) -> &Files {
        &self.files
    }

    fn look(&self, state: &mut State) {
        let stamps = self.files.stamps();
        if stamps == state.stamps {
            return;
        }
        state.stamps = stamps;
        match Material::read(&self.files, &self.roles) {
            Ok(material) => {
                let (name, until_s) = (material.own.name(), material.own.until_s);
                tracing::info!(name, until_s, "new TLS credentials");
                state.material = Arc::new(material);
                state.trouble = None;
            }
            Err(error) => {
                tracing::warn!(%error, "new TLS credentials cannot be used; those before are still in use");
                state.trouble = Some(error.to_string());
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What is behind it is whole at each moment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Files {
    fn stamps(&self) -> [Stamp; 3] {
        // A file that is gone is seen when it is read.
        [&self.ca, &self.cert, &self.key].map(|path| stamp(path).ok())
    }
}

fn stamp(path: &Path) -> io::Result<(i64, i64, u64, u64)> {
    // Through links: a secret that is mounted is often one, and is replaced by turning it.
    fs::metadata(path).map(|found| (found.mtime(), found.mtime_nsec(), found.ino(), found.len()))
}
