//! Whose entries are kept: all, or those of some nodes.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use midair_proto::v1::{Name, Payload, Task, payload::Kind};
use midair_recording::Body;
use prost::Message as _;

use crate::{
    entry::{Entry, Item},
    event::Stamp,
    feed::file,
    out::{progress::Progress, source::Source},
    wire::Carries,
};

/// Who is to be found in a recording.
#[derive(Debug, Default)]
pub(super) struct Roster {
    /// Id of each node, and the names under which it was known.
    pub(super) names: BTreeMap<String, BTreeSet<String>>,
    /// Whom the address of a link led to.
    pub(super) links: BTreeMap<Arc<str>, BTreeSet<String>>,
    /// Names of users as whom tasks run.
    pub(super) users: BTreeSet<String>,
    /// Short names of tasks.
    pub(super) programs: BTreeSet<String>,
}

impl Roster {
    /// Reads it, all of it; who `is_thorough` meets users and programs as well.
    pub(super) fn read(source: &mut Source, progress: &mut Progress, is_thorough: bool) -> anyhow::Result<Self> {
        let mut roster = Self::default();
        let mut texts = HashMap::new();
        let (from, to) = source.range();
        progress.through(from, to);
        source.seek(Stamp(0))?;
        while let Some(recorded) = source.next()? {
            progress.at(Stamp(recorded.at_us))?;
            if !matches!(recorded.body, Body::Envelope { .. }) {
                continue;
            }
            let Some(Entry { item: Item::Envelope(link, envelope), .. }) = file::entry(recorded) else { continue };
            let Some(id) = &envelope.node else { continue };
            let names = roster.names.entry(id.clone()).or_default();
            let carried = Carries::of(&envelope);
            if !is_thorough && carried != Carries::Description {
                // What it says is of no matter here.
            } else if let Ok(Payload { kind: Some(kind) }) =
                Payload::decode(envelope.payload.clone().unwrap_or_default())
            {
                match kind {
                    Kind::Described(described) => names.extend(described.name),
                    Kind::Sample(sample) => roster.meet(&mut texts, id, &sample.tasks, sample.names),
                    Kind::Rows(rows) => roster.meet(&mut texts, id, &rows.tasks, rows.names),
                    Kind::Census(mut census) => {
                        census.unfold();
                        roster.meet(&mut texts, id, &census.tasks, census.names);
                    }
                    _ => {}
                }
            }
            if !roster.links.get(&link).is_some_and(|ids| ids.contains(id)) {
                roster.links.entry(link).or_default().insert(id.clone());
            }
        }
        Ok(roster)
    }

    /// Takes the users and programs of rows. Ids of names belong to an agent's instance; where two of a node give one id to
    /// two texts, the newer counts, as its own rows say.
    fn meet(
        &mut self,
        texts: &mut HashMap<String, HashMap<u32, String>>,
        node: &str,
        tasks: &[Task],
        names: Vec<Name>,
    ) {
        let texts = texts.entry(node.to_owned()).or_default();
        texts.extend(names.into_iter().filter_map(|name| Some((name.id?, name.text?))));
        let text = |id: Option<u32>| texts.get(&id?).cloned();
        for task in tasks {
            self.users.extend(text(task.user));
            self.programs.extend(text(task.name));
        }
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
            Item::Input(_) | Item::Page(_) => false,
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
