//! Others of its kind, beside the same load: what they cost where they are installed.
//!
//! Each records, or shows, all processes once a second, into a folder of its own that goes with it.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::Context;
use midair_agent::Clock;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{
    spent::{Spent, tree},
    subject::Times,
    table::{self, Row},
};

/// How many there are.
pub(crate) const N_PEERS: u64 = PEERS.len() as u64;

/// They need no more to settle: none of them spreads its work over more than a second or two.
const WARM_UP: Duration = Duration::from_secs(6);

/// A program of the agent's kind.
struct Peer {
    name: &'static str,
    /// Its Debian package.
    package: &'static str,
    /// Programs without which it cannot run; the first one is its own.
    programs: &'static [&'static str],
    start: fn(&Path, &[PathBuf]) -> anyhow::Result<Vec<Child>>,
    /// Where its values are fetched once a second, because it measures only then.
    fetch: Option<(&'static str, &'static str)>,
}

const EXPORTER: &str = "127.0.0.1:39107";

const PEERS: [Peer; 6] = [
    Peer { name: "below record", package: "-, crate below", programs: &["below"], start: start_below, fetch: None },
    Peer { name: "atop -w", package: "atop", programs: &["atop"], start: start_atop, fetch: None },
    Peer {
        name: "PCP pmcd + pmlogger",
        package: "pcp",
        programs: &["pmcd", "pmlogger", "pmdaroot", "pmdaproc", "pmdalinux"],
        start: start_pcp,
        fetch: None,
    },
    Peer {
        name: "node_exporter",
        package: "prometheus-node-exporter",
        programs: &["prometheus-node-exporter"],
        start: |folder, paths| start_exporter(folder, paths, &[]),
        fetch: Some((EXPORTER, "/metrics")),
    },
    Peer {
        name: "node_exporter with processes",
        package: "prometheus-node-exporter",
        programs: &["prometheus-node-exporter"],
        start: |folder, paths| start_exporter(folder, paths, &["--collector.processes"]),
        fetch: Some((EXPORTER, "/metrics")),
    },
    Peer { name: "htop", package: "htop", programs: &["htop", "script"], start: start_htop, fetch: None },
];

/// Where programs are, beside the places that PATH names.
const PLACES: [&str; 7] = [
    "/usr/sbin",
    "/usr/lib/pcp/bin",
    "/usr/lib/pcp/pmdas/root",
    "/usr/lib/pcp/pmdas/proc",
    "/usr/lib/pcp/pmdas/linux",
    "/usr/libexec/pcp/bin",
    "/root/.cargo/bin",
];

/// Measures all that are installed, and says of the others how to get them.
pub(crate) fn measure_all(load: &str, times: Times) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for peer in &PEERS {
        let paths: Option<Vec<PathBuf>> = peer.programs.iter().map(|program| find(program)).collect();
        let Some(paths) = paths else {
            println!("{load} {}: not installed (apt: {})", peer.name, peer.package);
            continue;
        };
        match measure(peer, &paths, times) {
            Ok(row) => {
                let row = Row { load: load.to_owned(), what: peer.name.to_owned(), ..row };
                table::print_notes(&row);
                rows.push(row);
            }
            Err(error) => println!("{load} {}: {error:#}", peer.name),
        }
    }
    Ok(rows)
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(PLACES.iter().map(PathBuf::from));
    places.map(|place| place.join(program)).find(|path| path.is_file())
}

