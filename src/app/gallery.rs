//! Portraits of those who are compared, each made once for what is known of its node: a picture of groups of hundreds looks at
//! all of them.

#[cfg(test)]
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    event::NodeId,
    model::{
        Node,
        compare::{Portrait, Topic},
    },
};

/// Which topics a portrait tells of, a bit each.
type Topics = u8;

/// By node and topics: the count of its changes, and the portrait; none of a node of which nothing was measured.
type Made = HashMap<(NodeId, Topics), (u64, Option<Arc<Portrait>>)>;

/// What was made so far. It follows from the model alone, so that it changes nothing of what is equal to what, and of what a
/// picture shows. Nobody waits for the lock: a state is drawn by one.
#[derive(Debug, Default)]
pub(super) struct Gallery {
    made: Mutex<Made>,
    #[cfg(test)]
    n_made: AtomicUsize,
}

/// A copy begins without.
impl Clone for Gallery {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Gallery {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Gallery {
    /// The portrait of a node as it is known now.
    pub(super) fn of(&self, node: &Node, topics: &[Topic]) -> Option<Arc<Portrait>> {
        let key = (node.id.clone(), topics.iter().fold(0, |all, topic| all | 1 << *topic as u8));
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((n_changes, portrait)) = made.get(&key)
            && *n_changes == node.n_changes.0
        {
            return portrait.clone();
        }
        #[cfg(test)]
        self.n_made.fetch_add(1, Ordering::Relaxed);
        let portrait = Portrait::of(node, topics).map(Arc::new);
        made.insert(key, (node.n_changes.0, portrait.clone()));
        portrait
    }

    /// Other nodes are known from here on, or nobody is compared.
    pub(super) fn clear(&mut self) {
        self.made.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// How many were made.
    #[cfg(test)]
    pub(super) fn n_made(&self) -> usize {
        self.n_made.load(Ordering::Relaxed)
    }
}
