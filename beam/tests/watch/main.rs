//! What a real VM says of itself, against what it says to another connection. Each test starts its own VM on loopback.

#![expect(clippy::disallowed_methods, reason = "these tests wait for real programs in real time")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod contention;
mod happenings;
mod holdings;
mod links;
#[path = "../nodes/mapper.rs"]
mod mapper;
#[path = "../nodes/node.rs"]
mod node;
mod pair;
mod traces;
mod whole;
