//! One sum per kind and unit over all queues of the node.

use midair_vitals::{Queue, QueueKind, Unit};

use crate::kernel::queues::object::{Level, Object};

/// The sums of this tick.
#[derive(Debug)]
pub(super) struct Sums {
    rows: Vec<Row>,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    kind: QueueKind,
    unit: Unit,
    depth: u64,
    /// Dropped since the first tick, by those that have closed too; `None` where the kernel counts no drops.
    drops: Option<u64>,
    /// What waits in those that nobody keeps: the sum of the last round, and that of this one.
    loose: u64,
    coming: u64,
}

impl Default for Sums {
    /// What every host has is summed up though there is none; the other kinds are as soon as one of them was read.
    fn default() -> Self {
        let rows = [
            (QueueKind::Listen, Unit::Connections, Some(0)),
            (QueueKind::TcpReceive, Unit::Bytes, None),
            (QueueKind::TcpSend, Unit::Bytes, None),
            (QueueKind::UdpReceive, Unit::Bytes, Some(0)),
        ];
        let row = |(kind, unit, drops)| Row { kind, unit, depth: 0, drops, loose: 0, coming: 0 };
        Self { rows: rows.map(row).to_vec() }
    }
}

impl Sums {
    /// Begins the sums of a tick.
    pub(super) fn begin(&mut self) {
        self.rows.iter_mut().for_each(|row| row.depth = row.loose);
    }

    /// Adds a queue.
    pub(super) fn add(&mut self, kind: QueueKind, level: Level) {
        if let Some(depth) = level.depth {
            self.row(kind, level.unit).depth += depth;
        }
    }

    /// Adds an object that is not kept, for as long as a round.
    pub(super) fn add_loose(&mut self, object: &Object) {
        for (kind, level) in object.levels() {
            if let Some(depth) = level.depth {
                self.row(kind, level.unit).coming += depth;
            }
        }
    }

    /// A round is over.
    pub(super) fn end_round(&mut self) {
        self.rows.iter_mut().for_each(|row| row.loose = std::mem::take(&mut row.coming));
    }

    /// Adds drops to all rows of a kind that count them.
    pub(super) fn add_drops(&mut self, kind: QueueKind, n: u64) {
        let row = self.rows.iter_mut().find(|row| row.kind == kind);
        if let Some(drops) = row.and_then(|row| row.drops.as_mut()) {
            *drops += n;
        }
    }

    /// The sums as queues without a number.
    pub(super) fn queues(&self) -> Vec<Queue> {
        let queue =
            |row: &Row| Queue { depth: Some(row.depth), drops: row.drops, ..Queue::unknown(row.kind, row.unit) };
        self.rows.iter().map(queue).collect()
    }

    fn row(&mut self, kind: QueueKind, unit: Unit) -> &mut Row {
        let at = self.rows.iter().position(|row| row.kind == kind && row.unit == unit).unwrap_or_else(|| {
            self.rows.push(Row { kind, unit, depth: 0, drops: None, loose: 0, coming: 0 });
            self.rows.len() - 1
        });
        &mut self.rows[at]
    }
}
