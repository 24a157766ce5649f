//! A recording without who and where: what is masked in each thing that an agent says, and what is left out.
//!
//! Envelopes are decoded for it, and encoded anew from what this build knows: what it does not know never passes.

#[cfg(test)]
mod fields;
pub(super) mod fleet;
mod mark;
pub(super) mod names;
mod place;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

use midair_proto::v1::{self, Payload, RecordedMark, RecordingHeader, payload::Kind};
use midair_recording::Body;
use prost::Message as _;

use self::names::{Use, Uses};
use super::{part::Roster, scrub::Scrub};
use crate::{
    entry::{Entry, Item},
    event::{self, Gap, Link, LinkState, NodeId},
    wire::PART_ROWS_MAX,
};

/// What the header of a masked recording says.
const MASKED: [&str; 6] = [
    "arguments of commands, values of labels, users, addresses, names of nodes and hosts: each stands for one of them",
    "ids of containers and pods, users and instances in cgroups, cgroups that follow no custom",
    "paths of sockets, mounts and crash dumps, home folders, labels of Erlang processes; places of marks that are not plain",
    "left out: answers to close looks, what was typed and looked at",
    "notes of marks are kept, but for users, addresses, names of nodes and hosts, cgroups, values of labels",
    "who put a mark there",
];
/// What everybody has.
const ROOT: &str = "root";
/// Who puts marks by rule.
const AGENT: &str = "midair-agent";

/// Masks.
#[derive(Debug)]
pub(super) struct Mask {
    scrub: Scrub,
    uses: Uses,
    /// What each node is called, by id, and by the names that are not the id of another.
    nodes: BTreeMap<String, String>,
    /// Keys of labels, and values.
    keys: BTreeSet<String>,
    values: BTreeSet<String>,
}

impl Mask {
    /// For those who are in a recording: nodes are called node-1 and so on, in the order of their ids.
    pub(super) fn new(roster: Roster) -> Self {
        let mut known = Vec::new();
        let mut nodes = BTreeMap::new();
        for (n, (id, names)) in roster.names.iter().enumerate() {
            let instead = format!("node-{}", n + 1);
            let all = || names.iter().chain([id]);
            known.extend(all().map(|name| (name.clone(), instead.clone())));
            known.extend(all().filter_map(|name| short(name)).map(|short| (short.to_owned(), instead.clone())));
            for name in names.iter().filter(|name| !roster.names.contains_key(*name)) {
                nodes.insert(name.clone(), instead.clone());
            }
            nodes.insert(id.clone(), instead);
        }
        for (link, ids) in roster.links.iter().filter(|(link, _)| event::behind(link).is_none()) {
            let host = link.rsplit_once(':').map_or(&**link, |(host, _)| host);
            let is_name = host.parse::<IpAddr>().is_err() && !host.starts_with('[') && &**link != "embedded";
            let first = ids.first().and_then(|id| roster.names.keys().position(|known| known == id));
            if let Some(n) = first.filter(|_| is_name && !link.starts_with("unix:")) {
                let of_host = [Some(host), short(host)].into_iter().flatten();
                known.extend(of_host.map(|host| (host.to_owned(), format!("node-{}", n + 1))));
            }
        }
        let mut scrub = Scrub::default();
        // A user may be called as a program is, and one that has no name is a number: these stand in texts for themselves.
        let programs: BTreeSet<&str> = roster.uses.of(Use::Task).map(String::as_str).collect();
        let is_word = |user: &&String| *user != ROOT && *user != AGENT && user.contains(char::is_alphabetic);
        let users: BTreeSet<&String> = roster.uses.of(Use::User).chain(&roster.users).filter(is_word).collect();
        for user in users.into_iter().filter(|user| !programs.contains(user.as_str())) {
            let instead = scrub.stands_for("user", user);
            let name = user.split('@').next().filter(|name| *name != ROOT && !programs.contains(name));
            known.extend(name.map(|name| (name.to_owned(), instead.clone())));
            known.push((user.clone(), instead));
        }
        let of_notes = roster.labels.iter().filter(|value| value.len() > 1);
        let of_notes = of_notes.map(|value| (value.clone(), scrub.stands_for("value", value))).collect();
        scrub.know(known, of_notes);
        Self { scrub, uses: roster.uses, nodes, keys: roster.keys, values: roster.labels }
    }

