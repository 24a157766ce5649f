//! The node's values: CPU times, memory, network and pressure, from the files of `/proc` that speak of the whole host.

use midair_vitals::{CpuTimes, NodeReading};

use super::{
    files::Files,
    text::{lines, number, value, value_kib, value_number, words},
};

/// How many sockets of a protocol the kernel holds, of IPv4 and of IPv6; `None` where it does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct InUse {
    /// TCP: connections and listeners.
    pub tcp: [Option<u64>; 2],
    /// UDP.
    pub udp: [Option<u64>; 2],
}

/// Reads all node values into a reading. A file that is absent leaves its fields unknown.
///
/// `mem_limit_bytes` stays unknown: a limit of the agent's own cgroup says nothing of the other processes of the host,
/// and the memory in use that it would be compared with is that of the host.
pub(super) fn read(files: &mut Files, tick_us: u64, into: &mut NodeReading) -> InUse {
    let mut add = |path: &str, parse: &dyn Fn(&[u8], &mut NodeReading)| {
        if let Ok(text) = files.read(format_args!("{path}")) {
            parse(text, into);
        }
    };
    add("stat", &|text, into| parse_stat(text, tick_us, into));
    add("loadavg", &parse_loadavg);
    add("meminfo", &parse_meminfo);
    add("uptime", &parse_uptime);
    add("net/dev", &parse_net_dev);
    add("net/snmp", &parse_snmp);
    add("net/snmp6", &parse_snmp6);
    add("net/netstat", &parse_netstat);
    add("pressure/cpu", &|text, into| into.psi_cpu_some_us = pressure(b"some", text));
    add("pressure/io", &|text, into| into.psi_io_some_us = pressure(b"some", text));
    add("pressure/memory", &|text, into| {
        into.psi_mem_some_us = pressure(b"some", text);
        into.psi_mem_full_us = pressure(b"full", text);
    });
    let in_use = read_sockstat(files);
    into.n_tcp = in_use.tcp.into_iter().flatten().reduce(|a, b| a + b);
    in_use
}

/// `TCP: inuse 1 ...` and, in a file of their own, `TCP6: inuse 2 ...`.
fn read_sockstat(files: &mut Files) -> InUse {
    let mut in_use = InUse::default();
    let names = [("net/sockstat", "TCP: inuse ", "UDP: inuse "), ("net/sockstat6", "TCP6: inuse ", "UDP6: inuse ")];
    for (family, (path, tcp, udp)) in names.into_iter().enumerate() {
        if let Ok(text) = files.read(format_args!("{path}")) {
            in_use.tcp[family] = value_number(tcp.as_bytes(), text);
            in_use.udp[family] = value_number(udp.as_bytes(), text);
        }
    }
    in_use
}

/// `/proc/stat`: times in clock ticks (proc(5)). Guest time is part of user time already.
fn parse_stat(text: &[u8], tick_us: u64, into: &mut NodeReading) {
    for line in lines(text) {
        let mut rest = words(line);
        let Some(key) = rest.next() else { continue };
        if key == b"cpu" {
            into.cpu = cpu_times(rest, tick_us);
        } else if let Some(cpu) = key.strip_prefix(b"cpu").and_then(number) {
            into.cpus.push((cpu as u32, cpu_times(rest, tick_us)));
        }
    }
    into.n_switches = value_number(b"ctxt ", text);
    into.n_forks = value_number(b"processes ", text);
    into.n_running = value_number(b"procs_running ", text);
    into.n_blocked = value_number(b"procs_blocked ", text);
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

/// `/proc/net/dev`: eight numbers received, eight sent, after the interface's name. Loopback is left out: what it
/// receives it has sent itself.
fn parse_net_dev(text: &[u8], into: &mut NodeReading) {
    let (mut rx, mut tx, mut drops) = (0, 0, 0);
    for line in lines(text) {
        let Some(colon) = line.iter().position(|b| *b == b':') else { continue };
        if line[..colon].trim_ascii() == b"lo" {
            continue;
        }
        let mut columns = [0; 16];
        for (column, word) in columns.iter_mut().zip(words(&line[colon + 1..])) {
            *column = number(word).unwrap_or(0);
        }
        rx += columns[0];
        tx += columns[8];
        drops += columns[3] + columns[11];
    }
    into.net_rx_bytes = Some(rx);
    into.net_tx_bytes = Some(tx);
    into.net_drops = Some(drops);
}

fn parse_snmp(text: &[u8], into: &mut NodeReading) {
    into.tcp_in = paired(b"Tcp:", b"InSegs", text);
    into.tcp_out = paired(b"Tcp:", b"OutSegs", text);
    into.tcp_retrans = paired(b"Tcp:", b"RetransSegs", text);
    into.udp_in = paired(b"Udp:", b"InDatagrams", text);
    into.udp_out = paired(b"Udp:", b"OutDatagrams", text);
    into.udp_drops = paired(b"Udp:", b"RcvbufErrors", text);
}

/// `/proc/net/snmp6`: UDP over IPv6 is counted apart, TCP is not.
fn parse_snmp6(text: &[u8], into: &mut NodeReading) {
    let add = |to: &mut Option<u64>, key: &[u8]| {
        *to = to.map(|sum| sum + value_number(key, text).unwrap_or(0));
    };
    add(&mut into.udp_in, b"Udp6InDatagrams ");
    add(&mut into.udp_out, b"Udp6OutDatagrams ");
    add(&mut into.udp_drops, b"Udp6RcvbufErrors ");
}

/// `ListenDrops` holds the overflows of accept queues too (net/ipv4/tcp_ipv4.c).
fn parse_netstat(text: &[u8], into: &mut NodeReading) {
    into.listen_drops = paired(b"TcpExt:", b"ListenDrops", text);
}

/// `/proc/net/snmp` writes a line of names and below it a line of numbers, both with the same first word.
fn paired(prefix: &[u8], name: &[u8], text: &[u8]) -> Option<u64> {
    let mut pair = lines(text).filter_map(|line| line.strip_prefix(prefix));
    let column = words(pair.next()?).position(|word| word == name)?;
    words(pair.next()?).nth(column).and_then(number)
}

/// `some avg10=1.66 avg60=3.26 avg300=1.61 total=24646923`, the total in microseconds.
fn pressure(kind: &[u8], text: &[u8]) -> Option<u64> {
    words(value(kind, text)?).find_map(|word| word.strip_prefix(b"total=")).and_then(number)
}

#[cfg(test)]
mod tests;
