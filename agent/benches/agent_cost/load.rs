//! A load that is made here: processes of which it is known what they do. Shared by the bench and by tests.
//!
//! A program that makes a load starts itself again, with the role of the child in the environment; so the program calls
//! [`act`] first. Children end when the [`Load`] is dropped, when its program is gone for whatever reason (their standard
//! input ends then), and after a time that is set at the start.

// With `path`, so that a test can take this file in by path too and still finds them.
#[path = "load/plant.rs"]
pub(crate) mod plant;
#[path = "load/rest.rs"]
mod rest;
#[path = "load/serve.rs"]
mod serve;

use std::{
    io::{self, PipeReader, PipeWriter, Read, Write},
    net::{IpAddr, SocketAddr},
    process::{Child, Command, Stdio},
    str::FromStr,
    time::Duration,
};

use anyhow::Context;
use midair_agent::Clock;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Resource, Rlimit, getrlimit, setrlimit},
};

pub(crate) use plant::Plant;

/// In the environment of a child: its role, and for how many seconds it lives at most.
const ROLE: &str = "MIDAIR_LOAD";

/// Children of one [`Load::add`] that are not ready by then never will be.
const READY_WITHIN_US: u64 = 180_000_000;

/// Children that have not ended by then are killed.
const END_WITHIN_US: u64 = 20_000_000;

/// What one child does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Threads that rest, and connections to a server.
    Rest {
        /// Threads, the first one included.
        threads: u32,
        /// How many of them wake 20 times a second.
        waking: u32,
        /// Connections to `to`.
        connections: u32,
        /// How many of the connections carry a message of 64 bytes each second.
        talking: u32,
        /// The server's addresses, which share them; unset: no connections.
        to: Option<[SocketAddr; 2]>,
    },
    /// Takes all connections at an address, on two ports of the kernel's choice, and reads what they say.
    ///
    /// Two, because connecting to one takes ever longer from 14,000 connections on: connect(2) looks through all ports of
    /// its own that are even before it takes one that is odd (net/ipv4/inet_hashtables.c, `__inet_hash_connect`).
    Serve {
        /// Threads, the first one included.
        threads: u32,
        /// The address.
        at: IpAddr,
    },
    /// Trouble, planted to be found.
    Plant(Plant),
}

impl Role {
    /// The role in words, as it travels.
    fn words(self) -> String {
        match self {
            Self::Rest { threads, waking, connections, talking, to } => {
                let to = to.map(|[one, other]| format!(" {one} {other}")).unwrap_or_default();
                format!("rest {threads} {waking} {connections} {talking}{to}")
            }
            Self::Serve { threads, at } => format!("serve {threads} {at}"),
            Self::Plant(plant) => format!("plant {}", plant.word()),
        }
    }

    fn parse(words: &str) -> anyhow::Result<Self> {
        let words: Vec<&str> = words.split(' ').collect();
        match words[..] {
            ["rest", threads, waking, connections, talking, ref to @ ..] => Ok(Self::Rest {
                threads: threads.parse()?,
                waking: waking.parse()?,
                connections: connections.parse()?,
                talking: talking.parse()?,
                to: match to {
                    [one, other] => Some([one.parse()?, other.parse()?]),
                    _ => None,
                },
            }),
            ["serve", threads, at] => Ok(Self::Serve { threads: threads.parse()?, at: at.parse()? }),
            ["plant", plant] => Ok(Self::Plant(Plant::parse(plant).context("no such plant")?)),
            _ => anyhow::bail!("no such role: {words:?}"),
        }
    }
}

/// Plays the role of a child, and ends with it, if this process was started as one.
pub(crate) fn act() -> anyhow::Result<()> {
    let Some(words) = std::env::var_os(ROLE) else { return Ok(()) };
    let words = words.into_string().ok().context("a role is plain text")?;
    let (seconds, role) = words.split_once(' ').context("a role has a time")?;
    let life = Life::new(seconds.parse()?);
    raise_descriptors();
    match Role::parse(role)? {
        Role::Rest { threads, waking, connections, talking, to } => {
            let connections = to.map(|to| rest::connect(to, connections)).unwrap_or_default();
            rest::rest(threads, waking);
            life.ready(connections.len())?;
            rest::talk(connections, talking, &life);
        }
        Role::Serve { threads, at } => {
            rest::rest(threads, 0);
            serve::serve(at, &life)?;
        }
        Role::Plant(plant) => plant.act(&life)?,
    }
    // What a test would say at its end, nobody hears any more.
    std::process::exit(0)
}

/// As many descriptors as one may have.
fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    // Where it cannot be raised, fewer connections are made, and it is said how many.
    let _fewer_then = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

/// How long a child lives.
struct Life {
    clock: Clock,
    end_us: u64,
}

impl Life {
    fn new(seconds: u64) -> Self {
        let clock = Clock::system();
        let end_us = clock.mono_us() + seconds * 1_000_000;
        Self { clock, end_us }
    }

    /// Says that all is as it should be: process, thread, and what else is to be known.
    fn ready(&self, detail: impl std::fmt::Display) -> io::Result<()> {
        let tid = rustix::thread::gettid().as_raw_nonzero();
        self.ready_as(tid.get().cast_unsigned(), detail)
    }

