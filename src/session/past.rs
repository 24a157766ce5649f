//! What is asked of black boxes, and what they told: for moments before all that was received, and for a long time line.

use std::{collections::BTreeMap, sync::Arc};

use midair_proto::v1::Envelope;

use crate::{
    app::{Lack, Looked, State, screen::Screen, target},
    entry::{Ending, Entry, Item, Page, Part},
    event::{Control, Event, NodeId, Rollup, Stamp},
    feed::{
        pages::{Leaf, Pages},
        tape::WARM_UP_US,
    },
    model::{Node, timeline::TIMELINE_US},
    wire::Decoder,
};

/// Nodes of a cluster screen of which all is asked for; of more only the selected one.
pub(super) const NODES_MAX: usize = 16;

/// Questions under way at once.
const ASKED_MAX: usize = 64;

/// Who has said nothing for so long will not, microseconds.
const PATIENCE_US: u64 = 60_000_000;

const SECOND_US: u64 = 1_000_000;

/// What is asked for first: a key each 30 s, and ten seconds of growth.
const FIRST_US: u64 = 40 * SECOND_US;

/// What is asked for ahead of the playhead, and in one go before it.
const AHEAD_US: u64 = 60 * SECOND_US;
const BEFORE_US: u64 = 240 * SECOND_US;

/// The windows of rollups: 10 s and 5 min; up to this time line the short ones, microseconds.
const WINDOWS_US: [u64; 2] = [10 * SECOND_US, 300 * SECOND_US];
const SHORT_LINE_US: u64 = 3 * 3_600 * SECOND_US;

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
    /// Summaries for the time line.
    Rollups(Vec<(Stamp, Rollup)>),
}

/// What was asked, and what was told.
#[derive(Debug, Default)]
pub(super) struct Past {
    pages: Pages,
    /// How far clocks are off, by address, microseconds.
    clocks: BTreeMap<Arc<str>, i64>,
    asked: BTreeMap<u32, Asked>,
    n_asked: u32,
    lines: BTreeMap<(NodeId, bool), Vec<(Stamp, Stamp)>>,
    /// From when on a black box is known to keep something.
    since: BTreeMap<NodeId, Stamp>,
    /// The first moment at which something was received.
    began: Option<Stamp>,
    /// The moment that is shown from pages, and of whom.
    shown: Option<(Stamp, Vec<NodeId>)>,
    /// Whether more is known of it than is shown.
    is_stale: bool,
}

impl Past {
    /// Takes note of what passes.
    pub(super) fn notice(&mut self, entry: &Entry) {
        self.began.get_or_insert(entry.at);
        if let Item::Clock(address, offset_us, ..) = &entry.item {
            self.clocks.insert(address.clone(), *offset_us);
        }
    }

    /// The moment that is shown from pages.
    pub(super) fn shown(&self) -> Option<Stamp> {
        self.shown.as_ref().map(|(at, _)| *at)
    }

    /// Whether what is shown is not all that is known of those who are looked at.
    pub(super) fn is_outdated(&self, state: &State) -> bool {
        self.shown.as_ref().is_some_and(|(_, of)| self.is_stale || wanted(state) != *of)
    }

    /// Something else is shown.
    pub(super) fn leave(&mut self) {
        self.shown = None;
    }

    /// A person asks anew: what was refused before may be told now.
    pub(super) fn ask_again(&mut self) {
        self.pages.forget_troubles();
    }

    /// What is to be told so that a moment is known of those who are looked at: on from what is shown, or (true) all of it
    /// after who they are.
    pub(super) fn tell(&mut self, to: Stamp, state: &State) -> (Vec<Entry>, bool) {
        let nodes = wanted(state);
        let before = self.shown.replace((to, nodes.clone()));
        let before =
            before.filter(|(at, of)| !self.is_stale && *of == nodes && *at <= to && to.since_us(*at) < FIRST_US);
        self.is_stale = false;
        if let Some((at, _)) = before {
            let all = nodes.iter().flat_map(|node| self.pages.told(node, (Stamp(to.0.saturating_sub(WARM_UP_US)), to)));
            let new = all.filter(|entry| entry.at > at).collect();
            return (crate::feed::pages::merged(new, Some(at), to), false);
        }
        let from = Stamp(to.0.saturating_sub(WARM_UP_US));
        let mut links = Vec::new();
        let mut all = Vec::new();
        for node in state.model.nodes.values() {
            let told = if nodes.contains(&node.id) { self.pages.told(&node.id, (from, to)) } else { Vec::new() };
            let why = told.is_empty().then(|| self.silence(node, nodes.contains(&node.id), to));
            links.push(link(node, from, why));
            all.extend(told);
        }
        links.extend(crate::feed::pages::merged(all, None, to));
        (links, true)
    }

