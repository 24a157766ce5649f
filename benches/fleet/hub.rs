//! The hub as a process of its own, and certificates for all.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, SystemTime},
};

use anyhow::Context as _;
use midair_tls::{
    Files, Role,
    authority::{self, Wanted},
};

use super::agents::{Agents, argument};

/// The program that is measured: the one built with this, or another that is named.
pub(crate) fn midair() -> String {
    argument("--program").unwrap_or_else(|| env!("CARGO_BIN_EXE_midair").to_owned())
}

/// What of the hub's own figures is printed.
const TOLD: [&str; 6] = ["samples", "bytes", "lost", "connect", "record", "batch"];

/// A trial authority, with a certificate for each role.
pub(crate) struct Pki(tempfile::TempDir);

impl Pki {
    /// In a folder of its own.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let now_s = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
        authority::init(folder.path(), false, now_s)?;
        for (role, name) in [(Role::Agent, "agent"), (Role::Hub, "hub"), (Role::Viewer, "viewer")] {
            let wanted = Wanted { role, name: name.to_owned(), hosts: Vec::new(), days: 2 };
            authority::issue(folder.path(), &wanted, false, now_s)?;
        }
        Ok(Self(folder))
    }

    /// The files of one of them.
    pub(crate) fn files(&self, name: &str) -> Files {
        let file = |name: String| self.0.path().join(name);
        Files { ca: file("ca.pem".into()), cert: file(format!("{name}.pem")), key: file(format!("{name}-key.pem")) }
    }

    /// The words by which a program is told to be one of them.
    pub(crate) fn words(&self, name: &str) -> Vec<String> {
        let Files { ca, cert, key } = self.files(name);
        let pairs = [("--tls-ca", ca), ("--tls-cert", cert), ("--tls-key", key)];
        pairs.into_iter().flat_map(|(word, file)| [word.to_owned(), file.display().to_string()]).collect()
    }
}

/// The words by which a program speaks to others here.
pub(crate) fn words(pki: Option<&Pki>, name: &str) -> Vec<String> {
    pki.map_or_else(|| vec!["--insecure".to_owned()], |pki| pki.words(name))
}

/// A hub that runs. It ends when this is dropped.
pub(crate) struct Hub {
    child: Child,
    pub(crate) address: String,
    folder: tempfile::TempDir,
    metrics: String,
}

impl Hub {
    /// Over these agents, recording.
    pub(crate) fn start(agents: &Agents, pki: Option<&Pki>) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let list = agents_file(agents, folder.path())?;
        let (address, metrics) = (free_address()?, free_address()?);
        let mut command = Command::new(midair());
        command.arg("hub").arg("--agents-file").arg(&list).args(["--listen", &address]).args(words(pki, "hub"));
        let help = Command::new(midair()).args(["hub", "--help"]).output()?;
        let takes = |flag: &str| String::from_utf8_lossy(&help.stdout).contains(flag);
        if takes("--record") {
            command.arg("--record").arg(folder.path().join("recorded"));
        }
        if takes("--metrics") {
            command.args(["--metrics", &metrics]);
        }
        let log = fs::File::create(folder.path().join("log"))?;
        let child =
            command.stdin(Stdio::null()).stderr(Stdio::from(log)).spawn().context("the hub cannot be started")?;
        Ok(Self { child, address, folder, metrics })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Bytes of its recording.
    pub(crate) fn recorded_bytes(&self) -> u64 {
        bytes_of(&self.folder.path().join("recorded"))
    }

    /// Its own figures, as far as they are of use here.
    pub(crate) fn metrics(&self) -> Vec<String> {
        let text = fetched(&self.metrics).unwrap_or_default();
        let is_told = |line: &&str| !line.starts_with('#') && TOLD.iter().any(|word| line.contains(word));
        text.lines().filter(is_told).map(str::to_owned).collect()
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            let said = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            println!("  the hub has ended by itself: {}", said.lines().last().unwrap_or("without a word"));
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn bytes_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let each = entries.map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => bytes_of(&entry.path()),
        Ok(metadata) => metadata.len(),
        // It was removed meanwhile: the recording is bounded.
        Err(_) => 0,
    });
    each.sum()
}

fn fetched(address: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

/// An address of loopback with a port that is free now.
pub(crate) fn free_address() -> anyhow::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

/// A file of addresses.
pub(crate) fn agents_file(agents: &Agents, folder: &Path) -> anyhow::Result<PathBuf> {
    let list = folder.join("agents");
    fs::write(&list, agents.fleet.addresses().map(|address| address + "\n").collect::<String>())?;
    Ok(list)
}
