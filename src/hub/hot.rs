//! Which nodes are worth hearing themselves: those that are among the first of an order in the whole cluster, and those that
//! were, for ten ticks more. Knows no clock.

use std::collections::BTreeMap;

use midair_vitals::window::HOLD_TICKS;

use super::{
    batch::sorted,
    node::{N_ORDERS, Scores},
    rows::Rows,
};

/// Of each order, so many.
const PLACES: usize = 30;

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
        let mut chosen = Vec::with_capacity(ROWS_MAX);
        // Place by place through the orders, so that the bound takes the lower places and never a whole order.
        'all: for place in 0..PLACES {
            for row in lists.iter().filter_map(|list| list.get(place)) {
                if chosen.len() == ROWS_MAX {
                    break 'all;
                }
                if !chosen.contains(row) {
                    chosen.push(*row);
                }
            }
        }
        for row in &chosen {
            self.ranked.insert(*row, self.tick);
        }
        let tick = self.tick;
        self.ranked.retain(|row, last| tick - *last <= u64::from(HOLD_TICKS) && rows.get(*row).is_some());
        let mut held: Vec<(u64, usize)> = self.ranked.iter().map(|(row, last)| (*last, *row)).collect();
        held.retain(|(last, _)| *last < tick);
        held.sort_unstable_by(|a, b| b.cmp(a));
        let room = ROWS_MAX - chosen.len();
        sorted(chosen.into_iter().chain(held.into_iter().take(room).map(|(_, row)| row)))
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
