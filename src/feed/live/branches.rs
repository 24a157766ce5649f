//! Watches of nodes through a hub: begun when somebody looks, ended when nobody does.

use std::{collections::HashMap, sync::Arc};

use midair_proto::v1::agent_client::AgentClient;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};
use tonic::transport::Channel;

use crate::{
    clock::Clock,
    entry::{Entry, Item},
    event::{Cause, Link as Event, LinkState, NodeId, Stamp},
    feed::backoff::Chance,
};

use super::{Options, Reach, Target, link::Link, peer::Peer, router::Ask};

/// The open connection to a hub, which watches of its nodes share.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) client: AgentClient<Channel>,
    pub(super) peer: Peer,
}

/// The way to a node behind a hub.
#[derive(Clone, Debug)]
pub struct Through {
    /// The node.
    pub(super) node: NodeId,
    /// The connection to the hub, while there is one.
    pub(super) hub: watch::Receiver<Option<Open>>,
}

impl Through {
    /// The connection to the hub, as soon as there is one; `None` when nobody watches the hub any more.
    pub(super) async fn open(&self) -> Option<Open> {
        let mut hub = self.hub.clone();
        let open = hub.wait_for(Option::is_some).await.ok()?;
        open.clone()
    }
}

/// The watches that go on, by the number of their line.
pub(super) struct Branches {
    options: Options,
    clock: Clock,
    chance: Chance,
    entries: mpsc::Sender<Entry>,
    asks: mpsc::Sender<Ask>,
    running: HashMap<usize, Branch>,
}

struct Branch {
    /// Ends it; `None` once that was said.
    leave: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Branches {
    pub(super) fn new(options: Options, clock: Clock, entries: mpsc::Sender<Entry>, asks: mpsc::Sender<Ask>) -> Self {
        let chance = Chance(options.seed ^ 0x6875_6200);
        Self { options, clock, chance, entries, asks, running: HashMap::new() }
    }

    /// What is asked of a node until the screen asks for more.
    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    /// Watches a node by the line of this number.
    pub(super) fn begin(&mut self, number: usize, address: Arc<str>, through: Through) {
        let before = self.running.remove(&number);
        if let Some(branch) = before {
            if branch.leave.is_some() {
                self.running.insert(number, branch);
                return;
            }
            return self.spawn(number, address, through, Some(branch.task));
        }
        self.spawn(number, address, through, None);
    }

    fn spawn(&mut self, number: usize, address: Arc<str>, through: Through, before: Option<JoinHandle<()>>) {
        let (leave, left) = oneshot::channel();
        let seed = (self.chance.share() * 1e15) as u64;
        let target = Target { address: address.clone(), reach: Reach::Through(through), note: "hub".into() };
        let link = Link::new(number, target, &self.options, seed, self.clock);
        let (entries, asks, clock) = (self.entries.clone(), self.asks.clone(), self.clock);
        let task = tokio::spawn(async move {
            // Its last word comes before our first. It was told to end: that it did not end well changes nothing.
            if let Some(before) = before {
                drop(before.await);
            }
            tokio::select! {
                // A link that is told to end loses its controls, too, and would take that for a trouble.
                biased;
                // The feed is gone when nobody can say so any more.
                said = left => if said.is_err() { return },
                () = link.run(entries.clone(), asks) => return,
            }
            let state = LinkState::Down { cause: Cause::Left, reason: "".into(), retry_at: Stamp(u64::MAX) };
            let item = Item::Link(Event { address, state });
            drop(entries.send(Entry { at: clock.now(), item }).await);
        });
        self.running.insert(number, Branch { leave: Some(leave), task });
    }

    /// Nobody looks any more.
    pub(super) fn end(&mut self, number: usize) {
        if let Some(leave) = self.running.get_mut(&number).and_then(|branch| branch.leave.take()) {
            // It has ended already where it does not hear this.
            let _heard = leave.send(());
        }
    }
}
