//! `/proc/PID/status`: the dear fields, read for few tasks only, and the user as whom a task runs.

use super::text::{lines, number, words};

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

/// Reads `/proc/PID/status`, in one pass: it has sixty lines.
pub(super) fn parse_status(text: &[u8]) -> Status {
    let mut status = Status::default();
    let (mut file, mut shmem) = (None, None);
    let kib = |value: &[u8]| words(value).next().and_then(number)?.checked_mul(1024);
    // The name stands first, and newlines in it are escaped by the kernel: no name can look like another line.
    for line in lines(text) {
        let Some(colon) = line.iter().position(|b| *b == b':') else { continue };
        let (key, value) = (&line[..colon], &line[colon + 1..]);
        match key {
            b"Uid" => status.uid = words(value).nth(1).and_then(number).and_then(|n| n.try_into().ok()),
            b"voluntary_ctxt_switches" => status.n_voluntary = words(value).next().and_then(number),
            b"nonvoluntary_ctxt_switches" => status.n_involuntary = words(value).next().and_then(number),
            b"RssAnon" => status.anon_bytes = kib(value),
            b"RssFile" => file = kib(value),
            b"RssShmem" => shmem = kib(value),
            b"VmSwap" => status.swap_bytes = kib(value),
            _ => {}
        }
    }
    status.file_bytes = file.map(|bytes| bytes + shmem.unwrap_or(0));
    status
}

#[cfg(test)]
mod tests;