    /// Who recorded, masked.
    pub(super) fn header(&self, header: RecordingHeader) -> RecordingHeader {
        let mut masked = header.masked;
        masked.extend(MASKED.map(str::to_owned));
        RecordingHeader {
            author: header.author.map(|author| self.user(&author)),
            why: header.why.map(|why| self.note(&why)),
            nodes: Vec::new(),
            masked,
            ..header
        }
    }

    /// An entry, masked; `None` where it is left out.
    pub(super) fn entry(&self, entry: &Entry) -> Option<Entry> {
        let item = match &entry.item {
            Item::Envelope(link, envelope) => Item::Envelope(self.link(link), Arc::new(self.envelope(envelope)?)),
            Item::Link(link) => Item::Link(Link { address: self.link(&link.address), state: self.state(&link.state) }),
            Item::Clock(address, offset_us, uncertainty_us, is_step) => {
                Item::Clock(self.link(address), *offset_us, *uncertainty_us, *is_step)
            }
            Item::Gap(gap) => Item::Gap(Gap {
                node: gap.node.as_ref().map(|node| NodeId::new(&self.node(&node.0))),
                why: self.scrub.text(&gap.why).into(),
                ..gap.clone()
            }),
            Item::Tick => Item::Tick,
            Item::Reset => Item::Reset,
            // What was typed may say anything.
            // Pages are answers to a person, and stand in no recording.
            Item::Input(_) | Item::Page(_) | Item::Notice(_) => return None,
        };
        Some(Entry { at: entry.at, item })
    }

    /// What is for no screen, masked; `None` where it is left out.
    pub(super) fn body(&self, body: &Body) -> Option<Body> {
        let Body::Mark(RecordedMark { at_us, node, mark }) = body else { return None };
        Some(Body::Mark(RecordedMark {
            at_us: *at_us,
            node: node.as_ref().map(|node| self.node(node)),
            mark: mark.clone().map(|mark| self.mark(mark)),
        }))
    }

