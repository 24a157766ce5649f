//! The BPF iterators against the kernel that runs the tests. They need root, as CI has it; elsewhere each says so.
#![cfg(target_os = "linux")]

mod exits;
mod files;
mod messages;
mod namespaces;
mod object;
mod setup;
mod sockets;
mod support;
mod tasks;
