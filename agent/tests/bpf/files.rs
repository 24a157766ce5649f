//! Descriptors that are no sockets, and the walk itself.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{Read, Write},
    os::fd::AsRawFd,
    process::Command,
};

use midair_agent::kernel::bpf::FileKind;
use rustix::{
    event::{EventfdFlags, eventfd},
    fd::OwnedFd,
    fs::{Mode, OFlags},
    pipe::{PipeFlags, pipe_with},
};

use crate::support::{files_of, kind_name, load, own_file, round};

fn pipe() -> (File, File) {
    let (read, write) = pipe_with(PipeFlags::CLOEXEC).expect("a pipe can be made");
    (read.into(), write.into())
}

#[test]
fn a_pipe_holds_the_bytes_that_were_written() {
    let Some(bpf) = load() else { return };
    let (mut read, mut write) = pipe();
    for n in [1, 5_000, 8_191] {
        write.write_all(&vec![7; n]).expect("a pipe takes 64 KiB");
    }
    read.read_exact(&mut [0; 192]).expect("it has more");
    let (reader, writer) = (own_file(&bpf, &read), own_file(&bpf, &write));
    assert_eq!((reader.kind, reader.receive.bytes), (FileKind::Pipe, Some(13_000)));
    assert_eq!((reader.receive.limit_messages, reader.inode), (Some(16), writer.inode));
    assert!(reader.receive.messages.is_some_and(|n| (3..=4).contains(&n)), "{reader:?}");
    assert_eq!((reader.can_read, reader.can_write), (true, false));
    assert_eq!((writer.can_read, writer.can_write, writer.receive), (false, true, reader.receive));
    read.read_exact(&mut [0; 13_000]).expect("it has just so many");
    assert_eq!(own_file(&bpf, &read).receive.bytes, Some(0));
}

#[test]
fn a_full_fifo_is_at_its_limit() {
    let Some(bpf) = load() else { return };
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("fifo");
    let made = Command::new("mkfifo").arg(&path).status().expect("mkfifo runs");
    assert!(made.success());
    let both: File = rustix::fs::open(&path, OFlags::RDWR | OFlags::NONBLOCK, Mode::empty()).expect("it opens").into();
    let mut n = 0;
    while let Ok(written) = (&both).write(&[1; 4096]) {
        n += written as u64;
    }
    let fifo = own_file(&bpf, &both);
    assert_eq!((fifo.kind, fifo.receive.bytes), (FileKind::Pipe, Some(n)));
    assert_eq!(fifo.receive.messages, fifo.receive.limit_messages);
    assert!(fifo.can_read && fifo.can_write);
}

#[test]
fn an_event_counter_has_its_value() {
    let Some(bpf) = load() else { return };
    let counter: OwnedFd = eventfd(7, EventfdFlags::CLOEXEC).expect("a counter can be made");
    let found = own_file(&bpf, &counter);
    assert_eq!((found.kind, found.receive.messages, found.receive.bytes), (FileKind::EventFd, Some(7), None));
}

/// There is no safe way to a message queue in Rust; C has one, and a compiler is there where Rust is.
const MESSAGES: &str = r#"
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <unistd.h>
int main(void) {
    char name[64];
    struct mq_attr attr = {.mq_maxmsg = 5, .mq_msgsize = 100};
    snprintf(name, sizeof(name), "/midair-%d", getpid());
    mqd_t queue = mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, &attr);
    if (queue < 0) { perror("mq_open"); return 1; }
    mq_unlink(name);
    for (int i = 0; i < 3; i++) if (mq_send(queue, name, 20, 0) < 0) { perror("mq_send"); return 1; }
    puts("sent"); fflush(stdout);
    getchar();
    return 0;
}
"#;

