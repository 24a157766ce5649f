//! What a hub says of all its nodes: rows to nodes, numbers of texts to texts, columns to what is known of each node.

use std::{collections::BTreeSet, sync::Arc};

use midair_proto::v1::{self, FleetValue};
use midair_vitals::{Severities, Severity};

use super::{
    Context, NODES_MAX,
    names::TEXT_MAX,
    task::{queue_kind, unit, value},
};
use crate::event::{Brief, Cause, Described, Fleet, Heard, Hearing, NodeId};

/// Most texts of labels that a hub may have; their numbers are below it.
const TEXTS_MAX: usize = 65_536;

/// How many values are known by name, their own numbers as places.
const N_VALUES: usize = FleetValue::BootedS as usize + 1;

/// Rows must be below this: a hub gives them anew when nodes leave.
const ROWS_MAX: usize = 4 * NODES_MAX;

/// What one hub has said, as far as later batches refer to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Desk {
    rows: Vec<Option<Row>>,
    n_rows: usize,
    texts: Vec<Option<Arc<str>>>,
    /// Number of the last batch; `None` until a key has come, and after one was missed.
    seq: Option<u64>,
    /// The key of which parts are still to come: its stamp, the next part, how many there are.
    key: Option<(u64, u32, u32)>,
    /// Batches that were of no use since the last key.
    n_missed: u64,
}

#[derive(Clone, Debug, PartialEq)]
struct Row {
    node: NodeId,
    values: [Option<i64>; N_VALUES],
}

/// What cannot be meant.
type Nonsense = &'static str;

impl Desk {
    /// The event of a batch; `None` for one of which too much before it is not known.
    pub(super) fn batch(
        &mut self,
        context: &Context,
        (seq, is_key): (Option<u64>, bool),
        sent: v1::Fleet,
    ) -> Result<Option<Fleet>, Nonsense> {
        let Some(mut fleet) = self.place(seq, is_key, &sent)? else { return Ok(None) };
        fleet.address = context.address.clone();
        let taken = self.take(context, sent, &mut fleet);
        if taken.is_err() {
            // What follows refers to what was not understood.
            *self = Self::default();
        }
        taken.map(|()| Some(fleet))
    }

    /// Whether the batch follows on what is known.
    fn place(&mut self, seq: Option<u64>, is_key: bool, sent: &v1::Fleet) -> Result<Option<Fleet>, Nonsense> {
        let seq = seq.ok_or("a batch without a number")?;
        let n_before = self.seq.map_or(0, |last| seq.saturating_sub(last.saturating_add(1)));
        let n_missed = self.n_missed.saturating_add(n_before);
        let waits = |n_missed| Self { n_missed, ..Self::default() };
        let mut fleet = Fleet::default();
        if is_key {
            let (stamp, part, n_parts) =
                (sent.mono_us.unwrap_or(0), sent.part.unwrap_or(0), sent.n_parts.unwrap_or(1).max(1));
            if part == 0 {
                *self = Self::default();
            } else if self.key != Some((stamp, part, n_parts)) {
                *self = waits(n_missed);
                return Ok(None);
            }
            (fleet.begins, fleet.ends) = (part == 0, part + 1 >= n_parts);
            fleet.n_missed = if fleet.begins { n_missed } else { 0 };
            self.key = (!fleet.ends).then_some((stamp, part.saturating_add(1), n_parts));
        } else if self.seq.is_none() || self.key.is_some() || n_before > 0 {
            // Before the first key nothing was missed that anybody waited for.
            *self = waits(n_missed.saturating_add(u64::from(self.seq.is_some() || self.n_missed > 0)));
            return Ok(None);
        }
        self.seq = Some(seq);
        Ok(Some(fleet))
    }

    fn take(&mut self, context: &Context, sent: v1::Fleet, fleet: &mut Fleet) -> Result<(), Nonsense> {
        for row in sent.left {
            if let Some(gone) = self.rows.get_mut(row as usize).and_then(Option::take) {
                self.n_rows -= 1;
                fleet.left.push(gone.node);
            }
        }
        for node in sent.nodes {
            fleet.nodes.push(self.node(context, node)?);
        }
        for presence in sent.presences {
            fleet.heard.extend(self.heard(presence)?);
        }
        let mut touched = BTreeSet::new();
        for column in &sent.columns {
            self.column(column, &mut touched)?;
        }
        let brief = |row: usize| self.rows.get(row)?.as_ref().map(|row| (row.node.clone(), brief(&row.values)));
        fleet.briefs = touched.into_iter().filter_map(brief).collect();
        if let Some(hot) = sent.hot {
            let rows = rows(&hot.gaps)?;
            fleet.hot = Some(rows.into_iter().filter_map(|row| Some(self.row(row)?.node.clone())).collect());
        }
        Ok(())
    }

    fn row(&mut self, row: usize) -> Option<&mut Row> {
        self.rows.get_mut(row)?.as_mut()
    }

