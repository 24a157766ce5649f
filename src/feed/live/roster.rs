//! Who is watched, where that changes: links for those that come and for those that call in, none for those that leave.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::{Instant, sleep_until},
};

use crate::{
    clock::Clock,
    entry::{Entry, Item},
    event::{self, Cause, LinkState, Stamp},
    feed::backoff::Chance,
};

use super::{Call, Joined, Later, News, Options, Reach, Target, first_interest, link::Link, router::Ask};

/// What is said of an agent that is watched no more.
const LEFT: &str = "it is no longer named among those to be watched";

/// Whoever is no longer named is forgotten after so long: it may answer at another address meanwhile.
pub(super) const FORGET_AFTER: Duration = Duration::from_secs(60);

/// Agents that may call in at one hub: the connections of twice as many as it is built for.
const N_JOINED: usize = 20_000;

/// All links of a feed.
pub(super) struct Roster {
    options: Options,
    clock: Clock,
    chance: Chance,
    entries: mpsc::Sender<Entry>,
    asks: mpsc::Sender<Ask>,
    /// Of those who are named.
    links: HashMap<Arc<str>, (usize, JoinHandle<()>)>,
    /// Of those who have called in.
    joined: HashMap<Arc<str>, (Joined, JoinHandle<()>)>,
    /// Who is no longer named, by when it is forgotten, the first to be first.
    leaving: VecDeque<(Instant, Arc<str>, usize)>,
}

/// The feed is gone.
struct Ended;

impl<T> From<mpsc::error::SendError<T>> for Ended {
    fn from(_: mpsc::error::SendError<T>) -> Self {
        Self
    }
}

impl Roster {
    /// Nobody yet.
    pub(super) fn new(options: Options, clock: Clock, entries: mpsc::Sender<Entry>, asks: mpsc::Sender<Ask>) -> Self {
        let chance = Chance(options.seed);
        let (links, joined, leaving) = (HashMap::new(), HashMap::new(), VecDeque::new());
        Self { options, clock, chance, entries, asks, links, joined, leaving }
    }

    /// Begins to watch an agent by the link of this number.
    pub(super) fn begin(&mut self, number: usize, target: Target) {
        let address = target.address.clone();
        let running = self.run_link(number, target);
        self.links.insert(address, (number, running));
    }

    fn run_link(&mut self, number: usize, target: Target) -> JoinHandle<()> {
        let seed = (self.chance.share() * 1e15) as u64;
        let link = Link::new(number, target, &self.options, seed, self.clock);
        tokio::spawn(link.run(self.entries.clone(), self.asks.clone()))
    }

    /// Watches those of whom is told, until the feed is dropped or nobody tells any more.
    pub(super) async fn run(mut self, mut later: Later) {
        let (mut has_news, mut has_calls) = (true, true);
        while has_news || has_calls || !self.leaving.is_empty() {
            let due = self.leaving.front().map(|(due, ..)| *due);
            let done = tokio::select! {
                news = later.news.recv(), if has_news => match news {
                    Some(News::All(list)) => self.take(list).await,
                    Some(News::Trouble(words)) => self.say(Item::Notice(words)).await,
                    None => { has_news = false; Ok(()) }
                },
                call = later.calls.recv(), if has_calls => match call {
                    Some(call) => self.called(call).await,
                    None => { has_calls = false; Ok(()) }
                },
                () = async { sleep_until(due.unwrap_or_else(Instant::now)).await }, if due.is_some() => self.forget().await,
                () = self.entries.closed() => return,
            };
            if done.is_err() {
                return;
            }
        }
    }

    async fn take(&mut self, list: Vec<Target>) -> Result<(), Ended> {
        let named: HashSet<Arc<str>> = list.iter().map(|target| target.address.clone()).collect();
        let left: Vec<Arc<str>> = self.links.keys().filter(|address| !named.contains(*address)).cloned().collect();
        for address in left {
            let Some((number, running)) = self.links.remove(&address) else { continue };
            running.abort();
            // It asks for nothing any more once it is over; that it was cut short is no error.
            drop(running.await);
            self.asks.send(Ask::Closed { link: number }).await?;
            let state = LinkState::Down { cause: Cause::Name, reason: LEFT.into(), retry_at: Stamp(u64::MAX) };
            self.say(Item::Link(event::Link { address: address.clone(), state })).await?;
            self.leaving.push_back((Instant::now() + FORGET_AFTER, address, number));
        }
        self.leaving.retain(|(_, address, _)| !named.contains(address));
        for target in list {
            if !self.links.contains_key(&target.address) {
                let number = self.come(&target).await?;
                self.begin(number, target);
            }
        }
        Ok(())
    }

    /// An agent has called in: its link goes on, or begins.
    async fn called(&mut self, call: Call) -> Result<(), Ended> {
        let Call { address, note, io } = call;
        if let Some((joined, _)) = self.joined.get(&address).filter(|(_, running)| !running.is_finished()) {
            joined.put(io);
            return Ok(());
        }
        if self.joined.len() >= N_JOINED {
            self.joined.retain(|_, (_, running)| !running.is_finished());
        }
        if self.joined.len() >= N_JOINED {
            tracing::warn!(%address, "let go: {N_JOINED} agents have called in already");
            return Ok(());
        }
        let joined = Joined::default();
        joined.put(io);
        let target = Target { address: address.clone(), reach: Reach::Joined(joined.clone()), note };
        let number = self.come(&target).await?;
        let running = self.run_link(number, target);
        self.joined.insert(address, (joined, running));
        Ok(())
    }

    /// The number of the link of one more.
    async fn come(&self, target: &Target) -> Result<usize, Ended> {
        let (address, interest) = (target.address.clone(), first_interest(target, &self.options));
        let (reply, number) = oneshot::channel();
        self.asks.send(Ask::Come { address, interest, reply }).await?;
        number.await.map_err(|_| Ended)
    }

    /// Forgets the first of those who are no longer named.
    async fn forget(&mut self) -> Result<(), Ended> {
        let Some((_, address, number)) = self.leaving.pop_front() else { return Ok(()) };
        self.asks.send(Ask::Gone { link: number }).await?;
        self.say(Item::Link(event::Link { address, state: LinkState::Left { reason: LEFT.into() } })).await
    }

    async fn say(&self, item: Item) -> Result<(), Ended> {
        Ok(self.entries.send(Entry { at: self.clock.now(), item }).await?)
    }
}
