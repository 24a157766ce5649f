//! The node's values, from the files that speak of the whole host: CPU times, memory, interrupts, network, disks.
//!
//! All files of `/proc` are kept open and read at each tick, 20 of them in 0.1 ms (2 CPUs; kernel 6.18). Filesystems are
//! looked at every ten seconds.

mod disks;
mod filesystems;
mod net;
mod paired;
mod queues;

use std::path::Path;

use midair_vitals::{CpuTimes, Interrupts, NodeReading};
use rustix::{
    fd::{AsFd as _, OwnedFd},
    fs::{CWD, Mode, OFlags, openat},
};

use self::{disks::parse_diskstats, filesystems::Filesystems, net::Net, queues::CpuQueues};
pub(super) use self::{net::InUse, paired::Paired};
use super::{
    kept::{Kept, Page},
    tally::Tally,
    text::{lines, number, pressure, value_kib, value_number, words},
};

/// The files of the node.
#[derive(Debug)]
pub(super) struct Node {
    root: Option<OwnedFd>,
    page: Page,
    stat: Kept,
    loadavg: Kept,
    meminfo: Kept,
    uptime: Kept,
    pressure: [Kept; 3],
    file_nr: Kept,
    diskstats: Kept,
    vmstat: Kept,
    net: Net,
    filesystems: Filesystems,
    queues: CpuQueues,
}

impl Node {
    /// The node whose `/proc` this is.
    pub(super) fn new(root: &Path) -> Self {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Self {
            // Where it cannot be opened nothing is known; the source says why.
            root: openat(CWD, root, flags, Mode::empty()).ok(),
            page: Page::default(),
            stat: Kept::new("stat"),
            loadavg: Kept::new("loadavg"),
            meminfo: Kept::new("meminfo"),
            uptime: Kept::new("uptime"),
            pressure: ["cpu", "io", "memory"].map(|name| Kept::new(format!("pressure/{name}"))),
            file_nr: Kept::new("sys/fs/file-nr"),
            diskstats: Kept::new("diskstats"),
            vmstat: Kept::new("vmstat"),
            net: Net::default(),
            filesystems: Filesystems::new(root),
            queues: CpuQueues::default(),
        }
    }

    /// Reads all values into a reading that carries its stamp. A file that is absent leaves its fields unknown.
    pub(super) fn read(&mut self, tick_us: u64, into: &mut NodeReading) -> InUse {
        let Some(root) = self.root.as_ref().map(|root| root.as_fd()) else { return InUse::default() };
        let page = &mut self.page;
        if let Some(text) = self.stat.read(root, page) {
            parse_stat(text, tick_us, into);
        }
        if let Some(text) = self.loadavg.read_short(root, page) {
            parse_loadavg(text, into);
        }
        if let Some(text) = self.meminfo.read(root, page) {
            parse_meminfo(text, into);
        }
        if let Some(text) = self.uptime.read_short(root, page) {
            parse_uptime(text, into);
        }
        let [cpu, io, memory] = &mut self.pressure;
        into.psi_cpu_some_us = cpu.read_short(root, page).and_then(|text| pressure(b"some", text));
        into.psi_io_some_us = io.read_short(root, page).and_then(|text| pressure(b"some", text));
        if let Some(text) = memory.read_short(root, page) {
            into.psi_mem_some_us = pressure(b"some", text);
            into.psi_mem_full_us = pressure(b"full", text);
        }
        if let Some(text) = self.file_nr.read_short(root, page) {
            parse_file_nr(text, into);
        }
        if let Some(text) = self.diskstats.read(root, page) {
            into.disks = parse_diskstats(text);
        }
        into.filesystems = self.filesystems.read(into.at_us).to_vec();
        self.net.read(root, page, into)
    }

    /// Processes killed for lack of memory since boot, wherever: `/proc/vmstat`, from Linux 4.13 on.
    pub(super) fn read_oom_kills(&mut self) -> Option<u64> {
        let root = self.root.as_ref()?;
        value_number(b"oom_kill ", self.vmstat.read(root.as_fd(), &mut self.page)?)
    }

    /// Who waits for each CPU, by what a sweep over the tasks has counted since.
    pub(super) fn add_queues(&mut self, tally: &Tally, into: &mut NodeReading) {
        let cpus = into.cpus.iter().map(|(number, _)| *number);
        let schedstat = self.root.as_ref().and_then(|root| self.queues.read_schedstat(root.as_fd(), &mut self.page));
        into.cpu_queues = self.queues.add(cpus, schedstat, tally);
    }
}

