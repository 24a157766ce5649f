//! The groups of the map, worked out once for who is there: to sort ten thousand names at each picture is too slow.

use std::sync::{Arc, Mutex, PoisonError};

use crate::model::{Model, cluster::Group};

/// Which groups were made: how often nodes came and went, how many there are, and the label.
type Key = (u64, usize, Option<Arc<str>>);

/// What was made last. It follows from the model alone, so that it changes nothing of what is equal to what, and of what a
/// picture shows. Nobody waits for the lock: a state is drawn by one.
#[derive(Debug, Default)]
pub(super) struct Arranged {
    made: Mutex<Option<(Key, Arc<[Group]>)>>,
    #[cfg(test)]
    n_made: std::sync::atomic::AtomicUsize,
}

/// A copy begins without.
impl Clone for Arranged {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Arranged {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Arranged {
    /// The groups by a label, as they are now.
    pub(super) fn groups(&self, model: &Model, by: Option<&Arc<str>>) -> Arc<[Group]> {
        let key = (model.n_arranged.0, model.nodes.len(), by.cloned());
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, groups)) = made.as_ref().filter(|(of, _)| *of == key) {
            return groups.clone();
        }
        #[cfg(test)]
        self.n_made.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let groups: Arc<[Group]> = model.groups(by.map(|key| &**key)).into();
        *made = Some((key, groups.clone()));
        groups
    }

    /// Another model is shown from here on.
    pub(super) fn clear(&mut self) {
        *self.made.get_mut().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// How often they were made.
    #[cfg(test)]
    pub(super) fn n_made(&self) -> usize {
        self.n_made.load(std::sync::atomic::Ordering::Relaxed)
    }
}
