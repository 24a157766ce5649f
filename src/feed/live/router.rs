//! Which control goes to which agent, what each was asked for, and the ticks.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{MissedTickBehavior, interval},
};

use crate::{
    clock::Clock,
    entry::{Ending, Entry, Item, Page, Part},
    event::{Control, NodeId, through},
    feed::backoff::Pace,
};

use super::{
    Options,
    branches::{Branches, Open, Through},
    past::Question,
};

/// How often time is told, so that silence can be seen.
const TICK_EVERY: Duration = Duration::from_millis(500);

/// What links ask.
pub(super) enum Ask {
    /// How long to wait before dialling.
    Dial(oneshot::Sender<Duration>),
    /// A watch opens; what is wanted of it?
    Open {
        /// Number of the link.
        link: usize,
        /// Takes later controls.
        controls: mpsc::Sender<Control>,
        /// All that stands.
        reply: oneshot::Sender<Vec<Control>>,
    },
    /// An agent said who it is. Is somebody else that already?
    Described {
        /// Number of the link.
        link: usize,
        /// Who it says it is.
        node: NodeId,
        /// Its epoch.
        epoch: u64,
        /// The other one.
        reply: oneshot::Sender<Option<Twin>>,
    },
    /// One more agent is to be watched.
    Come {
        /// Its address.
        address: Arc<str>,
        /// What is asked of it first.
        interest: Control,
        /// The number of its link.
        reply: oneshot::Sender<usize>,
    },
    /// A hub answered: nodes behind it are watched on the same connection.
    Hub {
        /// Number of the link.
        link: usize,
        /// The connection.
        open: Open,
        /// Nobody is followed before it is known here.
        reply: oneshot::Sender<()>,
    },
    /// A connection is over.
    Closed {
        /// Number of the link.
        link: usize,
    },
    /// A link is over: its number is another's next.
    Gone {
        /// Number of the link.
        link: usize,
    },
}

/// Another link that leads to the same node.
pub(super) struct Twin {
    /// Its address.
    pub(super) address: Arc<str>,
    /// True when it is the same agent under another name, false when two agents share a node id.
    pub(super) is_same_agent: bool,
}

/// What the router knows of one link.
pub(super) struct Line {
    address: Arc<str>,
    interest: Control,
    /// Tables and focuses that stand, by their number.
    asked: BTreeMap<u32, Control>,
    controls: Option<mpsc::Sender<Control>>,
    epoch: Option<u64>,
    /// Who answered last.
    node: Option<NodeId>,
    /// Of a hub: the connection to it, for those that share it.
    hub: Option<watch::Sender<Option<Open>>>,
    /// Of a node behind a hub: the way there.
    through: Option<Through>,
    /// True while nobody looks: what its link still says is of before.
    is_left: bool,
}

impl Line {
    /// A link that is not open yet, with its first interest.
    pub(super) fn new(address: Arc<str>, interest: Control) -> Self {
        Self {
            address,
            interest,
            asked: BTreeMap::new(),
            controls: None,
            epoch: None,
            node: None,
            hub: None,
            through: None,
            is_left: false,
        }
    }

    /// Remembers what a control asks for. False where that stands already and need not be sent again.
    fn remember(&mut self, control: &Control) -> bool {
        match control {
            Control::Interest { stream, interval_ms, .. } => {
                let stands = matches!(&self.interest, Control::Interest { stream: s, interval_ms: ms, .. }
                    if s == stream && ms == interval_ms);
                self.interest = control.clone();
                !stands
            }
            Control::Table { id, .. } | Control::Focus { id, .. } => {
                self.asked.insert(*id, control.clone()).as_ref() != Some(control)
            }
            Control::Stop { id, .. } => self.asked.remove(id).is_some(),
            // A budget or a trace is for a while: what a new link would say again is most likely over. An inspection is
            // asked for once, by a person.
            // A question to a black box ends with its answer.
            Control::Mark { .. }
            | Control::Follow { .. }
            | Control::Leave { .. }
            | Control::History { .. }
            | Control::Budget { .. }
            | Control::Trace { .. }
            | Control::Inspect { .. } => true,
        }
    }

    /// Sends a control to the agent. An agent that does not take it loses its link: what stands is said again on the
    /// next one.
    fn send(&mut self, control: Control) {
        if self.controls.as_ref().is_some_and(|sender| sender.try_send(control).is_err()) {
            self.controls = None;
        }
    }
}

