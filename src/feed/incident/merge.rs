//! What the agents told, in the order of our clock, with what a screen needs beside it: links, clocks, ticks, gaps.

use std::{cmp::Reverse, collections::BinaryHeap, sync::Arc};

use midair_proto::v1::{Envelope, payload::Kind};

use super::{
    agent::Agent,
    parts::{Parts, Told},
    size::TICK_US,
};
use crate::{
    entry::{Entry, Item},
    event::{Cause, Gap, Link, LinkState, NodeId, Stamp},
    feed::file::Scribe,
    wire::Carries,
};

/// Without samples for so long, time was not recorded.
const GAP_US: u64 = 5_000_000;

/// What one agent told.
pub(super) struct Source {
    pub(super) agent: Agent,
    pub(super) parts: Parts,
    pub(super) is_full: bool,
    /// Why it ended early, in words.
    pub(super) broken: Option<String>,
}

/// One that is being told.
struct Telling {
    agent: Agent,
    told: Told,
    broken: Option<String>,
    next: Option<Envelope>,
    at: Stamp,
    /// The last sample.
    sampled: Option<Stamp>,
}

/// Writes all of it.
pub(super) fn write(
    sources: Vec<Source>,
    missing: &[(Arc<str>, String)],
    noted: Vec<Entry>,
    (from, to): (Stamp, Stamp),
    scribe: &mut Scribe,
) -> anyhow::Result<()> {
    let mut tellings = Vec::new();
    for source in sources {
        introduce(&source, from, scribe)?;
        let told = source.parts.told()?;
        let mut telling =
            Telling { agent: source.agent, told, broken: source.broken, next: None, at: Stamp(0), sampled: None };
        telling.advance()?;
        telling.begin((from, to), scribe)?;
        tellings.push(telling);
    }
    for (address, words) in missing {
        down(address, words, from, scribe)?;
    }
    let waiting = |tellings: &[Telling], n: usize| tellings[n].next.as_ref().map(|_| Reverse((tellings[n].at, n)));
    let mut heap: BinaryHeap<_> = (0..tellings.len()).filter_map(|n| waiting(&tellings, n)).collect();
    // Before the first that was kept there is nothing to see.
    let mut noted = noted.into_iter().peekable();
    let mut tick = heap.peek().map_or(from, |Reverse((at, _))| (*at).max(from));
    while let Some(Reverse((at, n))) = heap.pop() {
        while tick < at {
            scribe.take(&Entry { at: tick, item: Item::Tick })?;
            tick.0 += TICK_US;
        }
        while let Some(note) = noted.next_if(|note| note.at <= at) {
            scribe.take(&note)?;
        }
        tellings[n].write(at, scribe)?;
        tellings[n].advance()?;
        heap.extend(waiting(&tellings, n));
    }
    for telling in &tellings {
        telling.end(to, scribe)?;
    }
    while tick <= to {
        while let Some(note) = noted.next_if(|note| note.at <= tick) {
            scribe.take(&note)?;
        }
        scribe.take(&Entry { at: tick, item: Item::Tick })?;
        tick.0 += TICK_US;
    }
    noted.try_for_each(|note| scribe.take(&note))?;
    Ok(())
}

impl Telling {
    fn advance(&mut self) -> anyhow::Result<()> {
        self.next = self.told.next()?;
        if let Some(wall_us) = self.next.as_ref().and_then(|envelope| envelope.wall_us) {
            // A wall clock that was set back does not turn round what happened.
            self.at = self.agent.stamp(wall_us).max(self.at);
        }
        Ok(())
    }

    fn write(&mut self, at: Stamp, scribe: &mut Scribe) -> anyhow::Result<()> {
        let Some(envelope) = self.next.take() else { return Ok(()) };
        if Carries::of(&envelope) == Carries::Sample {
            if let Some(before) = self.sampled.filter(|before| at.since_us(*before) > GAP_US) {
                self.gap(before, at, "nothing was kept", scribe)?;
            }
            self.sampled = Some(at);
        }
        scribe.take(&Entry { at, item: Item::Envelope(self.agent.address.clone(), envelope.into()) })?;
        Ok(())
    }

    /// What a young black box did not keep, or kept no more, is a gap.
    fn begin(&self, (from, to): (Stamp, Stamp), scribe: &mut Scribe) -> anyhow::Result<()> {
        let first = self.next.as_ref().map(|envelope| match envelope.kind() {
            // It tells of the time before it.
            Some(Kind::Rollup(rollup)) => Stamp(self.at.0.saturating_sub(rollup.window_us())),
            Some(_) | None => self.at,
        });
        let (begins, why) = match first {
            Some(first) => (first.min(to), "its black box kept nothing of before"),
            None => (to, "its black box kept nothing of this time"),
        };
        if begins.since_us(from) <= GAP_US {
            return Ok(());
        }
        let node = Some(NodeId::new(&self.agent.node));
        let gap = Gap { node, from, to: begins, n_lost: None, why: why.into() };
        // Known from the beginning: whoever looks at this time is told why it is empty.
        Ok(scribe.take(&Entry { at: from, item: Item::Gap(gap) })?)
    }

    /// Where it ended early the rest is a gap.
    fn end(&self, to: Stamp, scribe: &mut Scribe) -> anyhow::Result<()> {
        let Some(words) = &self.broken else { return Ok(()) };
        self.gap(self.at, to, words, scribe)
    }

    fn gap(&self, from: Stamp, to: Stamp, why: &str, scribe: &mut Scribe) -> anyhow::Result<()> {
        let node = Some(NodeId::new(&self.agent.node));
        let gap = Gap { node, from, to: to.max(from), n_lost: None, why: why.into() };
        Ok(scribe.take(&Entry { at: to.max(from), item: Item::Gap(gap) })?)
    }
}

/// What stands before all that it told.
fn introduce(source: &Source, at: Stamp, scribe: &mut Scribe) -> anyhow::Result<()> {
    let agent = &source.agent;
    let address = agent.address.clone();
    let link = Link { address: address.clone(), state: LinkState::Up { note: "black box".into() } };
    scribe.take(&Entry { at, item: Item::Link(link) })?;
    scribe.take(&Entry { at, item: Item::Envelope(address.clone(), agent.described.clone().into()) })?;
    if let Some(clock) = agent.clock {
        let item = Item::Clock(address.clone(), clock.offset_us, clock.uncertainty_us, false);
        scribe.take(&Entry { at, item })?;
    }
    if !source.is_full {
        let words = "only its rollups were recorded: the time line has them, tables and charts do not";
        down(&address, words, at, scribe)?;
    }
    Ok(())
}

fn down(address: &Arc<str>, words: &str, at: Stamp, scribe: &mut Scribe) -> anyhow::Result<()> {
    let state = LinkState::Down { cause: Cause::Refused, reason: words.into(), retry_at: Stamp(u64::MAX) };
    Ok(scribe.take(&Entry { at, item: Item::Link(Link { address: address.clone(), state }) })?)
}
