//! Short-lived processes, counted by name where they end.

use std::{
    ffi::OsStr,
    fs,
    os::unix::ffi::OsStrExt,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use midair_agent::{
    Clock, Collector,
    governor::Off,
    kernel::{
        Kernel,
        bpf::{Choice, Loader},
    },
    reading::{Reading, Source, Wants},
};
use midair_vitals::{ShortLived, ShortLivedName};

use crate::support::{is_root, proc};

const N: u64 = 200;

fn kernel() -> Kernel {
    let clock = Clock::system();
    let choice = Choice { pinned: Vec::new(), loader: Loader::Child(env!("CARGO_BIN_EXE_midair-agent").into()) };
    Kernel::new("/proc".into(), move || clock.mono_us()).reading_through_iterators(Collector::Bpf, choice)
}

fn read_all(kernel: &mut Kernel, off: Off) -> Reading {
    let mut reading = Reading::default();
    kernel.read(&Wants { off, ..Wants::default() }, &mut reading);
    reading
}

fn read(kernel: &mut Kernel) -> ShortLived {
    let reading = read_all(kernel, Off::default());
    reading.node.short_lived.unwrap_or_else(|| panic!("not counted on the first pid namespace: {:?}", reading.sources))
}

/// A program of that name.
fn program(folder: &tempfile::TempDir, of: &str, name: &[u8]) -> PathBuf {
    let path = folder.path().join(OsStr::from_bytes(name));
    fs::copy(of, &path).expect("a program can be copied");
    path
}

fn run(program: &PathBuf, argument: &str) {
    let mut command = Command::new(program);
    let ended = command.arg(argument).stdin(Stdio::null()).stdout(Stdio::null()).status().expect("it runs");
    assert!(ended.success());
}

fn of<'a>(all: &'a ShortLived, name: &str) -> Option<&'a ShortLivedName> {
    all.by_name.iter().find(|one| &*one.name == name)
}

/// Reads until all that ended have been freed, too: their CPU time is known then, and does not change any more. Other tests
/// run programs meanwhile: those of which none ends any more may leave the list.
fn settled(kernel: &mut Kernel, name: &str) -> ShortLived {
    let mut before = read(kernel);
    for _ in 0..50 {
        std::thread::sleep(Duration::from_millis(100));
        let now = read(kernel);
        let is_settled = match (of(&before, name), of(&now, name)) {
            (Some(before), Some(now)) => before == now && now.cpu_us > Some(0),
            (Some(_), None) => true,
            (None, _) => false,
        };
        if is_settled {
            return before;
        }
        before = now;
    }
    panic!("{before:?}")
}

#[test]
fn two_hundred_short_processes_are_counted_with_their_name_their_parent_and_their_cpu_time() {
    if !is_root() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder can be made");
    let short = program(&folder, "/bin/true", b"midair-shorty");
    let long = program(&folder, "/bin/sleep", b"midair-longer");
    let mut kernel = kernel();
    let before = read(&mut kernel);
    assert_eq!(of(&before, "midair-shorty"), None);
    for _ in 0..N {
        run(&short, "");
    }
    run(&long, "1.2");
    let after = settled(&mut kernel, "midair-shorty");
    let one = of(&after, "midair-shorty").expect("they are most");
    assert!((N * 95 / 100..=N).contains(&one.n.expect("counted")), "{one:?}");
    assert_eq!(one.parent.as_deref(), Some(proc("self/comm").trim_end()), "its first thread's name");
    // Each loads a program and its libraries; less is what the kernel knows at its end alone.
    assert!(one.cpu_us >= Some(N * 100), "{one:?}");
    assert_eq!(of(&after, "midair-longer"), None, "{after:?}");
    assert!(after.n >= one.n && after.cpu_us >= one.cpu_us && after.cost_us > before.cost_us, "{after:?}");
}

#[test]
fn a_name_may_hold_any_bytes() {
    if !is_root() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder can be made");
    let hostile = program(&folder, "/bin/true", b"h\x1b[2J\n\xff) 0");
    let mut kernel = kernel();
    read(&mut kernel);
    for _ in 0..N {
        run(&hostile, "");
    }
    let all = settled(&mut kernel, "h\x1b[2J\n\u{fffd}) 0");
    assert!(all.by_name.iter().all(|one| one.name.len() <= 45), "{all:?}");
}

#[test]
fn what_a_look_may_have_seen_is_not_counted() {
    if !is_root() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder can be made");
    let seen = program(&folder, "/bin/sleep", b"midair-seen");
    let mut kernel = kernel();
    read(&mut kernel);
    let mut child = Command::new(&seen).arg("0.3").stdin(Stdio::null()).spawn().expect("it runs");
    read(&mut kernel);
    assert!(child.wait().expect("it ends").success());
    assert_eq!(of(&read(&mut kernel), "midair-seen"), None);
}

#[test]
fn an_operator_switches_it_off_and_on_again() {
    if !is_root() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (unseen, later) =
        (program(&folder, "/bin/true", b"midair-unseen"), program(&folder, "/bin/true", b"midair-later"));
    let mut kernel = kernel();
    read(&mut kernel);
    let off = Off::of([("probes".to_owned(), "switched off by a file".into())]);
    assert_eq!(read_all(&mut kernel, off).node.short_lived, None);
    (0..N).for_each(|_| run(&unseen, ""));
    read(&mut kernel);
    (0..N).for_each(|_| run(&later, ""));
    let all = settled(&mut kernel, "midair-later");
    // Of the last ones the kernel lets go a moment later, when counting has begun again.
    let n_unseen = of(&all, "midair-unseen").and_then(|one| one.n).unwrap_or(0);
    assert!(n_unseen < N / 10, "{all:?}");
}
