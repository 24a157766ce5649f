//! What is asked of a VM: by helpers that its own interpreter runs, so that nothing is loaded there and all of it ends
//! with the connection.

mod form;
pub mod hot;
pub mod sweep;
