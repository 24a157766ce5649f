//! Disks: `/proc/diskstats` (kernel: Documentation/admin-guide/iostats.rst).

use std::sync::Arc;

use midair_vitals::Disk;

use crate::kernel::text::{lines, number, words};

/// Disks that a reading carries.
const DISKS_MAX: usize = 16;

/// The kernel counts in sectors of 512 bytes, whatever those of the disk are.
const SECTOR: u64 = 512;

/// The whole disks that were ever used, the busiest since boot first.
pub(super) fn parse_diskstats(text: &[u8]) -> Vec<Disk> {
    let rows: Vec<(&[u8], Disk)> = lines(text).filter_map(disk).collect();
    let is_whole = |name: &[u8]| !rows.iter().any(|(disk, _)| is_partition_of(name, disk));
    let mut disks: Vec<Disk> = rows.iter().filter(|(name, _)| is_whole(name)).map(|(_, disk)| disk.clone()).collect();
    disks.sort_by(|a, b| (b.busy_us, &a.name).cmp(&(a.busy_us, &b.name)));
    disks.truncate(DISKS_MAX);
    disks
}

/// One line; `None` also for a disk that was never used: loop devices without a file, memory disks.
fn disk(line: &[u8]) -> Option<(&[u8], Disk)> {
    let mut fields = words(line).skip(2);
    let name = fields.next()?;
    let mut numbers = [None; 11];
    for (slot, word) in numbers.iter_mut().zip(fields) {
        *slot = number(word);
    }
    let [n_reads, _, read, _, n_writes, _, written, _, in_flight, busy_ms, waited_ms] = numbers;
    let used = [n_reads, n_writes, in_flight].into_iter().flatten().any(|n| n > 0);
    let times = |n: Option<u64>, by: u64| n.and_then(|n| n.checked_mul(by));
    let text: Arc<str> = String::from_utf8_lossy(name).into();
    used.then_some((
        name,
        Disk {
            name: text,
            n_reads,
            n_writes,
            read_bytes: times(read, SECTOR),
            write_bytes: times(written, SECTOR),
            busy_us: times(busy_ms, 1000),
            waited_us: times(waited_ms, 1000),
            in_flight,
        },
    ))
}

/// Partitions are named after their disk, with a number; with a `p` before it where the disk's name ends in a number itself
/// (`sda1`, `nvme0n1p1`: block/partitions/core.c, `add_partition`; `bdevname`).
fn is_partition_of(name: &[u8], disk: &[u8]) -> bool {
    let Some(rest) = name.strip_prefix(disk) else { return false };
    let number = if disk.last().is_some_and(u8::is_ascii_digit) { rest.strip_prefix(b"p") } else { Some(rest) };
    number.is_some_and(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests;
