//! Children: this program again, with something to do.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream, UdpSocket},
    os::fd::OwnedFd,
    process::{Child, ChildStdin, Command, Stdio},
};

use midair_agent::{config::Collector, reading::Wants};
use rustix::{
    net::{AddressFamily, SocketFlags, SocketType, bind, connect, listen, socket_with},
    process::{Resource, Rlimit, getrlimit, setrlimit},
};

use crate::host::Host;

/// In the environment of a child: its role.
const ROLE: &str = "MIDAIR_QUEUES_ROLE";

/// A child at work; it ends when this is dropped.
pub(crate) struct Working {
    child: Child,
    stdin: Option<ChildStdin>,
    said: BufReader<std::process::ChildStdout>,
}

impl Working {
    /// Starts a child with a role, and waits until it is ready; also what it said then.
    pub(crate) fn start(role: &str) -> (Self, String) {
        Self::start_by(Command::new(std::env::current_exe().unwrap()), role)
    }

    /// The same through a command that runs another.
    pub(crate) fn start_by(mut command: Command, role: &str) -> (Self, String) {
        command.args(["--exact", "child", "--nocapture"]).env(ROLE, role);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take().unwrap());
        let mut working = Self { child, stdin, said: BufReader::new(stdout) };
        let detail = working.hear();
        (working, detail)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Lets it go on to its next step, and says what it said then.
    pub(crate) fn go_on(&mut self) -> String {
        self.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
        self.hear()
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        while !line.starts_with("ready") {
            line.clear();
            assert!(self.said.read_line(&mut line).unwrap() > 0, "the child ended before it was ready");
        }
        line.trim_start_matches("ready").trim().to_owned()
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        // It ends with its standard input; where it hangs, it is killed.
        self.stdin = None;
        for _ in 0..500 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let _ended_meanwhile = self.child.kill();
        let _waited = self.child.wait();
    }
}

/// Plays the role of a child, and ends with it, if this process was started as one.
pub(crate) fn act() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let words: Vec<&str> = role.split(' ').collect();
    match words[..] {
        ["listen", backlog, n_waiting] => unaccepted(backlog.parse().unwrap(), n_waiting.parse().unwrap()),
        ["ping", n_rounds] => ping(n_rounds.parse().unwrap()),
        ["hold", n_files] => hold(n_files.parse().unwrap()),
        ["read"] => read(),
        ["pipe", n_bytes] => pipe(n_bytes.parse().unwrap()),
        _ => panic!("no such role: {role}"),
    }
    // What a test would say at its end, nobody hears any more.
    std::process::exit(0)
}

fn ready(detail: &str) {
    io::stdout().write_all(format!("\nready {detail}\n").as_bytes()).unwrap();
}

/// Waits for a line, or for the end.
fn wait() -> bool {
    io::stdin().lock().read_line(&mut String::new()).unwrap() > 0
}

/// A listener with connections that nobody accepts.
fn unaccepted(backlog: i32, n_waiting: usize) {
    let flags = SocketFlags::CLOEXEC;
    let open = || socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).unwrap();
    let listener = open();
    bind(&listener, &"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap()).unwrap();
    listen(&listener, backlog).unwrap();
    let listener = TcpListener::from(listener);
    let address = listener.local_addr().unwrap();
    let clients: Vec<OwnedFd> = (0..n_waiting)
        .map(|_| {
            let client = open();
            connect(&client, &address).unwrap();
            client
        })
        .collect();
    ready(&address.to_string());
    wait();
    drop((listener, clients));
}

/// One connection within this process; with each line, so many messages go there and back, one at a time.
fn ping(n_rounds: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut far, _) = listener.accept().unwrap();
    for end in [&near, &far] {
        end.set_nodelay(true).unwrap();
    }
    ready(&near.local_addr().unwrap().to_string());
    let mut buf = [0; 64];
    while wait() {
        for _ in 0..n_rounds {
            near.write_all(&[1; 64]).unwrap();
            far.read_exact(&mut buf).unwrap();
            far.write_all(&[2; 64]).unwrap();
            near.read_exact(&mut buf).unwrap();
        }
        ready("");
    }
}

/// Very many sockets.
fn hold(n_files: usize) {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
    let open = |_| socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None).unwrap();
    let held: Vec<OwnedFd> = (0..n_files).map(open).collect();
    let last = UdpSocket::bind("127.0.0.1:0").unwrap();
    last.send_to(&[7; 100], last.local_addr().unwrap()).unwrap();
    ready(&last.local_addr().unwrap().to_string());
    wait();
    drop((held, last));
}

/// Reads this host through `/proc` and netlink with each line, and says how many sockets it has open then.
fn read() {
    let mut host = Host::new(Collector::Proc);
    ready("");
    while wait() {
        host.read(&Wants::default());
        let links = std::fs::read_dir("/proc/self/fd").unwrap().flatten().filter_map(|fd| fd.path().read_link().ok());
        let n_sockets = links.filter(|link| link.to_string_lossy().starts_with("socket:")).count();
        ready(&n_sockets.to_string());
    }
}

/// A pipe with so many bytes in it, which it holds itself.
fn pipe(n_bytes: usize) {
    let (reader, mut writer) = io::pipe().unwrap();
    writer.write_all(&vec![7; n_bytes]).unwrap();
    let inode = rustix::fs::fstat(&reader).unwrap().st_ino;
    ready(&inode.to_string());
    wait();
    drop((reader, writer));
}
