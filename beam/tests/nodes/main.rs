//! Against real VMs: Debian's `erlang-base`, and `erlang-ssl` for TLS. Each test starts its own on loopback and ends it.

#![expect(clippy::disallowed_methods, reason = "these tests wait for real programs in real time")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod calls;
mod helpers;
mod mapper;
mod names;
mod node;
mod terms;
mod ticks;
mod tls;
