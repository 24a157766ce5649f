//! The four vitals: *sched*, *mem*, *queue* and *rate*, from raw counters to numbers that can be compared.
//!
//! Counters travel, rates are derived: the agent uses these functions to choose rows, a hub to merge, the dashboard to
//! show. Pure, std only: time comes in as microseconds of the agent's `CLOCK_MONOTONIC`, unknown is `None`, never zero.

pub mod cgroup;
pub mod growth;
pub mod host;
pub mod node;
pub mod order;
pub mod queue;
pub mod rate;
pub mod severity;
pub mod short_lived;
pub mod task;
pub mod vm;
pub mod window;

pub use cgroup::{CgroupKind, CgroupReading, CgroupVitals, NetNamespace, NetNamespaceVitals};
pub use growth::Growth;
pub use host::{Disk, DiskVitals, Filesystem, Interrupts, TcpTrouble, TcpTroubles};
pub use node::{CpuQueue, CpuTimes, NodeReading, NodeVitals, SchedCauses, WorstQueue, WorstTask};
pub use order::{Order, Rank};
pub use queue::{Flow, Queue, QueueKind, QueueVitals, Unit};
pub use severity::{Severities, Severity};
pub use short_lived::{SHORT_LIVED_MOST, ShortLived, ShortLivedName, ShortLivedNameVitals, ShortLivedVitals};
pub use task::{Movement, Previous, TaskId, TaskKind, TaskReading, TaskState, TaskVitals, WorstThread};
pub use vm::{VmReading, VmVitals};
