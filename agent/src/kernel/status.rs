//! `/proc/PID/status`: the dear fields, read for few tasks only, and the user as whom a task runs.

use super::text::{number, value, value_kib, value_number, words};

/// The fields of `/proc/PID/status` that midair reads. Kernel threads have no memory of their own: `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Status {
    /// Effective user id.
    pub uid: Option<u32>,
    /// Voluntary context switches.
    pub n_voluntary: Option<u64>,
    /// Involuntary context switches.
    pub n_involuntary: Option<u64>,
    /// Resident anonymous memory, bytes.
    pub anon_bytes: Option<u64>,
    /// Resident file-backed and shared memory, bytes.
    pub file_bytes: Option<u64>,
    /// Swapped-out memory, bytes.
    pub swap_bytes: Option<u64>,
}

/// Reads `/proc/PID/status`.
pub(super) fn parse_status(text: &[u8]) -> Status {
    // The name stands first, and newlines in it are escaped by the kernel: no name can look like another line.
    let file = value_kib(b"RssFile:", text);
    Status {
        uid: value(b"Uid:", text).and_then(|ids| words(ids).nth(1)).and_then(number).and_then(|n| n.try_into().ok()),
        n_voluntary: value_number(b"voluntary_ctxt_switches:", text),
        n_involuntary: value_number(b"nonvoluntary_ctxt_switches:", text),
        anon_bytes: value_kib(b"RssAnon:", text),
        file_bytes: file.map(|bytes| bytes + value_kib(b"RssShmem:", text).unwrap_or(0)),
        swap_bytes: value_kib(b"VmSwap:", text),
    }
}

#[cfg(test)]
mod tests;
