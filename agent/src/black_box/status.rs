//! How the black box is: part of each sample, as the state of a source.

use std::sync::{Arc, Mutex, PoisonError};

use crate::reading::{Health, SourceState};

/// What the black box is called among the sources.
pub const NAME: &str = "black box";

/// How the black box is: told by its thread, read by the desk. Locked for a copy, never over IO.
#[derive(Clone, Debug, Default)]
pub struct Status(Arc<Mutex<Told>>);

#[derive(Debug, Default)]
struct Told {
    /// `None` until it knows.
    health: Option<Health>,
    note: Option<Arc<str>>,
    cpu_us: u64,
    booked_us: u64,
}

impl Status {
    /// It is so; the note says what there is to say although it works.
    pub fn tell(&self, health: Health, note: Option<Arc<str>>) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (told.health, told.note) = (Some(health), note);
    }

    /// Its thread has used so much CPU, microseconds.
    pub fn spent(&self, cpu_us: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).cpu_us = cpu_us;
    }

    /// Its state, with what it has cost since the last time this was asked; `None` while it begins.
    pub fn state(&self) -> Option<SourceState> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let health = told.health.clone()?;
        let cpu_us = Some(told.cpu_us.saturating_sub(told.booked_us));
        told.booked_us = told.cpu_us;
        Some(SourceState { note: told.note.clone(), cpu_us, ..SourceState::new(NAME, health) })
    }
}
