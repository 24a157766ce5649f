//! One agent: dial, watch, say what happens, dial again.

use std::{sync::Arc, time::Duration};

use midair_proto::{
    CONTRACT,
    v1::{self, agent_client::AgentClient, payload::Kind},
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Streaming, transport::Channel};

use crate::{
    clock::Clock,
    entry::{Entry, Item},
    event::{self, Cause, Control, LinkState, NOTICE, NodeId},
    feed::{
        backoff::{self, Chance},
        clock_offset::ClockOffset,
    },
    wire::{self, Carries},
};

use super::{
    Opened, Options, Reach, Target,
    branches::Open,
    dial::{self, Dialled, Failure, For, PATIENCE},
    past::Question,
    peer::Peer,
    router::Ask,
};

/// Controls under way to one agent. Full when the agent does not read: the router then closes the link.
pub(super) const CONTROLS_MAX: usize = 64;
/// After so many echoes a hub is asked for all of its nodes again: who goes back in time begins there.
const ALL_AFTER: u32 = 3;
/// How often the clocks are compared.
const ECHO_EVERY: Duration = Duration::from_secs(10);
/// An agent that called in and calls no more is forgotten after so long; one that never said who it is, sooner.
const KEPT: Duration = Duration::from_secs(600);
const KEPT_UNKNOWN: Duration = Duration::from_secs(30);
/// A connection that held this long was a good one: backoff starts from the beginning.
const GOOD_US: u64 = 4_000_000;

/// What is said of an agent that called in and does so no more.
const CALLS_NO_MORE: &str = "it called in, and does so no more";

/// One agent's connection, over all its lives.
pub(super) struct Link {
    number: usize,
    target: Target,
    viewer: String,
    opened: Option<mpsc::Sender<Opened>>,
    clock: Clock,
    chance: Chance,
    /// What the agent calls itself, once it has said so.
    name: Option<String>,
    /// Whether it is a hub.
    is_hub: bool,
}

/// The feed is gone: nobody is left to tell.
struct Ended;

/// Why a connection is over.
enum Over {
    Failed(Failure),
    Ended,
}

impl From<Failure> for Over {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Ended> for Over {
    fn from(_: Ended) -> Self {
        Self::Ended
    }
}

/// The two ways out of a link: entries to the screen, questions to the router.
struct Ways {
    entries: mpsc::Sender<Entry>,
    asks: mpsc::Sender<Ask>,
}

/// An open watch.
struct Watch {
    events: Streaming<v1::Envelope>,
    to_agent: mpsc::Sender<v1::Control>,
    controls: mpsc::Receiver<Control>,
    peer: Peer,
    client: AgentClient<Channel>,
}

impl Link {
    pub(super) fn new(number: usize, target: Target, options: &Options, seed: u64, clock: Clock) -> Self {
        let (viewer, opened) = (options.viewer.clone(), options.opened.clone());
        Self { number, target, viewer, opened, clock, chance: Chance(seed), name: None, is_hub: false }
    }

    /// Runs until the feed is dropped.
    pub(super) async fn run(mut self, entries: mpsc::Sender<Entry>, asks: mpsc::Sender<Ask>) {
        let ways = Ways { entries, asks };
        let mut n_failures = 0;
        // Said once: on later dials the reason of the last failure stays on the screen.
        if self.tell(&ways, LinkState::Connecting).await.is_err() {
            return;
        }
        loop {
            match self.turn(&ways).await {
                Ok(true) => {}
                Ok(false) => return drop(self.leave(&ways).await),
                Err(Ended) => return,
            }
            let started = self.clock.now();
            let failure = match self.once(&ways).await {
                Ok(()) | Err(Over::Ended) => return,
                Err(Over::Failed(failure)) => failure,
            };
            let held = self.clock.now().since_us(started) > GOOD_US;
            n_failures = if held { 1 } else { n_failures + 1 };
            let wait = self.wait(&failure, n_failures);
            if self.down(&ways, &failure, wait).await.is_err() {
                return;
            }
            sleep(wait).await;
        }
    }

    /// Waits until it is this link's turn to dial, or until it is called; false when that took too long.
    async fn turn(&self, ways: &Ways) -> Result<bool, Ended> {
        let Reach::Joined(joined) = &self.target.reach else {
            sleep(ask(ways, Ask::Dial).await?).await;
            return Ok(true);
        };
        let patience = if self.name.is_some() { KEPT } else { KEPT_UNKNOWN };
        tokio::select! {
            called = timeout(patience, joined.called()) => Ok(called.is_ok()),
            () = ways.entries.closed() => Err(Ended),
        }
    }

