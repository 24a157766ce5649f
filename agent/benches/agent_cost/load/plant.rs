//! Trouble that is planted to be found: a thread that burns, one that starves beside it, and a queue of each kind in
//! which something waits. Each is a process of its own.

use std::{
    io::{self, Write},
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    os::{fd::OwnedFd, unix::net::UnixDatagram},
    sync::mpsc,
    thread,
    time::Duration,
};

use anyhow::Context;
use midair_agent::Clock;
use rustix::{
    net::{AddressFamily, SocketFlags, SocketType, bind, connect, getsockname, listen, socket_with},
    process::setpriority_process,
    thread::{CpuSet, sched_getaffinity, sched_setaffinity},
};

use super::Life;

/// Connections that nobody accepts, of so many that may wait.
pub(crate) const N_UNACCEPTED: u64 = 6;
pub(crate) const BACKLOG: u64 = 64;

/// Datagrams that nobody reads.
pub(crate) const N_DATAGRAMS: u64 = 13;

/// Bytes that nobody reads.
pub(crate) const N_BYTES: u64 = 5_000;

/// Messages in a unix socket that nobody reads.
pub(crate) const N_MESSAGES: u64 = 7;

/// What [`Plant::Hot`] and [`Plant::Starved`] want of their CPU in each period, microseconds. Little enough for what runs
/// beside them, and far more than any thread of the rest of the load.
const PERIOD_US: u64 = 100_000;
const HOT_US: u64 = 25_000;
const STARVED_US: u64 = 10_000;

/// What is planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plant {
    /// A thread that burns a quarter of a CPU.
    Hot,
    /// A thread of least weight that wakes on the same CPU whenever the hot one does.
    Starved,
    /// A pipe that is full.
    Pipe,
    /// A listener whose connections nobody accepts.
    Listen,
    /// A UDP socket that nobody reads.
    Udp,
    /// A TCP connection that nobody reads.
    Tcp,
    /// A unix socket that nobody reads.
    Unix,
}

impl Plant {
    /// One of each.
    pub(crate) const ALL: [Self; 7] =
        [Self::Hot, Self::Starved, Self::Pipe, Self::Listen, Self::Udp, Self::Tcp, Self::Unix];

    /// Its name.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Hot => "hot",
            Self::Starved => "starved",
            Self::Pipe => "pipe",
            Self::Listen => "listen",
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Unix => "unix",
        }
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plant| plant.word() == word)
    }

    pub(super) fn act(self, life: &Life) -> anyhow::Result<()> {
        rustix::thread::set_name(&std::ffi::CString::new(format!("plant-{}", self.word()))?)?;
        match self {
            Self::Hot => burn(0, HOT_US, life)?,
            Self::Starved => burn(19, STARVED_US, life)?,
            Self::Pipe => hold(full_pipe()?, life)?,
            Self::Listen => hold(unaccepted()?, life)?,
            Self::Udp => hold(unread_datagrams()?, life)?,
            Self::Tcp => hold(unread_bytes()?, life)?,
            Self::Unix => hold(unread_messages()?, life)?,
        }
        Ok(())
    }
}

fn hold<T>(planted: T, life: &Life) -> io::Result<()> {
    life.ready("-")?;
    life.wait_end();
    drop(planted);
    Ok(())
}

/// A second thread that wants its CPU at the beginning of each period, for so long.
fn burn(nice: i32, burn_us: u64, life: &Life) -> anyhow::Result<()> {
    // Full never: one number is sent.
    let (started, tid) = mpsc::sync_channel(1);
    let burner = move || {
        let clock = Clock::system();
        // Where it may not be pinned it burns all the same; the bench says whether it was seen.
        let _all_the_same = pin_to_last();
        // On Linux this is of the thread alone (setpriority(2), "C library/kernel differences").
        let _all_the_same = setpriority_process(None, nice);
        let _somebody_waits = started.send(rustix::thread::gettid());
        loop {
            let into_us = clock.mono_us() % PERIOD_US;
            thread::sleep(Duration::from_micros(PERIOD_US - into_us));
            let until_us = clock.thread_cpu_us() + burn_us;
            while clock.thread_cpu_us() < until_us {
                std::hint::spin_loop();
            }
        }
    };
    thread::Builder::new().name("burner".into()).spawn(burner).context("cannot start the burner")?;
    life.ready_as(tid.recv()?.as_raw_nonzero().get().cast_unsigned(), "-")?;
    life.wait_end();
    Ok(())
}

/// The last CPU that this process may use: the first one has the interrupts, most often.
fn pin_to_last() -> rustix::io::Result<()> {
    let all = sched_getaffinity(None)?;
    let Some(last) = (0..CpuSet::MAX_CPU).rev().find(|cpu| all.is_set(*cpu)) else { return Ok(()) };
    let mut one = CpuSet::new();
    one.set(last);
    sched_setaffinity(None, &one)
}

fn full_pipe() -> io::Result<(io::PipeReader, io::PipeWriter)> {
    let (reader, mut writer) = io::pipe()?;
    rustix::io::ioctl_fionbio(&writer, true)?;
    while writer.write(&[b'p'; 4096]).is_ok() {}
    Ok((reader, writer))
}

fn unaccepted() -> anyhow::Result<Vec<OwnedFd>> {
    let open = || {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)
    };
    let listener = open()?;
    bind(&listener, &SocketAddr::from(([127, 0, 0, 1], 0)))?;
    listen(&listener, i32::try_from(BACKLOG)?)?;
    let to = SocketAddr::try_from(getsockname(&listener)?)?;
    let mut held = vec![listener];
    for _ in 0..N_UNACCEPTED {
        let client = open()?;
        // Under way is as good: it is done by the kernel alone.
        let _or_under_way = connect(&client, &to);
        held.push(client);
    }
    Ok(held)
}

fn unread_datagrams() -> io::Result<(UdpSocket, UdpSocket)> {
    let (reader, writer) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
    for _ in 0..N_DATAGRAMS {
        writer.send_to(&[b'd'; 100], reader.local_addr()?)?;
    }
    Ok((reader, writer))
}

fn unread_bytes() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut writer = TcpStream::connect(listener.local_addr()?)?;
    writer.write_all(&vec![b'b'; N_BYTES as usize])?;
    Ok((writer, listener.accept()?.0))
}

fn unread_messages() -> io::Result<(UnixDatagram, UnixDatagram)> {
    let (reader, writer) = UnixDatagram::pair()?;
    for _ in 0..N_MESSAGES {
        writer.send(&[b'u'; 100])?;
    }
    Ok((reader, writer))
}
