//! The five commands of bpf(2) that a reader of iterators needs, and nothing else of it.
//!
//! They are here because no safe crate has them: `aya` reads an iterator over everything but has no parameters (one
//! process), hands out no descriptor of a link, and opens pinned objects for writing, which a group that may read them
//! cannot.
#![allow(unsafe_code)]

use std::{ffi::CStr, os::fd::RawFd};

use rustix::{
    fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
    io::Errno,
};

/// `union bpf_attr`, include/uapi/linux/bpf.h: longer than any kernel's part of it that is used here, the rest zero.
type Attributes = [u64; 16];

const OBJ_PIN: libc::c_int = 6;
const OBJ_GET: libc::c_int = 7;
const LINK_CREATE: libc::c_int = 28;
const ITER_CREATE: libc::c_int = 33;

const TRACE_ITER: u32 = 28;
const READ_ONLY: u32 = 1 << 3;

/// Attaches an iterator's program: to all processes, or to one (since 6.1; an older kernel takes all without a word).
pub(super) fn attach(program: BorrowedFd<'_>, pid: Option<u32>) -> Result<OwnedFd, Errno> {
    // `union bpf_iter_link_info`, its task: thread, process, descriptor of a process. Asked for a process, kernels before
    // 6.7 give the descriptors of each of its threads, which are the same; the first thread stands for all.
    let one = [pid.unwrap_or(0), 0, 0, 0];
    let mut attributes = [0; 16];
    attributes[0] = two(number(program), 0);
    attributes[1] = two(TRACE_ITER, 0);
    if pid.is_some() {
        attributes[2] = one.as_ptr() as u64;
        attributes[3] = two(size_of_val(&one) as u32, 0);
    }
    // SAFETY: `one` is what the kernel reads through the address in `attributes`, and lives until the call is over.
    unsafe { descriptor(LINK_CREATE, &mut attributes) }
}

/// Opens a pass of an attached iterator.
pub(super) fn open_pass(link: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    let mut attributes = [0; 16];
    attributes[0] = two(number(link), 0);
    // SAFETY: no address is in the attributes.
    unsafe { descriptor(ITER_CREATE, &mut attributes) }
}

/// Gives a program or a link a name in a BPF file system.
pub(super) fn pin(object: BorrowedFd<'_>, path: &CStr) -> Result<(), Errno> {
    let mut attributes = [0; 16];
    attributes[0] = path.as_ptr() as u64;
    attributes[1] = two(number(object), 0);
    // SAFETY: the kernel reads a C string through the address in `attributes`, which lives until the call is over.
    unsafe { call(OBJ_PIN, &mut attributes) }.map(|_| ())
}

/// A pinned program, for whoever may read its file.
pub(super) fn pinned(path: &CStr) -> Result<OwnedFd, Errno> {
    let mut attributes = [0; 16];
    attributes[0] = path.as_ptr() as u64;
    attributes[1] = two(0, READ_ONLY);
    // SAFETY: the kernel reads a C string through the address in `attributes`, which lives until the call is over.
    unsafe { descriptor(OBJ_GET, &mut attributes) }
}

fn number(of: impl AsFd) -> u32 {
    of.as_fd().as_raw_fd() as u32
}

/// Two fields of 32 bits, one after the other in memory.
fn two(first: u32, second: u32) -> u64 {
    let ([a, b, c, d], [e, f, g, h]) = (first.to_ne_bytes(), second.to_ne_bytes());
    u64::from_ne_bytes([a, b, c, d, e, f, g, h])
}

/// # Safety
/// `command` answers with a new descriptor, and addresses in `attributes` are such as it may read.
unsafe fn descriptor(command: libc::c_int, attributes: &mut Attributes) -> Result<OwnedFd, Errno> {
    // SAFETY: the caller's promise.
    let fd: RawFd = unsafe { call(command, attributes) }?;
    // SAFETY: the kernel has just made it for this call, so nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// # Safety
/// Addresses in `attributes` are such as the command may read.
unsafe fn call(command: libc::c_int, attributes: &mut Attributes) -> Result<libc::c_int, Errno> {
    let size = size_of::<Attributes>() as libc::c_uint;
    // SAFETY: `attributes` is valid for reads and writes of `size` bytes; what it points to is the caller's promise.
    let answer = unsafe { libc::syscall(libc::SYS_bpf, command, attributes.as_mut_ptr(), size) };
    if answer < 0 {
        let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EINVAL);
        return Err(Errno::from_raw_os_error(errno));
    }
    Ok(answer as libc::c_int)
}
