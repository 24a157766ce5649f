//! What is asked of black boxes, and what they told: for moments before all that was received, and for a long time line.

mod lines;

use std::{collections::BTreeMap, sync::Arc};

use midair_proto::v1::Envelope;

use crate::{
    app::{Lack, Looked, State, screen::Screen, target},
    entry::{Ending, Entry, Item, Page, Part},
    event::{Control, Event, Mark, NodeId, Rollup, Stamp},
    feed::{
        pages::{Leaf, Pages},
        tape::WARM_UP_US,
    },
    model::Node,
    wire::{Carries, Decoder},
};

use super::checkpoint::{Checkpoint, Checkpoints};
use lines::{Lines, WINDOWS_US};

/// Nodes of a cluster screen of which all is asked for; of more only the selected one.
pub(super) const NODES_MAX: usize = 16;

/// Questions under way at once.
const ASKED_MAX: usize = 64;

/// Who has said nothing for so long will not, microseconds.
const PATIENCE_US: u64 = 60_000_000;

const SECOND_US: u64 = 1_000_000;

/// Moments of so long are told from one and the same on, microseconds: steps among them begin at copies.
const TOGETHER_US: u64 = 240 * SECOND_US;

/// What is asked for first: a key each 30 s, and ten seconds of growth.
const FIRST_US: u64 = 40 * SECOND_US;

/// What is asked for ahead of the playhead, and in one go before it.
const AHEAD_US: u64 = 60 * SECOND_US;
const BEFORE_US: u64 = 240 * SECOND_US;

/// What of a black box is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// Every sample.
    All,
    /// Rollups: short ones, or long ones.
    Line { is_long: bool },
}

/// A question that has not been answered to its end.
#[derive(Clone, Debug)]
struct Asked {
    node: NodeId,
    range: (Stamp, Stamp),
    what: What,
    got: Vec<Entry>,
    first: Option<Stamp>,
    heard: Stamp,
}

/// What came of a piece of an answer.
pub(super) enum Heard {
    /// Nothing to show yet.
    Nothing,
    /// Summaries and marks for the time line.
    Line(Vec<(Stamp, Rollup)>, Vec<Mark>),
}

/// How a moment becomes known.
pub(super) enum Telling {
    /// On from what is shown.
    On(Vec<Entry>),
    /// On from what was known at a moment before it.
    Copied(Box<Checkpoint>, Vec<Entry>),
    /// After a reset, and after who they are.
    Anew(Vec<Entry>),
}

/// From when on is told what is needed to know a moment: the same for all moments of a few minutes.
pub(super) fn told_from(to: Stamp) -> Stamp {
    Stamp(to.0.saturating_sub(WARM_UP_US) / TOGETHER_US * TOGETHER_US)
}

/// What was asked, and what was told.
#[derive(Debug, Default)]
pub(super) struct Past {
    pages: Pages,
    /// How far clocks are off, by address, microseconds.
    clocks: BTreeMap<Arc<str>, i64>,
    asked: BTreeMap<u32, Asked>,
    n_asked: u32,
    lines: Lines,
    /// From when on a black box is known to keep something.
    since: BTreeMap<NodeId, Stamp>,
    /// Of whom that became known since it was asked last.
    learnt: Vec<(NodeId, Stamp)>,
    /// The moment that is shown from pages, and of whom.
    shown: Option<(Stamp, Vec<NodeId>)>,
    /// What was known on the way there, of the same nodes and told from the same moment on.
    copies: Checkpoints,
    /// Whether more is known of it than is shown.
    is_stale: bool,
}

impl Past {
    /// Takes note of what passes.
    pub(super) fn notice(&mut self, entry: &Entry) {
        match &entry.item {
            Item::Clock(address, offset_us, ..) => {
                self.clocks.insert(address.clone(), *offset_us);
            }
            Item::Envelope(_, envelope) if Carries::of(envelope) == Carries::Description => {
                self.lines.hear(envelope.node.as_deref().unwrap_or(""), entry.at);
            }
            Item::Envelope(..)
            | Item::Link(_)
            | Item::Gap(_)
            | Item::Page(_)
            | Item::Notice(_)
            | Item::Tick
            | Item::Reset
            | Item::Input(_) => {}
        }
    }

    /// The moment that is shown from pages.
    pub(super) fn shown(&self) -> Option<Stamp> {
        self.shown.as_ref().map(|(at, _)| *at)
    }

    /// From when on black boxes keep something, as far as that became known since this was asked last.
    pub(super) fn learn(&mut self) -> Vec<(NodeId, Stamp)> {
        std::mem::take(&mut self.learnt)
    }

