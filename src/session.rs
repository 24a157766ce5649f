//! One sitting at the dashboard: tape, decoder and state, as one synchronous whole.
//!
//! The shell and the tests use the same: entries go in, effects come out, and nothing else changes the state. That is
//! why a replay shows what the live screen showed.

use crate::{
    app::{self, Effect, Msg, Options, State},
    entry::{Entry, Item},
    event::{Input, Stamp},
    feed::tape::Tape,
    wire::Decoder,
};

/// The state with all that it is made from.
#[derive(Clone, Debug)]
pub struct Session {
    state: State,
    tape: Tape,
    decoder: Decoder,
    newest: Stamp,
}

impl Session {
    /// A sitting before anything has arrived.
    pub fn new(options: Options) -> Self {
        Self { state: State::new(options), tape: Tape::default(), decoder: Decoder::default(), newest: Stamp(0) }
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
            self.wait_in_the_past(&entry);
            return Vec::new();
        }
        self.fold(&entry)
    }

    /// Time goes on while the past is shown: its age is on the screen.
    fn wait_in_the_past(&mut self, entry: &Entry) {
        let seconds = |at: Stamp| at.0 / 1_000_000;
        if seconds(entry.at) != seconds(self.state.clock) {
            self.state.is_dirty = true;
        }
        self.state.clock = self.state.clock.max(entry.at);
    }

    fn input(&mut self, at: Stamp, input: Input) -> Vec<Effect> {
        let mut rest = Vec::new();
        for effect in app::update(&mut self.state, Msg::Input(at, input)) {
            match effect {
                Effect::Seek(to) => {
                    let told = self.tape.seek(to);
                    // What the past would have had asked is not asked now.
                    self.retell(&told);
                }
                Effect::GoLive => {
                    let told = self.tape.live();
                    rest.extend(self.retell(&told));
                }
                Effect::Quit | Effect::Suspend | Effect::Control(_) | Effect::Copy(_) => rest.push(effect),
            }
        }
        rest
    }

    fn retell(&mut self, told: &[Entry]) -> Vec<Effect> {
        told.iter().flat_map(|entry| self.fold(entry)).collect()
    }

    fn fold(&mut self, entry: &Entry) -> Vec<Effect> {
        let events = self.decoder.decode(entry);
        events.into_iter().flat_map(|event| app::update(&mut self.state, Msg::Event(event))).collect()
    }
}

#[cfg(test)]
mod tests;
