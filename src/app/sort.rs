//! By what tables are sorted.

use midair_vitals::Order;

/// By what a table is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sort {
    /// By an order that agents know as well, in the sense that the table gives it.
    By(Order),
    /// By the delay that it causes others: the noisy neighbour first.
    Caused,
    /// By the time that its quota takes.
    Throttled,
}

impl Default for Sort {
    fn default() -> Self {
        Self::By(Order::default())
    }
}

impl From<Order> for Sort {
    fn from(order: Order) -> Self {
        Self::By(order)
    }
}

impl PartialEq<Order> for Sort {
    fn eq(&self, order: &Order) -> bool {
        *self == Self::By(*order)
    }
}

impl Sort {
    /// The order of tasks that is nearest to it.
    pub fn order(self) -> Order {
        match self {
            Self::By(order) => order,
            Self::Caused | Self::Throttled => Order::Delay,
        }
    }

    /// The word for it, as `:sort` takes it.
    pub fn word(self) -> &'static str {
        WORDS.iter().find(|(_, sort)| *sort == self).map_or("severity", |(word, _)| word)
    }

    /// What a person means by a word: one of `:sort`, or what the head of a column says.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        let word = word.to_lowercase();
        WORDS.iter().chain(&HEADS).find(|(known, _)| *known == word).map(|(_, sort)| *sort)
    }
}

/// What `:sort` takes.
pub(super) const WORDS: [(&str, Sort); 17] = [
    ("severity", Sort::By(Order::Severity)),
    ("cpu", Sort::By(Order::Cpu)),
    ("delay", Sort::By(Order::Delay)),
    ("mem", Sort::By(Order::Mem)),
    ("memgrowth", Sort::By(Order::MemGrowth)),
    ("queue", Sort::By(Order::Queue)),
    ("growth", Sort::By(Order::QueueGrowth)),
    ("rate", Sort::By(Order::Rate)),
    ("drops", Sort::By(Order::Drops)),
    ("name", Sort::By(Order::Name)),
    ("number", Sort::By(Order::Number)),
    ("age", Sort::By(Order::Age)),
    ("active", Sort::By(Order::Active)),
    ("binary", Sort::By(Order::Binary)),
    ("binarygrowth", Sort::By(Order::BinaryGrowth)),
    ("caused", Sort::Caused),
    ("throttled", Sort::Throttled),
];

/// What the heads of columns call an order, where that is another word.
const HEADS: [(&str, Sort); 8] = [
    ("mailbox", Sort::By(Order::Queue)),
    ("reds", Sort::By(Order::Rate)),
    ("worst", Sort::By(Order::Severity)),
    ("rss", Sort::By(Order::Mem)),
    ("pid", Sort::By(Order::Number)),
    ("tid", Sort::By(Order::Number)),
    ("procs", Sort::By(Order::Number)),
    ("up", Sort::By(Order::Age)),
];

#[cfg(test)]
mod tests;
