//! What is wrong with a recording, as a value and in words.

use std::fmt;

/// A part of a recording that cannot be read, or is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Where it begins, in bytes from the start of the file.
    pub from: u64,
    /// Where reading goes on; equal to `from` where something is missing rather than wrong.
    pub until: u64,
    /// What is wrong.
    pub why: Why,
    /// How many entries were lost with it; `None` while nothing that comes after it has said.
    pub n_lost: Option<u64>,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The header does not check; the blocks speak for themselves.
    Header,
    /// The head of a block or a chunk does not check.
    Head,
    /// The bytes of a chunk are not those that were written.
    Bytes,
    /// A chunk that checks does not unpack to what it says: it was written wrong, or by something else.
    Content,
    /// A block of another file stands here.
    Foreign,
    /// A block of a newer version of the format.
    Newer(u8),
    /// A block that stands after later ones: no midair writes it.
    Backwards,
    /// Blocks that were written are not here.
    Missing,
    /// The file ends within a record: it is still being written, or whoever wrote it was stopped.
    Torn,
    /// The index does not describe this file; it was made anew.
    Index,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Self::Header => "the header is damaged",
            Self::Head => "the head of a block or chunk is damaged",
            Self::Bytes => "a chunk is damaged",
            Self::Content => "a chunk holds what no midair writes",
            Self::Foreign => "a block of another file",
            Self::Newer(major) => return write!(f, "a block of version {major} of the format, which is too new"),
            Self::Backwards => "a block stands after later ones",
            Self::Missing => "blocks are missing",
            Self::Torn => "the file ends in the middle of a chunk",
            Self::Index => "the index does not describe this file",
        };
        f.write_str(words)
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.why, self.from)?;
        if self.until > self.from {
            write!(f, ", {} bytes are not readable", self.until - self.from)?;
        }
        match self.n_lost {
            Some(n) => write!(f, ", {n} entries are lost"),
            None => Ok(()),
        }
    }
}
