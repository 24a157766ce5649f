//! Whose entries are kept: all, or those of some nodes.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use midair_proto::v1::{Name, RecordedMark, payload::Kind};
use midair_recording::Body;

use super::mask::names::{self, Uses};
use crate::{
    entry::{Entry, Item},
    event::Stamp,
    feed::file,
    out::{progress::Progress, source::Source},
    wire::{Carries, PART_ROWS_MAX},
};

/// Who is to be found in a recording.
#[derive(Debug, Default)]
pub(super) struct Roster {
    /// Id of each node, and the names under which it was known.
    pub(super) names: BTreeMap<String, BTreeSet<String>>,
    /// Whom the address of a link led to.
    pub(super) links: BTreeMap<Arc<str>, BTreeSet<String>>,
    /// Values of their labels.
    pub(super) labels: BTreeSet<String>,
    /// Keys of these.
    pub(super) keys: BTreeSet<String>,
    /// Who recorded, put marks, or runs an agent.
    pub(super) users: BTreeSet<String>,
    /// The names that rows use, by what for.
    pub(super) uses: Uses,
}

impl Roster {
    /// Reads it, all of it; who `is_thorough` meets labels and names of tasks as well.
    pub(super) fn read(source: &mut Source, progress: &mut Progress, is_thorough: bool) -> anyhow::Result<Self> {
        let mut roster = Self::default();
        roster.users.extend(source.header().author);
        let (mut texts, mut of_hubs) = (HashMap::new(), HashMap::new());
        let (from, to) = source.range();
        progress.through(from, to);
        source.seek(Stamp(0))?;
        while let Some(recorded) = source.next()? {
            progress.at(Stamp(recorded.at_us))?;
            if let Body::Mark(RecordedMark { mark: Some(mark), .. }) = &recorded.body {
                roster.users.extend(mark.author.clone());
            }
            if !matches!(recorded.body, Body::Envelope { .. }) {
                continue;
            }
            let Some(Entry { item: Item::Envelope(link, envelope), .. }) = file::entry(recorded) else { continue };
            let Some(id) = &envelope.node else { continue };
            let names = roster.names.entry(id.clone()).or_default();
            let carried = Carries::of(&envelope);
            if !is_thorough && carried != Carries::Description {
                // What it says is of no matter here.
            } else if let Some(kind) = envelope.kind() {
                if let Kind::Described(described) = &kind {
                    names.extend(described.name.clone());
                    roster.labels.extend(described.labels.iter().filter_map(|label| label.value.clone()));
                    roster.keys.extend(described.labels.iter().filter_map(|label| label.key.clone()));
                    roster.users.extend(described.user.clone());
                }
                if let Kind::Fleet(fleet) = kind {
                    roster.meet_fleet(of_hubs.entry(Arc::clone(&link)).or_default(), fleet);
                } else if is_thorough {
                    roster.meet(texts.entry(id.clone()).or_default(), kind);
                }
            }
            if !roster.links.get(&link).is_some_and(|ids| ids.contains(id)) {
                roster.links.entry(link).or_default().insert(id.clone());
            }
        }
        Ok(roster)
    }

    /// Takes the names that rows use. Ids of names belong to an agent's instance; where two of a node give one id to two
    /// texts, the newer counts, as its own rows say.
    fn meet(&mut self, texts: &mut HashMap<u32, String>, mut kind: Kind) {
        if let Kind::Census(census) = &mut kind {
            if census.n_rows() > PART_ROWS_MAX {
                return;
            }
            census.unfold();
        }
        let told: &[Name] = match &kind {
            Kind::Mark(mark) => {
                self.users.extend(mark.author.clone());
                return;
            }
            Kind::Sample(sample) => &sample.names,
            Kind::Rows(rows) => &rows.names,
            Kind::Census(census) => &census.names,
            _ => return,
        };
        texts.extend(told.iter().filter_map(|name| Some((name.id?, name.text.clone()?))));
        names::visit(&mut kind, &mut |of, id| {
            if let Some(text) = texts.get(id) {
                self.uses.insert(of, text);
            }
        });
    }
}

/// The part of a recording that some nodes are.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// Ids of the nodes, and the links that led to them; `None`: all.
    chosen: Option<(BTreeSet<String>, BTreeSet<Arc<str>>)>,
    /// Names of the chosen nodes.
    names: BTreeSet<String>,
}

impl Part {
    /// The part of the nodes that were asked for, by name or id; without any, all.
    ///
    /// # Errors
    /// When one of them is not there.
    pub(super) fn new(asked: &[String], source: &mut Source, progress: &mut Progress) -> anyhow::Result<Self> {
        if asked.is_empty() {
            return Ok(Self::default());
        }
        let roster = Roster::read(source, progress, false)?;
        let mut ids = BTreeSet::new();
        for name in asked {
            let met: Vec<&String> = roster
                .names
                .iter()
                .filter(|(id, names)| *id == name || names.contains(name))
                .map(|(id, _)| id)
                .collect();
            let known = || roster.names.iter().map(|(id, names)| names.first().unwrap_or(id).as_str());
            anyhow::ensure!(
                !met.is_empty(),
                "no node is called {name:?} in it; it holds {}",
                known().collect::<Vec<_>>().join(", ")
            );
            ids.extend(met.into_iter().cloned());
        }
        let leads_there = |of: &&Arc<str>| roster.links[*of].iter().any(|id| ids.contains(id));
        let links = roster.links.keys().filter(leads_there).cloned().collect();
        let names = ids.iter().flat_map(|id| &roster.names[id]).cloned().collect();
        Ok(Self { chosen: Some((ids, links)), names })
    }

    /// Whether a node is in it.
    pub(super) fn holds(&self, node: &str) -> bool {
        self.chosen.as_ref().is_none_or(|(ids, _)| ids.contains(node))
    }

    /// Whether an entry is.
    pub(super) fn takes(&self, entry: &Entry) -> bool {
        let Some((ids, links)) = &self.chosen else { return true };
        match &entry.item {
            Item::Envelope(_, envelope) => envelope.node.as_ref().is_some_and(|node| ids.contains(node)),
            Item::Link(link) => links.contains(&link.address),
            Item::Clock(address, ..) => links.contains(address),
            Item::Gap(gap) => gap.node.as_ref().is_none_or(|node| ids.contains(&*node.0)),
            Item::Tick | Item::Reset => true,
            // What was typed was about screens of all nodes.
            Item::Input(_) | Item::Page(_) | Item::Notice(_) => false,
        }
    }

    /// Whether something that is for no screen is in it; `None` where nobody here knows.
    pub(super) fn takes_body(&self, body: &Body) -> Option<bool> {
        match body {
            Body::Mark(mark) => Some(mark.node.as_deref().is_none_or(|node| self.holds(node))),
            Body::Focus(focus) => {
                let node = focus.focus.as_deref().unwrap_or_default().split('/').next().unwrap_or_default();
                Some(node.is_empty() || self.holds(node) || self.names.contains(node))
            }
            _ => self.chosen.is_none().then_some(true),
        }
    }
}