    fn node(&mut self, context: &Context, sent: v1::FleetNode) -> Result<Described, Nonsense> {
        let number = sent.row.ok_or("a node without a row")? as usize;
        let id = sent.node.filter(|id| !id.is_empty() && id.len() <= TEXT_MAX).ok_or("a row of no node")?;
        for (n, text) in (sent.first_text.unwrap_or(0) as usize..).zip(sent.texts) {
            if n >= TEXTS_MAX || text.len() > TEXT_MAX {
                return Err("more or longer texts than the contract allows");
            }
            if self.texts.len() <= n {
                self.texts.resize(n + 1, None);
            }
            self.texts[n] = Some(text.into());
        }
        if number >= ROWS_MAX {
            return Err("a row beyond any number of nodes");
        }
        if self.rows.len() <= number {
            self.rows.resize(number + 1, None);
        }
        let node = NodeId::new(&id);
        match &mut self.rows[number] {
            Some(row) if row.node == node => {}
            place => {
                self.n_rows += usize::from(place.is_none());
                *place = Some(Row { node: node.clone(), values: [None; N_VALUES] });
            }
        }
        if self.n_rows > NODES_MAX {
            return Err("more nodes than this dashboard keeps");
        }
        let text = |number: &u32| self.texts.get(*number as usize).cloned().flatten();
        let label = |pair: &[u32]| Some((text(pair.first()?)?, text(pair.get(1)?)?));
        let labels = sent.labels.chunks(2).filter_map(label).collect();
        Ok(Described {
            address: sent.address.map_or_else(|| context.address.clone(), Into::into),
            name: sent.name.filter(|name| !name.is_empty()).map_or_else(|| node.0.clone(), Into::into),
            node,
            program: sent.program.unwrap_or_default().into(),
            epoch: sent.epoch.unwrap_or(0),
            labels,
            n_cpus: sent.n_cpus,
            mem_total_bytes: value(sent.mem_total_bytes),
            system: None,
            user: None,
            interval_ms: None,
            runtimes: Vec::new(),
            is_insecure: sent.insecure.unwrap_or(false),
            // Where it does not, the hub does for ten minutes.
            keeps_history: true,
            is_demo: sent.demo.unwrap_or(false),
            is_hub: false,
        })
    }

    fn heard(&mut self, sent: v1::FleetPresence) -> Result<Option<Heard>, Nonsense> {
        let hearing = match sent.hearing() {
            // What a newer hub knows of hearing.
            v1::Hearing::Unspecified => return Ok(None),
            v1::Hearing::Awaited => Hearing::Awaited,
            v1::Hearing::Live => Hearing::Live,
            v1::Hearing::Late => Hearing::Late,
            v1::Hearing::Silent => Hearing::Silent,
        };
        let number = sent.row.ok_or("a presence without a row")? as usize;
        let row = self.row(number).ok_or("a presence of no node")?;
        Ok(Some(Heard {
            node: row.node.clone(),
            hearing,
            since_us: value(sent.since_us),
            cause: sent.cause.as_deref().and_then(Cause::from_word),
            reason: sent.reason.unwrap_or_default().into(),
            clock: sent.offset_us.map(|offset_us| (offset_us, sent.uncertainty_us.unwrap_or(0))),
            n_lost: value(sent.n_lost),
        }))
    }

    fn column(&mut self, column: &v1::FleetColumn, touched: &mut BTreeSet<usize>) -> Result<(), Nonsense> {
        let place = match column.value() {
            // A column of a newer hub.
            FleetValue::Unspecified => return Ok(()),
            known => known as usize,
        };
        if column.gaps.len() != column.values.len() {
            return Err("a column with more or fewer values than rows");
        }
        let known = rows(&column.gaps)?.into_iter().zip(column.values.iter().copied().map(Some));
        let unknown = rows(&column.unknown_gaps)?.into_iter().map(|row| (row, None));
        for (number, value) in known.chain(unknown) {
            let row = self.row(number).ok_or("a value of no node")?;
            row.values[place] = value;
            touched.insert(number);
        }
        Ok(())
    }
}

/// Rows in rising order, each sent as a difference to the one before.
fn rows(gaps: &[u32]) -> Result<Vec<usize>, Nonsense> {
    let mut row = 0_usize;
    let add = |gap: &u32| {
        row = row.checked_add(*gap as usize).filter(|row| *row < ROWS_MAX)?;
        Some(row)
    };
    gaps.iter().map(add).collect::<Option<_>>().ok_or("a row beyond any number of nodes")
}

fn brief(values: &[Option<i64>; N_VALUES]) -> Brief {
    let number = |of: FleetValue| values[of as usize].map(|n| n as f64);
    let count = |of: FleetValue| values[of as usize].and_then(|n| value(u64::try_from(n).ok()));
    let named = |of: FleetValue| values[of as usize].and_then(|n| i32::try_from(n).ok());
    let severity = |of: FleetValue| count(of).map(|n| Severity::from_per_mille(n.min(1000) as u32));
    Brief {
        severities: Severities {
            sched: severity(FleetValue::Sched),
            mem: severity(FleetValue::Mem),
            queue: severity(FleetValue::Queue),
            rate: severity(FleetValue::Rate),
        },
        cpu: number(FleetValue::CpuMilli).map(|milli| milli / 1000.0),
        delay: number(FleetValue::DelayMs).map(|ms| ms / 1000.0),
        mem_growth: number(FleetValue::MemGrowth),
        mem_used_bytes: count(FleetValue::MemUsedKib).and_then(|kib| kib.checked_mul(1024)),
        tcp_in: number(FleetValue::TcpIn),
        tcp_out: number(FleetValue::TcpOut),
        n_drops: count(FleetValue::Drops),
        queue_depth: count(FleetValue::QueueDepth),
        queue_is: named(FleetValue::QueueUnit).and_then(unit).zip(named(FleetValue::QueueKind).and_then(queue_kind)),
        booted_s: count(FleetValue::BootedS),
    }
}

#[cfg(test)]
pub(crate) mod script;
#[cfg(test)]
mod tests;
