//! One sitting at the dashboard: tape, decoder and state, as one synchronous whole.
//!
//! The shell and the tests use the same: entries go in, effects come out, and nothing else changes the state. That is
//! why a replay shows what the live screen showed.

mod checkpoint;

use crate::{
    app::{self, Effect, Msg, Options, State},
    entry::{Entry, Item},
    event::{Input, Stamp},
    feed::tape::Tape,
    wire::Decoder,
};

use checkpoint::Checkpoints;

/// The state with all that it is made from.
#[derive(Clone, Debug)]
pub struct Session {
    state: State,
    tape: Tape,
    decoder: Decoder,
    checkpoints: Checkpoints,
    newest: Stamp,
}

impl Session {
    /// A sitting before anything has arrived.
    pub fn new(options: Options) -> Self {
        Self {
            state: State::new(options),
            tape: Tape::default(),
            decoder: Decoder::default(),
            checkpoints: Checkpoints::default(),
            newest: Stamp(0),
        }
    }

    /// What the screen is made of.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The screen has been drawn.
    pub fn drawn(&mut self) {
        self.state.drawn();
    }

    /// Takes what arrived, or what a person did; what is to be done in return, seeks excepted: those are done here.
    pub fn entry(&mut self, entry: Entry) -> Vec<Effect> {
        // Links stamp by themselves, and their entries meet in one channel: a stamp may be a little older than the last.
        let entry = Entry { at: entry.at.max(self.newest), ..entry };
        self.newest = entry.at;
        if let Item::Input(input) = entry.item {
            return self.input(entry.at, input);
        }
        if !self.tape.push(&entry) {
            return app::update(&mut self.state, Msg::Passed(entry.at));
        }
        let effects = self.fold(&entry);
        self.checkpoints.forget(self.tape.n_dropped());
        self.checkpoints.pass(self.tape.n_told(), entry.at, &self.state.model, &self.decoder);
        effects
    }

    fn input(&mut self, at: Stamp, input: Input) -> Vec<Effect> {
        let mut rest = Vec::new();
        for effect in app::update(&mut self.state, Msg::Input(at, input)) {
            match effect {
                // What the past would have had asked is not asked now.
                Effect::Seek(to) => drop(self.seek(to)),
                Effect::GoLive => rest.extend(self.go_live()),
                Effect::Quit | Effect::Suspend | Effect::Control(_) | Effect::Copy(_) => rest.push(effect),
            }
        }
        rest
    }

    fn seek(&mut self, to: Stamp) -> Vec<Effect> {
        self.restore(self.tape.n_until(to));
        let told = self.tape.seek(to);
        self.retell(&told)
    }

    fn go_live(&mut self) -> Vec<Effect> {
        self.restore(usize::MAX);
        let told = self.tape.live();
        self.retell(&told)
    }

    /// Brings back the copy that is nearest before so many entries, where that is nearer than what is known.
    fn restore(&mut self, n_entries: usize) {
        let n_told = self.tape.n_told();
        let is_nearer = |n: usize| n_told > n_entries || n_told < n;
        if let Some(nearest) = self.checkpoints.before(n_entries).filter(|c| is_nearer(c.n_told)) {
            self.decoder = nearest.decoder.clone();
            // What this would have asked is asked, or not, after what follows has been told.
            drop(app::update(&mut self.state, Msg::Restored(Box::new(nearest.model.clone()))));
            self.tape.resume(nearest.n_told);
        }
    }

    fn retell(&mut self, told: &[Entry]) -> Vec<Effect> {
        let is_anew = told.first().is_some_and(|entry| entry.item == Item::Reset);
        let n_before = self.tape.n_told().saturating_sub(told.len());
        let mut effects = Vec::new();
        for (n, entry) in told.iter().enumerate() {
            effects.extend(self.fold(entry));
            // Of a telling anew, which leaves things out, only the end can be counted.
            if !is_anew {
                self.checkpoints.pass(n_before + n + 1, entry.at, &self.state.model, &self.decoder);
            }
        }
        effects
    }

    fn fold(&mut self, entry: &Entry) -> Vec<Effect> {
        let events = self.decoder.decode(entry);
        events.into_iter().flat_map(|event| app::update(&mut self.state, Msg::Event(event))).collect()
    }
}

#[cfg(test)]
mod tests;
