//! The picture of a state: pure functions from state to cells. No clock, no IO, and the state is only read.

pub mod columns;
pub mod format;
pub mod panel;
pub mod text;
pub mod theme;
pub mod widget;
