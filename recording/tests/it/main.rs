//! The file as a whole: what is written is read, whatever happened to it in between.

mod cut;
mod flipped;
mod follow;
mod future;
mod golden;
mod index;
mod random;
mod round_trip;
mod sample;
mod stopped;
