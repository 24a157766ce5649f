//! What takes a moment, made on a thread of its own while everything else goes on.

use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

use super::Why;

/// Something that is being made.
pub struct Later<T> {
    /// `None` once the answer has been taken.
    made: Option<Receiver<Result<T, Why>>>,
}

impl<T: Send + 'static> Later<T> {
    /// Begins to make it.
    pub(in crate::kernel) fn begin(make: impl FnOnce() -> Result<T, Why> + Send + 'static) -> Self {
        let (done, made) = sync_channel(1);
        let started = std::thread::Builder::new().name("bpf".into()).stack_size(256 * 1024).spawn(move || {
            // Where nobody waits any more it goes as soon as it is made.
            drop(done.send(make()));
        });
        if let Err(error) = started {
            tracing::warn!("no thread can be started for BPF: {error}");
        }
        Self { made: Some(made) }
    }

    /// The answer, once, when it is there.
    pub fn poll(&mut self) -> Option<Result<T, Why>> {
        let answer = match self.made.as_ref()?.try_recv() {
            Ok(answer) => answer,
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Err(Why::new("no thread could be started for BPF")),
        };
        self.made = None;
        Some(answer)
    }
}

#[cfg(test)]
mod tests;
