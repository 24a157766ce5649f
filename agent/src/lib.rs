//! The midair agent: samples one host and streams its four vitals. A library, so that the dashboard can embed it.

#[cfg(target_os = "linux")]
pub mod kernel;
pub mod reading;
pub mod secrets;
pub mod sysinfo;
