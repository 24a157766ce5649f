//! What is asked of a VM: by helpers that its own interpreter runs, so that nothing is loaded there and all of it ends
//! with the connection.

mod form;
pub mod look;
mod names;
pub mod trace;
pub mod wait;

pub use look::{Look, LookError, ProcessLook, Seen};
pub use trace::{Received, TraceError, receive_trace};
pub use wait::Waits;
