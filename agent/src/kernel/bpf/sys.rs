//! The commands of bpf(2) that a reader of iterators and counts needs, and nothing else of it.
//!
//! They are here because no safe crate has them: `aya` reads an iterator over everything but has no parameters (one
//! process), attaches only what it has loaded itself, and opens pinned objects for writing, which a group that may read
//! them cannot.
#![allow(unsafe_code)]

use std::{ffi::CStr, os::fd::RawFd};

use rustix::{
    fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
    io::Errno,
};

/// `union bpf_attr`, include/uapi/linux/bpf.h: longer than any kernel's part of it that is used here, the rest zero.
type Attributes = [u64; 16];

const MAP_LOOKUP: libc::c_int = 1;
const MAP_UPDATE: libc::c_int = 2;
const MAP_DELETE: libc::c_int = 3;
const OBJ_PIN: libc::c_int = 6;
const OBJ_GET: libc::c_int = 7;
const RAW_TRACEPOINT_OPEN: libc::c_int = 17;
const MAP_LOOKUP_BATCH: libc::c_int = 24;
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

/// Attaches a program that knows by itself what to: a function or a tracepoint of the kernel.
pub(super) fn attach_there(program: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    let mut attributes = [0; 16];
    attributes[1] = two(number(program), 0);
    // SAFETY: no address is in the attributes.
    unsafe { descriptor(RAW_TRACEPOINT_OPEN, &mut attributes) }
}

/// An array map of which each CPU has its own, with one entry of `N` words.
pub(super) struct CpuArray<const N: usize> {
    /// INVARIANT: a per-CPU array with keys of four bytes and values of `N` words.
    map: OwnedFd,
    /// INVARIANT: at least as many as the kernel knows CPUs.
    n_cpus: usize,
}

impl<const N: usize> CpuArray<N> {
    /// Takes a map that is such an array.
    pub(super) fn new(map: OwnedFd) -> Result<Self, Errno> {
        let is_such = is_described(&map, "map_type", PERCPU_ARRAY)
            && is_described(&map, "key_size", 4)
            && is_described(&map, "value_size", size_of::<[u64; N]>());
        let n_cpus = n_possible_cpus().ok_or(Errno::NOTSUP)?;
        if is_such { Ok(Self { map, n_cpus }) } else { Err(Errno::INVAL) }
    }

    /// The first entry, summed over all CPUs.
    pub(super) fn sum(&self) -> Result<[u64; N], Errno> {
        let mut of_each = vec![[0u64; N]; self.n_cpus];
        let key = 0u32;
        let mut attributes = [0; 16];
        attributes[0] = two(number(&self.map), 0);
        attributes[1] = &raw const key as u64;
        attributes[2] = of_each.as_mut_ptr() as u64;
        // SAFETY: the kernel reads the four bytes of `key`, and writes `N` words for each CPU into `of_each`, which has room
        // for them by the invariants; both live until the call is over.
        unsafe { call(MAP_LOOKUP, &mut attributes) }?;
        Ok(of_each.iter().fold([0; N], |sum, one| std::array::from_fn(|at| sum[at].wrapping_add(one[at]))))
    }
}

/// A hash map with keys of `K` words and values of `V` words.
pub(super) struct Table<const K: usize, const V: usize> {
    /// INVARIANT: a hash map with such keys and values.
    map: OwnedFd,
    /// As many as it holds at most.
    keys: Vec<[u64; K]>,
    /// INVARIANT: as long as `keys`.
    values: Vec<[u64; V]>,
}

impl<const K: usize, const V: usize> Table<K, V> {
    /// Takes a map that is such a table, of at most `most` entries.
    pub(super) fn new(map: OwnedFd, most: usize) -> Result<Self, Errno> {
        let is_such = is_described(&map, "map_type", HASH)
            && is_described(&map, "key_size", size_of::<[u64; K]>())
            && is_described(&map, "value_size", size_of::<[u64; V]>());
        if is_such { Ok(Self { map, keys: vec![[0; K]; most], values: vec![[0; V]; most] }) } else { Err(Errno::INVAL) }
    }

    /// All entries.
    pub(super) fn read(&mut self) -> Result<impl Iterator<Item = (&[u64; K], &[u64; V])>, Errno> {
        let mut next = 0u32;
        let mut attributes = [0; 16];
        attributes[1] = &raw mut next as u64;
        attributes[2] = self.keys.as_mut_ptr() as u64;
        attributes[3] = self.values.as_mut_ptr() as u64;
        attributes[4] = two(self.keys.len() as u32, number(&self.map));
        // SAFETY: the kernel writes where the batch ended into the four bytes of `next`, and at most as many keys and values
        // as are asked for into `keys` and `values`, which have room for them by the invariants; all live until the call is
        // over.
        let n = match unsafe { call(MAP_LOOKUP_BATCH, &mut attributes) } {
            // With no entry behind them.
            Ok(_) | Err(Errno::NOENT) => attributes[4] as u32 as usize,
            Err(error) => return Err(error),
        };
        Ok(self.keys.iter().zip(&self.values).take(n))
    }

    /// Takes an entry out.
    pub(super) fn remove(&self, key: &[u64; K]) -> Result<(), Errno> {
        let mut attributes = [0; 16];
        attributes[0] = two(number(&self.map), 0);
        attributes[1] = key.as_ptr() as u64;
        // SAFETY: the kernel reads the `K` words of `key`, which live until the call is over.
        unsafe { call(MAP_DELETE, &mut attributes) }.map(|_| ())
    }
}

/// An array map with one entry of one word.
pub(super) struct Word {
    /// INVARIANT: an array with keys of four and values of eight bytes.
    map: OwnedFd,
}

impl Word {
    /// Takes a map that is such an array.
    pub(super) fn new(map: OwnedFd) -> Result<Self, Errno> {
        let is_such = is_described(&map, "map_type", ARRAY)
            && is_described(&map, "key_size", 4)
            && is_described(&map, "value_size", 8);
        if is_such { Ok(Self { map }) } else { Err(Errno::INVAL) }
    }

    /// Writes it.
    pub(super) fn set(&self, value: u64) -> Result<(), Errno> {
        let key = 0u32;
        let mut attributes = [0; 16];
        attributes[0] = two(number(&self.map), 0);
        attributes[1] = &raw const key as u64;
        attributes[2] = &raw const value as u64;
        // SAFETY: the kernel reads the four bytes of `key` and the eight of `value`; both live until the call is over.
        unsafe { call(MAP_UPDATE, &mut attributes) }.map(|_| ())
    }
}

/// `BPF_MAP_TYPE_HASH`, `BPF_MAP_TYPE_ARRAY`, `BPF_MAP_TYPE_PERCPU_ARRAY`, include/uapi/linux/bpf.h.
const HASH: usize = 1;
const ARRAY: usize = 2;
const PERCPU_ARRAY: usize = 6;

/// Whether the kernel says so of a map (`bpf_map_show_fdinfo`, kernel/bpf/syscall.c).
fn is_described(map: &OwnedFd, name: &str, value: usize) -> bool {
    let text = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", map.as_raw_fd())).unwrap_or_default();
    text.lines().any(|line| line.split_once(":\t") == Some((name, &value.to_string())))
}

/// CPUs that there may ever be, by the highest number of `0-3,8-11` (Documentation/ABI/testing/sysfs-devices-system-cpu).
fn n_possible_cpus() -> Option<usize> {
    let text = std::fs::read_to_string("/sys/devices/system/cpu/possible").ok()?;
    let last = text.trim().rsplit([',', '-']).next()?;
    last.parse::<usize>().ok()?.checked_add(1)
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
