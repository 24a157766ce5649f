//! Hosts in networks of their own: a namespace with a cable to here, which may be cut or lose packets. Needs root, `ip` and
//! `nft`.

use std::{
    fs::File,
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    os::fd::AsFd as _,
    path::PathBuf,
    process::Command,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// A network of one host.
pub(crate) struct Net {
    name: String,
    /// Where it is, seen from here.
    pub(crate) address: String,
}

impl Net {
    /// The n-th of this process; each test has numbers of its own.
    pub(crate) fn new(n: u8) -> Self {
        let pid = std::process::id();
        let (name, [here, there]) = (format!("midair-{pid}-{n}"), ["a", "b"].map(|end| format!("mi{pid}{end}{n}")));
        let subnet = format!("10.{}.{}", 200 + n, pid % 250);
        let net = Self { address: format!("{subnet}.2"), name };
        let name = &net.name;
        run(&format!("ip netns add {name}"));
        run(&format!("ip link add {here} type veth peer name {there} netns {name}"));
        run(&format!("ip address add {subnet}.1/30 dev {here}"));
        run(&format!("ip link set {here} up"));
        net.run(&format!("ip address add {subnet}.2/30 dev {there}"));
        net.run(&format!("ip link set {there} up"));
        net
    }

    /// Nothing comes and nothing goes, and neither end is told.
    pub(crate) fn cut(&self) {
        self.filter("drop");
    }

    /// So many of a hundred packets are lost, either way.
    pub(crate) fn lose(&self, percent: u8) {
        self.filter(&format!("numgen random mod 100 < {percent} counter drop"));
    }

    /// Everything goes through again.
    pub(crate) fn heal(&self) {
        self.run("nft delete table inet midair");
    }

    /// How many packets were lost.
    pub(crate) fn n_lost(&self) -> u64 {
        let rules = self.run("nft list table inet midair");
        let counts =
            rules.split("counter packets ").skip(1).filter_map(|rest| rest.split(' ').next()?.parse::<u64>().ok());
        counts.sum()
    }

    /// The way in, for a thread.
    pub(crate) fn door(&self) -> Door {
        Door(File::open(PathBuf::from("/run/netns").join(&self.name)).expect("it was made"))
    }

    fn filter(&self, rule: &str) {
        self.run("nft add table inet midair");
        for hook in ["input", "output"] {
            self.run(&format!("nft add chain inet midair {hook} {{ type filter hook {hook} priority 0 ; }}"));
            self.run(&format!("nft add rule inet midair {hook} {rule}"));
        }
    }

    fn run(&self, command: &str) -> String {
        run(&format!("ip netns exec {} {command}", self.name))
    }
}

/// The way into a network.
pub(crate) struct Door(File);

impl Door {
    /// Moves the calling thread into it, for good.
    pub(crate) fn enter(&self) {
        move_into_link_name_space(self.0.as_fd(), Some(LinkNameSpaceType::Network)).expect("root may");
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        // Its cable goes with it. One that was never made need not go.
        drop(Command::new("ip").args(["netns", "delete", &self.name]).output());
    }
}

fn run(command: &str) -> String {
    let mut words = command.split_whitespace();
    let program = words.next().expect("a command");
    let output = Command::new(program).args(words).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}: {said}; this needs root, iproute2 and nftables");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A way to an address that takes its time: what is said at one end is heard at the other so much later. Its own address.
pub(crate) fn slow_way(to: &str, delay: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let (address, to) = (listener.local_addr().expect("an address").to_string(), to.to_owned());
    thread::spawn(move || {
        for near in listener.incoming().flatten() {
            let Ok(far) = TcpStream::connect(&to) else { continue };
            let ends = (near.try_clone().expect("a descriptor"), far.try_clone().expect("a descriptor"));
            thread::spawn(move || pass_late(near, far, delay));
            thread::spawn(move || pass_late(ends.1, ends.0, delay));
        }
    });
    address
}

fn pass_late(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
    let (said, heard) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(n @ 1..) = from.read(&mut buffer) {
            if said.send((Instant::now() + delay, buffer[..n].to_vec())).is_err() {
                return;
            }
        }
    });
    while let Ok((at, bytes)) = heard.recv() {
        thread::sleep(at.saturating_duration_since(Instant::now()));
        if to.write_all(&bytes).is_err() {
            break;
        }
    }
    drop(to.shutdown(Shutdown::Both));
}
