//! The midair agent: samples one host and streams its four vitals. A library, so that the dashboard can embed it.

pub mod reading;
