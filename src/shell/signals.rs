//! The signals that a terminal program must mind.

use std::io;

use rustix::process::{Signal, getpgid, getpgrp, getpid, getsid, kill_process, kill_process_group};
use tokio::{
    select,
    signal::unix::{self, SignalKind, signal},
};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// To end; its number, as signal(7) lists it.
    End(u8),
    /// To stop until told to go on.
    Stop,
    /// To go on; the shell may have used the terminal meanwhile.
    GoOn,
}

/// Hears the signals.
pub(super) struct Signals {
    terminate: unix::Signal,
    interrupt: unix::Signal,
    quit: unix::Signal,
    hang_up: unix::Signal,
    stop: unix::Signal,
    go_on: unix::Signal,
}

impl Signals {
    /// Hears them from now on, instead of the system acting on them.
    pub(super) fn new() -> io::Result<Self> {
        let number = |signal: Signal| SignalKind::from_raw(signal.as_raw());
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            hang_up: signal(SignalKind::hangup())?,
            stop: signal(number(Signal::TSTP))?,
            go_on: signal(number(Signal::CONT))?,
        })
    }

    /// What the next signal asks for.
    pub(super) async fn next(&mut self) -> Asked {
        select! {
            // A terminal that goes hangs up, and lets go on who was stopped: the first is what matters.
            biased;
            _ = self.hang_up.recv() => Asked::End(1),
            _ = self.interrupt.recv() => Asked::End(2),
            _ = self.quit.recv() => Asked::End(3),
            _ = self.terminate.recv() => Asked::End(15),
            _ = self.stop.recv() => Asked::Stop,
            _ = self.go_on.recv() => Asked::GoOn,
        }
    }
}

/// Whether a shell waits that could let us go on: it keeps its jobs in process groups apart from its own. A program
/// that a terminal or sshd started by itself has none, and would stay stopped.
pub(super) fn has_shell() -> bool {
    getsid(None).is_ok_and(|session| session != getpgrp())
}

/// Stops this process, as a signal to it asked. Comes back when it is let go on.
pub(super) fn stop() -> io::Result<()> {
    Ok(kill_process(getpid(), Signal::STOP)?)
}

/// Stops all of this job, as the terminal does on a key: `cargo run` and its like must stop as well, for the shell waits
/// for them. Comes back when it is let go on.
pub(super) fn stop_job() -> io::Result<()> {
    Ok(kill_process_group(getpgid(None)?, Signal::STOP)?)
}
