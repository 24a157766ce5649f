//! Pipes, event counters and message queues in the book: the queue belongs to who reads, and who writes is at its other end.

use std::collections::HashMap;

use super::Book;
use crate::kernel::queues::{
    full::Full,
    holder::{Holder, Holders},
    object::{Kind, Object},
    table::Place,
};

/// What a descriptor is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PipeEnd {
    /// It reads.
    pub(crate) can_read: bool,
    /// It writes.
    pub(crate) can_write: bool,
}

/// All of them, by kind, device and number.
#[derive(Debug, Default)]
pub(super) struct Pipes(HashMap<(Kind, u32, u64), Pipe>);

#[derive(Clone, Copy, Debug)]
struct Pipe {
    full: Place,
    /// The round that saw it last.
    round: u32,
    reader: Option<Claim>,
    writer: Option<Claim>,
}

/// Who holds an end, and the look at that process that saw it last.
#[derive(Clone, Copy, Debug)]
struct Claim {
    by: Place,
    look: u32,
}

impl Pipes {
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Book {
    /// Books a pipe as a descriptor of a process shows it.
    pub(crate) fn see_pipe(&mut self, device: u32, object: Object, by: Place, end: PipeEnd) {
        let (round, now_us, tick) = (self.round, self.now_us, self.tick);
        let Some(look) = self.holders.get(by).map(|holder| holder.n_looks.wrapping_add(1)) else { return };
        let fulls = &mut self.fulls;
        let pipe = self.pipes.0.entry((object.kind, device, object.inode)).or_insert_with(|| {
            let full = fulls.add(Full::new(object.clone(), now_us, None));
            Pipe { full, round, reader: None, writer: None }
        });
        pipe.round = round;
        for (is_end, claim) in [(end.can_read, &mut pipe.reader), (end.can_write, &mut pipe.writer)] {
            if is_end && is_better(claim.as_ref(), by, &self.holders) {
                *claim = Some(Claim { by, look });
            }
        }
        let Some(full) = self.fulls.get_mut(pipe.full) else { return };
        full.update(object, now_us, tick);
        let before = full.owner;
        full.owner = pipe.reader.map(|claim| claim.by);
        full.writer = pipe.writer.map(|claim| claim.by);
        if before != full.owner {
            let kind = full.object.kind;
            for (owner, is_in) in [(before, false), (full.owner, true)] {
                if let Some(holder) = owner.and_then(|owner| self.holders.get_mut(owner)) {
                    holder.count(kind, 0, is_in);
                }
            }
        }
    }

    /// Forgets pipes that the round has not seen, and ends of processes that have ended.
    pub(super) fn sweep_pipes(&mut self) {
        let round = self.round;
        let (fulls, holders) = (&mut self.fulls, &mut self.holders);
        self.pipes.0.retain(|_, pipe| {
            let is_there = pipe.round == round;
            let holds = |claim: &Claim| {
                let holder = holders.get(claim.by);
                holder.is_some_and(|holder| !has_lost_it(claim, holder))
            };
            pipe.reader = pipe.reader.filter(|claim| is_there && holds(claim));
            pipe.writer = pipe.writer.filter(|claim| is_there && holds(claim));
            if let Some(full) = fulls.get_mut(pipe.full) {
                let owner = pipe.reader.map(|claim| claim.by);
                if let Some(before) =
                    full.owner.filter(|before| Some(*before) != owner).and_then(|o| holders.get_mut(o))
                {
                    before.count(full.object.kind, 0, false);
                }
                full.owner = owner;
                full.writer = pipe.writer.map(|claim| claim.by);
            }
            if !is_there {
                fulls.remove(pipe.full);
            }
            is_there
        });
    }
}

/// Whether an end is rather this process' than whose it was.
fn is_better(claim: Option<&Claim>, by: Place, holders: &Holders) -> bool {
    let Some(claim) = claim.filter(|claim| claim.by != by) else { return true };
    let (Some(claimant), Some(owner)) = (holders.get(by), holders.get(claim.by)) else { return true };
    claimant.is_before(owner) || has_lost_it(claim, owner)
}

/// Whether a look at a process came to its end since it was seen to hold an end of a pipe.
fn has_lost_it(claim: &Claim, owner: &Holder) -> bool {
    claim.look < owner.n_looks
}

#[cfg(test)]
mod tests;
