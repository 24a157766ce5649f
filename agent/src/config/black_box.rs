//! What the black box is told: where it keeps, how much, how long.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// Where the black box of a host is, where its agent runs as root and nobody says otherwise.
const HOST_DIR: &str = "/var/lib/midair/black-box";

/// What is kept of what was measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlackBoxConfig {
    /// Where.
    pub place: Place,
    /// Most bytes on disk.
    pub bytes: u64,
    /// How old it gets.
    pub age: Duration,
}

/// Where the black box keeps what it keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nowhere: there is none.
    Off,
    /// In memory, until the agent ends.
    Memory,
    /// In the first of these directories that can be had, else in memory.
    FirstOf(Vec<PathBuf>),
    /// In this directory and nowhere else.
    Directory(PathBuf),
}

impl Default for BlackBoxConfig {
    /// In memory: a program that embeds an agent leaves nothing behind.
    fn default() -> Self {
        Self { place: Place::Memory, bytes: 128 << 20, age: Duration::from_secs(24 * 3_600) }
    }
}

impl Place {
    /// Of an agent that nobody has told: the host's directory as root, else one of the user's own.
    pub fn usual() -> Self {
        let set = |name: &str| std::env::var_os(name).filter(|dir| !dir.is_empty()).map(PathBuf::from);
        let state = set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")));
        let own = state.filter(|dir| dir.is_absolute()).map(|dir| dir.join("midair/black-box"));
        let host = rustix::process::geteuid().is_root().then(|| Path::new(HOST_DIR).to_path_buf());
        Self::FirstOf(host.into_iter().chain(own).collect())
    }
}
