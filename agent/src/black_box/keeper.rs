//! The thread of the black box: takes what the desk says, and writes it in blocks that can be read alone.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, mpsc},
    task::{Context, Poll, Wake, Waker},
    thread::Thread,
    time::Duration,
};

use bytes::Bytes;
use midair_proto::v1::{Envelope, Mark, RecordedMark, Rollup, payload::Kind};
use midair_recording::{Body, State};
use prost::Message;
use tokio_stream::Stream;

use super::{
    Asked, Found, Status,
    home::{Home, Opened},
};
use crate::{
    clock::Clock,
    cost::ThreadTimes,
    desk::Command,
    encode,
    marks::N_MARKS,
    outbox::{self, Outgoing},
    reading::Health,
};

/// What was said is written after so long. Less than a second: samples come each second, give or take.
const FLUSH_US: u64 = 900_000;

/// A disk that took nothing is tried again after so long.
const RETRY_US: u64 = 60_000_000;

/// A block begins with a key that comes by itself, where one is due within this time.
const EARLY_US: u64 = 2_000_000;

/// A wall clock that has been set by more than this begins a block: within one, time is told from its start.
const STEP_US: u64 = 1_000_000;

/// What it holds is said anew so often: words that change travel.
const SAY_US: u64 = 60_000_000;

/// And logged so often.
const LOG_US: u64 = 3_600_000_000;

/// Marks come back that are about so long ago at most.
const MARKS_US: u64 = 24 * 3_600_000_000;

const SLEEP: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Keeper {
    home: Home,
    opened: Opened,
    clock: Clock,
    status: Status,
    threads: ThreadTimes,
    desk: mpsc::SyncSender<Command>,
    asked: mpsc::Receiver<Asked>,
    /// The description as it was told last, and when, `CLOCK_MONOTONIC`.
    described: Option<(u64, Bytes)>,
    /// Marks that came while there was no block; the next one begins with them.
    early: VecDeque<(Envelope, RecordedMark)>,
    /// The start of the open block: `CLOCK_MONOTONIC` and wall time.
    block: Option<(u64, u64)>,
    is_dirty: bool,
    flushed_us: u64,
    tried_us: u64,
    said: Option<Said>,
    /// When what it holds was logged last, or it began.
    logged_us: u64,
}

/// What was said of itself, and when.
#[derive(Debug)]
struct Said {
    at_us: u64,
    state: State,
    /// Of the summaries that are off.
    missing: Option<String>,
}

