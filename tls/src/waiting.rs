//! The room in front of a door: so many handshakes at once. When one more comes, the one that has waited longest goes, so
//! that a crowd that never finishes holds up nobody who does.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::oneshot;

/// The room.
#[derive(Clone, Debug)]
pub struct Waiting {
    n_places: usize,
    places: Arc<Mutex<VecDeque<Taken>>>,
}

#[derive(Debug)]
struct Taken {
    number: u64,
    /// Nothing is ever sent: that this end goes away is the message.
    _stay: oneshot::Sender<()>,
}

/// A place in it, as long as this lasts.
#[derive(Debug)]
pub struct Place {
    room: Waiting,
    number: u64,
    /// Ends when the place is needed for another.
    pub taken_away: oneshot::Receiver<()>,
}

impl Waiting {
    /// Nobody waits yet; of so many places.
    pub fn new(n_places: usize) -> Self {
        Self { n_places, places: Arc::default() }
    }

    /// A place, in any case.
    pub fn enter(&self) -> Place {
        let (stay, taken_away) = oneshot::channel();
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let number = places.back().map_or(0, |last| last.number + 1);
        places.push_back(Taken { number, _stay: stay });
        if places.len() > self.n_places {
            places.pop_front();
        }
        Place { room: self.clone(), number, taken_away }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.room.places.lock().unwrap_or_else(PoisonError::into_inner).retain(|taken| taken.number != self.number);
    }
}
