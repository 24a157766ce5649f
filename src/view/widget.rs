//! The few things that all regions are painted with: text in a row, framed panels, meters, sparklines, tables.

pub mod meter;
pub mod pen;
pub mod spark;
pub mod table;
