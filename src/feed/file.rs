//! Recordings as files: what passes a feed goes into one ([`Recorder`]), and comes out of one again ([`Film`]).

mod codec;
mod film;
mod notes;
mod recorder;
mod scribe;

pub(crate) use codec::entry;
pub use film::Film;
pub use notes::{Note, Notebook};
pub use recorder::{Recorder, RecorderState};
pub use scribe::Scribe;
