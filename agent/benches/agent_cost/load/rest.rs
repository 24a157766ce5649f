//! A child that rests: threads that sleep, some of which wake 20 times a second, and connections on which little is said.

use std::{
    io::Write,
    net::{SocketAddr, TcpStream},
    thread,
    time::Duration,
};

use rustix::net::sockopt::set_socket_linger;

use super::Life;

/// Enough for a thread that calls nothing but sleep, and little enough for 20,000 of them.
const STACK_BYTES: usize = 32 * 1024;

/// 20 times a second.
const WAKE_EVERY: Duration = Duration::from_millis(50);

const MESSAGE: [u8; 64] = [b'm'; 64];

/// Starts all threads but the first, so many of which wake.
pub(super) fn rest(threads: u32, waking: u32) {
    for n in 1..threads {
        let sleep = move || {
            loop {
                if n <= waking { thread::sleep(WAKE_EVERY) } else { thread::park() }
            }
        };
        let started = thread::Builder::new().name(format!("worker-{n}")).stack_size(STACK_BYTES).spawn(sleep);
        if let Err(error) = started {
            // The bench prints how many threads there are.
            eprintln!("thread {n} of {threads} cannot be started: {error}");
            return;
        }
    }
}

/// Connects as often as asked, or as often as this machine allows.
pub(super) fn connect(to: [SocketAddr; 2], connections: u32) -> Vec<TcpStream> {
    let mut open = Vec::new();
    for n in 0..connections as usize {
        let to = to[n % to.len()];
        match TcpStream::connect(to) {
            Ok(stream) => {
                // Closed without a farewell: 200,000 connections in TIME_WAIT would be a load of their own.
                let _or_with_one = set_socket_linger(&stream, Some(Duration::ZERO));
                open.push(stream);
            }
            Err(error) => {
                eprintln!("{} of {connections} connections to {to}: {error}", open.len());
                break;
            }
        }
    }
    open
}

/// Holds connections to the end; says something on so many of them each second.
pub(super) fn talk(connections: Vec<TcpStream>, talking: u32, life: &Life) {
    if talking == 0 {
        return life.wait_end();
    }
    while life.wait(Duration::from_secs(1)) {
        for mut stream in connections.iter().take(talking as usize) {
            // Who no longer listens is at its end, as this child is about to be.
            drop(stream.write_all(&MESSAGE));
        }
    }
}