#[test]
fn a_message_queue_has_its_messages() {
    let Some(bpf) = load() else { return };
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (source, program) = (folder.path().join("messages.c"), folder.path().join("messages"));
    std::fs::write(&source, MESSAGES).expect("a source can be written");
    let built = Command::new("cc").arg(&source).arg("-o").arg(&program).arg("-lrt").output().expect("cc runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let (mut said, to) = pipe();
    let (from, _held) = pipe();
    let mut child = Command::new(&program).stdin(from).stdout(to).spawn().expect("it starts");
    said.read_exact(&mut [0; 5]).expect("it says that it has sent");
    let found = files_of(&bpf, child.id());
    child.kill().and_then(|()| child.wait()).expect("it can be ended");
    let queues: Vec<_> = found.into_iter().filter(|(file, _)| file.kind == FileKind::MessageQueue).collect();
    let [(queue, _)] = queues[..] else { panic!("{queues:?}") };
    assert_eq!((queue.receive.messages, queue.receive.limit_messages), (Some(3), Some(5)));
    assert_eq!(queue.receive.bytes, Some(60));
}

#[test]
fn two_walks_at_once_take_nothing_from_each_other() {
    let Some(bpf) = load() else { return };
    let pipes: Vec<_> = (0..300).map(|_| pipe()).collect();
    let expected: BTreeSet<u32> =
        pipes.iter().flat_map(|(r, w)| [r.as_raw_fd() as u32, w.as_raw_fd() as u32]).collect();
    let (mut one, mut other) = (bpf.walk(), bpf.walk());
    let (mut by_one, mut by_other) = (Vec::new(), Vec::new());
    let (mut is_one_done, mut is_other_done, mut n_slices) = (false, false, 0);
    while !(is_one_done && is_other_done) {
        if !is_one_done {
            let done = one.slice(64, &mut |file| by_one.push((file.pid, file.fd)));
            is_one_done = done.expect("the walk goes on").is_round_done;
        }
        if !is_other_done {
            let done = other.slice(64, &mut |file| by_other.push((file.pid, file.fd)));
            is_other_done = done.expect("the walk goes on").is_round_done;
        }
        n_slices += 1;
    }
    assert!(n_slices > 5, "{n_slices} slices");
    for mut seen in [by_one, by_other] {
        seen.retain(|(pid, _)| *pid == std::process::id());
        let set: BTreeSet<u32> = seen.iter().map(|(_, fd)| *fd).collect();
        assert!(expected.is_subset(&set) && set.len() == seen.len(), "each once: {seen:?}");
    }
}

#[test]
fn a_slice_ends_soon_even_where_nothing_is_a_queue() {
    let Some(bpf) = load() else { return };
    let files: Vec<_> = (0..6_000).map(|_| File::open("/dev/null").expect("it opens")).collect();
    let mut walk = bpf.walk();
    let (mut n_slices, mut n_files) = (0, 0);
    loop {
        let progress = walk.slice(1_000, &mut |file| assert_ne!(kind_name(file.kind), "")).expect("the walk goes on");
        assert!(progress.n_files <= 1_000 + 1_088, "{progress:?}");
        n_slices += 1;
        n_files += progress.n_files;
        assert_eq!(progress.n_round, n_files);
        if progress.is_round_done {
            break;
        }
    }
    assert!(n_files >= files.len() as u64 && n_slices >= 4, "{n_files} files in {n_slices} slices");
}

#[test]
fn a_walk_over_all_finds_what_a_walk_over_one_does() {
    let Some(bpf) = load() else { return };
    let (read, mut write) = pipe();
    write.write_all(&[1; 123]).expect("a pipe takes it");
    let (found, n_files) = round(&mut bpf.walk());
    let own: Vec<_> = found
        .iter()
        .filter(|(file, _)| file.pid == std::process::id() && file.fd == read.as_raw_fd() as u32)
        .map(|(file, _)| *file)
        .collect();
    assert_eq!(own, [own_file(&bpf, &read)]);
    assert!(n_files >= found.len() as u64);
    if let Some(mut nobody) = bpf.walk_of(1 << 29) {
        assert_eq!(round(&mut nobody), (Vec::new(), 0));
    }
}
