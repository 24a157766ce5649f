//! A recording without who and where: what is masked in each thing that an agent says, and what is left out.
//!
//! Envelopes are decoded for it, and encoded anew from what this build knows: what it does not know never passes.

use std::{collections::BTreeSet, sync::Arc};

use midair_proto::v1::{self, Payload, RecordingHeader, payload::Kind};
use prost::Message as _;

use super::{part::Roster, scrub::Scrub};
use crate::{
    entry::{Entry, Item},
    event::{Gap, Link, LinkState, NodeId},
};

/// What the header of a masked recording says.
const MASKED: [&str; 5] = [
    "arguments of commands, labels, users, addresses, names of nodes and hosts: each stands for one of them",
    "home folders in paths",
    "left out: answers to close looks, what was typed and looked at",
    "left out: links, ports, sockets and crash dumps of Erlang VMs",
    "notes of marks are kept, but for addresses and names of nodes and hosts",
];
/// Ids of names that stand for users: a user may be called as a program is.
const OF_USER: u32 = 1 << 31;
/// What everybody has.
const ROOT: &str = "root";

/// Masks.
#[derive(Debug)]
pub(super) struct Mask {
    scrub: Scrub,
    users: BTreeSet<String>,
    programs: BTreeSet<String>,
    /// What must not be in anything that is written, in small letters.
    secrets: Vec<String>,
}

impl Mask {
    /// For those who are in a recording: nodes are called node-1 and so on, in the order of their ids.
    pub(super) fn new(roster: Roster) -> Self {
        let mut known = Vec::new();
        for (n, (id, names)) in roster.names.iter().enumerate() {
            let instead = format!("node-{}", n + 1);
            known.extend(names.iter().chain([id]).map(|name| (name.clone(), instead.clone())));
        }
        for (link, ids) in &roster.links {
            let host = link.rsplit_once(':').map_or(&**link, |(host, _)| host);
            let is_name = host.parse::<std::net::IpAddr>().is_err() && !host.starts_with('[') && &**link != "embedded";
            let first = ids.first().and_then(|id| roster.names.keys().position(|known| known == id));
            if let Some(n) = first.filter(|_| is_name && !link.starts_with("unix:")) {
                known.push((host.to_owned(), format!("node-{}", n + 1)));
            }
        }
        let is_secret =
            |text: &&String| text.len() > 3 && !known.iter().any(|(_, instead)| instead.contains(text.as_str()));
        let names = known.iter().map(|(name, _)| name).filter(is_secret);
        let users = roster.users.iter().filter(|user| *user != ROOT && !roster.programs.contains(*user));
        let secrets = names.chain(users.filter(is_secret)).map(|text| text.to_lowercase()).collect();
        Self { scrub: Scrub::new(known.clone()), users: roster.users, programs: roster.programs, secrets }
    }

    /// Who recorded, masked.
    pub(super) fn header(&self, header: RecordingHeader) -> RecordingHeader {
        let mut masked = header.masked;
        masked.extend(MASKED.map(str::to_owned));
        RecordingHeader {
            author: header.author.map(|author| self.user(&author)),
            why: header.why.map(|why| self.scrub.text(&why)),
            nodes: Vec::new(),
            masked,
            ..header
        }
    }

    /// An entry, masked; `None` where it is left out.
    pub(super) fn entry(&self, entry: &Entry) -> Option<Entry> {
        let item = match &entry.item {
            Item::Envelope(link, envelope) => {
                let masked = self.envelope(envelope)?;
                if self.tells(&masked.encode_to_vec()) {
                    return None;
                }
                Item::Envelope(self.link(link), Arc::new(masked))
            }
            Item::Link(link) => Item::Link(Link { address: self.link(&link.address), state: self.state(&link.state) }),
            Item::Clock(address, offset_us, uncertainty_us, is_step) => {
                Item::Clock(self.link(address), *offset_us, *uncertainty_us, *is_step)
            }
            Item::Gap(gap) => Item::Gap(Gap {
                node: gap.node.as_ref().map(|node| NodeId::new(&self.scrub.text(&node.0))),
                why: self.scrub.text(&gap.why).into(),
                ..gap.clone()
            }),
            Item::Tick => Item::Tick,
            Item::Reset => Item::Reset,
            // What was typed may say anything.
            // Pages are answers to a person, and stand in no recording.
            Item::Input(_) | Item::Page(_) => return None,
        };
        Some(Entry { at: entry.at, item })
    }

    /// Whether something that must not be told stands there all the same.
    fn tells(&self, bytes: &[u8]) -> bool {
        let small = bytes.to_ascii_lowercase();
        self.secrets.iter().any(|secret| small.windows(secret.len()).any(|part| part == secret.as_bytes()))
    }

    fn link(&self, address: &Arc<str>) -> Arc<str> {
        if address.is_empty() || **address == *"embedded" {
            address.clone()
        } else {
            self.scrub.stands_for("link", address).into()
        }
    }

