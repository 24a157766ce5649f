//! Close looks at processes of real VMs: what they are, what they wait for, who sends to them.

#![expect(clippy::disallowed_methods, reason = "these tests wait for real programs in real time")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod looks;
#[path = "../nodes/mapper.rs"]
mod mapper;
#[path = "../nodes/node.rs"]
#[expect(dead_code, reason = "shared with tests that need more of it")]
mod node;
mod pair;
mod states;
mod subject;
mod traces;
mod waits;
