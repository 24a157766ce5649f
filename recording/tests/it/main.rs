//! The file as a whole: what is written is read, whatever happened to it in between.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod cut;
mod flipped;
mod follow;
mod future;
mod golden;
mod index;
mod long;
mod random;
mod ring;
mod round_trip;
mod sample;
mod stopped;
