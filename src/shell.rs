//! The terminal and the one loop: keys, entries and signals in, cells and controls out.

mod hangup;
mod headless;
mod input;
mod notes;
mod recording;
mod screen;
mod signals;

use std::{io, time::Duration};

use anyhow::Context as _;
use crossterm::{clipboard::CopyToClipboard, event::EventStream, execute};
use tokio::{select, task::yield_now, time::sleep};
use tokio_stream::StreamExt as _;

pub use headless::{record, record_past, until_told, wait};
pub use screen::{NotATerminal, size};

use crate::{
    app::Effect,
    clock::Clock,
    event::{Input, Stamp},
    feed::Feed,
    session::Session,
    view::theme::Theme,
};

use self::{
    input::Hand,
    screen::Screen,
    signals::{Asked, Signals},
};

/// Pictures are at least so far apart: 60 a second.
const FRAME: Duration = Duration::from_micros(16_666);
/// Of more nodes than these some have something new at every moment. While nobody does anything, pictures of all that are so
/// far apart: each is made of all nodes.
const N_FEW: usize = 16;
const FRAME_OF_MANY: Duration = Duration::from_millis(250);
/// To make pictures takes at most one part in so many of the time, at rest and otherwise; each second brings one all the same.
const REST: u32 = 20;
const BUSY: u32 = 2;
const FRAME_MAX: Duration = Duration::from_secs(1);
/// What a person has asked for comes within this time.
const TOUCHED: Duration = Duration::from_secs(1);
/// A recording is played on so often.
const PLAY_EVERY: Duration = Duration::from_millis(50);
/// Whether words have stood long enough is looked at so often.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Most entries that are folded in before the next look at the keyboard.
const ENTRIES_AT_ONCE: usize = 64;

/// How a sitting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The person left.
    Quit,
    /// A signal ended it; its number.
    Signal(u8),
}

/// Runs until the person leaves. The terminal is given back as it was, whatever happens.
pub async fn run(feed: Feed, session: Session, theme: Theme, clock: Clock) -> anyhow::Result<Ending> {
    let screen = Screen::open(session.state().has_mouse)?;
    hangup::watch().context("cannot start the thread that watches the terminal")?;
    let signals = Signals::new().context("cannot listen to signals")?;
    let (hand, size) = (Hand::default(), session.state().size);
    // Who has just started it waits for its first pictures.
    let (drawn_at, touched_at, took) = (Stamp(0), clock.now(), Duration::ZERO);
    let shell = Shell {
        feed,
        session,
        theme,
        clock,
        screen,
        hand,
        drawn_at,
        touched_at,
        took,
        size,
        played_at: None,
        wants: None,
    };
    shell.run(signals).await
}

struct Shell {
    feed: Feed,
    session: Session,
    theme: Theme,
    clock: Clock,
    screen: Screen,
    hand: Hand,
    drawn_at: Stamp,
    /// What that picture took to make.
    took: Duration,
    /// When a person last did something.
    touched_at: Stamp,
    size: (u16, u16),
    /// Up to when a recording was played, on our clock; `None` while it stands.
    played_at: Option<Stamp>,
    wants: Option<Ending>,
}

impl Shell {
    async fn run(mut self, mut signals: Signals) -> anyhow::Result<Ending> {
        let mut events = EventStream::new();
        let mut feed_is_open = true;
        loop {
            if let Some(ending) = self.wants {
                self.end_recording();
                return Ok(ending);
            }
            anyhow::ensure!(!screen::has_panicked(), "midair has a bug and panicked; its words are above");
            self.play();
            if self.is_read() {
                self.session.pass(self.clock.now());
            }
            let wait = self.draw_if_due()?;
            select! {
                biased;
                asked = signals.next() => match asked {
                    Asked::End(number) => self.wants = Some(Ending::Signal(number)),
                    Asked::Stop => self.stop(signals::stop)?,
                    Asked::GoOn => self.come_back()?,
                },
                event = events.next() => self.event(event)?,
                entry = self.feed.next(), if feed_is_open => match entry {
                    Some(entry) => {
                        let effects = self.session.entry(entry);
                        self.carry_out(effects)?;
                        self.waiting_entries()?;
                        self.watch_recording();
                    }
                    None => feed_is_open = false,
                },
                () = sleep(PLAY_EVERY), if self.session.state().is_playing() => {}
                () = sleep(LOOK_EVERY), if self.is_read() => {}
                () = sleep(wait.unwrap_or_default()), if wait.is_some() => {}
                // Keys come first: what charts need is told in slices, when nothing else is to be done.
                () = yield_now(), if self.session.is_filling() => self.session.fill(),
            }
        }
    }

