//! One TOML file for all programs: each has a section, whose keys are the long names of its flags. What a flag takes, and
//! what is wrong with it, its own definition says: a new flag is a new key, and there is no other list of them.
//!
//! Flags come before the environment, that before files, and these before defaults. Of two files each key of the later one
//! counts. What stands in a file gives way to a flag that excludes it.

mod file;
mod program;
mod show;

use std::path::PathBuf;

pub use file::{File, Origin};
pub use program::{Parsed, Program, Section, read};

/// The flag that names the file.
pub const FLAG: &str = "config";

/// The variable that does.
pub const VARIABLE: &str = "MIDAIR_CONFIG";

/// In place of a file: none is read.
pub const NONE: &str = "none";

/// The file of a host.
pub const OF_HOST: &str = "/etc/midair/midair.toml";

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// It is not there, or cannot be read.
    #[error("cannot read {}: {why}", .file.display())]
    Read {
        /// Which.
        file: PathBuf,
        /// Why.
        why: String,
    },
    /// What stands on a line of it.
    #[error("{place}: {why}")]
    Wrong {
        /// Where.
        place: Origin,
        /// What is wrong, and what would be right.
        why: String,
    },
}

/// The files that are read where none is named, those of the user last.
pub fn usual() -> Vec<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let config = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")));
    let of_user = config.map(|config| config.join("midair/midair.toml"));
    std::iter::once(PathBuf::from(OF_HOST)).chain(of_user).filter(|path| path.exists()).collect()
}

#[cfg(test)]
mod tests;