    async fn leave(&self, ways: &Ways) -> Result<(), Ended> {
        ways.asks.send(Ask::Gone { link: self.number }).await.map_err(|_| Ended)?;
        self.tell(ways, LinkState::Left { reason: CALLS_NO_MORE.into() }).await
    }

    /// Waits until an agent that calls in has done so anew: it knows better than we do that the connection before is over.
    async fn called_anew(&self) {
        match &self.target.reach {
            Reach::Joined(joined) => joined.called().await,
            Reach::Unix(_) | Reach::Tcp(_) | Reach::Tls(_) | Reach::Memory(_) | Reach::Through(_) => {
                std::future::pending().await
            }
        }
    }

    fn wait(&mut self, failure: &Failure, n_failures: u32) -> Duration {
        match failure.cause {
            _ if matches!(self.target.reach, Reach::Joined(_)) => Duration::ZERO,
            Cause::Version | Cause::Denied | Cause::Conflict | Cause::Left | Cause::BlackBox => backoff::PATIENT,
            Cause::Refused | Cause::Timeout | Cause::Reset | Cause::Name | Cause::Protocol => {
                backoff::wait(n_failures, self.chance.share())
            }
        }
    }

    async fn down(&self, ways: &Ways, failure: &Failure, wait: Duration) -> Result<(), Ended> {
        ways.asks.send(Ask::Closed { link: self.number }).await.map_err(|_| Ended)?;
        let address = &self.target.address;
        let who = self.name.as_ref().map_or_else(|| address.to_string(), |name| format!("{name} ({address})"));
        let reason = format!("cannot reach agent {who}: {}", failure.words).into();
        let retry_at = match &self.target.reach {
            // When it calls is its own matter.
            Reach::Joined(_) => event::Stamp(u64::MAX),
            _ => event::Stamp(self.clock.now().0 + u64::try_from(wait.as_micros()).unwrap_or(u64::MAX)),
        };
        self.tell(ways, LinkState::Down { cause: failure.cause, reason, retry_at }).await
    }

    async fn tell(&self, ways: &Ways, state: LinkState) -> Result<(), Ended> {
        self.send(ways, Item::Link(event::Link { address: self.target.address.clone(), state })).await
    }

    async fn send(&self, ways: &Ways, item: Item) -> Result<(), Ended> {
        ways.entries.send(Entry { at: self.clock.now(), item }).await.map_err(|_| Ended)
    }

    /// One life of the connection. It ends well only with the feed.
    async fn once(&mut self, ways: &Ways) -> Result<(), Over> {
        let whom = if self.opened.is_some() { For::Many } else { For::One };
        // Boxed: what it takes to open a watch is given back when it is open, by ten thousand links perhaps.
        let Dialled { mut client, peer, notice } = Box::pin(dial::dial_for(&self.target.reach, whom)).await?;
        let mut watch = Box::pin(self.open(ways, &mut client, peer)).await?;
        let described = Box::pin(self.first(&mut client, &mut watch)).await?;
        self.introduce(ways, &described, &watch).await?;
        if let Some(opened) = &self.opened {
            let address = self.target.address.clone();
            opened.send(Opened { address, client }).await.map_err(|_| Ended)?;
        }
        self.tell(ways, LinkState::Up { note: self.note(notice) }).await?;
        self.send(ways, self.item(described)).await?;
        if self.is_hub {
            to_agent(&watch, wire::all_nodes())?;
        }
        self.follow(ways, &mut watch).await
    }

    /// The node that is meant, where the way there leads through a hub.
    fn behind_hub(&self) -> Option<&NodeId> {
        match &self.target.reach {
            Reach::Through(through) => Some(&through.node),
            Reach::Unix(_) | Reach::Tcp(_) | Reach::Tls(_) | Reach::Memory(_) | Reach::Joined(_) => None,
        }
    }

    /// How it is watched, and what of that needs somebody's attention.
    fn note(&self, notice: Option<String>) -> Arc<str> {
        let note = &self.target.note;
        notice.map_or_else(|| note.clone(), |notice| format!("{note}{NOTICE}{notice}").into())
    }

