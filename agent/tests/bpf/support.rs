//! What the tests have in common: the iterators, loaded as the agent loads them, and children of their own.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use midair_agent::kernel::bpf::{Bpf, Choice, FileKind, FileRecord, FileWalk, Loader, Say, TaskRecord, Thread};

/// Whether the tests can be run at all; root must be able to, others are told.
pub(crate) fn is_root() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        eprintln!("not run: the BPF iterators are tested as root");
    }
    is_root
}

/// The iterators, loaded by a child of the agent's program.
pub(crate) fn load() -> Option<Bpf> {
    static LOADED: OnceLock<Bpf> = OnceLock::new();
    let choice = Choice { pinned: Vec::new(), loader: Loader::Child(env!("CARGO_BIN_EXE_midair-agent").into()) };
    is_root().then(|| LOADED.get_or_init(|| Bpf::open(&choice).unwrap_or_else(|why| panic!("{why}"))).clone())
}

/// One pass over all threads, by number.
pub(crate) fn threads(bpf: &mut Bpf) -> HashMap<u32, TaskRecord> {
    let mut found = HashMap::new();
    let n_broken = bpf.tasks(Say::All, &mut |thread| match thread {
        Thread::Task(task) => assert_eq!(found.insert(task.tid, *task), None, "{task:?} comes twice"),
        Thread::Sleeper(sleeper) => panic!("{sleeper:?} in a pass over all"),
    });
    assert_eq!(n_broken, Ok(0));
    found
}

/// A record that outlives the bytes it came from.
pub(crate) type File = (FileRecord<'static>, Vec<u8>);

/// All that a walk comes by in one round, and how many descriptors there were.
pub(crate) fn round(walk: &mut FileWalk) -> (Vec<File>, u64) {
    let mut found = Vec::new();
    let progress =
        walk.slice(u64::MAX, &mut |file| found.push((FileRecord { name: &[], ..*file }, file.name.to_vec())));
    let progress = progress.expect("the walk goes on to its end");
    assert!(progress.is_round_done);
    assert_eq!(walk.n_broken(), 0);
    (found, progress.n_files)
}

/// All descriptors of a process that hold a queue. Kernels before 6.1 know only walks over all processes.
pub(crate) fn files_of(bpf: &Bpf, pid: u32) -> Vec<File> {
    let mut files = round(&mut bpf.walk_of(pid).unwrap_or_else(|| bpf.walk())).0;
    files.retain(|(file, _)| file.pid == pid);
    files
}

/// What the kernel says of a descriptor of this process.
pub(crate) fn own_file(bpf: &Bpf, fd: &impl std::os::fd::AsRawFd) -> FileRecord<'static> {
    let fd = fd.as_raw_fd() as u32;
    let files = files_of(bpf, std::process::id());
    let of_fd: Vec<_> = files.into_iter().filter(|(file, _)| file.fd == fd).collect();
    let [(file, _)] = of_fd[..] else { panic!("descriptor {fd}: {of_fd:?}") };
    file
}

/// A kind of queue by a name that passes through standard output.
pub(crate) fn kind_name(kind: FileKind) -> String {
    format!("{kind:?}")
}

/// A program that is ended with the test.
pub(crate) struct Ended(pub(crate) Child);

impl Ended {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap_or_else(|e| panic!("{command:?}: {e}")))
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.kill().expect("own children can be ended");
        self.0.wait().expect("own children can be waited for");
    }
}

/// This test program, to run one of its tests again: in namespaces, or as another user.
pub(crate) fn this_test() -> PathBuf {
    std::env::current_exe().expect("a test knows its program")
}

/// What a test that was run again by `command` printed as `key value` lines.
pub(crate) fn said(command: &mut Command) -> HashMap<String, String> {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{command:?}\n{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let pairs = text.lines().filter_map(|line| line.strip_prefix("said ")?.split_once(' '));
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// The text of a file of `/proc`.
pub(crate) fn proc(path: impl AsRef<Path>) -> String {
    let path = Path::new("/proc").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A field of `/proc/PID/status`.
pub(crate) fn status(of: &str, field: &str) -> String {
    let text = proc(format!("{of}/status"));
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("{field} in {text}")).trim().to_owned()
}