    fn silence(&self, node: &Node, is_wanted: bool, at: Stamp) -> Arc<str> {
        match self.lack(node, at) {
            Some(lack) => lack.words(crate::app::utc).into(),
            None if is_wanted => "it is asked what it kept of then".into(),
            None => "not looked at then".into(),
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

    /// Questions whose answers are needed now and were not asked for; those that nobody answers are given up.
    pub(super) fn questions(&mut self, state: &State, now: Stamp, tape_from: Option<Stamp>) -> Vec<Control> {
        let late = self.asked.iter().filter(|(_, asked)| now.since_us(asked.heard) > PATIENCE_US);
        for id in late.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.end(id, &Ending::Broken("no answer for a minute".into()), now);
        }
        let mut questions = Vec::new();
        if let Some((at, nodes)) = self.shown.clone() {
            for node in nodes.iter().filter_map(|id| state.model.node(id)).filter(|node| keeps(node)) {
                if let Some(range) = self.next_page(node, at, tape_from) {
                    questions.extend(self.ask(node, range, What::All, now));
                }
            }
        }
        let span_us = state.zoom.span_us();
        if self.shown.is_none() && span_us <= TIMELINE_US {
            return questions;
        }
        let window = state.window();
        let scope = state.screen().node();
        let is_long = span_us > SHORT_LINE_US;
        let until =
            self.began.map_or(window.end, |began| Stamp(began.0 + WINDOWS_US[usize::from(is_long)]).min(window.end));
        let range = (Stamp(window.end.0.saturating_sub(window.span_us)), until);
        let in_scope = |node: &&Node| keeps(node) && scope.is_none_or(|scope| *scope == node.id);
        for node in state.model.nodes.values().filter(in_scope) {
            let beginning = self.beginning(&node.id, tape_from);
            let next = self.missing_line(&node.id, range, is_long).map(|range| (range, is_long));
            if let Some((range, is_long)) = next.or(beginning.map(|range| (range, true))) {
                questions.extend(self.ask(node, range, What::Line { is_long }, now));
            }
        }
        questions
    }

    /// Where a black box had nothing: the time after it, of which it may have something.
    fn beginning(&self, node: &NodeId, tape_from: Option<Stamp>) -> Option<(Stamp, Stamp)> {
        let at = self.shown()?;
        let leaf = self.pages.at(node, at)?;
        if leaf.trouble.is_some() || !leaf.entries.is_empty() || self.since.contains_key(node) {
            return None;
        }
        self.missing_line(node, (at, tape_from?), true)
    }

    /// The range that is asked of a node next: around the playhead first, then what charts need, then what lies ahead.
    fn next_page(&self, node: &Node, at: Stamp, tape_from: Option<Stamp>) -> Option<(Stamp, Stamp)> {
        let back = |us: u64| Stamp(at.0.saturating_sub(us));
        let first = (back(FIRST_US), at);
        if let Some(range) = self.pages.missing(&node.id, first) {
            return Some(range);
        }
        if !self.pages.is_roomy() || self.lack(node, at).is_some() {
            return None;
        }
        let ahead = Stamp(at.0 + AHEAD_US).min(tape_from.unwrap_or(at));
        let near = (back(FIRST_US + BEFORE_US), back(FIRST_US));
        let far = (back(WARM_UP_US), back(FIRST_US + BEFORE_US));
        let later = [near, (at, ahead.max(at)), far];
        later.into_iter().find_map(|range| self.pages.missing(&node.id, range))
    }

    fn missing_line(&self, node: &NodeId, (from, to): (Stamp, Stamp), is_long: bool) -> Option<(Stamp, Stamp)> {
        let least_us = 2 * WINDOWS_US[usize::from(is_long)];
        let (mut from, mut to) = (from, to);
        for (known_from, known_to) in self.lines.get(&(node.clone(), is_long)).into_iter().flatten() {
            if *known_from <= from {
                from = from.max(*known_to);
            } else if *known_to >= to {
                to = to.min(*known_from);
            }
        }
        (to.since_us(from) >= least_us).then_some((from, to))
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
                let events = entries.flat_map(|entry| decoder.decode(&entry));
                let rollup = |event| if let Event::Rollup(rollup) = event { Some(*rollup) } else { None };
                let rollups = events.filter_map(|stamped| rollup(stamped.event));
                let rollups = rollups.map(|rollup| (ours(rollup.wall_us), rollup));
                // What has not ended yet cannot have been kept.
                let rollups: Vec<_> = rollups.filter(|(end, _)| end.since_us(at) <= SECOND_US).collect();
                asked.first = asked.first.or(rollups.first().map(|(end, r)| Stamp(end.0.saturating_sub(r.window_us))));
                Heard::Rollups(rollups)
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
        if let Some(first) = asked.first.filter(|first| first.since_us(asked.range.0) > least_us)
            && *ending == Ending::Whole
        {
            self.since.insert(asked.node.clone(), first);
        }
        let playhead = self.shown().unwrap_or(now);
        self.is_stale |= self.shown.as_ref().is_some_and(|(_, nodes)| nodes.contains(&asked.node));
        let (from, to) = asked.range;
        match asked.what {
            What::All => {
                let trouble = match ending {
                    Ending::Whole => None,
                    Ending::Refused(why) | Ending::Broken(why) => Some(why.clone()),
                };
                self.pages.keep(&asked.node, Leaf { from, to, entries: asked.got, trouble }, playhead);
            }
            What::Line { is_long } => {
                let lines = self.lines.entry((asked.node, is_long)).or_default();
                lines.push((from, to));
                lines.sort_unstable();
            }
        }
    }
}

fn keeps(node: &Node) -> bool {
    node.described.as_ref().is_some_and(|described| described.keeps_history)
}

/// Of whom all is asked: the node on the screen, or all of a small cluster, or of a large one who is selected.
pub(super) fn wanted(state: &State) -> Vec<NodeId> {
    if let Some(node) = state.screen().node() {
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