/// Owns what is known of all links. One task, one owner, no locks.
pub(super) struct Router {
    lines: Vec<Line>,
    by_address: HashMap<Arc<str>, usize>,
    by_node: HashMap<NodeId, usize>,
    /// Numbers of links that are gone.
    free: Vec<usize>,
    pace: Pace,
    entries: mpsc::Sender<Entry>,
    clock: Clock,
    branches: Branches,
}

impl Router {
    pub(super) fn new(
        lines: Vec<Line>,
        pace: Pace,
        (entries, clock): (mpsc::Sender<Entry>, Clock),
        branches: Branches,
    ) -> Self {
        let by_address = lines.iter().enumerate().map(|(n, line)| (line.address.clone(), n)).collect();
        let (by_node, free) = (HashMap::new(), Vec::new());
        Self { lines, by_address, by_node, free, pace, entries, clock, branches }
    }

    /// Runs until the feed is dropped.
    pub(super) async fn run(mut self, mut controls: mpsc::Receiver<Vec<Control>>, mut asks: mpsc::Receiver<Ask>) {
        let mut ticks = interval(TICK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                control = controls.recv() => match control {
                    Some(controls) => controls.into_iter().for_each(|control| self.control(control)),
                    None => return,
                },
                Some(ask) = asks.recv() => self.answer(ask),
                _ = ticks.tick() => self.tick(),
            }
        }
    }

    /// When the screen is so far behind that entries wait, it needs no ticks: it sees time pass by their stamps.
    fn tick(&self) {
        let tick = Entry { at: self.clock.now(), item: Item::Tick };
        if self.entries.try_send(tick).is_err() {
            tracing::debug!("a tick was left out: the screen is behind");
        }
    }

    fn control(&mut self, control: Control) {
        let node = node_of(&control);
        match &control {
            Control::Follow { node, hub } => return self.follow(node, hub),
            Control::Leave { node, hub } => return self.leave(node, hub),
            Control::History { .. } if self.asks_hub(&control) => return,
            _ => {}
        }
        let Some(number) = self.by_node.get(node).or_else(|| self.by_address.get(&node.0)).copied() else {
            tracing::debug!(node = %node.0, "a control for a node that no link leads to");
            return;
        };
        let line = &mut self.lines[number];
        if let (Control::History { id, .. }, None) = (&control, &line.controls) {
            let part = Part::End(Ending::Refused("there is no connection to it now".into()));
            let page = Page { address: line.address.clone(), id: *id, part };
            // Where that is not heard, the screen gives up by itself.
            drop(self.entries.try_send(Entry { at: self.clock.now(), item: Item::Page(page) }));
            return;
        }
        if line.remember(&control) {
            line.send(control);
        }
    }

    fn answer(&mut self, ask: Ask) {
        // A link that no longer waits for its answer is gone, and its next question will say so.
        match ask {
            Ask::Dial(reply) => drop(reply.send(self.pace.slot(self.clock.now().0))),
            Ask::Open { link, controls, reply } => {
                let line = &mut self.lines[link];
                line.controls = Some(controls).filter(|_| !line.is_left);
                let standing = std::iter::once(&line.interest).chain(line.asked.values()).cloned().collect();
                drop(reply.send(standing));
            }
            Ask::Described { link, node, epoch, reply } => drop(reply.send(self.described(link, node, epoch))),
            Ask::Come { address, interest, reply } => {
                let _heard = reply.send(self.come(Line::new(address, interest)));
            }
            Ask::Hub { link, open, reply } => {
                self.lines[link].hub.get_or_insert_with(|| watch::Sender::new(None)).send_replace(Some(open));
                let _heard = reply.send(());
            }
            Ask::Closed { link } => {
                let line = &mut self.lines[link];
                (line.controls, line.epoch) = (None, None);
                line.hub.iter().for_each(|hub| drop(hub.send_replace(None)));
            }
            Ask::Gone { link } => self.gone(link),
        }
    }

    /// Watches a node through a hub. Where nobody has said yet that a hub answers there, the screen asks again when it has.
    fn follow(&mut self, node: &NodeId, hub: &Arc<str>) {
        let Some(open) = self.by_address.get(hub).and_then(|n| self.lines[*n].hub.as_ref()).map(|hub| hub.subscribe())
        else {
            tracing::debug!(node = %node.0, "a node is to be followed through what is no hub");
            return;
        };
        let address = through(hub, node);
        let through = Through { node: node.clone(), hub: open };
        let Options { stream, interval_ms, .. } = *self.branches.options();
        let interest = Control::Interest { node: node.clone(), stream, interval_ms };
        let number = *self.by_address.entry(address.clone()).or_insert(self.lines.len());
        if number == self.lines.len() {
            self.lines.push(Line::new(address.clone(), interest));
        }
        let line = &mut self.lines[number];
        (line.through, line.is_left) = (Some(through.clone()), false);
        self.by_node.insert(node.clone(), number);
        self.branches.begin(number, address, through);
    }

    /// Ends that.
    fn leave(&mut self, node: &NodeId, hub: &Arc<str>) {
        let Some(&number) = self.by_address.get(&through(hub, node)) else { return };
        let Options { stream, interval_ms, .. } = *self.branches.options();
        // Before its controls end.
        self.branches.end(number);
        let line = &mut self.lines[number];
        (line.controls, line.epoch, line.is_left) = (None, None, true);
        line.asked.clear();
        line.interest = Control::Interest { node: node.clone(), stream, interval_ms };
        if self.by_node.get(node) == Some(&number) {
            self.by_node.remove(node);
        }
    }

    /// Asks a hub for the past of a node that no link of its own leads to; false where there is no such hub.
    fn asks_hub(&self, control: &Control) -> bool {
        let node = node_of(control);
        let line = self.by_node.get(node).or_else(|| self.by_address.get(&node.0)).map(|number| &self.lines[*number]);
        if line.is_some_and(|line| line.controls.is_some() || line.through.is_none()) {
            return false;
        }
        let opened = |line: &Line| Some((line.address.clone(), line.hub.as_ref()?.borrow().clone()?));
        let Some((hub, open)) = self.lines.iter().find_map(opened) else { return false };
        let address = line.map_or_else(|| through(&hub, node), |line| line.address.clone());
        let question = Question::of(control, address, Some(node), (self.entries.clone(), self.clock));
        if let Some(question) = question {
            tokio::spawn(question.run(open.client));
        }
        true
    }

    fn come(&mut self, line: Line) -> usize {
        // It had left a moment ago: what was asked of it stands.
        if let Some(number) = self.by_address.get(&line.address) {
            return *number;
        }
        let number = self.free.pop().unwrap_or(self.lines.len());
        self.by_address.insert(line.address.clone(), number);
        match self.lines.get_mut(number) {
            Some(free) => *free = line,
            None => self.lines.push(line),
        }
        number
    }

    /// What was asked of its node is kept where it stands until it answers elsewhere; nobody does that any more.
    fn gone(&mut self, link: usize) {
        self.by_address.remove(&self.lines[link].address);
        self.by_node.retain(|_, number| *number != link);
        self.lines[link].controls = None;
        self.free.push(link);
    }

    fn described(&mut self, link: usize, node: NodeId, epoch: u64) -> Option<Twin> {
        if self.lines[link].is_left {
            return None;
        }
        let other = self.by_node.get(&node).copied().filter(|other| *other != link);
        if let Some(other) = other {
            if let Some(others_epoch) = self.lines[other].epoch {
                return Some(Twin { address: self.lines[other].address.clone(), is_same_agent: others_epoch == epoch });
            }
            self.take_over(other, link);
        }
        let line = &mut self.lines[link];
        line.epoch = Some(epoch);
        // Where another node answered before, this link no longer leads there.
        if let Some(before) = line.node.replace(node.clone()).filter(|before| *before != node)
            && self.by_node.get(&before) == Some(&link)
        {
            self.by_node.remove(&before);
        }
        self.by_node.insert(node, link);
        None
    }

    /// A node answers at another address: what was asked of it stands there. The screen does not know that it moved.
    fn take_over(&mut self, from: usize, to: usize) {
        let asked = std::mem::take(&mut self.lines[from].asked);
        let standing = std::iter::once(self.lines[from].interest.clone()).chain(asked.into_values());
        let line = &mut self.lines[to];
        for control in standing {
            if line.remember(&control) {
                line.send(control);
            }
        }
    }
}

fn node_of(control: &Control) -> &NodeId {
    match control {
        Control::Interest { node, .. }
        | Control::Table { node, .. }
        | Control::Focus { node, .. }
        | Control::Stop { node, .. }
        | Control::Mark { node, .. }
        | Control::History { node, .. }
        | Control::Trace { node, .. }
        | Control::Inspect { node, .. }
        | Control::Follow { node, .. }
        | Control::Leave { node, .. }
        | Control::Budget { node, .. } => node,
    }
}

#[cfg(test)]
mod tests;