    /// Whether what is shown is not all that is known of those who are looked at.
    pub(super) fn is_outdated(&self, state: &State) -> bool {
        self.shown.as_ref().is_some_and(|(_, of)| self.is_stale || wanted(state) != *of)
    }

    /// Something else is shown.
    pub(super) fn leave(&mut self) {
        self.shown = None;
        self.copies = Checkpoints::default();
    }

    /// A person asks anew: what was refused before may be told now.
    pub(super) fn ask_again(&mut self) {
        self.pages.forget_troubles();
    }

    /// What is to be told so that a moment is known of those who are looked at: on from what is shown, on from a copy, or all
    /// of it after who they are.
    pub(super) fn tell(&mut self, to: Stamp, state: &State) -> Telling {
        let nodes = wanted(state);
        let from = told_from(to);
        let before = self.shown.replace((to, nodes.clone()));
        let before = before.filter(|(at, of)| !self.is_stale && *of == nodes && told_from(*at) == from);
        self.is_stale = false;
        let is_next = |at: Stamp| at <= to && to.since_us(at) < FIRST_US;
        match before {
            Some((at, _)) if is_next(at) => Telling::On(self.told_after(&nodes, at, to)),
            Some(_) if let Some(copy) = self.copies.before(super::reel::place(to)) => {
                Telling::Copied(Box::new(copy.clone()), self.told_after(&nodes, copy.at, to))
            }
            Some(_) | None => {
                self.copies = Checkpoints::default();
                Telling::Anew(self.told_anew(&nodes, from, to, state))
            }
        }
    }

    /// What is known now, when all of a moment has been told.
    pub(super) fn pass(&mut self, at: Stamp, state: &State, decoder: &Decoder) {
        self.copies.pass(super::reel::place(at), at, &state.model, decoder);
    }

    fn told_after(&self, nodes: &[NodeId], at: Stamp, to: Stamp) -> Vec<Entry> {
        let all = nodes.iter().flat_map(|node| self.pages.told(node, (told_from(to), to)));
        crate::feed::pages::merged(all.filter(|entry| entry.at > at).collect(), Some(at), to)
    }

    fn told_anew(&self, nodes: &[NodeId], from: Stamp, to: Stamp, state: &State) -> Vec<Entry> {
        let mut links = Vec::new();
        let mut all = Vec::new();
        for node in state.model.nodes.values() {
            let told = if nodes.contains(&node.id) { self.pages.told(&node.id, (from, to)) } else { Vec::new() };
            let why = told.is_empty().then(|| self.silence(node, nodes.contains(&node.id), to));
            links.push(link(node, from, why));
            all.extend(told);
        }
        links.extend(crate::feed::pages::merged(all, None, to));
        links
    }

    fn silence(&self, node: &Node, is_wanted: bool, at: Stamp) -> Arc<str> {
        match self.lack(node, at) {
            Some(lack) => format!("this node {}", lack.words(crate::app::utc)).into(),
            None if is_wanted => "it is asked what it kept of then".into(),
            None => "its black box was not asked: select this node, or go into it".into(),
        }
    }

    /// What a node cannot tell of a moment; `None` where it told, or was not asked.
    fn lack(&self, node: &Node, at: Stamp) -> Option<Lack> {
        if !keeps(node) {
            return Some(Lack::NoBlackBox);
        }
        let leaf = self.pages.at(&node.id, at)?;
        match &leaf.trouble {
            Some(why) => Some(Lack::Trouble(why.clone())),
            None if leaf.entries.first().is_none_or(|first| first.at > at) => {
                Some(Lack::Nothing(self.since.get(&node.id).copied().filter(|since| *since > at)))
            }
            None => None,
        }
    }

    /// Whether all that there is to be told of a node at the moment shown has been told, or nobody will tell it.
    pub(super) fn has_told(&self, node: Option<&Node>) -> bool {
        let Some((at, _)) = &self.shown else { return true };
        node.is_none_or(|node| !keeps(node) || self.pages.at(&node.id, *at).is_some())
    }

    /// What there is to say of the moment that is shown.
    pub(super) fn looked(&self, state: &State) -> Option<Looked> {
        let (at, nodes) = self.shown.as_ref()?;
        let name = |node: &Node| -> Arc<str> { node.name().into() };
        let known: Vec<&Node> = nodes.iter().filter_map(|id| state.model.node(id)).collect();
        let is_waiting = |node: &&&Node| {
            self.asked.values().any(|asked| asked.node == node.id && asked.what == What::All && asked.range.1 >= *at)
                && self.pages.at(&node.id, *at).is_none()
        };
        let asked = known.iter().filter(is_waiting).map(|node| name(node)).collect();
        let lacking = known.iter().filter_map(|node| Some((name(node), self.lack(node, *at)?))).collect();
        let n_all = if *state.screen() == Screen::Cluster { state.model.nodes.len() } else { nodes.len() };
        Some(Looked { asked, lacking, n_passed_over: n_all.saturating_sub(nodes.len()) })
    }