fn measure(peer: &Peer, paths: &[PathBuf], times: Times) -> anyhow::Result<Row> {
    let folder = tempfile::tempdir()?;
    let clock = Clock::system();
    let mut running = Started { children: (peer.start)(folder.path(), paths)?, folder };
    wait(&clock, WARM_UP, peer.fetch);
    let (before, bytes, from_us) = (running.spent(), running.bytes(), clock.mono_us());
    let fetched = wait(&clock, times.window, peer.fetch);
    let (after, seconds) = (running.spent(), (clock.mono_us() - from_us) as f64 / 1e6);
    let written = running.bytes().saturating_sub(bytes) + fetched;
    for child in &mut running.children {
        anyhow::ensure!(child.try_wait()?.is_none(), "it ended by itself: {}", running.folder_log());
    }
    let sum = |of: fn(&Spent) -> u64| after.iter().map(of).sum::<u64>();
    let cpu_ms: f64 = after.iter().zip(&before).map(|(after, before)| after.ms_since(before)).sum();
    Ok(Row {
        cpu_ms: cpu_ms / seconds,
        rss_kib: sum(|spent| spent.rss_kib),
        peak_kib: sum(|spent| spent.peak_kib),
        bytes_per_s: Some(written as f64 / seconds),
        ..Row::default()
    })
}

/// Waits, and fetches once a second where that is how it works; says how many bytes came.
fn wait(clock: &Clock, time: Duration, fetch: Option<(&str, &str)>) -> u64 {
    let end_us = clock.mono_us() + time.as_micros() as u64;
    let mut n_bytes = 0;
    while clock.mono_us() < end_us {
        let next_us = (clock.mono_us() + 1_000_000).min(end_us);
        // One that does not answer yet has nothing to say; if it never does, its bytes are 0.
        n_bytes += fetch.map_or(0, |(address, path)| get(address, path).unwrap_or(0));
        thread::sleep(Duration::from_micros(next_us.saturating_sub(clock.mono_us())));
    }
    n_bytes
}

/// The length of what a server answers.
fn get(address: &str, path: &str) -> anyhow::Result<u64> {
    let address: SocketAddr = address.parse()?;
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    let mut answer = Vec::new();
    Ok(stream.read_to_end(&mut answer)? as u64)
}

/// The processes of a peer; they end when this is dropped, and their folder goes with them.
struct Started {
    children: Vec<Child>,
    folder: TempDir,
}

impl Started {
    fn spent(&self) -> Vec<Spent> {
        self.children.iter().map(|child| Spent::read(child.id())).collect()
    }

    /// Bytes that it has written.
    fn bytes(&self) -> u64 {
        fn size(folder: &Path) -> u64 {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            let size_of = |entry: fs::DirEntry| match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => size(&entry.path()),
                Ok(metadata) if entry.path().extension() != Some(OsStr::new("log")) => metadata.len(),
                // Its complaints are not its record; what vanished meanwhile holds nothing.
                Ok(_) | Err(_) => 0,
            };
            entries.map(size_of).sum()
        }
        size(self.folder.path())
    }

    fn folder_log(&self) -> String {
        fs::read_to_string(self.folder.path().join("said.log")).unwrap_or_default()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let all: Vec<u32> = self.children.iter().rev().flat_map(|child| tree(child.id())).collect();
        for signal in [Signal::TERM, Signal::KILL] {
            for pid in all.iter().filter_map(|pid| Pid::from_raw(pid.cast_signed())) {
                // One that has ended already is as good. Its parent is us, or was ended with it: the number is not taken.
                let _or_ended = kill_process(pid, signal);
            }
            for _ in 0..50 {
                if self.children.iter_mut().all(|child| !matches!(child.try_wait(), Ok(None))) {
                    return;
                }
                thread::sleep(Duration::from_millis(20));
            }
        }
        for child in &mut self.children {
            drop(child.wait());
        }
    }
}

fn spawn(folder: &Path, command: &mut Command) -> anyhow::Result<Child> {
    let log = File::options().create(true).append(true).open(folder.join("said.log"))?;
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).current_dir(folder);
    command.spawn().with_context(|| format!("cannot start {}", command.get_program().display()))
}

fn start_below(folder: &Path, paths: &[PathBuf]) -> anyhow::Result<Vec<Child>> {
    let (config, store) = (folder.join("below.conf"), folder.join("store"));
    fs::write(&config, format!("log_dir = {:?}\nstore_dir = {store:?}\n", folder.join("said")))?;
    let mut command = Command::new(&paths[0]);
    command.arg("--config").arg(config).args(["record", "--interval-s", "1"]);
    Ok(vec![spawn(folder, &mut command)?])
}

