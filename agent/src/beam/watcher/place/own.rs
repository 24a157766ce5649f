//! The sockets of one process that listen: looked for among all its descriptors, which may be very many, and so as seldom
//! as may be.

use std::{
    collections::BTreeMap,
    fs,
    net::{IpAddr, SocketAddr},
};

/// Descriptors that are looked through for listening sockets: those are opened early.
const MOST_FDS: usize = 100_000;

/// The first pause between two looks through the descriptors, microseconds; it doubles each time.
const PAUSE_US: u64 = 1_000_000;

/// The longest.
const LONGEST_US: u64 = 300_000_000;

/// What is known of them in this life of the process.
#[derive(Debug)]
pub(super) struct Own {
    pid: u32,
    /// All sockets of its network namespace that listen, as of the last look, by their inodes.
    all: BTreeMap<u64, SocketAddr>,
    own: Vec<SocketAddr>,
    /// When it is looked for again at the earliest, and the pause before that.
    next_us: u64,
    pause_us: u64,
}

impl Own {
    pub(super) fn new(pid: u32) -> Self {
        Self { pid, all: BTreeMap::new(), own: Vec::new(), next_us: 0, pause_us: PAUSE_US }
    }

    /// Those that listen. While nobody in its network listens who did not before, it is as it was.
    pub(super) fn listening(&mut self, now_us: u64) -> &[SocketAddr] {
        let all = all(self.pid);
        if now_us >= self.next_us && all != self.all {
            self.own = own(self.pid, &all);
            self.all = all;
            self.next_us = now_us.saturating_add(self.pause_us);
            self.pause_us = self.pause_us.saturating_mul(2).min(LONGEST_US);
        }
        &self.own
    }
}

/// All TCP sockets that listen in the network namespace of a process.
fn all(pid: u32) -> BTreeMap<u64, SocketAddr> {
    let mut all = BTreeMap::new();
    for file in ["tcp", "tcp6"] {
        // No IPv6, or no right to look.
        let text = fs::read_to_string(format!("/proc/{pid}/net/{file}")).unwrap_or_default();
        all.extend(text.lines().skip(1).filter_map(listener));
    }
    all
}

/// Those of them that a process has among its descriptors.
fn own(pid: u32, all: &BTreeMap<u64, SocketAddr>) -> Vec<SocketAddr> {
    let Ok(fds) = fs::read_dir(format!("/proc/{pid}/fd")) else { return Vec::new() };
    let links = fds.flatten().take(MOST_FDS).filter_map(|fd| fs::read_link(fd.path()).ok()); // Closed meanwhile.
    let mut own: Vec<SocketAddr> = links
        .filter_map(|link| {
            let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()?; // Else no socket.
            all.get(&inode).copied()
        })
        .collect();
    own.sort_unstable();
    own.dedup();
    own
}

/// A line of /proc/net/tcp (proc(5)): inode and address of a socket in state 0A, which listens.
fn listener(line: &str) -> Option<(u64, SocketAddr)> {
    let mut words = line.split_whitespace();
    let (address, state) = (words.nth(1)?, words.nth(1)?);
    let inode = words.nth(5)?.parse().ok()?; // The kernel writes numbers.
    let (ip, port) = address.split_once(':').filter(|_| state == "0A")?;
    let port = u16::from_str_radix(port, 16).ok()?; // As above.
    // Each four bytes stand in the order of the machine.
    let word = |n: usize| Some(u32::from_str_radix(ip.get(n * 8..n * 8 + 8)?, 16).ok()?.to_ne_bytes());
    let ip = match ip.len() {
        8 => IpAddr::from(word(0)?),
        32 => {
            let mut bytes = [0; 16];
            for (n, four) in bytes.chunks_exact_mut(4).enumerate() {
                four.copy_from_slice(&word(n)?);
            }
            IpAddr::from(bytes)
        }
        _ => return None,
    };
    Some((inode, SocketAddr::new(ip.to_canonical(), port)))
}

#[cfg(test)]
mod tests;