    /// Opens the watch and says at once what is wanted: the first sample comes with the first answer.
    async fn open(&self, ways: &Ways, client: &mut AgentClient<Channel>, peer: Peer) -> Result<Watch, Over> {
        let (sender, controls) = mpsc::channel(CONTROLS_MAX);
        let link = self.number;
        let standing = ask(ways, |reply| Ask::Open { link, controls: sender, reply }).await?;
        let (to_agent, outgoing) = mpsc::channel(CONTROLS_MAX + standing.len() + 1);
        let hello = wire::hello_to(&self.viewer, self.behind_hub());
        let first = std::iter::once(hello).chain(standing.iter().filter_map(wire::to_wire));
        for control in first {
            to_agent.try_send(control).expect("the channel was made with room for these");
        }
        let events = match timeout(PATIENCE, client.watch(ReceiverStream::new(outgoing))).await {
            Ok(Ok(response)) => response.into_inner(),
            Ok(Err(status)) => return Err(dial::of_opening(&status, &self.target.reach, &peer).into()),
            Err(_) => return Err(dial::no_answer().into()),
        };
        Ok(Watch { events, to_agent, controls, peer, client: client.clone() })
    }

    /// The first event must say who is there.
    async fn first(&self, client: &mut AgentClient<Channel>, watch: &mut Watch) -> Result<v1::Envelope, Over> {
        let envelope = match timeout(PATIENCE, watch.events.message()).await {
            Ok(Ok(Some(envelope))) => envelope,
            Ok(Ok(None)) => return Err(dial::closed().into()),
            Ok(Err(status)) => return Err(dial::of_opening(&status, &self.target.reach, &watch.peer).into()),
            Err(_) => return Err(dial::no_answer().into()),
        };
        match envelope.kind() {
            Some(Kind::Described(_)) => Ok(envelope),
            Some(Kind::Refused(refused)) => {
                let reason = refused.reason.unwrap_or_else(|| "no reason given".to_owned());
                // A hub may reach a node a moment later.
                let is_final = self.behind_hub().is_none();
                let cause = if is_final { self.refused_for(client).await } else { Cause::Reset };
                Err(Failure::new(cause, reason).into())
            }
            Some(_) | None => Err(dial::not_an_agent("its first event is no description").into()),
        }
    }

    /// Whether we were refused for the version that the agent speaks, or for who we are.
    async fn refused_for(&self, client: &mut AgentClient<Channel>) -> Cause {
        let request = v1::DescribeRequest { version: Some(wire::version()) };
        match timeout(PATIENCE, client.describe(request)).await {
            Ok(Ok(answer)) if contract_of(answer.get_ref()) == Some(CONTRACT) => Cause::Denied,
            _ => Cause::Version,
        }
    }

    /// Checks what the agent says of itself, and makes it known to the router.
    async fn introduce(&mut self, ways: &Ways, envelope: &v1::Envelope, watch: &Watch) -> Result<(), Over> {
        let Some(Kind::Described(description)) = envelope.kind() else {
            return Err(dial::not_an_agent("its description cannot be read").into());
        };
        if let Some(contract) = contract_of(&description).filter(|c| *c != CONTRACT) {
            let words = format!("it speaks contract {contract}, this program {CONTRACT}; bring both to one version");
            return Err(Failure::new(Cause::Version, words).into());
        }
        let node = NodeId::new(envelope.node.as_deref().unwrap_or(&self.target.address));
        self.is_hub = description.capabilities.iter().any(|word| word == "hub");
        self.name = description.name.or(description.node);
        if self.is_hub {
            let open = Open { client: watch.client.clone(), peer: watch.peer.clone() };
            let link = self.number;
            return Ok(ask(ways, |reply| Ask::Hub { link, open, reply }).await?);
        }
        let (link, epoch) = (self.number, envelope.epoch.unwrap_or(0));
        let twin = ask(ways, |reply| Ask::Described { link, node: node.clone(), epoch, reply }).await?;
        match twin {
            None => Ok(()),
            Some(twin) if twin.is_same_agent => {
                let words = format!("it is the agent that {} leads to as well; name it once", twin.address);
                Err(Failure::new(Cause::Conflict, words).into())
            }
            Some(twin) => {
                let words = format!(
                    "two agents call themselves {}, this and {}; start one with another --node name",
                    node.0, twin.address
                );
                Err(Failure::new(Cause::Conflict, words).into())
            }
        }
    }