    fn link(&self, address: &Arc<str>) -> Arc<str> {
        if let Some((hub, node)) = event::behind(address) {
            return event::through(&self.link(&hub.into()), &NodeId::new(&self.node(&node.0)));
        }
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
            LinkState::Left { .. } => LinkState::Left { reason: "masked".into() },
        }
    }

    /// A node by its id.
    fn node(&self, id: &str) -> String {
        self.nodes.get(id).cloned().unwrap_or_else(|| self.scrub.stands_for("other", id))
    }

    fn user(&self, user: &str) -> String {
        if user == ROOT { user.to_owned() } else { self.scrub.stands_for("user", user) }
    }

    fn envelope(&self, envelope: &v1::Envelope) -> Option<v1::Envelope> {
        let mut kind = envelope.kind()?;
        if let Kind::Census(census) = &mut kind {
            if census.n_rows() > PART_ROWS_MAX {
                return None;
            }
            // Rows by column refer to names as well.
            census.unfold();
        }
        names::renumber(&mut kind);
        let kind = match kind {
            Kind::Described(described) => Kind::Described(self.described(described)),
            Kind::Sample(mut sample) => {
                sample.names = self.names(sample.names);
                self.sample(&mut sample);
                Kind::Sample(sample)
            }
            Kind::Rows(rows) => Kind::Rows(v1::Rows { names: self.names(rows.names), ..rows }),
            Kind::Census(census) => Kind::Census(v1::Census { names: self.names(census.names), ..census }),
            Kind::Mark(mark) => Kind::Mark(self.mark(mark)),
            Kind::Rollup(mut rollup) => {
                rollup.vms.iter_mut().for_each(|vm| self.scrub_in(&mut vm.name));
                for task in &mut rollup.tasks {
                    let is_of_kernel = task.task.as_ref().and_then(|id| id.runtime).unwrap_or(0) == 0;
                    let of = if is_of_kernel { Use::Task } else { Use::Process };
                    task.name = task.name.take().map(|name| self.name(of, &name));
                }
                Kind::Rollup(rollup)
            }
            Kind::Lost(lost) => Kind::Lost(lost),
            Kind::Fleet(fleet) => Kind::Fleet(self.fleet(fleet)),
            Kind::Echo(_) | Kind::Details(_) | Kind::Refused(_) | Kind::Traced(_) | Kind::Inspected(_) => return None,
        };
        let node = envelope.node.as_ref().map(|node| self.node(node));
        let payload = Payload { kind: Some(kind) }.encode_to_vec();
        Some(v1::Envelope { node, payload: Some(payload.into()), ..envelope.clone() })
    }

    fn described(&self, mut described: v1::Description) -> v1::Description {
        described.node = described.node.take().map(|node| self.node(&node));
        described.name.clone_from(&described.node);
        described.boot_id = None;
        described.capabilities.iter_mut().for_each(|can| *can = self.scrub.text(can));
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
        if let Some(node) = &mut sample.node {
            node.runtimes.iter_mut().flat_map(|all| &mut all.runtime).for_each(|runtime| self.runtime(runtime));
            node.sources
                .iter_mut()
                .flat_map(|all| &mut all.source)
                .for_each(|source| self.scrub_in(&mut source.reason));
            for filesystem in node.filesystems.iter_mut().flat_map(|all| &mut all.filesystem) {
                filesystem.mount = filesystem.mount.take().map(|mount| place::mount(&self.scrub, &mount));
            }
        }
        sample.namespaces.iter_mut().for_each(|namespace| self.scrub_in(&mut namespace.unread));
        for shed in sample.cost.iter_mut().flat_map(|cost| &mut cost.shed) {
            *shed = self.scrub.text(shed);
        }
        sample.vms.iter_mut().for_each(|vm| self.vm(vm));
    }

    fn vm(&self, vm: &mut v1::Vm) {
        for text in [&mut vm.name, &mut vm.monitor_owner, &mut vm.found_by, &mut vm.ended_why] {
            self.scrub_in(text);
        }
        vm.sweep.iter_mut().for_each(|sweep| self.scrub_in(&mut sweep.stuck_at));
        for link in vm.links.iter_mut().flat_map(|links| &mut links.link) {
            self.scrub_in(&mut link.peer);
            self.scrub_in(&mut link.address);
        }
        if let Some(ports) = &mut vm.ports {
            self.scrub_in(&mut ports.partial);
            for port in &mut ports.port {
                // Of an external program it is the whole command.
                port.name = port.name.take().map(|name| self.name(Use::Command, &name));
                self.scrub_in(&mut port.address);
                self.pid(&mut port.owner);
            }
        }
        if let Some(sockets) = &mut vm.sockets {
            self.scrub_in(&mut sockets.partial);
            for socket in &mut sockets.socket {
                self.scrub_in(&mut socket.address);
                self.pid(&mut socket.owner);
            }
        }
        if let Some(tables) = &mut vm.tables {
            self.scrub_in(&mut tables.partial);
            for table in &mut tables.table {
                self.scrub_in(&mut table.name);
                self.pid(&mut table.owner);
            }
        }
        for function in vm.active_functions.iter_mut().flat_map(|all| &mut all.function) {
            self.scrub_in(&mut function.function);
        }
        if let Some(path) = vm.crash_dump.as_mut().and_then(|dump| dump.path.as_mut()) {
            *path = self.scrub.stands_for("path", path);
        }
    }

    fn pid(&self, pid: &mut Option<v1::ErlangPid>) {
        let Some(pid) = pid else { return };
        pid.name = pid.name.take().map(|name| self.name(Use::Process, &name));
        self.scrub_in(&mut pid.node);
    }

    fn names(&self, names: Vec<v1::Name>) -> Vec<v1::Name> {
        self.uses.masked(names, |of, text| self.name(of, text))
    }

    fn name(&self, of: Use, text: &str) -> String {
        match of {
            Use::Task => self.scrub.text(text),
            Use::Process => place::process(&self.scrub, text),
            // The program alone.
            Use::Command => self.scrub.text(text.split(' ').next().unwrap_or_default()),
            Use::User => self.user(text),
            Use::Group => place::group(&self.scrub, text),
            Use::Queue => place::queue(&self.scrub, text),
        }
    }

    fn scrub_in(&self, text: &mut Option<String>) {
        *text = text.take().map(|text| self.scrub.text(&text));
    }
}

/// The name of a host without its domain, where it has one.
fn short(name: &str) -> Option<&str> {
    let (short, _) = name.split_once('.').filter(|_| name.parse::<IpAddr>().is_err())?;
    (short.len() > 1 && short.contains(char::is_alphabetic)).then_some(short)
}

#[cfg(test)]
mod tests;
