//! The midair agent: samples one host and streams its four vitals. A library, so that the dashboard can embed it.
//!
//! Three parties, bounded channels between them: the *sampler* (a thread that reads the sources on a grid of ticks), the
//! *desk* (a thread that owns all state: it derives, encodes once, and hands out) and the *service* (gRPC, on the
//! caller's runtime). Readings and controls go to the desk; envelopes come from it. Where one process holds many agents
//! (`crew`), all three are on one runtime.

pub mod access;
pub mod agent;
#[cfg(target_os = "linux")]
pub mod beam;
pub mod black_box;
pub mod census;
pub mod cli;
pub mod clock;
pub mod config;
pub mod cost;
pub mod crew;
pub mod desk;
pub mod encode;
pub mod focus;
pub mod governor;
pub mod hot;
pub mod identity;
pub mod join;
#[cfg(target_os = "linux")]
pub mod kernel;
pub mod ledger;
pub mod listen;
pub mod marks;
pub mod names;
pub mod node;
pub mod numbers;
pub mod once;
pub mod outbox;
pub mod pace;
pub mod reading;
pub mod rollup;
pub mod sampler;
pub mod secrets;
pub mod service;
pub mod stream;
pub mod sysinfo;
pub mod table;
pub mod tick;

pub use agent::Agent;
#[cfg(target_os = "linux")]
pub use beam::beam_child;
pub use clock::Clock;
pub use config::{Collector, Config, SourceChoice};
#[cfg(target_os = "linux")]
pub use kernel::bpf::bpf_child;
