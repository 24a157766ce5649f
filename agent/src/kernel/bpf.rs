//! Every thread and every queue of this host in a few reads: BPF iterators, where the kernel and its owner allow them.

pub mod record;

pub use self::record::{
    Backlog, Depth, FileKind, FileRecord, LeaderRecord, Mark, Memory, Record, Records, Sleeper, TaskRecord, TcpRecord,
};
