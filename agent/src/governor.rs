//! What keeps the agent within its budget: what is left out, and what an operator has switched off.

pub mod off;
pub mod thrift;

pub use off::Off;
pub use thrift::{Round, Thrift};
