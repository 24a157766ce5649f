//! Answers to who asks for the past: few at once, no faster than a host can spare, to who reads them.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use midair_proto::v1::{Envelope, HistoryRequest, Lost, payload::Kind};
use midair_recording::{Body, Entry, Piece};
use prost::Message;
use tokio::{runtime::Handle, sync::Semaphore, sync::mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::{Asker, Found, thin::Thin};
use crate::{cost::ThreadTimes, desk::Door};

/// Histories at once; beyond it one is refused in words.
pub const N_HISTORIES: usize = 2;

/// Bytes that all of them may take each second, once the first second's worth has gone.
pub const BYTES_PER_SECOND: u64 = 1 << 20;

/// Events that wait for a client; when full, its history waits, and nothing else does.
const N_WAITING: usize = 16;

/// A client that takes nothing for so long is let go: others may be waiting.
const TAKEN_WITHIN: Duration = Duration::from_secs(20);

/// A black box that hangs is not waited for any longer.
const FOUND_WITHIN: Duration = Duration::from_secs(5);

/// The past, for those who ask.
#[derive(Clone, Debug)]
pub struct Histories {
    asker: Asker,
    places: Arc<Semaphore>,
    /// When all that was sent would have been sent at the pace that is allowed, `CLOCK_MONOTONIC` in microseconds.
    paid_us: Arc<Mutex<u64>>,
    threads: ThreadTimes,
}

/// Within a block, moments are told from its start: so far may they be off, microseconds.
const SLACK_US: u64 = 1_000_000;

/// A stream of what was kept.
pub type Told = ReceiverStream<Result<Envelope, Status>>;

impl Histories {
    /// Of this black box; what answers cost is booked in `threads`.
    pub fn new(asker: Asker, threads: ThreadTimes) -> Self {
        Self { asker, places: Arc::new(Semaphore::new(N_HISTORIES)), paid_us: Arc::default(), threads }
    }

    /// What was kept of the range that is asked for.
    pub async fn answer(&self, request: &HistoryRequest, door: &Door) -> Result<Told, Status> {
        let (from_us, to_us) = (request.from_us.unwrap_or(0), request.to_us.unwrap_or(u64::MAX));
        if from_us > to_us {
            return Err(Status::invalid_argument("the range ends before it begins; swap its ends"));
        }
        if request.max_points == Some(0) {
            return Err(Status::invalid_argument("a history of no points says nothing; ask for at least 1"));
        }
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| {
            Status::resource_exhausted(format!(
                "this agent tells at most {N_HISTORIES} histories at once; ask again when one has ended"
            ))
        })?;
        let (least_us, most_us) = (from_us.saturating_sub(SLACK_US), to_us.saturating_add(SLACK_US));
        let found = self.asker.ask(least_us, most_us, FOUND_WITHIN).await.map_err(Status::unavailable)?;
        let thin = request.max_points.map(|most| Thin::new(most, (from_us, to_us), found.kept_us));
        let (events, told) = mpsc::channel(N_WAITING);
        let first_us = from_us.max(found.kept_us.map_or(0, |(first_us, _)| first_us));
        let last = Envelope { wall_us: Some(first_us.min(to_us)), ..Envelope::default() };
        let telling =
            Telling { histories: self.clone(), door: door.clone(), to_us, last, events, runtime: Handle::current() };
        tokio::task::spawn_blocking(move || {
            telling.run(found, thin);
            drop(place);
        });
        Ok(ReceiverStream::new(told))
    }
}

/// One answer, on a thread that may wait.
struct Telling {
    histories: Histories,
    door: Door,
    to_us: u64,
    /// The stamps of what was told last; at first those of the start.
    last: Envelope,
    events: mpsc::Sender<Result<Envelope, Status>>,
    runtime: Handle,
}

/// The client has gone, or has been let go.
struct Gone;

impl Telling {
    fn run(mut self, found: Found, mut thin: Option<Thin>) {
        let mut spent_us = self.door.clock().thread_cpu_us();
        let (all, summaries) = (found.history, found.summaries);
        // Few points are read from the small rings alone.
        let (all, summaries) = if thin.is_some() { (None, Some(summaries)) } else { (Some(all), None) };
        for piece in all.into_iter().flatten().chain(summaries.into_iter().flatten().flatten()) {
            let told = match piece {
                Ok(piece) => self.tell(piece, thin.as_mut()),
                Err(error) => {
                    // It ends here: nothing that comes after it would be in order.
                    let words = format!("the black box cannot be read on: {error}");
                    drop(self.send(Err(Status::data_loss(words)), 0));
                    return;
                }
            };
            let now_us = self.door.clock().thread_cpu_us();
            self.histories.threads.add_history(now_us.saturating_sub(std::mem::replace(&mut spent_us, now_us)));
            if told.is_err() {
                return;
            }
        }
        for (wall_us, kind) in thin.into_iter().flat_map(Thin::told) {
            let envelope = Envelope { wall_us: Some(wall_us), ..self.door.envelope(kind) };
            let n_bytes = envelope.encoded_len();
            if self.send(Ok(envelope), n_bytes).is_err() {
                return;
            }
        }
    }

    fn tell(&mut self, piece: Piece, thin: Option<&mut Thin>) -> Result<(), Gone> {
        let envelope = match piece {
            Piece::Entry(Entry { body: Body::Envelope { bytes, .. }, .. }) => {
                // What checks and is none was written by something else.
                let Ok(envelope) = Envelope::decode(bytes) else { return Ok(()) };
                envelope
            }
            // Gaps are seen by the stamps, too; there is no other entry in a black box.
            Piece::Entry(_) => return Ok(()),
            // Of the entries that were lost it is not known how many were samples.
            Piece::Damage(_) => {
                let Envelope { epoch, mono_us, wall_us, .. } = self.last;
                Envelope { epoch, mono_us, wall_us, ..self.door.envelope(Kind::Lost(Lost { n_samples: None })) }
            }
        };
        if envelope.wall_us > Some(self.to_us) {
            return Ok(());
        }
        let Envelope { epoch, mono_us, wall_us, .. } = envelope;
        self.last = Envelope { epoch, mono_us, wall_us, ..Envelope::default() };
        let Some(thin) = thin else {
            let n_bytes = envelope.encoded_len();
            return self.send(Ok(envelope), n_bytes);
        };
        thin.take(&envelope);
        if self.events.is_closed() { Err(Gone) } else { Ok(()) }
    }

    /// Sends at the pace that is allowed, to a client that takes it.
    fn send(&self, event: Result<Envelope, Status>, n_bytes: usize) -> Result<(), Gone> {
        let wait_us = self.histories.wait_us(n_bytes as u64, self.door.clock().mono_us());
        if wait_us > 0 {
            std::thread::sleep(Duration::from_micros(wait_us));
        }
        match self.runtime.block_on(tokio::time::timeout(TAKEN_WITHIN, self.events.send(event))) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }
}

impl Histories {
    /// How long to wait before so many bytes more are sent, microseconds.
    fn wait_us(&self, n_bytes: u64, now_us: u64) -> u64 {
        let mut paid_us = self.paid_us.lock().unwrap_or_else(PoisonError::into_inner);
        *paid_us = (*paid_us).max(now_us) + n_bytes * 1_000_000 / BYTES_PER_SECOND;
        (*paid_us - now_us).saturating_sub(1_000_000)
    }
}
