//! One integration binary: real agents, real processes, a real terminal.

mod support;
mod terminal;
mod tidy;
mod truth;