    /// Passes on events and controls until the stream ends.
    async fn follow(&self, ways: &Ways, watch: &mut Watch) -> Result<(), Over> {
        let (mut offset, mut batches) = (ClockOffset::default(), Batches::default());
        let mut n_echoes = 0_u32;
        let mut echo = interval(ECHO_EVERY);
        echo.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                event = watch.events.message() => match event {
                    Ok(Some(envelope)) => {
                        if batches.miss(&envelope) {
                            to_agent(watch, wire::all_nodes())?;
                        }
                        self.event(ways, &mut offset, envelope).await?;
                    }
                    Ok(None) => return Err(dial::closed().into()),
                    Err(status) => return Err(dial::of_stream(&status, &watch.peer).into()),
                },
                control = watch.controls.recv() => match control {
                    Some(control) => self.control(ways, watch, &control)?,
                    // The router lets go of a link when the feed ends, or when this agent takes no controls.
                    None if ways.asks.is_closed() => return Ok(()),
                    None => return Err(stuck().into()),
                },
                () = self.called_anew() => return Err(Failure::new(Cause::Reset, "it has called in anew").into()),
                _ = echo.tick() => {
                    to_agent(watch, wire::echo(self.clock.now().0))?;
                    n_echoes += 1;
                    if self.is_hub && n_echoes.is_multiple_of(ALL_AFTER) {
                        to_agent(watch, wire::all_nodes())?;
                    }
                }
            }
        }
    }

    fn control(&self, ways: &Ways, watch: &Watch, control: &Control) -> Result<(), Failure> {
        if let Some(control) = wire::to_wire(control) {
            return to_agent(watch, control);
        }
        let (address, ours) = (self.target.address.clone(), (ways.entries.clone(), self.clock));
        if let Some(question) = Question::of(control, address, self.behind_hub(), ours) {
            // It ends with its answer, with the connection, or with the feed.
            tokio::spawn(question.run(watch.client.clone()));
        }
        Ok(())
    }

    async fn event(&self, ways: &Ways, offset: &mut ClockOffset, envelope: v1::Envelope) -> Result<(), Over> {
        match Carries::of(&envelope) {
            Carries::Echo => {
                if let Some(Kind::Echo(reply)) = envelope.kind() {
                    self.echoed(ways, offset, reply).await?;
                }
                return Ok(());
            }
            Carries::Refusal => {
                if let Some(Kind::Refused(refused)) = envelope.kind()
                    && refused.fatal.unwrap_or(false)
                {
                    let reason = refused.reason.unwrap_or_else(|| "no reason given".to_owned());
                    return Err(Failure::new(Cause::Denied, reason).into());
                }
            }
            Carries::Description
            | Carries::Sample
            | Carries::Mark
            | Carries::Rollup
            | Carries::Kept
            | Carries::Fleet
            | Carries::Other => {}
        }
        Ok(self.send(ways, self.item(envelope)).await?)
    }

    async fn echoed(&self, ways: &Ways, offset: &mut ClockOffset, reply: v1::EchoReply) -> Result<(), Ended> {
        let (Some(sent), Some(answered)) = (reply.sent_us, reply.wall_us) else { return Ok(()) };
        let Some(estimate) = offset.push(sent, answered, self.clock.now().0) else { return Ok(()) };
        let address = self.target.address.clone();
        self.send(ways, Item::Clock(address, estimate.offset_us, estimate.uncertainty_us, estimate.is_step)).await
    }

    fn item(&self, envelope: v1::Envelope) -> Item {
        Item::Envelope(self.target.address.clone(), envelope.into())
    }
}

/// The batches of a hub, counted: which is missed is asked for at once.
#[derive(Default)]
struct Batches {
    last: Option<u64>,
}

impl Batches {
    /// Whether some are missing before this one.
    fn miss(&mut self, envelope: &v1::Envelope) -> bool {
        if Carries::of(envelope) != Carries::Fleet {
            return false;
        }
        let last = std::mem::replace(&mut self.last, envelope.seq);
        let follows = last.zip(envelope.seq).is_some_and(|(last, seq)| seq == last.wrapping_add(1));
        !envelope.key.unwrap_or(false) && last.is_some() && !follows
    }
}

fn to_agent(watch: &Watch, control: v1::Control) -> Result<(), Failure> {
    watch.to_agent.try_send(control).map_err(|error| match error {
        mpsc::error::TrySendError::Full(_) => stuck(),
        mpsc::error::TrySendError::Closed(_) => dial::closed(),
    })
}

fn stuck() -> Failure {
    Failure::new(Cause::Timeout, "the agent takes no more controls; is its host overloaded?")
}

fn contract_of(description: &v1::Description) -> Option<u32> {
    description.version.as_ref()?.contract
}

/// Asks the router and waits for its answer.
async fn ask<T>(ways: &Ways, question: impl FnOnce(oneshot::Sender<T>) -> Ask) -> Result<T, Ended> {
    let (reply, answer) = oneshot::channel();
    ways.asks.send(question(reply)).await.map_err(|_| Ended)?;
    answer.await.map_err(|_| Ended)
}