    /// Whether words stand below a recording: no entry comes that would tell how long.
    fn is_read(&self) -> bool {
        self.session.state().replay.is_some() && self.session.state().message.is_some()
    }

    /// Plays a recording on by the time that has passed.
    fn play(&mut self) {
        let now = self.clock.now();
        let before = self.played_at.replace(now).filter(|_| self.session.state().is_playing());
        if !self.session.state().is_playing() {
            self.played_at = None;
        } else if let Some(before) = before {
            self.session.play(now.since_us(before));
        }
    }

    /// Draws when something changed and the last picture is old enough; else how long that is away.
    fn draw_if_due(&mut self) -> anyhow::Result<Option<Duration>> {
        if !self.session.state().is_dirty {
            return Ok(None);
        }
        let now = self.clock.now();
        let age = Duration::from_micros(now.since_us(self.drawn_at));
        let frame = self.frame(now);
        if age < frame {
            return Ok(Some(frame - age));
        }
        self.draw()?;
        Ok(None)
    }

    /// How far pictures are apart now.
    fn frame(&self, now: Stamp) -> Duration {
        let (state, quiet) = (self.session.state(), Duration::from_micros(now.since_us(self.touched_at)));
        let is_at_rest = state.model.nodes.len() > N_FEW && state.replay.is_none() && quiet > TOUCHED;
        let (least, parts) = if is_at_rest { (FRAME_OF_MANY, REST) } else { (FRAME, BUSY) };
        least.max(self.took * parts).min(FRAME_MAX)
    }

    fn draw(&mut self) -> anyhow::Result<()> {
        self.notice_size()?;
        let begun = self.clock.now();
        self.screen.draw(self.session.state(), &self.theme).context("cannot write to the terminal")?;
        self.session.drawn();
        self.drawn_at = self.clock.now();
        self.took = Duration::from_micros(self.drawn_at.since_us(begun));
        Ok(())
    }

    /// A key is answered with the next picture at once, however young the last one is.
    fn event(&mut self, event: Option<io::Result<crossterm::event::Event>>) -> anyhow::Result<()> {
        let event = event.context("the terminal is gone")?.context("cannot read from the terminal")?;
        let at = self.clock.now();
        self.touched_at = at;
        for input in self.hand.inputs(at, &event) {
            self.input(at, input)?;
        }
        self.notice_size()?;
        if self.session.state().is_dirty {
            self.draw()?;
        }
        Ok(())
    }

    /// Asks for the size of the terminal, and tells of a change. crossterm's word alone will not do: of a resize and a key
    /// that are ready at once it takes the key and forgets the resize. The question costs a microsecond.
    fn notice_size(&mut self) -> anyhow::Result<()> {
        let size = self.screen.size().context("the terminal is gone")?;
        if size == self.size {
            return Ok(());
        }
        self.size = size;
        self.input(self.clock.now(), Input::Resize(size.0, size.1))
    }

    fn input(&mut self, at: Stamp, input: Input) -> anyhow::Result<()> {
        let entry = self.feed.input(at, input);
        let effects = self.session.entry(entry);
        self.carry_out(effects)
    }

    /// Hands the terminal back, and goes on when the shell says so.
    fn stop(&mut self, stop: fn() -> io::Result<()>) -> anyhow::Result<()> {
        self.screen.leave();
        stop().context("cannot stop")?;
        self.come_back()
    }

    /// Takes the terminal again.
    fn come_back(&mut self) -> anyhow::Result<()> {
        self.screen.come_back().context("cannot take the terminal again")?;
        self.draw()
    }

    fn waiting_entries(&mut self) -> anyhow::Result<()> {
        for _ in 0..ENTRIES_AT_ONCE {
            let Some(entry) = self.feed.next_waiting() else { break };
            let effects = self.session.entry(entry);
            self.carry_out(effects)?;
        }
        Ok(())
    }

    fn carry_out(&mut self, effects: Vec<Effect>) -> anyhow::Result<()> {
        let mut controls = Vec::new();
        for effect in effects {
            match effect {
                Effect::Quit => self.wants = Some(Ending::Quit),
                Effect::Suspend if signals::has_shell() => self.stop(signals::stop_job)?,
                Effect::Suspend => tracing::info!("no shell waits: not stopping"),
                Effect::Control(control) => controls.push(control),
                Effect::Copy(text) => execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text))
                    .context("cannot write to the terminal")?,
                Effect::Record => self.toggle_recording(),
                Effect::Note(note) => self.keep(note)?,
                // The session carries these out itself.
                Effect::Seek(_) | Effect::GoLive | Effect::Arrive => {}
            }
        }
        if !self.feed.controls(controls) {
            tracing::warn!("controls were not taken: the feed has ended, or is behind");
        }
        Ok(())
    }
}
