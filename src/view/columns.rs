//! The columns of each table: data, read from left to right in the order of the vitals.

pub mod nodes;
pub mod queues;
pub mod tasks;
