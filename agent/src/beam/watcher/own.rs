//! What we hold in a VM, and what looks have taken there.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use midair_beam::{
    CallError, Connection, Pid,
    watch::{
        TableReading,
        own::{Held, held},
    },
};

use super::pids::number;

/// For each of two questions.
const WITHIN: Duration = Duration::from_secs(3);

/// Our helpers on one VM, as they were seen last.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// Reductions of the looks that are, by the numbers of their helpers.
    looks: BTreeMap<u64, u64>,
    /// Reductions of all looks since the last booking.
    new_reductions: u64,
    /// Reductions of the helper of the node.
    node_reductions: u64,
    /// All of ours.
    ours: BTreeSet<u64>,
    /// Memory of the processes, bytes.
    processes_bytes: Option<u64>,
    /// Memory of their tables, as far as these are among the largest, bytes.
    tables_bytes: u64,
}

impl Own {
    /// Asks what these hold, that of the node first, and whoever works for them.
    pub(super) async fn read(&mut self, on: &Connection, helpers: &[Pid], looks: &[Pid]) -> Result<(), CallError> {
        let asked = [helpers, looks].concat();
        let first = held(on, &asked, WITHIN).await?;
        let known: BTreeSet<u64> = asked.iter().map(number).collect();
        let mut workers: Vec<Pid> = Vec::new();
        for pid in first.iter().flatten().flat_map(|held| &held.links) {
            if !known.contains(&number(pid)) && !workers.contains(pid) {
                workers.push(pid.clone());
            }
        }
        let second = if workers.is_empty() { Vec::new() } else { held(on, &workers, WITHIN).await? };
        self.ours = known.into_iter().chain(workers.iter().map(number)).collect();
        let bytes = first.iter().chain(&second).flatten().filter_map(|held| held.memory_bytes);
        self.processes_bytes = bytes.reduce(u64::saturating_add);
        let node = first.first().and_then(|held| held.as_ref()?.reductions);
        self.node_reductions = node.unwrap_or(self.node_reductions);
        self.take_looks(looks, first.get(helpers.len()..).unwrap_or_default());
        Ok(())
    }

    fn take_looks(&mut self, looks: &[Pid], held: &[Option<Held>]) {
        let mut now = BTreeMap::new();
        for (pid, held) in looks.iter().zip(held) {
            let Some(n) = held.as_ref().and_then(|held| held.reductions) else { continue };
            let before = self.looks.get(&number(pid)).copied().unwrap_or(0);
            self.new_reductions = self.new_reductions.saturating_add(n.saturating_sub(before));
            now.insert(number(pid), n);
        }
        self.looks = now;
    }

    /// Takes the tables that are ours from a reading of the largest.
    pub(super) fn take_tables(&mut self, reading: &TableReading) {
        let is_ours = |owner: &Pid| self.ours.contains(&number(owner));
        let tables = reading.tables.iter().filter(|table| table.owner.as_ref().is_some_and(is_ours));
        self.tables_bytes = tables.filter_map(|table| table.bytes).fold(0, u64::saturating_add);
    }

    /// What we hold there, bytes.
    pub(super) fn bytes(&self) -> Option<u64> {
        Some(self.processes_bytes?.saturating_add(self.tables_bytes))
    }

    /// CPU time that looks took since the last time this was asked, microseconds; estimated: what they do is counted in
    /// reductions, and these are taken to cost as much as those of the helper of the node, which took `node_us` in all.
    pub(super) fn take_looks_us(&mut self, node_us: u64) -> u64 {
        let n = std::mem::take(&mut self.new_reductions);
        let us = u128::from(n) * u128::from(node_us) / u128::from(self.node_reductions.max(1));
        u64::try_from(us).unwrap_or(0) // More than any time is none that it can have taken.
    }
}

#[cfg(test)]
mod tests;
