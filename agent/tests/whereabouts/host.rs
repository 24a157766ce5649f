//! What the tests make on this host, and take away again: processes, cgroups, network namespaces.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use midair_agent::{
    Clock, Collector,
    kernel::Kernel,
    reading::{Reading, Source, Wants},
};

/// Nothing here takes longer than this, unless it hangs.
const SOON: Duration = Duration::from_secs(30);

/// Whether this is root, and, where it is not, that the test is left out.
pub(crate) fn is_root(what: &str) -> bool {
    let is_root = rustix::process::geteuid().is_root();
    assert!(is_root || std::env::var_os("CI").is_none(), "in CI nothing is left out, and {what} takes root");
    if !is_root {
        eprintln!("left out: {what} takes root; run this test in a container");
    }
    is_root
}

/// The kernel source over this host's `/proc`.
pub(crate) fn kernel(collector: Collector) -> Kernel {
    let clock = Clock::system();
    Kernel::new("/proc".into(), move || clock.mono_us()).reading_through(collector)
}

/// Reads once.
pub(crate) fn read(kernel: &mut Kernel) -> Reading {
    let mut reading = Reading::default();
    kernel.read(&Wants::default(), &mut reading);
    reading
}

/// Reads until there is what is looked for.
pub(crate) fn read_until<T>(kernel: &mut Kernel, what: &str, found: impl Fn(&Reading) -> Option<T>) -> T {
    until(what, || found(&read(kernel)))
}

/// Tries again until there is what is looked for.
pub(crate) fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let clock = Clock::system();
    let end_us = clock.mono_us() + SOON.as_micros() as u64;
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(clock.mono_us() < end_us, "in {SOON:?} there was never {what}");
        std::thread::sleep(Duration::from_millis(250));
    }
}

/// A process that is ended with this value; what it runs ends by itself after a minute in any case.
#[derive(Debug)]
pub(crate) struct Process(Child);

impl Process {
    /// Runs a script of the shell.
    pub(crate) fn script(script: &str) -> Self {
        Self::of(Command::new("timeout").args(["60", "sh", "-c", script]))
    }

    /// Starts a command.
    pub(crate) fn of(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::null()).spawn().expect("a process starts"))
    }

    /// Its number.
    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // `timeout` passes the signal on to what it runs.
        let pid = rustix::process::Pid::from_child(&self.0);
        let ended = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        assert!(ended.is_ok() || std::thread::panicking(), "{ended:?}");
        drop(self.0.wait());
    }
}

/// A cgroup of v1 in the hierarchies of the cpu, cpuacct and memory controllers, removed with this value.
#[derive(Debug)]
pub(crate) struct Cgroup {
    name: String,
    folders: Vec<PathBuf>,
}

impl Cgroup {
    /// Makes one; `None` where this host has no v1 hierarchies.
    pub(crate) fn new(name: &str) -> Option<Self> {
        let name = format!("midair-test-{name}-{}", std::process::id());
        let roots = ["cpu", "cpuacct", "memory"].map(|controller| Path::new("/sys/fs/cgroup").join(controller));
        if !roots.iter().all(|root| root.join("cgroup.procs").exists()) {
            assert!(std::env::var_os("CI").is_none(), "in CI the controllers cpu and memory are on v1");
            eprintln!("left out: this host has no cgroup hierarchies of version 1");
            return None;
        }
        let folders: Vec<PathBuf> = roots.iter().map(|root| root.join(&name)).collect();
        folders.iter().for_each(|folder| fs::create_dir(folder).expect("a cgroup is made"));
        Some(Self { name, folders })
    }

    /// Its path, the same in each hierarchy.
    pub(crate) fn path(&self) -> String {
        format!("/{}", self.name)
    }

    /// Its folder in a hierarchy.
    pub(crate) fn folder(&self, controller: &str) -> PathBuf {
        Path::new("/sys/fs/cgroup").join(controller).join(&self.name)
    }

    /// Writes one of its files.
    pub(crate) fn set(&self, controller: &str, file: &str, value: &str) {
        fs::write(self.folder(controller).join(file), value).unwrap_or_else(|e| panic!("{file}: {e}"));
    }

    /// What the shell does to go into it.
    pub(crate) fn enter(&self) -> String {
        self.folders.iter().map(|folder| format!("echo $$ > {}/cgroup.procs; ", folder.display())).collect()
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        for folder in &self.folders {
            // Who was in it may take a moment to end.
            let is_gone = (0..100).any(|_| {
                let is_gone = fs::remove_dir(folder).is_ok();
                if !is_gone {
                    std::thread::sleep(Duration::from_millis(50));
                }
                is_gone
            });
            assert!(is_gone || std::thread::panicking(), "{} is left over", folder.display());
        }
    }
}