/// Wakes the thread when something comes.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Keeper {
    pub(super) fn new(
        home: Home,
        clock: Clock,
        status: Status,
        threads: ThreadTimes,
        desk: mpsc::SyncSender<Command>,
        asked: mpsc::Receiver<Asked>,
    ) -> Self {
        let (opened, now_us) = (home.open(), clock.mono_us());
        Self {
            home,
            opened,
            clock,
            status,
            threads,
            desk,
            asked,
            described: None,
            early: VecDeque::new(),
            block: None,
            is_dirty: false,
            flushed_us: now_us,
            tried_us: now_us,
            said: None,
            logged_us: now_us,
        }
    }

    /// Until the desk has ended.
    pub(super) fn run(mut self, mut outgoing: Outgoing) {
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let mut context = Context::from_waker(&waker);
        self.say_before();
        loop {
            match Pin::new(&mut outgoing).poll_next(&mut context) {
                Poll::Ready(Some(Ok(envelope))) => self.take(&envelope, &outgoing),
                // The desk tells none.
                Poll::Ready(Some(Err(status))) => tracing::warn!(%status, "the black box was told an error"),
                Poll::Ready(None) => match self.join() {
                    Some(again) => outgoing = again,
                    None => break,
                },
                Poll::Pending => {
                    self.settle();
                    std::thread::park_timeout(SLEEP);
                }
            }
        }
        self.opened.ring.close();
        self.opened.summaries.close();
    }

    /// Tells the desk what the agent's life before has left here.
    fn say_before(&self) {
        let since_us = self.clock.wall_us().saturating_sub(MARKS_US);
        if let Some(before) = self.opened.ring.before(since_us) {
            // A desk that has ended needs to know nothing.
            drop(self.desk.send(Command::Before(Box::new(before))));
        }
    }

    /// Too many words have waited while a disk hung, or the desk has ended: then there is nothing to join.
    fn join(&self) -> Option<Outgoing> {
        let (outbox, outgoing) = outbox::outbox();
        self.desk.send(Command::Keep { outbox, status: self.status.clone() }).ok()?;
        Some(outgoing)
    }

    /// Keeps what the desk says.
    fn take(&mut self, envelope: &Envelope, outgoing: &Outgoing) {
        let (at_us, wall_us) = (envelope.mono_us.unwrap_or(0), envelope.wall_us.unwrap_or(0));
        let mut bytes = envelope.encode_to_vec();
        let word = if envelope.seq.is_none() { envelope.kind() } else { None };
        if matches!(word, Some(Kind::Described(_))) {
            self.described = Some((at_us, bytes.clone().into()));
        }
        if envelope.seq.is_some() && self.is_block_due(at_us, wall_us) {
            if envelope.key == Some(true) {
                self.begin_block(at_us, wall_us);
            } else {
                outgoing.ask_key();
            }
        }
        let mark = if let Some(Kind::Mark(mark)) = &word {
            Some(noted(mark.clone(), at_us, envelope.node.clone()))
        } else {
            None
        };
        if self.block.is_none() {
            self.early.extend(mark.map(|mark| (envelope.clone(), mark)));
            self.early.drain(..self.early.len().saturating_sub(N_MARKS));
            return;
        }
        if let Some(kind) = &word {
            self.opened.summaries.take(envelope, &bytes, kind);
        }
        if let Some(Kind::Rollup(rollup)) = &word {
            bytes = of_node(envelope, rollup).encode_to_vec();
        }
        let ring = &mut self.opened.ring;
        ring.envelope(at_us, wall_us, &bytes);
        mark.into_iter().for_each(|mark| ring.note_mark(mark));
        self.is_dirty = true;
    }

    fn is_block_due(&self, at_us: u64, wall_us: u64) -> bool {
        // Where nothing is kept, all is opened again in a while: until then a key would cost for nothing.
        if self.opened.is_off() {
            return false;
        }
        let Some((first_us, first_wall_us)) = self.block else { return true };
        let expected_us = first_wall_us.saturating_add(at_us.saturating_sub(first_us));
        self.opened.ring.needs_block(at_us.saturating_add(EARLY_US)) || expected_us.abs_diff(wall_us) > STEP_US
    }

    fn begin_block(&mut self, at_us: u64, wall_us: u64) {
        let ring = &mut self.opened.ring;
        ring.begin_block(at_us, wall_us);
        if matches!(ring.state(), State::Off(_)) {
            return;
        }
        self.block = Some((at_us, wall_us));
        if let Some((said_us, bytes)) = &self.described {
            let body = Body::Envelope { link: Arc::from(""), bytes: bytes.clone() };
            ring.push(*said_us, wall_us, true, &body);
        }
        for (envelope, noted) in self.early.drain(..) {
            let bytes = envelope.encode_to_vec();
            ring.envelope(at_us, envelope.wall_us.unwrap_or(wall_us), &bytes);
            if let Some(mark) = noted.mark.clone() {
                self.opened.summaries.take(&envelope, &bytes, &Kind::Mark(mark));
            }
            ring.note_mark(noted);
        }
    }

    /// Nothing waits: time to write, to answer, to say how it is.
    fn settle(&mut self) {
        let now_us = self.clock.mono_us();
        if self.is_dirty && now_us.saturating_sub(self.flushed_us) >= FLUSH_US {
            self.flush(now_us);
        }
        while let Ok(asked) = self.asked.try_recv() {
            // What was told is answered, too.
            self.flush(now_us);
            let Asked { from_wall_us, to_wall_us, reply } = asked;
            let Opened { ring, summaries, .. } = &self.opened;
            let found = Found {
                history: ring.history(from_wall_us, to_wall_us),
                summaries: summaries.histories(from_wall_us, to_wall_us),
                kept_us: summaries.range(),
            };
            // Whoever asked may have gone.
            drop(reply.send(found));
        }
        self.retry(now_us);
        self.say(now_us);
        let cpu_us = self.clock.thread_cpu_us();
        self.threads.black_box(cpu_us);
        self.status.spent(cpu_us);
    }

    fn flush(&mut self, now_us: u64) {
        self.opened.ring.flush();
        (self.is_dirty, self.flushed_us) = (false, now_us);
    }

    /// A disk that was full may have room again.
    fn retry(&mut self, now_us: u64) {
        let (is_off, is_whole) = (self.opened.is_off(), self.opened.missing().is_none());
        if is_whole && !is_off {
            self.tried_us = now_us;
            return;
        }
        if is_off && self.block.take().is_some() {
            self.tried_us = now_us;
        }
        if now_us.saturating_sub(self.tried_us) < RETRY_US {
            return;
        }
        self.tried_us = now_us;
        if !is_off {
            let (first_us, first_wall_us) = self.block.unwrap_or((now_us, self.clock.wall_us()));
            let wall_us = first_wall_us.saturating_add(now_us.saturating_sub(first_us));
            return self.home.mend(&mut self.opened, now_us, wall_us);
        }
        // The old one goes first: it holds the directory.
        self.opened = self.home.nowhere();
        self.opened = self.home.open().again();
    }

    /// Says how it is: where that has changed, and each minute.
    fn say(&mut self, now_us: u64) {
        let (state, missing) = (self.opened.ring.state(), self.opened.missing());
        // A disk that is tried again is not well before it has taken something.
        let is_known = self.opened.is_off() || (self.block.is_some() && !self.is_dirty);
        let before = self.said.as_ref().filter(|said| said.state == *state && said.missing == missing);
        if !is_known || before.is_some_and(|said| now_us.saturating_sub(said.at_us) < SAY_US) {
            return;
        }
        if before.is_none() {
            match (state, &missing) {
                (State::Off(why), _) => tracing::warn!(why, "the black box is off"),
                (_, Some(missing)) => tracing::warn!(missing, "the black box keeps a part"),
                (State::Disk | State::Memory, None) => tracing::info!(%state, "the black box keeps what is measured"),
            }
        }
        if now_us.saturating_sub(self.logged_us) >= LOG_US {
            self.logged_us = now_us;
            tracing::info!(holds = holds(&self.opened), "the black box");
        }
        let troubles: Vec<&str> = missing.iter().chain(&self.opened.instead_of).map(String::as_str).collect();
        let (health, note) = match state {
            State::Off(why) => (Health::Off(why.as_str().into()), None),
            _ if troubles.is_empty() => (Health::Ok, Some(holds(&self.opened).into())),
            _ => (Health::Degraded(format!("{}: {}", holds(&self.opened), troubles.join("; ")).into()), None),
        };
        let state = state.clone();
        self.status.tell(health, note);
        self.said = Some(Said { at_us: now_us, state, missing });
    }
}