/// `/proc/stat`: times in clock ticks (proc(5)). Guest time is part of user time already.
fn parse_stat(text: &[u8], tick_us: u64, into: &mut NodeReading) {
    let mut interrupts = Interrupts::default();
    for line in lines(text) {
        // The list of interrupts is long, and the sum of all stands first.
        let mut rest = words(line);
        let (Some(key), first) = (rest.next(), rest.clone().next().and_then(number)) else { continue };
        match key {
            b"cpu" => {
                interrupts.soft_us = rest.clone().nth(6).and_then(number).and_then(|n| n.checked_mul(tick_us));
                into.cpu = cpu_times(rest, tick_us);
            }
            b"intr" => interrupts.n_hard = first,
            b"softirq" => interrupts.n_soft = first,
            b"ctxt" => into.n_switches = first,
            b"processes" => into.n_forks = first,
            b"procs_running" => into.n_running = first,
            b"procs_blocked" => into.n_blocked = first,
            key => {
                if let Some(cpu) = key.strip_prefix(b"cpu").and_then(number) {
                    into.cpus.push((cpu as u32, cpu_times(rest, tick_us)));
                }
            }
        }
    }
    into.interrupts = Some(interrupts).filter(|all| *all != Interrupts::default());
}

fn cpu_times<'t>(words: impl Iterator<Item = &'t [u8]>, tick_us: u64) -> CpuTimes {
    let mut ticks = [None; 8];
    for (slot, word) in ticks.iter_mut().zip(words) {
        *slot = number(word).and_then(|n| n.checked_mul(tick_us));
    }
    let [user, nice, system, idle, iowait, irq, softirq, steal] = ticks;
    let both = |a: Option<u64>, b: Option<u64>| Some(a? + b.unwrap_or(0));
    CpuTimes {
        user_us: both(user, nice),
        system_us: system,
        idle_us: idle,
        iowait_us: iowait,
        irq_us: both(irq, softirq),
        steal_us: steal,
    }
}

fn parse_loadavg(text: &[u8], into: &mut NodeReading) {
    into.load1_milli = words(text).next().and_then(|word| decimal(word, 1000));
}

fn parse_uptime(text: &[u8], into: &mut NodeReading) {
    into.up_us = words(text).next().and_then(|word| decimal(word, 1_000_000));
}

/// A number with a fraction, times a scale that is a power of ten: `decimal(b"1.25", 1000)` is 1,250.
fn decimal(word: &[u8], scale: u64) -> Option<u64> {
    let mut parts = word.splitn(2, |b| *b == b'.');
    let whole = number(parts.next()?)?.checked_mul(scale)?;
    let fraction = parts.next().unwrap_or_default().iter().try_fold((0, scale / 10), |(sum, unit), b| {
        b.is_ascii_digit().then(|| (sum + u64::from(b - b'0') * unit, unit / 10))
    })?;
    whole.checked_add(fraction.0)
}

fn parse_meminfo(text: &[u8], into: &mut NodeReading) {
    into.mem_total_bytes = value_kib(b"MemTotal:", text);
    into.mem_available_bytes = value_kib(b"MemAvailable:", text);
    into.mem_free_bytes = value_kib(b"MemFree:", text);
    into.mem_anon_bytes = value_kib(b"AnonPages:", text);
    into.mem_file_bytes = value_kib(b"Cached:", text);
    into.mem_slab_bytes = value_kib(b"Slab:", text);
    into.swap_total_bytes = value_kib(b"SwapTotal:", text);
    into.swap_free_bytes = value_kib(b"SwapFree:", text);
}

/// `/proc/sys/fs/file-nr`: allocated, allocated but unused, most (Documentation/admin-guide/sysctl/fs.rst).
fn parse_file_nr(text: &[u8], into: &mut NodeReading) {
    let mut numbers = words(text).map(number);
    let (allocated, unused, most) = (numbers.next().flatten(), numbers.next().flatten(), numbers.next().flatten());
    into.n_files = allocated.zip(unused).map(|(allocated, unused)| allocated.saturating_sub(unused));
    // systemd sets the largest number there is (LONG_MAX), for no limit.
    into.files_max = most.filter(|most| *most < i64::MAX as u64);
}

#[cfg(test)]
mod tests;
