//! Where a VM listens, by what its OS process shows: its arguments, its environment, its sockets.

use std::{
    collections::HashMap,
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
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

use crate::config::BeamConfig;

/// For epmd, which answers at once or not at all.
const WITHIN: Duration = Duration::from_secs(3);

/// Descriptors that are looked through for listening sockets: those are opened early.
const MOST_FDS: usize = 100_000;

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
    let from = openat(CWD, format!("/proc/{pid}/{from}"), OFlags::PATH | OFlags::DIRECTORY, Mode::empty())?;
    let how = how | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let how = if how.contains(OFlags::PATH) { OFlags::PATH | OFlags::CLOEXEC } else { how };
    Ok(openat2(&from, path, how, Mode::empty(), bounds | ResolveFlags::NO_MAGICLINKS)?)
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

/// Finds out where a VM listens. The thread is in the network of the VM.
pub(super) async fn find(pid: u32, args: &Arguments, config: &BeamConfig) -> Result<Place, String> {
    let name = args.full_name();
    if let Some(address) = name.as_deref().and_then(|name| config.address_of(name)) {
        return Ok(Place { name, addresses: vec![address.to_owned()], found_by: "configuration" });
    }
    let at = |socket: &SocketAddr| reachable(*socket).to_string();
    if let Some(ports) = args.ports(pid) {
        let addresses: Vec<String> =
            listening(pid).iter().filter(|socket| ports.contains(&socket.port())).map(at).collect();
        if !addresses.is_empty() {
            return Ok(Place { name, addresses, found_by: "its listening socket" });
        }
    }
    let port = variable(pid, "ERL_EPMD_PORT").and_then(|port| port.parse().ok()).unwrap_or(epmd::PORT);
    let epmd = format!("127.0.0.1:{port}");
    // Without epmd there are other ways.
    let registered = epmd::names(&epmd, WITHIN).await.unwrap_or_default();
    let short = name.as_deref().map(|name| name.split_once('@').map_or(name, |(short, _)| short));
    if let Some(node) = registered.iter().find(|node| Some(node.name.as_str()) == short) {
        let addresses = vec![format!("127.0.0.1:{}", node.port), format!("[::1]:{}", node.port)];
        return Ok(Place { name, addresses: with_host(addresses, args, node.port), found_by: "epmd" });
    }
    let listening = listening(pid);
    if let Some((node, socket)) = registered.iter().find_map(|node| {
        let socket = listening.iter().find(|socket| socket.port() == node.port)?;
        Some((node, socket))
    }) {
        return Ok(Place { name: Some(node.name.clone()), addresses: vec![at(socket)], found_by: "epmd" });
    }
    match (&name, listening.as_slice()) {
        (None, _) => Err("it is not distributed: it was started without -name or -sname".into()),
        (Some(_), [socket]) => Ok(Place { name, addresses: vec![at(socket)], found_by: "its listening socket" }),
        (Some(name), []) => Err(format!("no port of {name} is known: epmd does not know it, and it listens nowhere")),
        (Some(name), _) => Err(format!(
            "which port of {name} its distribution listens on is not known, and epmd does not know it; \
             say --vm {name}=HOST:PORT"
        )),
    }
}

/// With the host of its name, for a node that listens on no loopback address.
fn with_host(mut addresses: Vec<String>, args: &Arguments, port: u16) -> Vec<String> {
    if let Some((_, host)) = args.name().and_then(|name| name.split_once('@')) {
        addresses.push(format!("{host}:{port}"));
    }
    addresses
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

/// The TCP sockets of a process that listen, by their numbers among all of its network namespace.
fn listening(pid: u32) -> Vec<SocketAddr> {
    let mut all = HashMap::new();
    for file in ["tcp", "tcp6"] {
        // No IPv6, or no right to look.
        let text = fs::read_to_string(format!("/proc/{pid}/net/{file}")).unwrap_or_default();
        all.extend(text.lines().skip(1).filter_map(listener));
    }
    let Ok(fds) = fs::read_dir(format!("/proc/{pid}/fd")) else { return Vec::new() };
    let links = fds.flatten().take(MOST_FDS).filter_map(|fd| fs::read_link(fd.path()).ok()); // Closed meanwhile.
    let mut own: Vec<SocketAddr> = links
        .filter_map(|link| {
            let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()?; // Else no socket.
            all.get(&inode).copied()
        })
        .collect();
    own.sort_unstable();
    own.dedup();
    own
}

/// A line of /proc/net/tcp (proc(5)): inode and address of a socket in state 0A, which listens.
fn listener(line: &str) -> Option<(u64, SocketAddr)> {
    let mut words = line.split_whitespace();
    let (address, state) = (words.nth(1)?, words.nth(1)?);
    let inode = words.nth(5)?.parse().ok()?; // The kernel writes numbers.
    let (ip, port) = address.split_once(':').filter(|_| state == "0A")?;
    let port = u16::from_str_radix(port, 16).ok()?; // As above.
    // Each four bytes stand in the order of the machine.
    let word = |n: usize| Some(u32::from_str_radix(ip.get(n * 8..n * 8 + 8)?, 16).ok()?.to_ne_bytes());
    let ip = match ip.len() {
        8 => IpAddr::from(word(0)?),
        32 => {
            let mut bytes = [0; 16];
            for (n, four) in bytes.chunks_exact_mut(4).enumerate() {
                four.copy_from_slice(&word(n)?);
            }
            IpAddr::from(bytes)
        }
        _ => return None,
    };
    Some((inode, SocketAddr::new(ip.to_canonical(), port)))
}

#[cfg(test)]
mod tests;
