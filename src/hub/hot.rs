//! Which nodes are worth hearing themselves: those that are among the first of an order in the whole cluster, and those that
//! were, for ten ticks more. Knows no clock.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use midair_vitals::window::HOLD_TICKS;

use super::{
    batch::sorted,
    node::{N_ORDERS, Scores},
    rows::Rows,
};

/// Of each order, so many.
const PLACES: usize = 30;

/// The first of each order are in whoever else is.
const SURE: usize = 3;

/// All together, so many.
const ROWS_MAX: usize = 120;

/// Who is in already counts so much more: of nodes that are alike none comes and goes each second.
const STICKY: f32 = 1.25;

/// The rows that are hot.
#[derive(Debug, Default)]
pub(super) struct Hot {
    tick: u64,
    /// Tick at which a row last ranked.
    ranked: BTreeMap<usize, u64>,
    /// The rows of the last tick.
    before: Vec<usize>,
}

impl Hot {
    /// The rows of this tick, in rising order.
    pub(super) fn choose(&mut self, rows: &Rows) -> Vec<u32> {
        self.tick += 1;
        let scores: Vec<(usize, Scores)> = rows
            .iter()
            .filter(|(_, node)| !node.presence.is_silent())
            .map(|(row, node)| (row, node.scores()))
            .collect();
        let lists: Vec<Vec<usize>> = (0..N_ORDERS).map(|order| self.first(order, &scores)).collect();
        let tick = self.tick;
        for row in lists.iter().flatten() {
            self.ranked.insert(*row, tick);
        }
        self.ranked.retain(|row, last| tick - *last <= u64::from(HOLD_TICKS) && rows.get(*row).is_some());
        // Place by place through the orders, so that the bound takes the lower places and never a whole order.
        let at = |places: Range<usize>| places.flat_map(|n| lists.iter().filter_map(move |list| list.get(n).copied()));
        // Whoever is in stays before others come: to begin to hear a node costs more than to go on.
        let held = self.before.iter().copied().filter(|row| self.ranked.contains_key(row));
        let mut chosen = BTreeSet::new();
        for row in at(0..SURE).chain(held).chain(at(SURE..PLACES)) {
            if chosen.len() == ROWS_MAX {
                break;
            }
            chosen.insert(row);
        }
        self.before = chosen.into_iter().collect();
        sorted(self.before.iter().copied())
    }

    /// The first rows of an order, the highest first; none with nothing in it.
    fn first(&self, order: usize, scores: &[(usize, Scores)]) -> Vec<usize> {
        let score = |(row, scores): &(usize, Scores)| {
            let score = scores[order];
            (if self.ranked.contains_key(row) { score * STICKY } else { score }, *row)
        };
        let mut list: Vec<(f32, usize)> = scores.iter().filter(|(_, s)| s[order] > 0.0).map(score).collect();
        let descending = |a: &(f32, usize), b: &(f32, usize)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if list.len() > PLACES {
            list.select_nth_unstable_by(PLACES, descending);
            list.truncate(PLACES);
        }
        list.sort_unstable_by(descending);
        list.into_iter().map(|(_, row)| row).collect()
    }
}

#[cfg(test)]
mod tests;
