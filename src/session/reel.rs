//! A recording that is shown: what is told of it for a moment at once, and what is told behind, for charts.
//!
//! A moment needs little: the block in which it lies, and ten seconds before it for what grows. Charts need ten minutes.
//! So a seek tells the little, and the rest is filled in, slice by slice, while the screen shows the moment already.
//! When all is filled in, the state of who is looked at is the one that playing up to there would have made; of the others in
//! a large cluster it is that of their nodes, while their tasks grow from here on.

use std::collections::{BTreeSet, HashMap};

use super::{Session, past};
use crate::{
    app::{self, Msg, State, Told},
    entry::{Entry, Item},
    event::{NodeId, Stamp},
    feed::{
        file::Film,
        tape::{WARM_UP_US, weight},
    },
    model::{Model, Timeline},
    wire::{Carries, Decoder, Depth},
};

/// What grows over ten seconds is known after so long, and what happens per second, microseconds.
const GROWTH_US: u64 = 12_000_000;

/// A step forward of at most this is told on from what is known; and so much is played at once at most, microseconds.
const STEP_US: u64 = 30_000_000;

/// So much is told behind in one go, bytes: a few milliseconds.
const SLICE_BYTES: usize = 128 << 10;

/// How far back what is told of samples is told as events.
#[derive(Clone, Copy, Debug)]
struct Reach {
    /// Of each node those of so long before its last one, microseconds.
    us: u64,
    /// Of a node that is not looked at so many are told whole.
    n_last: usize,
}

/// On from what is known, all that comes. Rates follow from what is known.
const ON: Reach = Reach { us: u64::MAX, n_last: 1 };

/// Anew, what grows. Rates follow from two.
const ANEW: Reach = Reach { us: GROWTH_US, n_last: 2 };

/// The recording, and how far it was told.
#[derive(Debug)]
pub(super) struct Reel {
    pub(super) film: Film,
    /// The moment up to which it was told.
    told: Stamp,
    /// Of whom all is known that charts show; `None`: of nobody yet.
    filled: Option<Wanted>,
    fill: Option<Fill>,
    /// What lies behind cannot be read; it is not tried again here.
    has_failed: bool,
}

/// Of whom all is told: of the others what nodes say of themselves, and the tasks of their last samples.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    All,
    These(BTreeSet<NodeId>),
}

/// What is told behind.
#[derive(Debug)]
struct Fill {
    film: Film,
    wanted: Wanted,
    model: Model,
    timeline: Timeline,
    decoder: Decoder,
}

impl Reel {
    /// Before its first moment.
    pub(super) fn new(film: Film) -> Self {
        Self { film, told: Stamp(0), filled: None, fill: None, has_failed: false }
    }
}

impl Wanted {
    /// Who is looked at; all of a small cluster.
    fn of(film: &Film, state: &State) -> Self {
        if film.n_nodes().max(state.model.nodes.len()) <= past::NODES_MAX {
            return Self::All;
        }
        Self::These(past::wanted(state).into_iter().collect())
    }

    fn has(&self, node: Option<&str>) -> bool {
        match self {
            Self::All => true,
            Self::These(nodes) => node.is_some_and(|node| nodes.iter().any(|id| *id.0 == *node)),
        }
    }

    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::These(_), Self::All) => false,
            (Self::These(these), Self::These(others)) => others.is_subset(these),
        }
    }
}

impl Session {
    /// Goes to a moment of the recording: on from what is known, from a copy, or anew.
    pub(super) fn seek_film(&mut self, to: Stamp) {
        let Some(reel) = &mut self.reel else { return };
        let told = reel.told;
        let nearest = self.checkpoints.before(place(to)).filter(|copy| to.since_us(copy.at) <= STEP_US);
        let is_on = to >= told && to.since_us(told) <= STEP_US && told.0 > 0;
        let (moved, reach) = if is_on {
            (Ok(()), ON)
        } else if let Some(nearest) = nearest {
            // Copies are made of what is filled in.
            (reel.told, reel.fill) = (nearest.at, None);
            reel.filled = Some(Wanted::All);
            self.decoder = nearest.decoder.clone();
            let moved = reel.film.go_on_from(nearest.at);
            drop(app::update(&mut self.state, Msg::Restored(Box::new(nearest.model.clone()))));
            (moved, ON)
        } else {
            // What lies before all that the time line knows, or far after it, has no place on it.
            let line = &self.state.timeline;
            let is_elsewhere = line.oldest().is_none_or(|oldest| to < oldest || to > line.newest());
            (reel.told, reel.fill, reel.filled, reel.has_failed) = (Stamp(0), None, None, false);
            let moved = reel.film.tell_anew(Stamp(to.0.saturating_sub(GROWTH_US)));
            if is_elsewhere {
                self.tell(Told::Elsewhere);
            }
            (moved, ANEW)
        };
        match moved {
            Ok(()) => self.tell_film(to, reach),
            Err(error) => self.say(format!("{error:#}")),
        }
    }

