//! The collectors against this very kernel, as root: they agree with each other, take over from each other, and survive
//! what a host does to them.

#[cfg(target_os = "linux")]
mod agree;
#[cfg(target_os = "linux")]
mod change;
#[cfg(target_os = "linux")]
mod churn;
#[cfg(target_os = "linux")]
mod host;
#[cfg(target_os = "linux")]
mod names;
#[cfg(target_os = "linux")]
mod starved;
#[cfg(target_os = "linux")]
mod table;
