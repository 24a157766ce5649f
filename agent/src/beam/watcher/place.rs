//! Where a VM listens, by what its OS process shows: its arguments, its environment, its sockets.

mod own;

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    os::{
        fd::{AsFd, OwnedFd},
        unix::fs::MetadataExt,
    },
    time::Duration,
};

use midair_beam::epmd;
use rustix::{
    fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2},
    thread::{LinkNameSpaceType, move_into_link_name_space},
};

use tokio::{net::lookup_host, time::timeout};

use crate::config::BeamConfig;

/// For epmd, which answers at once or not at all.
const WITHIN: Duration = Duration::from_secs(3);

/// A VM's arguments and what follows from them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Arguments(Vec<String>);

/// Where a VM listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Its node name, where that is known before it is asked.
    pub(super) name: Option<String>,
    /// `host:port`, the likeliest first.
    pub(super) addresses: Vec<String>,
    /// How it was found.
    pub(super) found_by: &'static str,
    /// The host of its name, where that is another one than this: it is not dialled.
    pub(super) foreign: Option<String>,
}

impl Arguments {
    /// Of an OS process; none where it may not be read.
    pub(super) fn of(pid: u32) -> Self {
        Self(fields(pid, "cmdline"))
    }

    #[cfg(test)]
    pub(super) fn from_words(line: &str) -> Self {
        Self(line.split(' ').map(str::to_owned).collect())
    }

    /// What follows the last of these options. What comes after `-extra` belongs to the program (init(3)).
    pub(super) fn value(&self, options: &[&str]) -> Option<&str> {
        let end = self.0.iter().position(|word| word == "-extra").unwrap_or(self.0.len());
        let words = &self.0[..end];
        let place = words.iter().rposition(|word| options.contains(&word.as_str()))?;
        words.get(place + 1).map(String::as_str)
    }

    /// Its node name as it was given: `chat` or `chat@host`.
    pub(super) fn name(&self) -> Option<&str> {
        self.value(&["-name", "-sname"])
    }

    /// The same with its host, as others call it: `-sname` leaves it away, and then it is the short one of this machine.
    pub(super) fn full_name(&self) -> Option<String> {
        let name = self.name()?;
        if name.contains('@') {
            return Some(name.to_owned());
        }
        let uname = rustix::system::uname();
        let host = uname.nodename().to_string_lossy();
        Some(format!("{name}@{}", host.split('.').next().unwrap_or_default()))
    }

    /// Whether its distribution speaks TLS (`-proto_dist inet_tls`).
    pub(super) fn is_tls(&self) -> bool {
        self.value(&["-proto_dist"]).is_some_and(|protocol| protocol.contains("tls"))
    }

    /// Ports on which its distribution may listen, where it was told (kernel(6), erl(1)).
    fn ports(&self, pid: u32) -> Option<std::ops::RangeInclusive<u16>> {
        let one = |text: &str| text.parse::<u16>().ok().map(|port| port..=port); // What is no port says nothing.
        if let Some(port) = self.value(&["-erl_epmd_port"]).and_then(one) {
            return Some(port);
        }
        if let Some(port) = variable(pid, "ERL_DIST_PORT").as_deref().and_then(one) {
            return Some(port);
        }
        let least = self.value(&["inet_dist_listen_min"])?.parse().ok()?; // As above.
        let most = self.value(&["inet_dist_listen_max"]).and_then(|text| text.parse().ok()).unwrap_or(least);
        Some(least..=most)
    }
}

/// A variable in the environment with which a process was started.
pub(super) fn variable(pid: u32, name: &str) -> Option<String> {
    fields(pid, "environ").into_iter().find_map(|pair| Some(pair.strip_prefix(name)?.strip_prefix('=')?.to_owned()))
}

