//! One sitting at the dashboard: tape, decoder and state, as one synchronous whole.
//!
//! The shell and the tests use the same: entries go in, effects come out, and nothing else changes the state. That is
//! why a replay shows what the live screen showed.

mod checkpoint;
mod past;
mod reel;

use std::collections::VecDeque;

use crate::{
    app::{self, Effect, Message, Msg, Options, Playhead, Replay, Speed, State, Told},
    entry::{Entry, Item},
    event::{Event, Input, Mark, Stamp},
    feed::{file::Film, tape::Tape},
    wire::Decoder,
};

use checkpoint::Checkpoints;
use past::{Heard, Past, Telling, told_from};
use reel::Reel;

/// What the footer says while a moment is to be held of which black boxes have not told yet.
const WAITS: &str =
    "the black box is asked for that moment; what it tells is then compared with what is shown (Esc gives up)";

/// The state with all that it is made from.
#[derive(Debug)]
pub struct Session {
    state: State,
    tape: Tape,
    decoder: Decoder,
    checkpoints: Checkpoints,
    past: Past,
    newest: Stamp,
    /// The recording that is shown in place of the tape.
    reel: Option<Reel>,
    /// Entries that were folded in, again and again where they were told again.
    #[cfg(test)]
    n_folded: usize,
}

impl Session {
    /// A sitting before anything has arrived.
    pub fn new(options: Options) -> Self {
        Self {
            state: State::new(options),
            tape: Tape::default(),
            decoder: Decoder::default(),
            checkpoints: Checkpoints::default(),
            past: Past::default(),
            newest: Stamp(0),
            reel: None,
            #[cfg(test)]
            n_folded: 0,
        }
    }

    /// A sitting before a recording, at a moment of it, or at its beginning.
    pub fn replay(
        options: Options,
        mut film: Film,
        marks: Vec<(Stamp, Mark)>,
        at: Option<Stamp>,
        speed: Speed,
    ) -> Self {
        let mut session = Self::new(options);
        let ((from, to), name, grows) = (film.range(), film.name(), !film.is_closed());
        let damage = film.take_damage();
        let rollups = film.rollups();
        session.reel = Some(Reel::new(film));
        let replay = Replay { name, from, to, grows, is_playing: at.is_none(), speed };
        session.tell(Told::Opened(Box::new(replay)));
        session.tell(Told::Marks(marks));
        session.tell_rollups(&rollups);
        let at = at.unwrap_or(from).clamp(from, to);
        session.tell(Told::Played(at));
        session.seek(at);
        session.say_damage(&damage);
        session
    }

    /// Tells of something that concerns the program itself.
    pub fn tell(&mut self, what: Told) {
        // Nothing follows from it for others: a recording asks nobody, and what is recorded changes no question.
        drop(app::update(&mut self.state, Msg::Told(what)));
    }

    /// The line of a whole recording, wherever the playhead is.
    fn tell_rollups(&mut self, entries: &[Entry]) {
        // Not the decoder of the session: it has not been told who they are.
        let mut decoder = Decoder::default();
        let events = entries.iter().flat_map(|entry| decoder.decode(entry));
        let rollups = events.filter_map(|stamped| match stamped.event {
            Event::Rollup(rollup) => Some((stamped.at, *rollup)),
            _ => None,
        });
        let rollups = rollups.collect();
        self.tell(Told::Rollups(rollups));
    }

    /// All that was received and is still known, in order: what a recording begins with.
    pub fn received(&self) -> Vec<Entry> {
        self.tape.all()
    }

    /// Time passes before a recording, in which nothing else comes.
    pub fn pass(&mut self, now: Stamp) {
        drop(app::update(&mut self.state, Msg::Passed(now)));
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
        let at = entry.at;
        let mut effects = match entry.item {
            Item::Input(input) => self.input(at, input),
            Item::Page(page) => {
                if let Heard::Line(rollups, marks) = self.past.hear(at, page) {
                    self.tell(Told::Rollups(rollups));
                    if !marks.is_empty() {
                        self.tell(Told::Marks(marks.into_iter().map(|mark| (at, mark)).collect()));
                    }
                }
                app::update(&mut self.state, Msg::Passed(at))
            }
            Item::Notice(words) => {
                self.say(words.to_string());
                app::update(&mut self.state, Msg::Passed(at))
            }
            Item::Tick => self.receive(&entry),
            Item::Envelope(..) | Item::Link(_) | Item::Clock(..) | Item::Gap(_) | Item::Reset => {
                return self.receive(&entry);
            }
        };
        effects.extend(self.ask(at));
        effects
    }

    /// Takes what an agent or a link said.
    fn receive(&mut self, entry: &Entry) -> Vec<Effect> {
        self.past.notice(entry);
        if !self.tape.push(entry) {
            return app::update(&mut self.state, Msg::Passed(entry.at));
        }
        let effects = self.fold(entry);
        self.checkpoints.forget(self.tape.n_dropped());
        self.checkpoints.pass(self.tape.n_told(), entry.at, &self.state.model, &self.decoder);
        effects
    }

