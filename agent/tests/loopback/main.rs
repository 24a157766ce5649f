//! The agent over real gRPC: in memory, on a Unix socket, on TCP, and the binary itself. No root, no network but 127.0.0.1.

#![expect(clippy::disallowed_methods, reason = "these tests wait for real programs in real time")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod binary;
mod black_box;
mod budget;
mod crowd;
mod doors;
mod host;
mod hostile;
mod marks;
mod sysinfo;
mod tls;
mod watch;
