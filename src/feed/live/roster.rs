//! Who is watched, where that changes: links for those that come, none for those that leave.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use crate::{
    clock::Clock,
    entry::{Entry, Item},
    event::{self, Cause, LinkState, Stamp},
    feed::backoff::Chance,
};

use super::{Options, Target, first_interest, link::Link, router::Ask};

/// What is said of an agent that is watched no more.
const LEFT: &str = "it is no longer named among those to be watched";

/// All links of a feed.
pub(super) struct Roster {
    options: Options,
    clock: Clock,
    chance: Chance,
    entries: mpsc::Sender<Entry>,
    asks: mpsc::Sender<Ask>,
    links: HashMap<Arc<str>, (usize, JoinHandle<()>)>,
}

impl Roster {
    /// Nobody yet.
    pub(super) fn new(options: Options, clock: Clock, entries: mpsc::Sender<Entry>, asks: mpsc::Sender<Ask>) -> Self {
        let chance = Chance(options.seed);
        Self { options, clock, chance, entries, asks, links: HashMap::new() }
    }

    /// Begins to watch an agent by the link of this number.
    pub(super) fn begin(&mut self, number: usize, target: Target) {
        let (address, seed) = (target.address.clone(), (self.chance.share() * 1e15) as u64);
        let link = Link::new(number, target, &self.options, seed, self.clock);
        let running = tokio::spawn(link.run(self.entries.clone(), self.asks.clone()));
        self.links.insert(address, (number, running));
    }

    /// Watches those whom the last list names, until the feed is dropped or no more lists come.
    pub(super) async fn run(mut self, mut lists: mpsc::Receiver<Vec<Target>>) {
        loop {
            let list = tokio::select! {
                list = lists.recv() => list,
                () = self.entries.closed() => None,
            };
            let Some(list) = list else { return };
            if self.take(list).await.is_none() {
                return;
            }
        }
    }

    /// `None` when the feed is gone.
    async fn take(&mut self, list: Vec<Target>) -> Option<()> {
        let named: HashSet<Arc<str>> = list.iter().map(|target| target.address.clone()).collect();
        let left: Vec<Arc<str>> = self.links.keys().filter(|address| !named.contains(*address)).cloned().collect();
        for address in left {
            let (number, running) = self.links.remove(&address)?;
            running.abort();
            self.asks.send(Ask::Closed { link: number }).await.ok()?;
            let state = LinkState::Down { cause: Cause::Name, reason: LEFT.into(), retry_at: Stamp(u64::MAX) };
            let item = Item::Link(event::Link { address, state });
            self.entries.send(Entry { at: self.clock.now(), item }).await.ok()?;
        }
        for target in list {
            if self.links.contains_key(&target.address) {
                continue;
            }
            let (address, interest) = (target.address.clone(), first_interest(&target, &self.options));
            let (reply, number) = oneshot::channel();
            self.asks.send(Ask::Come { address, interest, reply }).await.ok()?;
            self.begin(number.await.ok()?, target);
        }
        Some(())
    }
}