    /// Asks black boxes for what is needed now, and shows what has come of it.
    fn ask(&mut self, now: Stamp) -> Vec<Effect> {
        if self.reel.is_some() {
            return Vec::new();
        }
        if let Playhead::Past(at) = self.state.playhead {
            let is_shown = self.past.shown().is_some();
            let is_heard = self.state.missed_until().is_none();
            if (is_shown && !self.is_told_by_pages(at)) || (!is_shown && !is_heard) {
                // Another screen is shown, of a node that was heard then, or was not. What the tape has told stays, though it
                // may have left the tape since.
                drop(self.seek(at));
            } else if is_shown && self.past.is_outdated(&self.state) {
                self.seek_pages(at);
            }
        }
        // Where what was received goes on.
        let until = self.state.missed_until().or(self.tape.range().map(|(from, _)| from));
        let questions = self.past.questions(&self.state, now, until);
        for (node, since) in self.past.learn() {
            self.tell(Told::KeptSince(node, since));
        }
        let looked = self.past.looked(&self.state);
        if looked != self.state.looked {
            self.tell(Told::Looked(looked));
        }
        let mut rest: Vec<Effect> = questions.into_iter().map(Effect::Control).collect();
        if let Some(node) = self.state.to_be_held()
            && self.past.has_told(self.state.model.node(node))
        {
            let effects = app::update(&mut self.state, Msg::Told(Told::Arrived));
            rest.extend(self.carry_out(effects));
            let looked = self.past.looked(&self.state);
            self.tell(Told::Looked(looked));
        }
        rest
    }

    fn input(&mut self, at: Stamp, input: Input) -> Vec<Effect> {
        let effects = app::update(&mut self.state, Msg::Input(at, input));
        self.carry_out(effects)
    }

    /// Does what is to be done here; the rest.
    fn carry_out(&mut self, effects: Vec<Effect>) -> Vec<Effect> {
        let mut rest = Vec::new();
        let mut todo = VecDeque::from(effects);
        while let Some(effect) = todo.pop_front() {
            match effect {
                // What the past would have had asked is not asked now.
                Effect::Seek(to) => drop(self.seek(to)),
                // What black boxes tell of it comes later.
                Effect::Arrive if self.past.shown().is_some() => {
                    self.tell(Told::Said(Message::Notice(WAITS.to_owned())));
                }
                Effect::Arrive => todo.extend(app::update(&mut self.state, Msg::Told(Told::Arrived))),
                Effect::GoLive => rest.extend(self.go_live()),
                Effect::Quit
                | Effect::Suspend
                | Effect::Control(_)
                | Effect::Copy(_)
                | Effect::Record
                | Effect::Note(_) => {
                    rest.push(effect);
                }
            }
        }
        rest
    }

    fn seek(&mut self, to: Stamp) -> Vec<Effect> {
        if self.reel.is_some() {
            self.seek_film(to);
            return Vec::new();
        }
        self.past.ask_again();
        if self.is_told_by_pages(to) {
            self.seek_pages(to);
            return Vec::new();
        }
        self.past.leave();
        self.restore(self.tape.n_until(to));
        let told = self.tape.seek(to);
        self.retell(&told)
    }

    /// Whether black boxes are asked for a moment: it lies before all that was received, or the node on the screen was not
    /// heard then.
    fn is_told_by_pages(&self, at: Stamp) -> bool {
        let is_before = self.tape.range().is_some_and(|(first, _)| at < first);
        self.state.missed_until().is_some() || (is_before && (self.past.shown().is_some() || self.state.keeps_past()))
    }

    /// Shows a moment of which nothing was received, as far as black boxes have told of it.
    fn seek_pages(&mut self, to: Stamp) {
        self.tape.leave(to);
        let told = match self.past.tell(to, &self.state) {
            Telling::On(told) => told,
            Telling::Copied(copy, told) => {
                self.decoder = copy.decoder;
                drop(app::update(&mut self.state, Msg::Restored(Box::new(copy.model))));
                told
            }
            Telling::Anew(told) => self.introduce(to).unwrap_or(told),
        };
        let mut before = Stamp(u64::MAX);
        for entry in told {
            if entry.at > before {
                self.past.pass(before, &self.state, &self.decoder);
            }
            before = entry.at;
            drop(self.fold(&entry));
        }
    }

    /// Forgets all, and tells who there is, as of so long before a moment that all else follows; what does, where that
    /// depends on who they are.
    fn introduce(&mut self, to: Stamp) -> Option<Vec<Entry>> {
        let from = told_from(to);
        let who = self.tape.introductions().flat_map(|(_, described, clock)| std::iter::once(described).chain(clock));
        let who = who.map(|entry| Entry { at: from, item: entry.item.clone() });
        let who: Vec<Entry> = std::iter::once(Entry { at: from, item: Item::Reset }).chain(who).collect();
        who.iter().for_each(|entry| drop(self.fold(entry)));
        self.past.leave();
        match self.past.tell(to, &self.state) {
            Telling::Anew(told) => Some(told),
            Telling::On(_) | Telling::Copied(..) => None,
        }
    }

    fn go_live(&mut self) -> Vec<Effect> {
        self.past.leave();
        self.restore(usize::MAX);
        let told = self.tape.live();
        self.retell(&told)
    }

    /// Brings back the copy that is nearest before so many entries, where that is nearer than what is known.
    fn restore(&mut self, n_entries: usize) {
        let n_told = self.tape.n_told();
        let is_nearer = |n: usize| n_told == usize::MAX || n_told > n_entries || n_told < n;
        if let Some(nearest) = self.checkpoints.before(n_entries).filter(|c| is_nearer(c.n_told)) {
            self.decoder = nearest.decoder.clone();
            // What this would have asked is asked, or not, after what follows has been told.
            drop(app::update(&mut self.state, Msg::Restored(Box::new(nearest.model.clone()))));
            self.tape.resume(nearest.n_told);
        }
    }

    fn say_damage(&mut self, damage: &[String]) {
        if let Some(first) = damage.first() {
            self.say(format!("this recording is damaged: {first}"));
        }
    }

    fn say(&mut self, text: String) {
        self.tell(Told::Said(Message::Refusal(text)));
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
        #[cfg(test)]
        {
            self.n_folded += 1;
        }
        let events = self.decoder.decode(entry);
        events.into_iter().flat_map(|event| app::update(&mut self.state, Msg::Event(event))).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests;
