//! What is asked of a VM: by helpers that its own interpreter runs, so that nothing is loaded there and all of it ends
//! with the connection.

pub mod active;
mod address;
pub mod allocation;
mod asked;
mod calls;
pub mod dist;
pub mod events;
mod form;
pub mod hot;
pub mod look;
mod names;
pub mod node;
pub mod own;
pub mod ports;
pub mod sockets;
pub mod sweep;
pub mod tables;
pub mod trace;
pub mod vm;
pub mod wait;

pub use active::{ActiveReading, active};
pub use allocation::{Allocation, allocation};
pub use asked::WatchError;
pub use dist::{DistReading, DistWatch};
pub use events::{EventOptions, EventReading, EventWatch};
pub use look::{Look, LookError, ProcessLook, Seen};
pub use node::{NodeTick, NodeWatch};
pub use ports::{PortReading, PortWatch};
pub use sockets::{SocketReading, sockets};
pub use tables::{TableReading, tables};
pub use trace::{Received, TraceError, receive_trace};
pub use vm::Vm;
pub use wait::Waits;
