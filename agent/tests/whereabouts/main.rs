//! Where tasks run, on this very kernel: cgroups with quotas and limits, network namespaces, and the agent itself in
//! containers. Most of it takes root; what is left out elsewhere is said.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod cgroup;
mod container;
mod host;
mod network;