    /// Questions whose answers are needed now and were not asked for; those that nobody answers are given up. What was
    /// received goes on at `until`.
    pub(super) fn questions(&mut self, state: &State, now: Stamp, until: Option<Stamp>) -> Vec<Control> {
        let late = self.asked.iter().filter(|(_, asked)| now.since_us(asked.heard) > PATIENCE_US);
        for id in late.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.end(id, &Ending::Broken("no answer for a minute".into()), now);
        }
        let mut questions = Vec::new();
        if let Some((at, nodes)) = self.shown.clone() {
            for node in nodes.iter().filter_map(|id| state.model.node(id)).filter(|node| keeps(node)) {
                if let Some(range) = self.next_page(node, at, until) {
                    questions.extend(self.ask(node, range, What::All, now));
                }
                if let Some(range) = self.beginning(&node.id, until) {
                    questions.extend(self.ask(node, range, What::Line { is_long: true }, now));
                }
            }
        }
        let n_free = ASKED_MAX.saturating_sub(self.asked.len());
        let is_asked = |node: &NodeId| self.asked.values().any(|a| a.node == *node && a.what != What::All);
        for wanted in self.lines.wanted(state, now, n_free, is_asked) {
            if let Some(node) = state.model.node(&wanted.node) {
                questions.extend(self.ask(node, wanted.range, What::Line { is_long: wanted.is_long }, now));
            }
        }
        questions
    }

    /// Where a black box had nothing: the time after it, of which it may have something.
    fn beginning(&self, node: &NodeId, until: Option<Stamp>) -> Option<(Stamp, Stamp)> {
        let at = self.shown()?;
        let leaf = self.pages.at(node, at)?;
        if leaf.trouble.is_some() || !leaf.entries.is_empty() || self.since.contains_key(node) {
            return None;
        }
        self.lines.missing(node, (at, until?), true)
    }

    /// The range that is asked of a node next: around the playhead first, then what charts need, then what lies ahead.
    fn next_page(&self, node: &Node, at: Stamp, until: Option<Stamp>) -> Option<(Stamp, Stamp)> {
        let back = |us: u64| Stamp(at.0.saturating_sub(us));
        let first = (back(FIRST_US), at);
        if let Some(range) = self.pages.missing(&node.id, first) {
            return Some(range);
        }
        if !self.pages.is_roomy() || self.lack(node, at).is_some() {
            return None;
        }
        let ahead = Stamp(at.0 + AHEAD_US).min(until.unwrap_or(at));
        let near = (back(FIRST_US + BEFORE_US), back(FIRST_US));
        let far = (told_from(at), back(FIRST_US + BEFORE_US));
        let later = [near, (at, ahead.max(at)), far];
        later.into_iter().find_map(|range| self.pages.missing(&node.id, range))
    }

    fn ask(&mut self, node: &Node, range: (Stamp, Stamp), what: What, now: Stamp) -> Option<Control> {
        let is_one = |asked: &Asked| asked.node == node.id && (asked.what == What::All) == (what == What::All);
        if self.asked.len() >= ASKED_MAX || self.asked.values().any(is_one) {
            return None;
        }
        self.n_asked = self.n_asked.wrapping_add(1);
        let id = self.n_asked;
        let offset_us = self.clocks.get(&node.address).copied().unwrap_or(0);
        let theirs = |at: Stamp| at.0.saturating_add_signed(offset_us);
        let max_points = match what {
            What::All => None,
            What::Line { is_long } => {
                u32::try_from(range.1.since_us(range.0) / WINDOWS_US[usize::from(is_long)] + 2).ok()
            }
        };
        let node = node.id.clone();
        let control =
            Control::History { node: node.clone(), id, from_us: theirs(range.0), to_us: theirs(range.1), max_points };
        self.asked.insert(id, Asked { node, range, what, got: Vec::new(), first: None, heard: now });
        Some(control)
    }

    /// A piece of an answer has come.
    pub(super) fn hear(&mut self, at: Stamp, page: Page) -> Heard {
        let offset_us = self.clocks.get(&page.address).copied().unwrap_or(0);
        let Some(asked) = self.asked.get_mut(&page.id) else { return Heard::Nothing };
        asked.heard = at;
        let told = match page.part {
            Part::Told(told) => told,
            Part::End(ending) => {
                self.end(page.id, &ending, at);
                return Heard::Nothing;
            }
        };
        let of_node = |envelope: &Arc<Envelope>| envelope.node.as_deref() == Some(&*asked.node.0);
        let told = told.into_iter().filter(of_node);
        let ours = |wall_us: u64| Stamp(wall_us.saturating_add_signed(offset_us.saturating_neg()));
        match asked.what {
            What::All => {
                for envelope in told {
                    let Some(moment) = envelope.wall_us.map(ours) else { continue };
                    // A wall clock that was set back does not turn round what happened.
                    let moment = asked.got.last().map_or(moment, |last| moment.max(last.at));
                    if moment.since_us(asked.range.1) <= 2 * SECOND_US {
                        asked.got.push(Entry { at: moment, item: Item::Envelope(page.address.clone(), envelope) });
                    }
                }
                asked.first = asked.got.first().map(|entry| entry.at);
                Heard::Nothing
            }
            What::Line { .. } => {
                let mut decoder = Decoder::default();
                let entries = told.map(|envelope| Entry { at, item: Item::Envelope(page.address.clone(), envelope) });
                let (mut rollups, mut marks) = (Vec::new(), Vec::new());
                for stamped in entries.flat_map(|entry| decoder.decode(&entry)) {
                    match stamped.event {
                        // What has not ended yet cannot have been kept.
                        Event::Rollup(rollup) if ours(rollup.wall_us).since_us(at) <= SECOND_US => {
                            rollups.push((ours(rollup.wall_us), *rollup));
                        }
                        Event::Mark(mark) => marks.push(mark),
                        // Nothing else was asked for.
                        _ => {}
                    }
                }
                asked.first = asked.first.or(rollups.first().map(|(end, r)| Stamp(end.0.saturating_sub(r.window_us))));
                Heard::Line(rollups, marks)
            }
        }
    }

    /// An answer has ended.
    fn end(&mut self, id: u32, ending: &Ending, now: Stamp) {
        let Some(asked) = self.asked.remove(&id) else { return };
        let least_us = match asked.what {
            What::All => 2 * SECOND_US,
            What::Line { is_long } => 2 * WINDOWS_US[usize::from(is_long)],
        };
        let first = asked.first.filter(|first| first.since_us(asked.range.0) > least_us && *ending == Ending::Whole);
        // Long windows begin later than what is kept, by one of them and by those that a restart cut short.
        let known = self.since.get(&asked.node);
        let is_coarse =
            |first: &Stamp| known.is_some_and(|since| since < first && first.since_us(*since) < 2 * WINDOWS_US[1]);
        let first = first.filter(|first| asked.what != What::Line { is_long: true } || !is_coarse(first));
        let is_first_known = first.is_some_and(|first| self.since.insert(asked.node.clone(), first) != Some(first));
        if let Some(since) = first.filter(|_| is_first_known) {
            self.learnt.push((asked.node.clone(), since));
        }
        let playhead = self.shown().unwrap_or(now);
        let (from, to) = asked.range;
        // What lies ahead of the moment shown changes nothing of it; since when something is kept is said where nothing is.
        let is_shown = |(at, nodes): &(Stamp, Vec<NodeId>)| {
            let is_before = asked.what == What::All && from <= *at;
            nodes.contains(&asked.node) && (is_before || is_first_known)
        };
        self.is_stale |= self.shown.as_ref().is_some_and(is_shown);
        match asked.what {
            What::All => {
                let trouble = match ending {
                    Ending::Whole => None,
                    Ending::Refused(why) | Ending::Broken(why) => Some(why.clone()),
                };
                self.pages.keep(&asked.node, Leaf { from, to, entries: asked.got, trouble }, playhead);
            }
            What::Line { is_long } => self.lines.know(asked.node, (from, to), is_long),
        }
    }
}

fn keeps(node: &Node) -> bool {
    node.described.as_ref().is_some_and(|described| described.keeps_history)
}

/// Of whom all is asked: who is to be held there, else the node on the screen, or all of a small cluster, or of a large one
/// who is selected.
pub(super) fn wanted(state: &State) -> Vec<NodeId> {
    if let Some(node) = state.to_be_held().or(state.screen().node()) {
        return vec![node.clone()];
    }
    if state.model.nodes.len() <= NODES_MAX {
        return state.model.nodes.keys().cloned().collect();
    }
    let selected = state.level().current().selected.as_ref().and_then(target);
    selected.map(|(node, _)| node.clone()).into_iter().collect()
}

/// The link of a node as of then: it leads to its black box.
fn link(node: &Node, at: Stamp, silent: Option<Arc<str>>) -> Entry {
    use crate::event::{Cause, Link, LinkState};
    let state = match silent {
        None => LinkState::Up { note: "black box".into() },
        Some(reason) => LinkState::Down { cause: Cause::BlackBox, reason, retry_at: Stamp(u64::MAX) },
    };
    Entry { at, item: Item::Link(Link { address: node.address.clone(), state }) }
}