    /// Plays the recording on, when so much time has passed.
    pub fn play(&mut self, elapsed_us: u64) {
        let Some(to) = self.state.plays_to(elapsed_us) else { return };
        let to = to.min(Stamp(self.state.now().0.saturating_add(STEP_US)));
        if let Some(reel) = &mut self.reel
            && to >= reel.film.range().1
            && !reel.film.is_closed()
        {
            match reel.film.refresh() {
                Ok((_, newest)) => {
                    let grows = !reel.film.is_closed();
                    // Now that it is closed, it says of all of it what the line shows.
                    let rollups = if grows { Vec::new() } else { reel.film.rollups() };
                    self.tell(Told::Grown(newest, grows));
                    self.tell_rollups(&rollups);
                }
                Err(error) => self.say(format!("{error:#}")),
            }
        }
        self.tell(Told::Played(to));
        self.tell_film(to, ON);
    }

    /// Tells the recording up to a moment.
    fn tell_film(&mut self, to: Stamp, reach: Reach) {
        let Some(reel) = &self.reel else { return };
        let (wanted, mut before) = (Wanted::of(&reel.film, &self.state), reel.told);
        let is_filled = reel.filled == Some(Wanted::All);
        let told = self.read_film(to);
        for (entry, depth) in told.iter().zip(depths(&told, reach, &wanted)) {
            if is_filled && entry.at > before && before.0 > 0 {
                // All up to the moment before have been told: a copy can go on from there.
                self.checkpoints.pass(place(before), before, &self.state.model, &self.decoder);
            }
            before = before.max(entry.at);
            if let Some(depth) = depth {
                self.fold_to(entry, depth);
            }
        }
    }

