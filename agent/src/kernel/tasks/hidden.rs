//! Processes that `/proc` lists and no pass of the iterators shows: a kernel may hide some of them from BPF. What is not
//! seen must be said.

use crate::kernel::files::Files;

/// What comparisons of the two have shown.
#[derive(Debug, Default)]
pub(super) struct Hidden {
    /// Listed at the last look, and not in the pass before it: hidden, or born in between.
    suspects: Vec<u32>,
    /// Still there at the look after, and not in its pass either.
    found: Vec<u32>,
    /// The sweep of the last look.
    looked: Option<u64>,
}

/// `/proc` is listed in every so manieth sweep: 2 to 4 us a process.
const LOOK_EVERY: u64 = 60;

/// The first sweep has enough to do.
const FIRST_LOOK: u64 = 2;

/// Suspects that are looked at again, and remembered.
const MOST: usize = 64;

impl Hidden {
    /// Looks, where it is time to. `is_seen` says whether the pass of this sweep has shown a process.
    pub(super) fn look(&mut self, files: &mut Files, sweep: u64, is_seen: impl Fn(u32) -> bool) {
        if !self.suspects.is_empty() {
            let there = |pid: &u32| files.read_once(format_args!("{pid}/stat")).is_ok();
            self.confirm(&is_seen, there);
            return;
        }
        if self.looked.map_or(sweep < FIRST_LOOK, |looked| sweep < looked + LOOK_EVERY) {
            return;
        }
        self.looked = Some(sweep);
        let mut listed = Vec::new();
        // Where it cannot be listed nobody knows better than the pass.
        if files.numbers(format_args!("."), &mut listed).is_ok() {
            self.compare(listed, std::process::id(), &is_seen);
        }
    }

    /// The first look: what is listed and was not seen.
    fn compare(&mut self, mut listed: Vec<u32>, own: u32, is_seen: &impl Fn(u32) -> bool) {
        // A `/proc` of another pid namespace lists other numbers.
        if listed.binary_search(&own).is_err() {
            listed.clear();
        }
        listed.retain(|pid| !is_seen(*pid));
        listed.truncate(MOST);
        self.suspects = listed;
        if self.suspects.is_empty() {
            self.found.clear();
        }
    }

    /// The second look: what is there, and was not seen again.
    fn confirm(&mut self, is_seen: &impl Fn(u32) -> bool, mut is_there: impl FnMut(&u32) -> bool) {
        self.found = std::mem::take(&mut self.suspects);
        self.found.retain(|pid| !is_seen(*pid) && is_there(pid));
    }

    /// What is hidden, in words; `None` where nothing is.
    pub(super) fn words(&self) -> Option<String> {
        let first = self.found.first()?;
        let more = if self.found.len() == MOST { "at least " } else { "" };
        Some(match self.found.len() {
            1 => format!("process {first} is hidden from BPF and not measured"),
            n => format!("{more}{n} processes are hidden from BPF and not measured, the first is {first}"),
        })
    }
}

#[cfg(test)]
mod tests;
