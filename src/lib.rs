//! midair: live-cluster observability in the terminal.
//!
//! *A feed yields entries; entries decode to events; events fold into a model; keys and events go through one reducer; a
//! pure function paints the state.* Live and replay are feeds; nothing above the feed knows which.

pub mod app;
pub mod cli;
pub mod clock;
pub mod entry;
pub mod event;
pub mod feed;
pub mod hub;
pub mod model;
pub mod out;
pub mod session;
pub mod shell;
pub mod view;
pub mod wire;

// The scene of the pictures is drawn by an example and by tests in here: both name this crate the same way.
#[cfg(test)]
extern crate self as midair;
