//! What happens often is told together: the first at once, then all that came within a while as one.

/// Between two notes of one rule, microseconds: three a minute.
pub(super) const QUIET_US: u64 = 20_000_000;

/// So many notes of a batch may come that quickly; what goes on is told each five minutes, so that no host's time line holds
/// more than 16 in an hour of it.
const AT_ONCE: u64 = 4;
const EVERY_US: u64 = 300_000_000;

/// What waits to be told, bounded.
#[derive(Debug)]
pub(super) struct Batch<T> {
    waiting: Vec<T>,
    /// Beyond those that wait: only counted.
    n_more: usize,
    told_us: Option<u64>,
    /// When all that was told would have been told at the pace of what goes on.
    paid_us: u64,
}

/// Most that are remembered by themselves; a text names far fewer.
const MOST: usize = 64;

impl<T> Default for Batch<T> {
    fn default() -> Self {
        Self { waiting: Vec::new(), n_more: 0, told_us: None, paid_us: 0 }
    }
}

impl<T> Batch<T> {
    pub(super) fn push(&mut self, item: T) {
        if self.waiting.len() < MOST {
            self.waiting.push(item);
        } else {
            self.n_more += 1;
        }
    }

    /// Where there is no room the lightest is only counted.
    pub(super) fn push_by_weight(&mut self, item: T, weight: impl Fn(&T) -> u64) {
        if self.waiting.len() < MOST {
            return self.waiting.push(item);
        }
        self.n_more += 1;
        if let Some(lightest) = self.waiting.iter_mut().min_by_key(|item| weight(item))
            && weight(lightest) < weight(&item)
        {
            *lightest = item;
        }
    }

    /// All that waits and how many more there were, once it may be told.
    pub(super) fn take(&mut self, now_us: u64) -> Option<(Vec<T>, usize)> {
        let is_quiet = self.told_us.is_some_and(|told_us| now_us.saturating_sub(told_us) < QUIET_US);
        let is_much = self.paid_us > now_us.saturating_add((AT_ONCE - 1) * EVERY_US);
        if self.waiting.is_empty() || is_quiet || is_much {
            return None;
        }
        self.told_us = Some(now_us);
        self.paid_us = self.paid_us.max(now_us) + EVERY_US;
        Some((std::mem::take(&mut self.waiting), std::mem::take(&mut self.n_more)))
    }
}

/// Names in words, those that occur often once and first: "9 rustc, cc, ld ...".
pub(super) fn named<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut counted = counted(names);
    counted.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    words(&counted)
}

/// The same, in the order of the first of each.
pub(super) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    words(&counted(names))
}

fn counted<'a>(names: impl Iterator<Item = &'a str>) -> Vec<(&'a str, usize)> {
    let mut counted: Vec<(&str, usize)> = Vec::new();
    for name in names {
        match counted.iter_mut().find(|(known, _)| *known == name) {
            Some((_, n)) => *n += 1,
            None => counted.push((name, 1)),
        }
    }
    counted
}

fn words(counted: &[(&str, usize)]) -> String {
    const MOST_NAMED: usize = 8;
    let word = |(name, n): &(&str, usize)| if *n > 1 { format!("{n} {name}") } else { (*name).to_owned() };
    let words: Vec<String> = counted.iter().take(MOST_NAMED).map(word).collect();
    words.join(", ") + if counted.len() > MOST_NAMED { " ..." } else { "" }
}

/// Bytes, short.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..0x40_0000 => format!("{} KiB", bytes >> 10),
        0x40_0000..0x1_0000_0000 => format!("{} MiB", bytes >> 20),
        _ => format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30)),
    }
}