    fn ready_as(&self, tid: u32, detail: impl std::fmt::Display) -> io::Result<()> {
        // One write, so that the lines of many children do not mix; not `print`, which a test would keep to itself.
        io::stdout().write_all(format!("\nready {} {tid} {detail}\n", std::process::id()).as_bytes())
    }

    fn left(&self) -> Duration {
        Duration::from_micros(self.end_us.saturating_sub(self.clock.mono_us()))
    }

    /// Waits at most so long; says whether life goes on.
    fn wait(&self, most: Duration) -> bool {
        let left = self.left();
        let input = io::stdin();
        // Nothing is ever written to it: that it can be read means that its other end is gone.
        !left.is_zero() && matches!(await_input(&input, left.min(most)), Ok(false))
    }

    /// Waits for the end.
    fn wait_end(&self) {
        while self.wait(Duration::from_secs(3600)) {}
    }
}

/// Waits until there is something to be read.
fn await_input(input: &impl std::os::fd::AsFd, most: Duration) -> io::Result<bool> {
    let most = Timespec::try_from(most).map_err(io::Error::other)?;
    let mut polled = [PollFd::new(input, PollFlags::IN)];
    Ok(poll(&mut polled, Some(&most))? > 0)
}

/// A child that is ready.
#[derive(Clone, Debug)]
pub(crate) struct Ready {
    /// Its role.
    pub(crate) role: Role,
    /// Its process.
    pub(crate) pid: u32,
    /// The thread that it is about, the first one most often.
    pub(crate) tid: u32,
    /// What else is to be known of it: the address of a server, the number of connections.
    detail: String,
}

impl Ready {
    /// What else is to be known of it.
    pub(crate) fn detail<T: FromStr>(&self) -> anyhow::Result<T> {
        self.detail.parse().ok().with_context(|| format!("{:?} said {:?}", self.role, self.detail))
    }
}

/// Children at work. They end when this is dropped.
pub(crate) struct Load {
    /// The other end of all children's standard input.
    hold: Option<PipeWriter>,
    input: PipeReader,
    children: Vec<Child>,
    seconds: u64,
    again: fn() -> io::Result<Command>,
    clock: Clock,
}

impl Load {
    /// No children yet; those to come live for so many seconds at most. `again` starts this very program so that it calls
    /// [`act`].
    pub(crate) fn new(seconds: u64, again: fn() -> io::Result<Command>) -> io::Result<Self> {
        let (input, hold) = io::pipe()?;
        Ok(Self { hold: Some(hold), input, children: Vec::new(), seconds, again, clock: Clock::system() })
    }

    /// Starts children, and waits until they are ready; they come back in the order of their roles.
    pub(crate) fn add(&mut self, roles: &[Role]) -> anyhow::Result<Vec<Ready>> {
        let (mut said, say) = io::pipe()?;
        let first = self.children.len();
        for role in roles {
            let mut command = (self.again)()?;
            command.env(ROLE, format!("{} {}", self.seconds, role.words()));
            // One arena is enough for who rests, and keeps thousands of them small.
            command.env("MALLOC_ARENA_MAX", "1");
            command.stdin(Stdio::from(self.input.try_clone()?)).stdout(Stdio::from(say.try_clone()?));
            self.children.push(command.spawn().context("cannot start a child of the load")?);
        }
        drop(say);
        let mut known = self.listen(&mut said, roles.len())?;
        let find = |(role, child): (&Role, &Child)| {
            let at = known.iter().position(|(pid, ..)| *pid == child.id()).context("a child did not get ready")?;
            let (pid, tid, detail) = known.swap_remove(at);
            Ok(Ready { role: *role, pid, tid, detail })
        };
        roles.iter().zip(&self.children[first..]).map(find).collect()
    }

    fn listen(&self, said: &mut PipeReader, n: usize) -> anyhow::Result<Vec<(u32, u32, String)>> {
        let end_us = self.clock.mono_us() + READY_WITHIN_US;
        let (mut text, mut known) = (Vec::new(), Vec::new());
        while known.len() < n {
            let left = Duration::from_micros(end_us.saturating_sub(self.clock.mono_us()));
            anyhow::ensure!(await_input(said, left)?, "{} of {n} children of the load are ready", known.len());
            let mut chunk = [0; 65_536];
            let n_read = said.read(&mut chunk)?;
            anyhow::ensure!(n_read > 0, "{} of {n} children of the load got ready, the others ended", known.len());
            text.extend_from_slice(&chunk[..n_read]);
            while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = text.drain(..=end).collect();
                known.extend(parse_ready(&String::from_utf8_lossy(&line)));
            }
        }
        Ok(known)
    }
}

/// Other lines are of a test that talks to itself.
fn parse_ready(line: &str) -> Option<(u32, u32, String)> {
    let mut words = line.trim().strip_prefix("ready ")?.splitn(3, ' ');
    let (pid, tid) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some((pid, tid, words.next()?.to_owned()))
}

impl Drop for Load {
    fn drop(&mut self) {
        self.hold = None;
        let end_us = self.clock.mono_us() + END_WITHIN_US;
        for child in &mut self.children {
            while matches!(child.try_wait(), Ok(None)) {
                if self.clock.mono_us() > end_us {
                    // It may have ended just now, which is as good.
                    drop(child.kill());
                    drop(child.wait());
                    break;
                }
                std::thread::sleep(Duration::from_millis(2));
            }
        }
    }
}
