//! The `midair.v1` contract: generated bindings, and what both ends need to speak it.
//!
//! The proto files under `midair/v1/` are the specification. The bindings are committed, so that building needs no
//! protoc; `tests/generated.rs` regenerates them and fails when they are stale.

pub mod backoff;
mod census;
mod codec;
pub mod delta;
mod envelope;
pub mod gains;
pub mod greeting;

/// Generated messages and the service; see the proto files.
#[allow(missing_docs, unreachable_pub, clippy::all, clippy::disallowed_methods)]
pub mod v1 {
    include!("generated/midair.v1.rs");
}

/// The contract that this build speaks (`Version.contract`).
pub const CONTRACT: u32 = 1;

/// Largest message that either side sends or accepts, in bytes.
pub const MESSAGE_MAX: usize = 1 << 20;
