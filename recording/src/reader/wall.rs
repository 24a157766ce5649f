//! Moments by the wall clock: a black box counts by a clock that only its host knows, and people by none but the wall's.

use super::blocks::Block;

/// Where the blocks begin by the wall clock. It may have been set back while the file was written, and what is told only
/// goes on: from such a block on time goes on from where it was, until the clock has caught up.
#[derive(Clone, Debug, Default)]
pub(super) struct Wall {
    /// Of each block its first moment on the recording's clock and by the wall's, both rising.
    begins: Vec<(u64, u64)>,
}

impl Wall {
    pub(super) fn of(blocks: &[Block]) -> Self {
        let mut begins: Vec<(u64, u64)> = Vec::with_capacity(blocks.len());
        let mut end_us = 0;
        for block in blocks {
            let goes_on = begins
                .last()
                .map(|(first_us, wall_us)| wall_us.saturating_add(block.first_us.saturating_sub(*first_us)));
            let begin_us = goes_on.filter(|_| block.wall_us < end_us).unwrap_or(block.wall_us);
            begins.push((block.first_us, begin_us));
            end_us = begin_us.saturating_add(block.last_us.saturating_sub(block.first_us));
        }
        Self { begins }
    }

    /// A moment of the recording by the wall clock.
    pub(super) fn wall(&self, at_us: u64) -> u64 {
        let n = self.begins.partition_point(|(first_us, _)| *first_us <= at_us);
        let Some((first_us, wall_us)) = self.begins.get(n.saturating_sub(1)) else { return at_us };
        let wall_us = shifted(at_us, *first_us, *wall_us);
        // Of a block without an index it is known to a millisecond where it ends.
        self.begins.get(n).map_or(wall_us, |(_, next_us)| wall_us.min(*next_us))
    }

    /// The moment of the recording at which the wall clock showed this.
    pub(super) fn moment(&self, wall_us: u64) -> u64 {
        let n = self.begins.partition_point(|(_, begin_us)| *begin_us <= wall_us);
        let Some((first_us, begin_us)) = self.begins.get(n.saturating_sub(1)) else { return wall_us };
        let at_us = shifted(wall_us, *begin_us, *first_us);
        // Between two blocks nothing was recorded: what is known there is what the former ends with.
        self.begins.get(n).map_or(at_us, |(next_us, _)| at_us.min(next_us.saturating_sub(1)).max(*first_us))
    }
}

/// As far from `to` as it is from `from`.
fn shifted(us: u64, from: u64, to: u64) -> u64 {
    if us >= from { to.saturating_add(us - from) } else { to.saturating_sub(from - us) }
}

#[cfg(test)]
mod tests;
