//! One integration binary: real agents, real processes, a real terminal.

#![expect(clippy::disallowed_methods, reason = "these tests wait for real programs in real time")]

mod demo;
mod golden;
mod hub;
mod marks;
mod network;
mod one_path;
mod out;
mod past;
mod recordings;
mod support;
mod terminal;
mod tidy;
mod tls;
mod truth;