    fn state(&self, state: &LinkState) -> LinkState {
        match state {
            LinkState::Connecting => LinkState::Connecting,
            LinkState::Up { .. } => LinkState::Up { note: "masked".into() },
            // The reason names who was not reached, and how.
            LinkState::Down { cause, retry_at, .. } => {
                LinkState::Down { cause: *cause, reason: cause.word().into(), retry_at: *retry_at }
            }
        }
    }

    fn user(&self, user: &str) -> String {
        if user == ROOT { user.to_owned() } else { self.scrub.stands_for("user", user) }
    }

    fn envelope(&self, envelope: &v1::Envelope) -> Option<v1::Envelope> {
        let payload = Payload::decode(envelope.payload.clone()?).ok()?;
        let kind = match payload.kind? {
            Kind::Described(described) => Kind::Described(self.described(described)),
            Kind::Sample(mut sample) => {
                self.sample(&mut sample);
                Kind::Sample(sample)
            }
            Kind::Rows(mut rows) => {
                self.named(&mut rows.tasks, &mut rows.names);
                Kind::Rows(rows)
            }
            Kind::Census(mut census) => {
                census.unfold();
                self.named(&mut census.tasks, &mut census.names);
                Kind::Census(census)
            }
            Kind::Mark(mark) => Kind::Mark(v1::Mark {
                text: mark.text.map(|text| self.scrub.text(&text)),
                author: mark.author.map(|author| self.user(&author)),
                focus: mark.focus.map(|focus| self.scrub.text(&focus)),
                ..mark
            }),
            Kind::Rollup(mut rollup) => {
                rollup.vms.iter_mut().for_each(|vm| self.scrub_in(&mut vm.name));
                rollup.tasks.iter_mut().for_each(|task| task.name = task.name.take().map(|name| self.name(&name)));
                Kind::Rollup(rollup)
            }
            Kind::Lost(lost) => Kind::Lost(lost),
            Kind::Echo(_) | Kind::Details(_) | Kind::Refused(_) | Kind::Traced(_) | Kind::Inspected(_) => return None,
        };
        let node = envelope.node.as_ref().map(|node| self.scrub.text(node));
        let payload = Payload { kind: Some(kind) }.encode_to_vec();
        Some(v1::Envelope { node, payload: Some(payload.into()), ..envelope.clone() })
    }

    fn described(&self, mut described: v1::Description) -> v1::Description {
        self.scrub_in(&mut described.node);
        described.name.clone_from(&described.node);
        described.boot_id = None;
        for label in &mut described.labels {
            label.value = label.value.take().map(|value| self.scrub.stands_for("value", &value));
        }
        described.user = described.user.take().map(|user| self.user(&user));
        self.scrub_in(&mut described.system);
        described.runtimes.iter_mut().for_each(|runtime| self.runtime(runtime));
        described
    }

    fn runtime(&self, runtime: &mut v1::Runtime) {
        self.scrub_in(&mut runtime.name);
        self.scrub_in(&mut runtime.reason);
    }

    fn sample(&self, sample: &mut v1::Sample) {
        self.named(&mut sample.tasks, &mut sample.names);
        if let Some(node) = &mut sample.node {
            node.runtimes.iter_mut().flat_map(|all| &mut all.runtime).for_each(|runtime| self.runtime(runtime));
            node.sources
                .iter_mut()
                .flat_map(|all| &mut all.source)
                .for_each(|source| self.scrub_in(&mut source.reason));
            let mounts = node.filesystems.iter_mut().flat_map(|all| &mut all.filesystem);
            mounts.for_each(|filesystem| self.scrub_in(&mut filesystem.mount));
        }
        sample.namespaces.iter_mut().for_each(|namespace| self.scrub_in(&mut namespace.unread));
        for shed in sample.cost.iter_mut().flat_map(|cost| &mut cost.shed) {
            *shed = self.scrub.text(shed);
        }
        for vm in &mut sample.vms {
            (vm.links, vm.ports, vm.sockets, vm.crash_dump) = (None, None, None, None);
            for text in [&mut vm.name, &mut vm.monitor_owner, &mut vm.found_by, &mut vm.ended_why] {
                self.scrub_in(text);
            }
            vm.sweep.iter_mut().for_each(|sweep| self.scrub_in(&mut sweep.stuck_at));
        }
    }

    /// Rows and the names that they use: users have names of their own.
    fn named(&self, tasks: &mut [v1::Task], names: &mut Vec<v1::Name>) {
        tasks.iter_mut().for_each(|task| task.user = task.user.map(|id| id | OF_USER));
        let mut more = Vec::new();
        for name in names.iter_mut() {
            let Some(text) = name.text.take() else { continue };
            if self.users.contains(&text) {
                more.push(v1::Name { id: name.id.map(|id| id | OF_USER), text: Some(self.user(&text)) });
            }
            let is_user_only = self.users.contains(&text) && !self.programs.contains(&text);
            name.text = Some(if is_user_only { self.user(&text) } else { self.name(&text) });
        }
        names.extend(more);
    }

    /// A name of anything: of a command the program alone.
    fn name(&self, text: &str) -> String {
        self.scrub.text(text.split(' ').next().unwrap_or_default())
    }

    fn scrub_in(&self, text: &mut Option<String>) {
        *text = text.take().map(|text| self.scrub.text(&text));
    }
}
