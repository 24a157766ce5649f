//! A short-lived process that loads the programs and hands them over.
//!
//! It is this same program, started anew with an argument that nobody types; the programs come back as descriptors over
//! a socket. So the 34 MiB that loading takes at its peak are gone with the child.

use std::{
    ffi::{OsStr, OsString},
    io::{IoSlice, IoSliceMut},
    mem::MaybeUninit,
    path::Path,
    process::{Child, Command, ExitCode, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use rustix::{
    fd::{AsFd, OwnedFd},
    io::Errno,
    net::{
        AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
        SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
        sockopt::{Timeout, set_socket_timeout},
    },
};

use super::{Why, load::Programs};

/// The hidden argument.
const FLAG: &str = "--load-bpf";

/// A child that has not answered by then never will.
const ANSWERS_WITHIN: Duration = Duration::from_secs(20);

/// What an answer starts with; a refusal is the sentence alone.
const LOADED: &[u8] = b"\0loaded";

const N_PROGRAMS: usize = 3;

static IS_HONOURED: AtomicBool = AtomicBool::new(false);

/// What a program does first of all that runs an agent: where it was started as a loader, it loads, and this is how it
/// ended.
pub fn bpf_child() -> Option<ExitCode> {
    IS_HONOURED.store(true, Ordering::Relaxed);
    let mut args = std::env::args_os().skip(1);
    (args.next().as_deref() == Some(OsStr::new(FLAG)) && args.next().is_none()).then(load_and_send)
}

/// Whether this program honours the hidden argument.
pub(super) fn is_honoured() -> bool {
    IS_HONOURED.load(Ordering::Relaxed)
}

/// Has the programs loaded by `program`, which calls [`bpf_child`].
pub(super) fn load_by(program: &Path) -> Result<Programs, Why> {
    let failed = |error: Errno| Why::new(format!("cannot speak to the loader of BPF programs: {error}"));
    let (own, its) =
        socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).map_err(failed)?;
    set_socket_timeout(&own, Timeout::Recv, Some(ANSWERS_WITHIN)).map_err(failed)?;
    let mut child = start(program, its)?;
    let answer = receive(&own);
    // It has said all it has to say, or is late: nothing is lost with it.
    if let Err(error) = child.kill().and_then(|()| child.wait()) {
        tracing::warn!("the loader of BPF programs cannot be ended: {error}");
    }
    answer
}

fn start(program: &Path, its: OwnedFd) -> Result<Child, Why> {
    // Of the environment it needs nothing, and nothing of it may change what it does.
    Command::new(program)
        .arg(OsString::from(FLAG))
        .env_clear()
        .stdin(Stdio::from(its))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| Why::new(format!("cannot start the loader of BPF programs ({}): {error}", program.display())))
}

fn receive(from: &OwnedFd) -> Result<Programs, Why> {
    let mut text = [0; 4096];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(N_PROGRAMS))];
    let mut passed = RecvAncillaryBuffer::new(&mut space);
    let answer = recvmsg(from, &mut [IoSliceMut::new(&mut text)], &mut passed, RecvFlags::CMSG_CLOEXEC);
    let n = match answer {
        Ok(answer) => answer.bytes,
        Err(error) => return Err(Why::new(format!("the loader of BPF programs does not answer: {error}"))),
    };
    let mut fds = passed.drain().flat_map(|message| match message {
        RecvAncillaryMessage::ScmRights(fds) => fds.collect::<Vec<OwnedFd>>(),
        _ => Vec::new(),
    });
    if let (LOADED, Some(tasks), Some(tasks_brief), Some(files)) = (&text[..n], fds.next(), fds.next(), fds.next()) {
        return Ok(Programs { tasks, tasks_brief, files });
    }
    if n == 0 {
        return Err(Why::new("the loader of BPF programs ended without an answer"));
    }
    Err(Why::new(String::from_utf8_lossy(&text[..n])))
}

/// The other side: the socket is standard input.
fn load_and_send() -> ExitCode {
    let sent = match Programs::load() {
        Ok(programs) => send(&programs),
        Err(why) => {
            let text = why.to_string();
            let end = text.floor_char_boundary(4096);
            sendmsg(
                std::io::stdin(),
                &[IoSlice::new(&text.as_bytes()[..end])],
                &mut SendAncillaryBuffer::default(),
                SendFlags::NOSIGNAL,
            )
        }
    };
    if sent.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn send(programs: &Programs) -> Result<usize, Errno> {
    let fds = [programs.tasks.as_fd(), programs.tasks_brief.as_fd(), programs.files.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(N_PROGRAMS))];
    let mut passed = SendAncillaryBuffer::new(&mut space);
    if !passed.push(SendAncillaryMessage::ScmRights(&fds)) {
        return Err(Errno::NOBUFS);
    }
    sendmsg(std::io::stdin(), &[IoSlice::new(LOADED)], &mut passed, SendFlags::NOSIGNAL)
}