fn start_atop(folder: &Path, paths: &[PathBuf]) -> anyhow::Result<Vec<Child>> {
    Ok(vec![spawn(folder, Command::new(&paths[0]).arg("-w").arg(folder.join("raw")).arg("1"))?])
}

/// What pcp-atop records of a host and its processes, once a second, without smaps.
const PCP_METRICS: &str = "log mandatory on every 1 second {
    kernel.all.cpu\n kernel.all.load\n kernel.all.pswitch\n kernel.percpu.cpu\n mem.util\n swap.used\n swap.free
    disk.dev.read\n disk.dev.write\n disk.dev.read_bytes\n disk.dev.write_bytes\n disk.dev.avactive
    network.interface.in.bytes\n network.interface.out.bytes\n network.tcp.insegs\n network.tcp.outsegs
    network.tcp.retranssegs\n proc.nprocs\n proc.psinfo.cmd\n proc.psinfo.psargs\n proc.psinfo.sname
    proc.psinfo.ppid\n proc.psinfo.utime\n proc.psinfo.stime\n proc.psinfo.rss\n proc.psinfo.vsize\n proc.psinfo.threads
    proc.psinfo.start_time\n proc.psinfo.minflt\n proc.psinfo.maj_flt\n proc.psinfo.nice\n proc.psinfo.processor
    proc.schedstat\n proc.memory.size\n proc.memory.rss\n proc.memory.share\n proc.memory.vmswap\n proc.io\n proc.id.uid\n proc.id.gid
}
[access]
allow local:* : all;
";

fn start_pcp(folder: &Path, paths: &[PathBuf]) -> anyhow::Result<Vec<Child>> {
    let socket = folder.join("pmcd.sock");
    let agent = |name: &str, number: u32, path: &Path, rest: &str| {
        format!("{name} {number} pipe binary {}{rest}\n", path.display())
    };
    let agents = agent("root", 1, &paths[2], "")
        + &agent("proc", 3, &paths[3], " -d 3")
        + &agent("linux", 60, &paths[4], "")
        + "\n[access]\nallow \"local:*\" : all;\nallow \".*\" : all;\n";
    fs::write(folder.join("pmcd.conf"), agents)?;
    fs::write(folder.join("pmlogger.conf"), PCP_METRICS)?;
    let mut pmcd = Command::new(&paths[0]);
    pmcd.args([
        "-f",
        "-A",
        "-i",
        "127.0.0.1",
        "-p",
        "39108",
        "-c",
        "pmcd.conf",
        "-l",
        "pmcd.log",
        "-x",
        "fatal.log",
        "-s",
    ]);
    // Derived metrics are dear to both, and none of those above is one.
    let mut children = vec![spawn(folder, pmcd.arg(&socket).env("PCP_DERIVED_CONFIG", ""))?];
    thread::sleep(Duration::from_secs(3));
    let mut logger = Command::new(&paths[1]);
    logger.args(["-c", "pmlogger.conf", "-l", "pmlogger.log", "-U", "root", "-h"]);
    logger.arg(format!("unix://{}", socket.display())).arg("archive").env("PCP_DERIVED_CONFIG", "");
    children.push(spawn(folder, &mut logger)?);
    Ok(children)
}

fn start_exporter(folder: &Path, paths: &[PathBuf], more: &[&str]) -> anyhow::Result<Vec<Child>> {
    let listen = format!("--web.listen-address={EXPORTER}");
    Ok(vec![spawn(folder, Command::new(&paths[0]).arg(listen).args(more))?])
}

/// In a terminal of its own, for which `script` is there.
fn start_htop(folder: &Path, paths: &[PathBuf]) -> anyhow::Result<Vec<Child>> {
    let shown = format!("stty cols 160 rows 45; exec {} -d 10", paths[0].display());
    let mut command = Command::new(&paths[1]);
    command.args(["-qfc", &shown, "screen"]).env("TERM", "xterm-256color").env("HOME", folder);
    Ok(vec![spawn(folder, &mut command)?])
}
