//! Incidents: what happens, to whom, and what to look for.
//!
//! Each is a function of the time since its onset that bends what a node shows. Whom it concerns follows from the cluster and
//! the seed of the incident; all others stay as they are.

mod clock;
mod dist;
mod ets;
mod listen;
mod mailbox;
mod rack;
mod release;
mod slow_disk;
mod steal;
mod storm;
mod uneven;

use crate::{
    chance::ramp,
    cluster::{Cluster, Node},
    values::Values,
};

/// After its end all is well again within so many seconds.
pub const FADES_S: f64 = 20.0;

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scenario {
    /// One mailbox grows until memory runs out.
    Mailbox,
    /// A disk is slow, and queues back up behind it.
    SlowDisk,
    /// One scheduler of a VM does not get on with its work, and the others have none.
    Uneven,
    /// A rack is cut off.
    Rack,
    /// The new release leaks binaries.
    Release,
    /// Too many messages in one data centre.
    Storm,
    /// A clock is 7 s off.
    Clock,
    /// A node does not read, and senders elsewhere are suspended.
    Dist,
    /// A listen queue overflows between two looks.
    Listen,
    /// The hypervisor gives CPU to others.
    Steal,
    /// All want one ETS table.
    Ets,
}

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Incident {
    /// What.
    pub scenario: Scenario,
    /// When it begins, seconds after the beginning.
    pub onset_s: f64,
    /// How long it lasts, seconds.
    pub length_s: f64,
    /// Decides whom it concerns.
    pub seed: u64,
}

/// Where an incident stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Seconds since its onset.
    pub since_s: f64,
    /// How much of it is left: 1 as long as it lasts, then falling to 0.
    pub left: f64,
}

impl Moment {
    /// Up from 0 within so many seconds, and down again at the end.
    pub fn rise(self, over_s: f64) -> f64 {
        ramp(self.since_s, over_s) * self.left
    }
}

impl Scenario {
    /// All, in the order in which they are told.
    pub const ALL: [Self; 11] = [
        Self::Mailbox,
        Self::SlowDisk,
        Self::Uneven,
        Self::Rack,
        Self::Release,
        Self::Storm,
        Self::Clock,
        Self::Dist,
        Self::Listen,
        Self::Steal,
        Self::Ets,
    ];

    /// The word by which it is chosen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Mailbox => "mailbox",
            Self::SlowDisk => "slow-disk",
            Self::Uneven => "uneven-scheduler",
            Self::Rack => "rack-off",
            Self::Release => "bad-release",
            Self::Storm => "message-storm",
            Self::Clock => "clock-off",
            Self::Dist => "dist-full",
            Self::Listen => "listen-overflow",
            Self::Steal => "steal",
            Self::Ets => "hot-table",
        }
    }

    /// What happens.
    pub fn what(self) -> &'static str {
        match self {
            Self::Mailbox => "one mailbox of a chat node grows until memory runs out, and the VM is killed",
            Self::SlowDisk => "the disk of a store node is slow, and queues back up behind it",
            Self::Uneven => "one scheduler of a chat VM is held up, and what is queued there waits",
            Self::Rack => "a rack is cut off for a while, and comes back",
            Self::Release => "release 417, on one node in twenty, leaks binaries",
            Self::Storm => "too many messages for the chat nodes of one data centre",
            Self::Clock => "the clock of one node is 7 s ahead",
            Self::Dist => "a node stops reading from its links, and senders elsewhere are suspended",
            Self::Listen => "connections are dropped at a gateway whose listen queue is empty at each look",
            Self::Steal => "the hypervisor under two nodes runs others",
            Self::Ets => "all processes of a presence node want one ETS table",
        }
    }

    /// Where to look, and what leads to the cause.
    pub fn look_for(self) -> &'static str {
        match self {
            Self::Mailbox => {
                "0 then the hottest task: chat_router waits in a call; the memory's time to limit; then its end"
            }
            Self::SlowDisk => {
                "the store node, not the chat nodes that wait for it: its disk's latency, PSI io, store_writer"
            }
            Self::Uneven => "1 on the node: one core full and its run queue long, the others idle; the VM's schedulers",
            Self::Rack => {
                "group by rack: twenty nodes silent at once, all for the same reason; links of others go down"
            }
            Self::Release => {
                "group by version: growth of memory under 417, none under 416; session_cache holds the binaries"
            }
            Self::Storm => {
                "group by dc: rates of one centre are several times those of the others, mailboxes of group_fanout"
            }
            Self::Clock => {
                "a mark on the time line says which clock stepped, and by how much; nothing else is wrong with that node"
            }
            Self::Dist => {
                "many nodes with suspended processes; their busy links all lead to one that works less than usual and leaves its sockets unread"
            }
            Self::Listen => "drops at the listen queue of a gateway, though its depth is 0 and its CPU has room",
            Self::Steal => "1 on two neighbours of one rack: the split by cause says hypervisor",
            Self::Ets => "schedulers full while reductions fall; switches; active functions: ets:insert/2",
        }
    }

    /// The one of this word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scenario| scenario.word() == word)
    }

    /// How long it takes to unfold and to be looked at, seconds.
    pub fn length_s(self) -> f64 {
        match self {
            Self::Mailbox => mailbox::CYCLE_S,
            Self::Rack => rack::OFF_S,
            Self::Release => 420.0,
            Self::SlowDisk
            | Self::Uneven
            | Self::Storm
            | Self::Clock
            | Self::Dist
            | Self::Listen
            | Self::Steal
            | Self::Ets => 180.0,
        }
    }
}

impl Incident {
    /// Where it stands; `None` before its onset and after its end.
    pub fn moment(&self, at_s: f64) -> Option<Moment> {
        let since_s = at_s - self.onset_s;
        let over_s = (since_s - self.length_s).max(0.0);
        (since_s >= 0.0 && over_s < FADES_S).then(|| Moment { since_s, left: 1.0 - over_s / FADES_S })
    }

    /// Bends what a node shows.
    pub fn bend(&self, cluster: &Cluster, node: &Node, moment: Moment, values: &mut Values) {
        let bend = match self.scenario {
            Scenario::Mailbox => mailbox::bend,
            Scenario::SlowDisk => slow_disk::bend,
            Scenario::Uneven => uneven::bend,
            Scenario::Rack => rack::bend,
            Scenario::Release => release::bend,
            Scenario::Storm => storm::bend,
            Scenario::Clock => clock::bend,
            Scenario::Dist => dist::bend,
            Scenario::Listen => listen::bend,
            Scenario::Steal => steal::bend,
            Scenario::Ets => ets::bend,
        };
        bend(&Case { cluster, seed: self.seed, moment }, node, values);
    }

    /// The rack that is cut off by it.
    pub fn cut_off(&self, cluster: &Cluster, moment: Moment) -> Option<usize> {
        let case = Case { cluster, seed: self.seed, moment };
        Some(case).filter(|_| self.scenario == Scenario::Rack).as_ref().and_then(rack::cut_off)
    }

    /// Bends what a node shows after its end: most leave nothing behind.
    pub fn leave(&self, cluster: &Cluster, node: &Node, at_s: f64, values: &mut Values) {
        let moment = Moment { since_s: at_s - self.onset_s, left: 0.0 };
        if self.scenario == Scenario::Mailbox {
            mailbox::leave(&Case { cluster, seed: self.seed, moment }, node, values);
        }
    }
}

/// What a scenario is told beside the node.
struct Case<'a> {
    cluster: &'a Cluster,
    seed: u64,
    moment: Moment,
}
