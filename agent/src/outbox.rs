//! What waits for one watcher, bounded: a reader that is slow loses samples, is told how many, and gets a key.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use midair_proto::v1::Envelope;
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tonic::Status;

/// Samples that wait at most; when full, the next ones are lost.
pub const N_SAMPLES: usize = 4;

/// Answers to queries and focuses that wait at most; when full, the next ones are dropped: each is complete in itself.
pub const N_ANSWERS: usize = 16;

/// Words (descriptions, marks, refusals, echoes, rollups) that wait at most; a watcher that lets them pile up is let go.
pub const N_WORDS: usize = 320;

/// Makes the two ends of an outbox.
pub fn outbox() -> (Outbox, Outgoing) {
    let (words_in, words) = mpsc::channel(N_WORDS);
    let (samples_in, samples) = mpsc::channel(N_SAMPLES);
    let (answers_in, answers) = mpsc::channel(N_ANSWERS);
    let asks_key = Arc::new(AtomicBool::new(false));
    (
        Outbox {
            words: words_in,
            samples: samples_in,
            answers: answers_in,
            n_lost: 0,
            asks_key: Arc::clone(&asks_key),
        },
        Outgoing { words, samples, answers, asks_key },
    )
}

/// The end into which the desk puts; dropping it ends the watcher's stream.
#[derive(Debug)]
pub struct Outbox {
    words: mpsc::Sender<Envelope>,
    samples: mpsc::Sender<Envelope>,
    answers: mpsc::Sender<Envelope>,
    n_lost: u64,
    asks_key: Arc<AtomicBool>,
}

/// Whether the watcher is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// It is, or nobody can tell otherwise.
    There,
    /// It has gone, or let words pile up.
    Gone,
}

impl Outbox {
    /// A second way in for words, for who answers without the desk.
    pub fn words(&self) -> mpsc::Sender<Envelope> {
        self.words.clone()
    }

    /// Puts a word in.
    pub fn word(&self, word: Envelope) -> Reader {
        self.words.try_send(word).map_or(Reader::Gone, |()| Reader::There)
    }

    /// Puts an answer in, unless too many wait.
    pub fn answer(&self, answer: Envelope) -> Reader {
        match self.answers.try_send(answer) {
            Ok(()) | Err(mpsc::error::TrySendError::Full(_)) => Reader::There,
            Err(mpsc::error::TrySendError::Closed(_)) => Reader::Gone,
        }
    }

    /// Whether the next sample must stand alone, because those before it were lost.
    pub fn needs_key(&self) -> bool {
        self.n_lost > 0
    }

    /// Whether the reader has asked for a key since the last time this was asked.
    pub fn take_asked_key(&self) -> bool {
        self.asks_key.swap(false, Ordering::Relaxed)
    }

    /// Whether a notice of loss and a key would fit now.
    pub fn has_room_for_key(&self) -> bool {
        self.samples.capacity() >= 2
    }

    /// Puts a sample in, or counts it as lost.
    pub fn sample(&mut self, sample: Envelope) -> Reader {
        match self.samples.try_send(sample) {
            Ok(()) => Reader::There,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.n_lost += 1;
                Reader::There
            }
            Err(mpsc::error::TrySendError::Closed(_)) => Reader::Gone,
        }
    }

    /// Counts a sample as lost without trying: those before it were.
    pub fn lose(&mut self) {
        self.n_lost += 1;
    }

    /// How many were lost since the last time this was asked.
    pub fn take_lost(&mut self) -> u64 {
        std::mem::take(&mut self.n_lost)
    }
}

/// The end from which the watcher's stream is fed: words first, then samples in order, then answers.
#[derive(Debug)]
pub struct Outgoing {
    words: mpsc::Receiver<Envelope>,
    samples: mpsc::Receiver<Envelope>,
    answers: mpsc::Receiver<Envelope>,
    asks_key: Arc<AtomicBool>,
}

impl Outgoing {
    /// The next sample is to stand alone.
    pub fn ask_key(&self) {
        self.asks_key.store(true, Ordering::Relaxed);
    }
}

impl Stream for Outgoing {
    type Item = Result<Envelope, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Poll::Ready(Some(word)) = self.words.poll_recv(cx) {
            return Poll::Ready(Some(Ok(word)));
        }
        let samples = self.samples.poll_recv(cx);
        if let Poll::Ready(Some(sample)) = samples {
            return Poll::Ready(Some(Ok(sample)));
        }
        if let Poll::Ready(Some(answer)) = self.answers.poll_recv(cx) {
            return Poll::Ready(Some(Ok(answer)));
        }
        // Only the desk holds the way in for samples: when that is gone, so is the desk's interest in this watcher.
        match samples {
            Poll::Ready(_) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests;
