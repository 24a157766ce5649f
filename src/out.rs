//! What comes out of a recording: rows for other programs (`export`), a part of it (`cut`), a page (`report`).
//!
//! All of it streams: a recording is told once, from its beginning or from a moment, through the decoder and the model that
//! screens are made from, and no rate is reckoned anywhere else.

pub mod cut;
pub mod export;
mod lost;
mod place;
mod progress;
pub mod report;
mod source;
mod telling;

pub(crate) use lost::{Losses, Lost};
pub use place::OutError;
pub(crate) use place::Place;
