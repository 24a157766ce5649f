//! Erlang VMs through a whole agent: real VMs, the real binary, real gRPC. What they need is `erl` (erlang-base).
//!
//! An agent watches each VM of its host, so that only one of these tests runs at a time.

#![expect(clippy::disallowed_methods, reason = "these tests wait for real programs in real time")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod agent;
mod contention;
mod ended;
mod found;
mod gone;
mod inspections;
mod looks;
mod places;
mod rabbit;
mod refused;
mod tls;
mod vm;
