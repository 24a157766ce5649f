//! Who is there: data centres, racks, nodes with roles and versions, all out of a seed.

use std::{net::Ipv4Addr, sync::Arc};

use crate::chance;

/// Nodes in a rack, where there are many.
const RACK: usize = 20;

/// Nodes in a rack, where there are few: else there would be but one.
const SMALL_RACK: usize = 4;

/// Racks in a data centre at most; the last one has what is left. Where there are few racks they stand in three centres.
const RACKS: usize = 10;

/// Data centres.
const CENTRES: [&str; 6] = ["fra1", "ams2", "dub1", "iad3", "sjc1", "sin2"];

/// The release that runs, and the one that is tried on one node in twenty.
pub const RELEASES: [&str; 2] = ["416", "417"];

/// The n-th node of a rack has this role.
const ROLES: [Role; RACK] = {
    use Role::{Chat, Db, Gateway, Presence, Store};
    [
        Chat, Gateway, Presence, Store, Chat, Chat, Gateway, Db, Chat, Chat, Presence, Chat, Gateway, Chat, Store,
        Chat, Chat, Presence, Gateway, Chat,
    ]
};

/// What a node is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Routes messages.
    Chat,
    /// Knows who is online.
    Presence,
    /// Holds the connections of users.
    Gateway,
    /// Keeps messages.
    Store,
    /// The database behind it.
    Db,
}

/// A node.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its place in the cluster, from 0.
    pub number: usize,
    /// Its name: "chat-0412".
    pub name: Arc<str>,
    /// What it is for.
    pub role: Role,
    /// Its rack, counted over the whole cluster from 0.
    pub rack: usize,
    /// Its data centre, and its rack there, from 0.
    pub place: (usize, usize),
    /// Whether the new release runs on it.
    pub is_canary: bool,
    /// CPUs.
    pub n_cpus: u32,
    /// Memory, bytes.
    pub mem_bytes: u64,
    /// Chance that is its own.
    pub seed: u64,
}

/// All of them.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Where all chance comes from.
    pub seed: u64,
    /// In order of their numbers.
    pub nodes: Vec<Node>,
    /// Numbers of the nodes of each role, in the order of [`Role`].
    by_role: [Vec<usize>; 5],
    rack: usize,
}

impl Role {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Presence => "presence",
            Self::Gateway => "gateway",
            Self::Store => "store",
            Self::Db => "db",
        }
    }

    /// CPUs, and memory in GiB.
    fn size(self) -> (u32, u64) {
        match self {
            Self::Chat => (16, 64),
            Self::Presence => (16, 32),
            Self::Gateway => (8, 16),
            Self::Store | Self::Db => (16, 128),
        }
    }
}

impl Node {
    /// Its address on this host.
    pub fn address(&self) -> Ipv4Addr {
        address(self.number)
    }

    /// Its data centre.
    pub fn centre(&self) -> &'static str {
        CENTRES[self.place.0 % CENTRES.len()]
    }

    /// The release that runs on it.
    pub fn release(&self) -> &'static str {
        RELEASES[usize::from(self.is_canary)]
    }

    /// What people group nodes by.
    pub fn labels(&self) -> Vec<(String, String)> {
        let centre = self.centre();
        // Where there are more centres than names, one name stands for several.
        let rack = format!("{centre}/r{:02}", self.place.0 / CENTRES.len() * RACKS + self.place.1 + 1);
        let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        vec![
            label("role", self.role.word()),
            label("dc", centre),
            label("rack", &rack),
            label("version", self.release()),
        ]
    }
}

impl Cluster {
    /// So many nodes.
    pub fn new(seed: u64, n_nodes: usize) -> Self {
        let rack = if n_nodes >= 3 * RACK { RACK } else { SMALL_RACK };
        let in_centre = n_nodes.div_ceil(rack).div_ceil(3).clamp(1, RACKS);
        let nodes = (0..n_nodes).map(|number| {
            let role = ROLES[number % RACK];
            let (n_cpus, gib) = role.size();
            Node {
                number,
                name: format!("{}-{number:04}", role.word()).into(),
                role,
                rack: number / rack,
                place: (number / rack / in_centre, number / rack % in_centre),
                // One in twenty, and one at least of a handful.
                is_canary: number % RACK == 8 || (n_nodes <= 8 && number == 0),
                n_cpus,
                mem_bytes: gib << 30,
                seed: chance::mix(seed, [number as u64, 1]),
            }
        });
        let (nodes, mut by_role): (Vec<Node>, [Vec<usize>; 5]) = (nodes.collect(), Default::default());
        for node in &nodes {
            by_role[node.role as usize].push(node.number);
        }
        Self { seed, nodes, by_role, rack }
    }

    /// How many racks there are.
    pub fn n_racks(&self) -> usize {
        self.nodes.len().div_ceil(self.rack)
    }

    /// One node of a role that belongs to a seed; of none that role, any.
    pub fn pick(&self, role: Role, seed: u64) -> Option<&Node> {
        let of_role = &self.by_role[role as usize];
        let n = if of_role.is_empty() { self.nodes.len() } else { of_role.len() };
        let place = chance::one_of(seed, [0, 2], n);
        self.nodes.get(of_role.get(place).copied().unwrap_or(place))
    }

    /// The nodes to which a node keeps links of the Erlang distribution: those around it, and some far ones.
    pub fn peers(&self, node: &Node) -> impl Iterator<Item = &Node> {
        let n = self.nodes.len();
        let steps = [1, 2, 3, 5, n.saturating_sub(1), n.saturating_sub(2), n / 2, n / 3];
        let mut last: Vec<usize> = steps.iter().map(|step| (node.number + step) % n.max(1)).collect();
        last.sort_unstable();
        last.dedup();
        last.retain(|number| *number != node.number);
        last.into_iter().filter_map(|number| self.nodes.get(number))
    }
}

/// Every node listens on an address of its own: 127.64.0.1 and up, 250 to a last part.
pub fn address(number: usize) -> Ipv4Addr {
    let (high, low) = (number / 250, number % 250 + 1);
    let part = |n: usize| u8::try_from(n % 256).expect("the rest of 256 is a byte");
    Ipv4Addr::new(127, 64 + part(high / 250) % 64, part(high % 250), part(low))
}

#[cfg(test)]
mod tests;
