//! The sweep against real VMs: what it finds, what it costs them, and that nothing of it is left.

#![expect(clippy::disallowed_methods, reason = "these tests wait for real programs in real time")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod cost;
mod early;
mod found;
mod hot;
#[path = "../nodes/node.rs"]
#[expect(dead_code, reason = "some of it is for other tests")]
mod node;
mod stuck;
mod target;
