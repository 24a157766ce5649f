//! Which processes there are, without listing `/proc` at each tick: that costs 2 to 4 us a process.
//!
//! Where nothing was forked, nothing is new. Where little was, the kernel has given out the next few numbers, and those are
//! looked at alone. Now and then all is listed, for numbers can be chosen too (`clone3`, `ns_last_pid`).

use rustix::io::Errno;

use crate::kernel::{
    files::Files,
    text::{number, value_number, words},
};

/// The processes of the last sweep.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// In rising order.
    pids: Vec<u32>,
    /// Forks since boot, of processes and threads (proc(5), stat).
    n_forks: Option<u64>,
    /// The number given out last (proc(5), loadavg).
    last: Option<u32>,
    /// Numbers that were given out, but to nobody yet that could be seen: they are looked at once more.
    unborn: Vec<u32>,
    /// The sweep at which all was listed.
    listed: u64,
}

/// All is listed again after so many sweeps.
const LIST_AGAIN: u64 = 16;

/// So many numbers may always be looked at one by one; beyond, an eighth of what a list would show.
const FEW: u32 = 16;

impl Listing {
    /// Brings the list up to date, and gives it. `n_forks` is as of before this call; `None` where it is not to be trusted.
    pub(super) fn update(&mut self, files: &mut Files, n_forks: Option<u64>, sweep: u64) -> Result<&[u32], Errno> {
        let is_due = self.listed == 0 || sweep >= self.listed + LIST_AGAIN || n_forks.is_none();
        if !is_due && self.n_forks == n_forks {
            return Ok(&self.pids);
        }
        let last = n_forks.and_then(|_| last_number(files));
        let given = self.last.zip(last).and_then(|(before, now)| now.checked_sub(before));
        let few = FEW.max(self.pids.len() as u32 / 8);
        match given.filter(|n| !is_due && *n <= few) {
            Some(n) => {
                let first = self.last.unwrap_or(0) + 1;
                self.look_at(files, first..first + n);
            }
            None => {
                files.numbers(format_args!("."), &mut self.pids)?;
                self.unborn.clear();
                self.listed = sweep;
            }
        }
        (self.n_forks, self.last) = (n_forks, last);
        Ok(&self.pids)
    }

    /// Forgets processes that have ended; `pids` are in rising order.
    pub(super) fn forget(&mut self, pids: &[u32]) {
        if !pids.is_empty() {
            self.pids.retain(|pid| pids.binary_search(pid).is_err());
        }
    }

    fn look_at(&mut self, files: &mut Files, numbers: std::ops::Range<u32>) {
        let again = std::mem::take(&mut self.unborn);
        for (candidate, is_again) in again.into_iter().map(|n| (n, true)).chain(numbers.map(|n| (n, false))) {
            match files.read_once(format_args!("{candidate}/status")) {
                // A thread has a folder of its own, too, though no list shows it.
                Ok(status) if value_number(b"Tgid:", status) != Some(u64::from(candidate)) => {}
                Ok(_) => self.add(candidate),
                Err(Errno::NOENT | Errno::SRCH) if !is_again => self.unborn.push(candidate),
                Err(Errno::NOENT | Errno::SRCH) => {}
                // It is there, and closed to this user.
                Err(_) => self.add(candidate),
            }
        }
    }

    fn add(&mut self, pid: u32) {
        if let Err(at) = self.pids.binary_search(&pid) {
            self.pids.insert(at, pid);
        }
    }
}

/// `0.20 0.18 0.12 1/80 11206`: the last field is the number given to a task last.
fn last_number(files: &mut Files) -> Option<u32> {
    let text = files.read_once(format_args!("loadavg")).ok()?;
    words(text).nth(4).and_then(number)?.try_into().ok()
}
