//! A short-lived process that loads the programs and hands them over.
//!
//! It is this same program, started anew with an argument that nobody types; the programs come back as descriptors over
//! a socket. So the 39 MiB that loading takes at its peak are gone with the child.

use std::{
    ffi::OsStr,
    io::{IoSlice, IoSliceMut},
    mem::MaybeUninit,
    path::Path,
    process::{Child, Command, ExitCode, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use rustix::{
    fd::{AsFd, OwnedFd},
    io::{Errno, retry_on_intr},
    net::{
        AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
        SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
        sockopt::{Timeout, set_socket_timeout},
    },
};

use super::{
    Why,
    load::{Loaded, Wanted, load},
    messages::Target,
};

/// The hidden argument.
const FLAG: &str = "--load-bpf";

/// A child that has not answered by then never will.
const ANSWERS_WITHIN: Duration = Duration::from_secs(20);

/// What an answer starts with, names of what comes with it behind it; a refusal is the sentence alone.
const LOADED: &str = "\0loaded";

/// At most so many descriptors come with an answer.
const MOST: usize = 16;

static IS_HONOURED: AtomicBool = AtomicBool::new(false);

/// What a program does first of all that runs an agent: where it was started as a loader, it loads, and this is how it
/// ended.
pub fn bpf_child() -> Option<ExitCode> {
    IS_HONOURED.store(true, Ordering::Relaxed);
    let mut args = std::env::args_os().skip(1);
    if args.next().as_deref() != Some(OsStr::new(FLAG)) {
        return None;
    }
    let words: Vec<String> = args.map(|arg| arg.to_string_lossy().into_owned()).collect();
    let wanted = match words.iter().map(|word| word.parse::<u64>().ok()).collect::<Option<Vec<u64>>>().as_deref() {
        Some([]) => Wanted::Reader,
        Some(numbers) => Wanted::Messages(Target::of_words(numbers.try_into().ok()?)),
        None => return None,
    };
    Some(load_and_send(wanted))
}

/// Whether this program honours the hidden argument.
pub(super) fn is_honoured() -> bool {
    IS_HONOURED.load(Ordering::Relaxed)
}

/// Has the programs loaded by `program`, which calls [`bpf_child`].
pub(super) fn load_by(program: &Path, wanted: Wanted) -> Result<Loaded, Why> {
    let failed = |error: Errno| Why::new(format!("cannot speak to the loader of BPF programs: {error}"));
    let (own, its) =
        socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).map_err(failed)?;
    set_socket_timeout(&own, Timeout::Recv, Some(ANSWERS_WITHIN)).map_err(failed)?;
    let mut child = start(program, wanted, its)?;
    let answer = receive(&own);
    // It has said all it has to say, or is late: nothing is lost with it.
    if let Err(error) = child.kill().and_then(|()| child.wait()) {
        tracing::warn!("the loader of BPF programs cannot be ended: {error}");
    }
    answer
}

fn start(program: &Path, wanted: Wanted, its: OwnedFd) -> Result<Child, Why> {
    let words = match wanted {
        // Only who pins them wants the iterators alone, and loads them itself.
        Wanted::Iterators | Wanted::Reader => Vec::new(),
        Wanted::Messages(target) => target.words().map(|word| word.to_string()).into(),
    };
    // Of the environment it needs nothing, and nothing of it may change what it does.
    Command::new(program)
        .arg(FLAG)
        .args(words)
        .env_clear()
        .stdin(Stdio::from(its))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| Why::new(format!("cannot start the loader of BPF programs ({}): {error}", program.display())))
}

fn receive(from: &OwnedFd) -> Result<Loaded, Why> {
    let mut text = [0; 4096];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut passed = RecvAncillaryBuffer::new(&mut space);
    // With a time limit the kernel does not resume by itself what a signal has interrupted (signal(7)).
    let mut answer = || recvmsg(from, &mut [IoSliceMut::new(&mut text)], &mut passed, RecvFlags::CMSG_CLOEXEC);
    let n = retry_on_intr(&mut answer)
        .map_err(|error| Why::new(format!("the loader of BPF programs does not answer: {error}")))?
        .bytes;
    if n == 0 {
        return Err(Why::new("the loader of BPF programs ended without an answer"));
    }
    let text = String::from_utf8_lossy(&text[..n]);
    let Some(names) = text.strip_prefix(LOADED) else { return Err(Why::new(text)) };
    let fds = passed.drain().flat_map(|message| match message {
        RecvAncillaryMessage::ScmRights(fds) => fds.collect::<Vec<OwnedFd>>(),
        _ => Vec::new(),
    });
    Ok(Loaded(names.split_whitespace().map(str::to_owned).zip(fds).collect()))
}

/// The other side: the socket is standard input.
fn load_and_send(wanted: Wanted) -> ExitCode {
    let (text, loaded) = match load(wanted) {
        Ok(loaded) => (loaded.0.iter().fold(LOADED.to_owned(), |all, (name, _)| format!("{all} {name}")), loaded),
        Err(why) => (why.to_string(), Loaded::default()),
    };
    match send(&text, &loaded) {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn send(text: &str, loaded: &Loaded) -> Result<usize, Errno> {
    let fds: Vec<_> = loaded.0.iter().map(|(_, fd)| fd.as_fd()).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut passed = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() && !passed.push(SendAncillaryMessage::ScmRights(&fds)) {
        return Err(Errno::NOBUFS);
    }
    let end = text.floor_char_boundary(4096);
    sendmsg(std::io::stdin(), &[IoSlice::new(&text.as_bytes()[..end])], &mut passed, SendFlags::NOSIGNAL)
}
