//! Why there are no iterators, in a sentence with the remedy.

use std::{error::Error, fmt, io, path::Path, sync::Arc};

use aya::programs::ProgramError;
use rustix::io::Errno;

/// Why the iterators cannot be had, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why(Arc<str>);

const SETUP: &str = "run `midair-agent setup --group GROUP` as root once after each boot";

/// How lines of the log of a verifier start that say nothing about what it dislikes.
const STATISTICS: [&str; 3] = ["processed ", "stack depth ", "verification time "];

impl Why {
    /// A sentence that was made elsewhere.
    pub(in crate::kernel) fn new(sentence: impl Into<Arc<str>>) -> Self {
        Self(sentence.into())
    }

    /// The kernel does not describe its types.
    pub(super) fn no_types(error: &dyn Error) -> Self {
        Self::new(format!(
            "this kernel does not say how its structures look (/sys/kernel/btf/vmlinux: {error}); \
             it takes one built with CONFIG_DEBUG_INFO_BTF"
        ))
    }

    /// Loading failed.
    pub(super) fn of(error: &(dyn Error + 'static)) -> Self {
        if is_not_permitted(error) {
            return Self::not_permitted();
        }
        Self::new(format!("BPF programs cannot be loaded: {}", whole(error)))
    }

    /// The kernel does not take a program.
    pub(super) fn of_program(name: &str, error: &ProgramError) -> Self {
        if is_not_permitted(error) {
            return Self::not_permitted();
        }
        match error {
            ProgramError::LoadError { io_error, verifier_log } => {
                let log = verifier_log.to_string();
                let said = log
                    .lines()
                    .rev()
                    .find(|line| !STATISTICS.iter().any(|word| line.starts_with(word)) && !line.is_empty());
                Self::new(format!("this kernel does not take the iterator {name}: {io_error}: {}", said.unwrap_or("-")))
            }
            other => Self::new(format!("this kernel does not take the iterator {name}: {}", whole(other))),
        }
    }

    /// Pinned, but not for this user.
    pub(super) fn not_for_this_user(place: &Path) -> Self {
        Self::new(format!(
            "the iterators in {} are not for this user; add it to the group they are for, or {SETUP} with another",
            place.display()
        ))
    }

    /// Pinned, but they do not answer as they should.
    pub(super) fn unusable(place: &Path, error: Errno) -> Self {
        Self::new(format!("the iterators in {} cannot be read: {error}; {SETUP}", place.display()))
    }

    /// Pinned by a version of this program that writes other records.
    pub(super) fn other_version(place: &Path) -> Self {
        Self::new(format!("the iterators in {} are those of another version of midair; {SETUP}", place.display()))
    }

    /// Loading takes what this user has not.
    pub(super) fn not_permitted() -> Self {
        Self::new(format!("this user may not load BPF programs; {SETUP}, or give the agent CAP_BPF and CAP_PERFMON"))
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Why {}

/// `EACCES` is left out: it is what the verifier says of a program that it does not like.
fn is_not_permitted(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let errno = error.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error);
        if errno == Some(Errno::PERM.raw_os_error()) {
            return true;
        }
        next = error.source();
    }
    false
}

/// An error with those that it comes from, each of which says more.
fn whole(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let more = error.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        next = error.source();
    }
    text
}

#[cfg(test)]
mod tests;