/// What it holds, in words: of how long a time each second, and of how long a time summaries; and how long a time will
/// fit, as far as that is measured.
fn holds(opened: &Opened) -> String {
    let Opened { ring, summaries, .. } = opened;
    let span = |us: u64| {
        let minutes = us / 60_000_000;
        if minutes < 120 { format!("{minutes} min") } else { format!("{} h", minutes / 60) }
    };
    let kib = (ring.n_bytes() + summaries.n_bytes()) >> 10;
    let (each, every_10) = (span(ring.held_us()), span(summaries.held_us()));
    let fits = ring.fits_us().map(|us| format!("; ~{} of each second fit", span(us))).unwrap_or_default();
    format!("each second of {each}, every 10 s of {every_10}, in {kib} KiB {}{fits}", ring.state())
}

/// A rollup as it stands among the samples: of the node alone. What else it says stands with the summaries.
fn of_node(envelope: &Envelope, rollup: &Rollup) -> Envelope {
    let rollup = Rollup { vms: Vec::new(), tasks: Vec::new(), ..rollup.clone() };
    Envelope { payload: Some(encode::payload(Kind::Rollup(rollup))), ..envelope.clone() }
}

/// A mark as it is listed: by the moment that it is about.
fn noted(mark: Mark, at_us: u64, node: Option<String>) -> RecordedMark {
    RecordedMark { at_us: Some(at_us), node, mark: Some(mark) }
}

#[cfg(test)]
mod tests;
