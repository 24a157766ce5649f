//! Messages of one process through UDP and unix sockets, which no counter of the kernel's says: counted by small programs
//! that are attached only while somebody looks.

use std::os::unix::{fs::MetadataExt, net::UnixDatagram};

use rustix::fd::{AsFd, OwnedFd};

use super::{
    Choice, Later, Why,
    load::{COUNTS, Loaded, Wanted},
    sys::{self, CpuArray},
};
use crate::clock::Clock;

/// What is counted, in the order of the map (`agent/bpf/messages.bpf.c`).
const N_COUNTS: usize = 5;

/// Counts of one process; they end when this is dropped.
pub struct Messages {
    counts: CpuArray<N_COUNTS>,
    /// Held, not read: without them nothing is counted.
    _links: Vec<OwnedFd>,
    has: Has,
    price_ns: Option<u64>,
}

/// Messages since the counting began, and what counting cost. A message is a call that sent or received something: a
/// segmented UDP send is one; peeks are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Received from unix sockets.
    pub unix_in: Option<u64>,
    /// Sent through unix sockets.
    pub unix_out: Option<u64>,
    /// Received from UDP sockets.
    pub udp_in: Option<u64>,
    /// Sent through UDP sockets.
    pub udp_out: Option<u64>,
    /// How often the programs ran, for all processes of this host.
    pub n_runs: u64,
    /// What that cost them, nanoseconds of CPU: the runs by the price of one, which was measured when it began.
    pub cost_ns: Option<u64>,
}

/// The process whose messages are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Its number in its own pid namespace.
    pid: u64,
    is_in_first_namespace: bool,
    namespace_device: u64,
    namespace_inode: u64,
}

/// `PROC_PID_INIT_INO`, include/linux/proc_ns.h: the first pid namespace.
const FIRST_NAMESPACE: u64 = 0xeffffffc;

impl Target {
    fn find(pid: u32) -> Result<Self, Why> {
        let gone = |error: &dyn std::error::Error| Why::new(format!("process {pid} cannot be looked at: {error}"));
        let namespace = std::fs::metadata(format!("/proc/{pid}/ns/pid")).map_err(|error| gone(&error))?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).map_err(|error| gone(&error))?;
        // From the reader's namespace inwards: the last is its own (proc(5)).
        let own = status.lines().find_map(|line| line.strip_prefix("NSpid:")?.split_whitespace().next_back());
        Ok(Self {
            pid: own.and_then(|number| number.parse().ok()).unwrap_or_else(|| pid.into()),
            is_in_first_namespace: namespace.ino() == FIRST_NAMESPACE,
            // As the kernel has it itself: of what is no device on disk the minor number alone (include/linux/kdev_t.h).
            namespace_device: rustix::fs::minor(namespace.dev()).into(),
            namespace_inode: namespace.ino(),
        })
    }

    /// `struct target` of the program.
    pub(super) fn words(&self) -> [u64; 4] {
        [self.pid, self.is_in_first_namespace.into(), self.namespace_device, self.namespace_inode]
    }

    /// The reverse.
    pub(super) fn of_words([pid, is_in_first_namespace, namespace_device, namespace_inode]: [u64; 4]) -> Self {
        Self { pid, is_in_first_namespace: is_in_first_namespace != 0, namespace_device, namespace_inode }
    }
}

/// What is counted at all.
#[derive(Clone, Copy, Debug, Default)]
struct Has {
    unix_in: bool,
    unix_out: bool,
    udp_in: bool,
    udp_out: bool,
}

impl Has {
    fn of(loaded: &Loaded) -> Self {
        let any = |names: &[&str]| loaded.0.iter().any(|(name, _)| names.contains(&name.as_str()));
        Self {
            unix_in: any(&["sock_recv_length", "unix_stream_recvmsg", "unix_dgram_recvmsg"]),
            unix_out: any(&["sock_send_length", "unix_stream_sendmsg", "unix_dgram_sendmsg"]),
            udp_in: any(&["sock_recv_length", "udp_recvmsg", "udpv6_recvmsg"]),
            udp_out: any(&["sock_send_length", "udp_sendmsg", "udpv6_sendmsg"]),
        }
    }
}

impl Messages {
    /// Loads and attaches what counts the messages of a process, in the reader's pid namespace. Takes up to a second.
    pub fn of(pid: u32, choice: &Choice, clock: &Clock) -> Result<Self, Why> {
        let target = Target::find(pid)?;
        let mut loaded = choice.loader.load(Wanted::Messages(target))?;
        let left_out = || Why::new(format!("the loader of BPF programs has left out {COUNTS}"));
        let counts = CpuArray::new(loaded.take(COUNTS).ok_or_else(left_out)?)
            .map_err(|error| Why::new(format!("counts of messages cannot be read: {error}")))?;
        let has = Has::of(&loaded);
        let without_ns = price_ns(clock);
        let links = loaded.0.iter().map(|(name, program)| {
            sys::attach_there(program.as_fd())
                .map_err(|error| Why::new(format!("the kernel does not attach what counts messages ({name}): {error}")))
        });
        let links = links.collect::<Result<Vec<_>, Why>>()?;
        let price_ns = price_ns(clock).zip(without_ns).map(|(with, without)| with.saturating_sub(without));
        Ok(Self { counts, _links: links, has, price_ns })
    }

    /// The same on a thread of its own.
    pub fn of_later(pid: u32, choice: Choice, clock: Clock) -> Later<Self> {
        Later::begin(move || Self::of(pid, &choice, &clock))
    }

    /// What was counted so far.
    pub fn read(&self) -> Result<Counts, rustix::io::Errno> {
        let [unix_in, unix_out, udp_in, udp_out, n_runs] = self.counts.sum()?;
        Ok(Counts {
            unix_in: self.has.unix_in.then_some(unix_in),
            unix_out: self.has.unix_out.then_some(unix_out),
            udp_in: self.has.udp_in.then_some(udp_in),
            udp_out: self.has.udp_out.then_some(udp_out),
            n_runs,
            cost_ns: self.price_ns.map(|price_ns| price_ns * n_runs),
        })
    }
}

/// What a message through a unix socket takes, half for sending and half for receiving, nanoseconds of CPU: the least of
/// several hundreds. `None` without sockets.
fn price_ns(clock: &Clock) -> Option<u64> {
    const ROUNDS: usize = 5;
    const MESSAGES: u64 = 200;
    let (near, far) = UnixDatagram::pair().ok()?;
    let mut byte = [0];
    let mut round = || {
        let before_us = clock.thread_cpu_us();
        for _ in 0..MESSAGES {
            near.send(&byte).ok()?;
            far.recv(&mut byte).ok()?;
        }
        Some((clock.thread_cpu_us() - before_us) * 1000 / (2 * MESSAGES))
    };
    (0..ROUNDS).filter_map(|_| round()).min()
}

#[cfg(test)]
mod tests;
