//! The few values of a node that screens of many nodes show, wherever they are known from.

use midair_vitals::{QueueKind, Severities, Unit};

use super::Node;
use crate::event::{Brief, LinkState, Stamp};

/// What is known of a node at a glance: from its newest sample where it is heard itself, else from what a hub told.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Glance {
    /// When it arrived.
    pub at: Stamp,
    /// The four severities.
    pub severities: Severities,
    /// CPUs in use.
    pub cpu: Option<f64>,
    /// Run delay, seconds per second.
    pub delay: Option<f64>,
    /// Growth of the memory in use, bytes per second.
    pub mem_growth: Option<f64>,
    /// Memory in use, bytes.
    pub mem_used_bytes: Option<u64>,
    /// TCP segments received per second.
    pub tcp_in: Option<f64>,
    /// TCP segments sent per second.
    pub tcp_out: Option<f64>,
    /// What moves in all, segments and datagrams per second.
    pub moved: Option<f64>,
    /// What was dropped since the sample before.
    pub n_drops: Option<u64>,
    /// The worst queue.
    pub queue: Option<WorstQueue>,
    /// Growth of what waits in queues of its kind, per second.
    pub queue_growth: Option<f64>,
    /// How long the host is up, microseconds.
    pub up_us: Option<u64>,
}

/// The worst queue of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorstQueue {
    /// What waits in it.
    pub depth: Option<u64>,
    /// In which unit.
    pub unit: Unit,
    /// What it is.
    pub kind: QueueKind,
}

impl Node {
    /// Whether samples of its own come, or would come if it had some: it is watched directly, or followed through a hub.
    pub fn is_heard_itself(&self) -> bool {
        !self.is_by_hub || matches!(self.link, LinkState::Up { .. }) && self.latest.is_some()
    }

    /// What is known of it at a glance; `None` where nothing is.
    pub fn glance(&self) -> Option<Glance> {
        match (&self.latest, &self.brief) {
            (Some(_), _) if self.is_heard_itself() => self.of_sample(),
            (_, Some((at, brief))) => Some(self.of_brief(*at, brief)),
            (Some(_), None) => self.of_sample(),
            (None, None) => None,
        }
    }

    /// The four severities at a glance.
    pub fn severities(&self) -> Option<Severities> {
        match (&self.latest, &self.brief) {
            (Some(latest), _) if self.is_heard_itself() => Some(latest.vitals.severities),
            (_, Some((_, brief))) => Some(brief.severities),
            (Some(latest), None) => Some(latest.vitals.severities),
            (None, None) => None,
        }
    }

    fn of_sample(&self) -> Option<Glance> {
        let latest = self.latest.as_ref()?;
        let vitals = &latest.vitals;
        let worst = latest.reading.worst_queue.as_ref().map(|worst| &worst.queue);
        Some(Glance {
            at: latest.at,
            severities: vitals.severities,
            cpu: vitals.cpu,
            delay: vitals.delay,
            mem_growth: latest.mem_growth,
            mem_used_bytes: vitals.mem_used_bytes,
            tcp_in: vitals.tcp_in,
            tcp_out: vitals.tcp_out,
            moved: vitals.moved(),
            n_drops: self.n_drops(),
            queue: worst.map(|queue| WorstQueue { depth: queue.depth, unit: queue.unit, kind: queue.kind }),
            queue_growth: self.queue_growth(),
            up_us: latest.reading.up_us,
        })
    }

    fn of_brief(&self, at: Stamp, brief: &Brief) -> Glance {
        let moved = [brief.tcp_in, brief.tcp_out].into_iter().flatten().reduce(|a, b| a + b);
        Glance {
            at,
            severities: brief.severities,
            cpu: brief.cpu,
            delay: brief.delay,
            mem_growth: brief.mem_growth,
            mem_used_bytes: brief.mem_used_bytes,
            tcp_in: brief.tcp_in,
            tcp_out: brief.tcp_out,
            moved,
            n_drops: brief.n_drops,
            queue: brief.queue_is.map(|(unit, kind)| WorstQueue { depth: brief.queue_depth, unit, kind }),
            queue_growth: None,
            up_us: brief.booted_s.map(|booted_s| at.since_us(self.on_ours(booted_s.saturating_mul(1_000_000)))),
        }
    }

    fn on_ours(&self, wall_us: u64) -> Stamp {
        self.clock.map_or(Stamp(wall_us), |clock| clock.to_cluster(wall_us))
    }
}