    /// Reads the recording on, up to a moment.
    fn read_film(&mut self, to: Stamp) -> Vec<Entry> {
        let mut told = Vec::new();
        let Some(reel) = &mut self.reel else { return told };
        let failed = loop {
            match reel.film.next_until(to) {
                Ok(Some(entry)) => told.push(entry),
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        // A reset stands at the moment at which telling began.
        reel.told = told.last().map_or(reel.told, |last| reel.told.max(last.at));
        let damage = reel.film.take_damage();
        if let Some(error) = failed {
            self.say(format!("{error:#}"));
        }
        self.say_damage(&damage);
        told
    }

    /// Whether there is more to be told behind of the moment that is shown.
    pub fn is_filling(&self) -> bool {
        self.reel.as_ref().is_some_and(|reel| {
            let is_filled = || reel.filled.as_ref().is_some_and(|of| of.covers(&Wanted::of(&reel.film, &self.state)));
            reel.told.0 > 0 && !reel.has_failed && !is_filled()
        })
    }

    /// Tells some of what charts need of the moment that is shown; to be called while [`Session::is_filling`].
    pub fn fill(&mut self) {
        if !self.is_filling() {
            return;
        }
        let Some(reel) = &mut self.reel else { return };
        let wanted = Wanted::of(&reel.film, &self.state);
        // Somebody else is looked at now.
        reel.fill.take_if(|fill| !fill.wanted.covers(&wanted));
        let fill = match reel.fill.take() {
            Some(fill) => Ok(fill),
            None => Fill::new(&reel.film, reel.told, wanted, self.state.model.asked_interval_us),
        };
        let gone_on = fill.and_then(|mut fill| Ok((fill.go_on(reel.told)?, fill)));
        match gone_on {
            Ok((true, fill)) => reel.fill = Some(fill),
            Ok((false, mut fill)) => {
                for (id, node) in &mut self.state.model.nodes {
                    if !fill.wanted.has(Some(&*id.0))
                        && let Some(told) = fill.model.nodes.get_mut(id)
                    {
                        told.adopt_tasks(node);
                    }
                }
                reel.filled = Some(fill.wanted);
                drop(app::update(&mut self.state, Msg::Restored(Box::new(fill.model))));
                self.tell(Told::Recalled(Box::new(fill.timeline)));
                self.tell(Told::Settled);
            }
            Err(error) => {
                reel.has_failed = true;
                self.say(format!("charts are not complete: {error:#}"));
            }
        }
    }

    /// Tells all that charts need of the moment that is shown.
    pub fn settle(&mut self) {
        while self.is_filling() {
            self.fill();
        }
    }

    fn fold_to(&mut self, entry: &Entry, depth: Depth) {
        for event in self.decoder.decode_to(entry, depth) {
            drop(app::update(&mut self.state, Msg::Event(event)));
        }
    }
}

impl Fill {
    fn new(film: &Film, to: Stamp, wanted: Wanted, asked_interval_us: u64) -> anyhow::Result<Self> {
        let mut film = film.beside()?;
        film.tell_anew(Stamp(to.0.saturating_sub(WARM_UP_US)))?;
        let (timeline, decoder) = Default::default();
        Ok(Self { film, wanted, model: Model::new(asked_interval_us), timeline, decoder })
    }

    /// A slice more, up to a moment; whether there is more.
    fn go_on(&mut self, to: Stamp) -> anyhow::Result<bool> {
        let mut n_bytes = 0;
        while n_bytes < SLICE_BYTES {
            let Some(entry) = self.film.next_until(to)? else { return Ok(false) };
            n_bytes += weight(&entry);
            let depth = match &entry.item {
                // Their tasks are known already.
                Item::Envelope(_, envelope) if !self.wanted.has(envelope.node.as_deref()) => Depth::Rowless,
                _ => Depth::Whole,
            };
            for stamped in self.decoder.decode_to(&entry, depth) {
                self.model.apply(&stamped);
                self.timeline.apply(&self.model, &stamped);
            }
        }
        Ok(true)
    }
}

/// How much of each entry is told: of who is looked at all of so long before its last sample, of the others of that time what
/// the nodes say of themselves, and only the last samples whole. `None`: nothing, for a key follows, and all that is told.
fn depths(told: &[Entry], reach: Reach, wanted: &Wanted) -> Vec<Option<Depth>> {
    let mut newer: HashMap<(&str, Option<&str>), Newer> = HashMap::new();
    let mut depths: Vec<Option<Depth>> = Vec::with_capacity(told.len());
    let last = told.last().map_or(Stamp(0), |last| last.at);
    for entry in told.iter().rev() {
        let sample = match &entry.item {
            Item::Envelope(address, envelope) if Carries::of(envelope) == Carries::Sample => Some((address, envelope)),
            _ => None,
        };
        let Some((address, envelope)) = sample else {
            // Time that passes without the samples that came would be silence.
            let is_early = entry.item == Item::Tick && last.since_us(entry.at) > reach.us;
            depths.push((!is_early).then_some(Depth::Whole));
            continue;
        };
        let node = envelope.node.as_deref();
        let newer = newer.entry((address, node)).or_insert(Newer { n: 0, newest: entry.at, is_grounded: false });
        newer.n += 1;
        depths.push(match (newer.n <= reach.n_last, newer.newest.since_us(entry.at) <= reach.us) {
            (true, _) => Some(Depth::Whole),
            (false, true) if wanted.has(node) => Some(Depth::Whole),
            (false, true) => Some(Depth::Node),
            (false, false) if newer.is_grounded => None,
            (false, false) => Some(Depth::Kept),
        });
        if depths.last().is_some_and(Option::is_some) {
            newer.is_grounded = envelope.key.unwrap_or(false);
        }
    }
    depths.reverse();
    depths
}

/// What is known of the samples of a node that come after one.
struct Newer {
    n: usize,
    newest: Stamp,
    /// Whether the first of them that is told is a key.
    is_grounded: bool,
}

/// Copies of what a recording told are counted by moments.
pub(super) fn place(at: Stamp) -> usize {
    usize::try_from(at.0).unwrap_or(usize::MAX)
}
