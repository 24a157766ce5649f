//! The agent over real gRPC: in memory, on a Unix socket, on TCP, and the binary itself. No root, no network but 127.0.0.1.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod binary;
mod doors;
mod host;
mod sysinfo;
mod watch;
