//! What is asked of a VM: by helpers that its own interpreter runs, so that nothing is loaded there and all of it ends
//! with the connection.

mod asked;
mod calls;
pub mod dist;
pub mod events;
mod form;
pub mod node;
pub mod vm;

pub use asked::WatchError;
pub use dist::{DistReading, DistWatch};
pub use events::{EventOptions, EventReading, EventWatch};
pub use node::{NodeTick, NodeWatch};
pub use vm::Vm;
