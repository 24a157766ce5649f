//! What watchers ask for, equal ones once: table queries and focuses, each bounded.

use super::WatcherId;

/// Numbers that one watcher may use at once.
const N_PER_WATCHER: usize = 16;

/// Distinct things asked for, each with its askers and the numbers they gave it.
#[derive(Debug)]
pub(super) struct Asked<T> {
    items: Vec<Item<T>>,
    limit: usize,
    what: &'static str,
}

#[derive(Debug)]
pub(super) struct Item<T> {
    pub(super) asked: T,
    pub(super) askers: Vec<(WatcherId, u32)>,
}

impl<T: PartialEq> Asked<T> {
    pub(super) fn new(limit: usize, what: &'static str) -> Self {
        Self { items: Vec::new(), limit, what }
    }

    /// Adds an asker, or moves it here from what it asked before under the same number. What does not fit is refused in
    /// words, and the old stays.
    pub(super) fn ask(&mut self, watcher: WatcherId, id: u32, asked: T) -> Result<(), String> {
        let is_served = self.items.iter().any(|item| item.asked == asked);
        let n_others = self.items.iter().filter(|item| item.askers != [(watcher, id)]).count();
        if !is_served && n_others >= self.limit {
            return Err(format!("this agent serves at most {} distinct {}; end one first", self.limit, self.what));
        }
        let numbers = self.items.iter().flat_map(|item| &item.askers).filter(|(w, n)| *w == watcher && *n != id);
        if numbers.count() >= N_PER_WATCHER {
            return Err(format!("a watcher has at most {N_PER_WATCHER} {} at once; end one first", self.what));
        }
        self.stop(watcher, id);
        match self.items.iter_mut().find(|item| item.asked == asked) {
            Some(item) => item.askers.push((watcher, id)),
            None => self.items.push(Item { asked, askers: vec![(watcher, id)] }),
        }
        Ok(())
    }

    pub(super) fn stop(&mut self, watcher: WatcherId, id: u32) {
        self.retain(|asker| asker != (watcher, id));
    }

    pub(super) fn leave(&mut self, watcher: WatcherId) {
        self.retain(|(w, _)| w != watcher);
    }

    pub(super) fn items(&self) -> &[Item<T>] {
        &self.items
    }

    fn retain(&mut self, stays: impl Fn((WatcherId, u32)) -> bool) {
        for item in &mut self.items {
            item.askers.retain(|asker| stays(*asker));
        }
        self.items.retain(|item| !item.askers.is_empty());
    }
}
