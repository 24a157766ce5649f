//! The line beyond its samples: maxima of severities over 10 s and longer windows, as agents sent them or were asked.

use std::collections::{BTreeMap, VecDeque};

use midair_vitals::{Severities, Severity};

use crate::{
    event::{NodeId, Rollup, Stamp},
    model::{series::Window, vital::Vital},
};

/// How far back windows are kept, microseconds: short ones, and longer ones.
const KEEP_US: [u64; 2] = [2 * 3_600_000_000, 24 * 3_600_000_000];

/// A longer window is one above this, microseconds.
const SHORT_US: u64 = 10_000_000;

/// Windows kept of one node, of each length: 2 h of 10 s, and 24 h of 5 min, with some that were asked for again.
const N_BARS: [usize; 2] = [900, 600];

/// Windows kept of all nodes together, of each length: beyond it each keeps less. Some 40 bytes each.
const N_ALL: usize = 1 << 20;

/// No node keeps fewer than this.
const N_LEAST: usize = 120;

/// How far a window may end after it arrived, microseconds: clocks are known to some milliseconds.
const AHEAD_US: u64 = 60_000_000;

/// From this length of a cell on, longer windows show all that there is to see, microseconds.
const WIDE_US: u64 = 100_000_000;

/// The worst of a window.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Bar {
    end: Stamp,
    length_us: u64,
    most: Severities,
}

impl Bar {
    fn start(&self) -> Stamp {
        Stamp(self.end.0.saturating_sub(self.length_us))
    }
}

/// The windows of one node: short ones and longer ones.
///
/// INVARIANT: each list is in rising order of ends, and no two of one length end within half of it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Bars([VecDeque<Bar>; 2]);

/// The windows of all nodes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Rollups {
    nodes: BTreeMap<NodeId, Bars>,
    newest: Stamp,
}

impl Rollups {
    /// Keeps one that ends at a moment of our clock and was told at another. One that is told again takes the place of
    /// the first; one from the future is none.
    pub(super) fn keep(&mut self, rollup: &Rollup, end: Stamp, told: Stamp) {
        if rollup.window_us == 0 || rollup.window_us > KEEP_US[1] || end.0 > told.0.saturating_add(AHEAD_US) {
            return;
        }
        let most = |n: usize| rollup.summaries[n].map(|[_, _, most]| most);
        let most = Severities { sched: most(0), mem: most(1), queue: most(2), rate: most(3) };
        let kind = usize::from(rollup.window_us > SHORT_US);
        let room = N_BARS[kind].min((N_ALL / (self.nodes.len() + 1)).max(N_LEAST));
        self.newest = self.newest.max(end);
        let oldest = Stamp(self.newest.0.saturating_sub(KEEP_US[kind]));
        let bars = &mut self.nodes.entry(rollup.node.clone()).or_default().0[kind];
        put(bars, Bar { end, length_us: rollup.window_us, most });
        while bars.len() > room || (kind == 1 && bars.front().is_some_and(|bar| bar.end < oldest)) {
            bars.pop_front();
        }
    }

    /// Takes in those that were told behind.
    pub(super) fn recall(&mut self, past: Self) {
        self.newest = self.newest.max(past.newest);
        for (id, Bars(theirs)) in past.nodes {
            let Bars(ours) = self.nodes.entry(id).or_default();
            for ((ours, theirs), most) in ours.iter_mut().zip(theirs).zip(N_BARS) {
                theirs.into_iter().for_each(|bar| put(ours, bar));
                ours.drain(..ours.len().saturating_sub(most));
            }
        }
    }

    /// The last moment of which something is known.
    pub(super) fn newest(&self) -> Stamp {
        self.newest
    }

    /// The end of the last window of a node.
    pub(super) fn last(&self, node: &NodeId) -> Option<Stamp> {
        let Bars(bars) = self.nodes.get(node)?;
        bars.iter().filter_map(|bars| bars.back()).map(|bar| bar.end).max()
    }

    /// The nodes of which something is known.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &NodeId> {
        self.nodes.keys()
    }

    /// Raises the cells of a window to the worst of a node, except in stretches, in order, that samples tell better.
    pub(super) fn raise(
        &self,
        node: &NodeId,
        vital: Vital,
        (window, cells): (Window, &mut [Option<Severity>]),
        except: &[(Stamp, Stamp)],
    ) {
        let Some(Bars([short, long])) = self.nodes.get(node) else { return };
        let is_wide = window.span_us / cells.len().max(1) as u64 >= WIDE_US;
        let (first, second) = if is_wide { (long, short) } else { (short, long) };
        for bar in shown(first, window) {
            raise(cells, window, vital.of(bar.most), (bar.start(), bar.end), except);
        }
        for bar in shown(second, window) {
            if let Some(stretch) = beside(first, bar) {
                raise(cells, window, vital.of(bar.most), stretch, except);
            }
        }
    }
}

/// In its place by time.
fn put(bars: &mut VecDeque<Bar>, bar: Bar) {
    let at = bars.partition_point(|known| known.end.0 + bar.length_us / 2 < bar.end.0);
    match bars.get_mut(at) {
        Some(known) if known.length_us == bar.length_us && known.end.0 <= bar.end.0 + bar.length_us / 2 => {
            // The place stays, so that the order does.
            known.most = bar.most;
        }
        Some(_) | None => bars.insert(bars.partition_point(|known| known.end <= bar.end), bar),
    }
}

/// Those that touch a window.
fn shown(bars: &VecDeque<Bar>, window: Window) -> impl Iterator<Item = &Bar> {
    let start = Stamp(window.end.0.saturating_sub(window.span_us));
    let from = bars.partition_point(|bar| bar.end < start);
    bars.range(from..).take_while(move |bar| bar.start() <= window.end)
}

/// What of a window those of the other length do not tell: all of it, the part before the first of them, or nothing.
fn beside(others: &VecDeque<Bar>, bar: &Bar) -> Option<(Stamp, Stamp)> {
    let n = others.partition_point(|other| other.end <= bar.start());
    let Some(first) = others.get(n).filter(|other| other.start() < bar.end) else {
        return Some((bar.start(), bar.end));
    };
    let is_their_beginning = n == 0 || others[n - 1].end.0 + bar.length_us < bar.start().0;
    (is_their_beginning && first.start() > bar.start()).then_some((bar.start(), first.start()))
}

/// The cells that a stretch touches, from its first moment up to before its last.
fn raise(
    cells: &mut [Option<Severity>],
    window: Window,
    severity: Option<Severity>,
    (mut from, to): (Stamp, Stamp),
    except: &[(Stamp, Stamp)],
) {
    let start = Stamp(window.end.0.saturating_sub(window.span_us));
    let n_cells = cells.len();
    let mut fill = |from: Stamp, to: Stamp| {
        let (from, to) = (from.max(start), Stamp(to.0.saturating_sub(1)).min(window.end));
        if from <= to
            && let (Some(first), Some(last)) = (window.cell_of(from, n_cells), window.cell_of(to, n_cells))
        {
            cells[first..=last].iter_mut().for_each(|cell| *cell = (*cell).max(severity));
        }
    };
    for (first, last) in except {
        fill(from, to.min(*first));
        from = from.max(*last);
    }
    fill(from, to);
}

#[cfg(test)]
mod tests;
