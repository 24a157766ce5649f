//! A queue whose copies share what they have in common: the state is copied now and then, so that a step back in time
//! need not begin at the beginning, and its charts are the most of it.

use std::{collections::VecDeque, sync::Arc};

/// Items that are shared together. A copy copies at most so many.
const CHUNK: usize = 32;

/// Items in the order in which they came; added and taken at the back, taken at the front.
///
/// INVARIANT: chunks hold `CHUNK` items each, `tail` holds fewer; `n_taken` items of the first chunk were taken, fewer
/// than `CHUNK`, and none where there is no chunk.
#[derive(Clone, Debug)]
pub(super) struct Points<T> {
    chunks: VecDeque<Arc<[T]>>,
    tail: Vec<T>,
    n_taken: usize,
}

impl<T> Default for Points<T> {
    fn default() -> Self {
        Self { chunks: VecDeque::new(), tail: Vec::new(), n_taken: 0 }
    }
}

/// Equal are those that hold the same, however it is cut.
impl<T: PartialEq> PartialEq for Points<T> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl<T: Clone> Points<T> {
    pub(super) fn push_back(&mut self, item: T) {
        self.tail.push(item);
        if self.tail.len() == CHUNK {
            self.chunks.push_back(self.tail.drain(..).collect());
        }
    }

    pub(super) fn pop_back(&mut self) {
        if self.tail.is_empty()
            && let Some(chunk) = self.chunks.pop_back()
        {
            let n_taken = if self.chunks.is_empty() { std::mem::take(&mut self.n_taken) } else { 0 };
            self.tail.extend_from_slice(&chunk[n_taken..]);
        }
        self.tail.pop();
    }

    pub(super) fn pop_front(&mut self) {
        if self.chunks.is_empty() {
            if !self.tail.is_empty() {
                self.tail.remove(0);
            }
            return;
        }
        self.n_taken += 1;
        if self.n_taken == CHUNK {
            self.chunks.pop_front();
            self.n_taken = 0;
        }
    }
}

impl<T> Points<T> {
    pub(super) fn len(&self) -> usize {
        self.chunks.len() * CHUNK + self.tail.len() - self.n_taken
    }

    pub(super) fn get(&self, n: usize) -> Option<&T> {
        let n = n + self.n_taken;
        match self.chunks.get(n / CHUNK) {
            Some(chunk) => chunk.get(n % CHUNK),
            None => self.tail.get(n - self.chunks.len() * CHUNK),
        }
    }

    pub(super) fn front(&self) -> Option<&T> {
        self.get(0)
    }

    pub(super) fn back(&self) -> Option<&T> {
        self.get(self.len().checked_sub(1)?)
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        (0..self.len()).filter_map(|n| self.get(n))
    }

    /// How many items lie before the first for which this is false; all for which it is true lie at the front.
    pub(super) fn partition_point(&self, is_before: impl Fn(&T) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.get(middle).is_some_and(&is_before) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

#[cfg(test)]
mod tests;
