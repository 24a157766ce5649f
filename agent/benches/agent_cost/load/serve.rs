//! A child that serves: it takes every connection and reads what comes, as a chat front end does.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    os::fd::OwnedFd,
};

use rustix::{
    event::{Timespec, epoll},
    io::Errno,
    net::{AddressFamily, SocketFlags, SocketType, accept_with, bind, getsockname, listen, socket_with},
};

use super::Life;

const INPUT: u64 = u64::MAX;

/// Listeners.
const N_PORTS: u64 = 2;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 4_096;

/// Serves until the end of life.
pub(super) fn serve(at: IpAddr, life: &Life) -> anyhow::Result<()> {
    let listeners = (0..N_PORTS).map(|_| open(at)).collect::<rustix::io::Result<Vec<OwnedFd>>>()?;
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let input = io::stdin();
    epoll::add(&poll, &input, epoll::EventData::new_u64(INPUT), epoll::EventFlags::IN)?;
    let mut addresses = Vec::new();
    for (n, listener) in listeners.iter().enumerate() {
        epoll::add(&poll, listener, epoll::EventData::new_u64(n as u64), epoll::EventFlags::IN)?;
        addresses.push(SocketAddr::try_from(getsockname(listener)?)?.to_string());
    }
    life.ready(addresses.join(" "))?;

    // By the number that the kernel keeps for us; the first are the listeners'.
    let mut connections: Vec<Option<OwnedFd>> = listeners.iter().map(|_| None).collect();
    let mut events = Vec::with_capacity(256);
    loop {
        events.clear();
        let left = Timespec::try_from(life.left())?;
        epoll::wait(&poll, rustix::buffer::spare_capacity(&mut events), Some(&left))?;
        if events.is_empty() {
            return Ok(());
        }
        for event in &events {
            match event.data.u64() {
                INPUT => return Ok(()),
                n @ 0..N_PORTS => accept_all(&listeners[usize::try_from(n)?], &poll, &mut connections)?,
                n => read_or_close(&mut connections[usize::try_from(n)?]),
            }
        }
    }
}

fn open(at: IpAddr) -> rustix::io::Result<OwnedFd> {
    let family = if at.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let listener = socket_with(family, SocketType::STREAM, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC, None)?;
    bind(&listener, &SocketAddr::new(at, 0))?;
    listen(&listener, BACKLOG)?;
    Ok(listener)
}

fn accept_all(listener: &OwnedFd, poll: &OwnedFd, connections: &mut Vec<Option<OwnedFd>>) -> anyhow::Result<()> {
    loop {
        match accept_with(listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC) {
            Ok(connection) => {
                let n = connections.len() as u64;
                epoll::add(poll, &connection, epoll::EventData::new_u64(n), epoll::EventFlags::IN)?;
                connections.push(Some(connection));
            }
            Err(Errno::AGAIN) => return Ok(()),
            // It went away while it waited.
            Err(Errno::CONNABORTED) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Reads what came; drops a connection whose other end is gone.
fn read_or_close(connection: &mut Option<OwnedFd>) {
    let mut bytes = [0; 4096];
    let Some(open) = connection else { return };
    if !matches!(rustix::io::read(open, &mut bytes), Ok(1..) | Err(Errno::AGAIN)) {
        *connection = None;
    }
}
