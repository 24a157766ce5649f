//! Recordings: what agents said, kept in a file that outlives a crash, damage and its own program.
//!
//! A file is a header and blocks; a block holds at most a minute, can be read without those before it, and is one zstd
//! stream that is flushed each second as a *chunk* with its own length and checksums. So a torn tail costs its chunk,
//! damage costs the rest of its block, and neither costs the file. `FORMAT.md` says it byte by byte.
//!
//! [`Writer`] appends to anything; [`Reader`] reads anything that can seek, tells damage as values and follows a file
//! that still grows; [`Ring`] keeps the last hours in a bounded directory. Nothing here reads a clock: moments are
//! arguments, in microseconds on a clock of the caller that only rises, beside the wall time since 1970.

mod damage;
mod entry;
mod layout;
mod reader;
mod ring;
mod unpack;
mod varint;
mod writer;

pub use damage::{Damage, Why};
pub use entry::{Body, Entry};
pub use layout::{BLOCK_US, ENTRY_MAX, MAJOR, MINOR};
pub use reader::{Block, OpenError, Piece, Reader, read_all};
pub use ring::{Before, Bounds, History, Ring, State};
pub use writer::{Options, WriteError, Writer};
