//! Connections between real ends over loopback: who is let in, what the others are told, and what a crowd can do.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod crowd;
mod files;
mod host;
mod refusals;