fn fields(pid: u32, file: &str) -> Vec<String> {
    // Not there any more, or closed to this user: then it says nothing.
    let bytes = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
    bytes.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

/// The process's number in its own pid namespace: what the VM itself says it is (proc(5), status, NSpid).
pub(super) fn own_pid(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?; // It has ended.
    let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    line.split_whitespace().last()?.parse().ok() // The kernel writes numbers.
}

/// Opens what a process names `path`, from its `root` or its `cwd`. Links and `..` in there lead nowhere else: a container
/// must not have us look at what is ours. Nor does it wait for anybody, be it a pipe.
pub(super) fn open_inside(
    pid: u32,
    from: &str,
    path: &str,
    how: OFlags,
    bounds: ResolveFlags,
) -> std::io::Result<OwnedFd> {
    open_below(&folder(pid, from)?, path, how, bounds)
}

/// The `root` or the `cwd` of a process.
pub(super) fn folder(pid: u32, from: &str) -> std::io::Result<OwnedFd> {
    let how = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(openat(CWD, format!("/proc/{pid}/{from}"), how, Mode::empty())?)
}

/// The same as [`open_inside`] with a folder of a process that was opened before.
pub(super) fn open_below(from: &OwnedFd, path: &str, how: OFlags, bounds: ResolveFlags) -> std::io::Result<OwnedFd> {
    let how = how | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let how = if how.contains(OFlags::PATH) { OFlags::PATH | OFlags::CLOEXEC } else { how };
    Ok(openat2(from, path, how, Mode::empty(), bounds | ResolveFlags::NO_MAGICLINKS)?)
}

/// Has this thread use the network in which a process lives. It must not come back to do anything else.
pub(super) fn enter_network(pid: u32) -> Result<(), String> {
    let failed = |error: std::io::Error| {
        format!("cannot enter its network namespace: {error}; run as root, or watch from an agent beside it")
    };
    let inode = |path: &str| fs::metadata(path).map(|found| found.ino());
    let (own, its) = (inode("/proc/self/ns/net"), inode(&format!("/proc/{pid}/ns/net")));
    // Who may not see its namespace tries from here: it may well be this one.
    let (Ok(own), Ok(its)) = (own, its) else { return Ok(()) };
    if own == its {
        return Ok(());
    }
    let link = fs::File::open(format!("/proc/{pid}/ns/net")).map_err(failed)?;
    move_into_link_name_space(link.as_fd(), Some(LinkNameSpaceType::Network)).map_err(|errno| failed(errno.into()))
}

/// Why it is not known where a VM listens.
#[derive(Debug)]
pub(super) enum Unfound {
    /// It was started so that nobody can ask it.
    Undistributed,
    /// Something else, in words.
    Other(String),
}

/// Finds one VM, again and again.
#[derive(Debug)]
pub(super) struct Finder {
    pid: u32,
    own: own::Own,
}

impl Finder {
    pub(super) fn new(pid: u32) -> Self {
        Self { pid, own: own::Own::new(pid) }
    }

    /// Finds out where the VM listens. The thread is in its network. `now_us` is `CLOCK_MONOTONIC`.
    pub(super) async fn find(&mut self, args: &Arguments, config: &BeamConfig, now_us: u64) -> Result<Place, Unfound> {
        let (pid, name) = (self.pid, args.full_name());
        if let Some(address) = name.as_deref().and_then(|name| config.address_of(name)) {
            return Ok(Place::of(name, vec![address.to_owned()], "configuration"));
        }
        let at = |socket: &SocketAddr| reachable(*socket).to_string();
        if let Some(ports) = args.ports(pid) {
            let own = self.own.listening(now_us);
            let addresses: Vec<String> = own.iter().filter(|socket| ports.contains(&socket.port())).map(at).collect();
            if !addresses.is_empty() {
                return Ok(Place::of(name, addresses, "its listening socket"));
            }
        }
        let port = variable(pid, "ERL_EPMD_PORT").and_then(|port| port.parse().ok()).unwrap_or(epmd::PORT);
        let epmd = format!("127.0.0.1:{port}");
        // Without epmd there are other ways.
        let registered = epmd::names(&epmd, WITHIN).await.unwrap_or_default();
        let short = name.as_deref().map(|name| name.split_once('@').map_or(name, |(short, _)| short));
        if let Some(node) = registered.iter().find(|node| Some(node.name.as_str()) == short) {
            let addresses = vec![format!("127.0.0.1:{}", node.port), format!("[::1]:{}", node.port)];
            return Ok(with_host(Place::of(name, addresses, "epmd"), args, node.port).await);
        }
        if name.is_none() && registered.is_empty() {
            // It may become a node later (net_kernel(3), start), and then it tells epmd.
            return Err(Unfound::Undistributed);
        }
        let listening = self.own.listening(now_us);
        if let Some((node, socket)) = registered.iter().find_map(|node| {
            let socket = listening.iter().find(|socket| socket.port() == node.port)?;
            Some((node, socket))
        }) {
            return Ok(Place::of(Some(node.name.clone()), vec![at(socket)], "epmd"));
        }
        let other = |why: String| Err(Unfound::Other(why));
        match (&name, listening) {
            (None, _) => Err(Unfound::Undistributed),
            (Some(_), [socket]) => Ok(Place::of(name, vec![at(socket)], "its listening socket")),
            (Some(name), []) => {
                other(format!("no port of {name} is known: epmd does not know it, and it listens nowhere"))
            }
            (Some(name), _) => other(format!(
                "which port of {name} its distribution listens on is not known, and epmd does not know it; \
                 say --vm {name}=HOST:PORT"
            )),
        }
    }
}

impl Place {
    fn of(name: Option<String>, addresses: Vec<String>, found_by: &'static str) -> Self {
        Self { name, addresses, found_by, foreign: None }
    }
}

/// With the addresses of the host of its name, for a node that listens on no loopback address. They are dialled where they
/// are of this host: a name is what whoever started the VM likes, and must not lead elsewhere.
async fn with_host(mut place: Place, args: &Arguments, port: u16) -> Place {
    let Some((_, host)) = args.name().and_then(|name| name.split_once('@')) else { return place };
    let found = timeout(WITHIN, lookup_host((host, port))).await;
    // What is not found in time is dialled as little as what is not found at all.
    let found: Vec<SocketAddr> = found.ok().and_then(Result::ok).map(Iterator::collect).unwrap_or_default();
    let (own, others): (Vec<SocketAddr>, Vec<SocketAddr>) = found.into_iter().partition(is_of_this_host);
    place.addresses.extend(own.iter().map(SocketAddr::to_string));
    if own.is_empty() && !others.is_empty() {
        place.foreign = Some(host.to_owned());
    }
    place
}

/// Whether an address is of this host, or of the network namespace in which this thread is: then the kernel sends from that
/// same address to it. Nothing is sent.
fn is_of_this_host(address: &SocketAddr) -> bool {
    let any: IpAddr = if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let from = || {
        let socket = UdpSocket::bind((any, 0))?;
        socket.connect(address)?;
        socket.local_addr()
    };
    address.ip().is_loopback() || from().is_ok_and(|from| from.ip() == address.ip())
}

/// The address under which a socket that listens is reached from this host.
fn reachable(socket: SocketAddr) -> SocketAddr {
    let ip = match socket.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        // One that listens on all IPv6 addresses takes IPv4 as well, unless told not to.
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, socket.port())
}

#[cfg(test)]
mod tests;
