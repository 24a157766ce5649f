//! A feed of live agents: one task per agent, and a router that sends controls to the right one.

mod branches;
pub(super) mod dial;
mod joined;
mod link;
mod past;
mod peer;
mod put;
mod roster;
mod router;

use std::sync::Arc;

use midair_proto::v1::agent_client::AgentClient;
use tokio::sync::mpsc;
use tonic::transport::Channel;

pub use branches::Through;
pub use dial::{Connect, Reach, Secured};
pub use joined::{Call, Comer, FIRST_WORDS_WITHIN, From, Joined, comer};
pub(super) use past::ANSWER_BYTES;
pub use put::{Put, Wanted, put};

use crate::{
    clock::Clock,
    event::{Control, NodeId, Stream},
    feed::{
        CONTROLS_MAX, ENTRIES_MAX, Feed,
        backoff::{DIALS_PER_SECOND, Pace},
    },
};

use self::{
    branches::Branches,
    roster::Roster,
    router::{Line, Router},
};

/// Most questions of links that wait for the router; links wait when it is full.
const ASKS_MAX: usize = 256;

/// An agent to be watched.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its address, as a person writes it: "10.0.0.7:7070", "unix:/run/midair/agent.sock", "embedded".
    pub address: Arc<str>,
    /// How to get there.
    pub reach: Reach,
    /// How and why this way, for the header.
    pub note: Arc<str>,
}

/// How a dashboard watches.
#[derive(Clone, Debug)]
pub struct Options {
    /// Who looks, for the agents' logs.
    pub viewer: String,
    /// Which stream is asked for until the screen asks for another.
    pub stream: Stream,
    /// Interval that is asked for until the screen asks for another, milliseconds.
    pub interval_ms: u32,
    /// Seed of the jitter in backoff.
    pub seed: u64,
    /// Most agents that are dialled each second.
    pub dials_per_second: u64,
    /// Who is told of each connection that opens, to ask more on it; links wait where that does not listen.
    pub opened: Option<mpsc::Sender<Opened>>,
}

impl Default for Options {
    fn default() -> Self {
        let (viewer, stream, interval_ms) = (String::new(), Stream::Overview, 1_000);
        Self { viewer, stream, interval_ms, seed: 0, dials_per_second: DIALS_PER_SECOND, opened: None }
    }
}

/// A connection that has opened.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The address of its link.
    pub address: Arc<str>,
    /// Speaks to the agent on the same connection, as long as that lasts.
    pub client: AgentClient<Channel>,
}

/// Most that is said of who is to be watched, and calls, that wait; those who say it wait when it is full.
const NEWS_MAX: usize = 16;
const CALLS_MAX: usize = 64;

/// What is said later of who is to be watched.
#[derive(Debug)]
pub enum News {
    /// These, and nobody else but who calls in.
    All(Vec<Target>),
    /// Who it is cannot be told: why, in words. It stays as it was.
    Trouble(Arc<str>),
}

/// Who is watched beyond those at the beginning.
#[derive(Debug)]
pub struct Later {
    news: mpsc::Receiver<News>,
    calls: mpsc::Receiver<Call>,
}

/// Tells a feed of those who are watched later.
#[derive(Clone, Debug)]
pub struct Teller {
    /// Lists that replace the one before.
    pub news: mpsc::Sender<News>,
    /// Agents that have called in.
    pub calls: mpsc::Sender<Call>,
}

impl Later {
    /// Nobody, and who tells of others.
    pub fn new() -> (Teller, Self) {
        let (news_sender, news) = mpsc::channel(NEWS_MAX);
        let (calls_sender, calls) = mpsc::channel(CALLS_MAX);
        (Teller { news: news_sender, calls: calls_sender }, Self { news, calls })
    }

    /// Nobody, ever.
    pub fn nobody() -> Self {
        Self::new().1
    }
}

/// Watches these agents until the feed is dropped. Must be called on a tokio runtime.
pub fn live(targets: Vec<Target>, options: &Options, clock: Clock) -> Feed {
    live_by(targets, Later::nobody(), options, clock)
}

/// The same, and those of whom is told later.
pub fn live_by(targets: Vec<Target>, later: Later, options: &Options, clock: Clock) -> Feed {
    let (entry_sender, entries) = mpsc::channel(ENTRIES_MAX);
    let (controls, control_receiver) = mpsc::channel(CONTROLS_MAX);
    let (ask_sender, asks) = mpsc::channel(ASKS_MAX);
    let lines = targets.iter().map(|target| Line::new(target.address.clone(), first_interest(target, options)));
    let pace = Pace::new(options.dials_per_second);
    let branches = Branches::new(options.clone(), clock, entry_sender.clone(), ask_sender.clone());
    let router = Router::new(lines.collect(), pace, (entry_sender.clone(), clock), branches);
    tokio::spawn(router.run(control_receiver, asks));
    let mut roster = Roster::new(options.clone(), clock, entry_sender, ask_sender);
    for (number, target) in targets.into_iter().enumerate() {
        roster.begin(number, target);
    }
    tokio::spawn(roster.run(later));
    Feed::new(entries, controls)
}

fn first_interest(target: &Target, options: &Options) -> Control {
    Control::Interest { node: NodeId(target.address.clone()), stream: options.stream, interval_ms: options.interval_ms }
}

#[cfg(test)]
mod tests;
