//! The Erlang processes that rank: found by the sweep, read each second from then on.

use std::collections::{BTreeMap, BTreeSet};

use midair_beam::{
    Pid,
    watch::{hot, sweep},
};
use midair_proto::v1::{TaskState, VmSweep};

use super::pids::{number, text};
use crate::beam::said::{Ended, Levels, Row};

/// Processes that are read each second. The sweep finds fewer, but some stay for a while.
const MOST: usize = 400;

/// A process stays for so many passes after it last ranked.
const STAYS: u64 = 2;

/// Of so many looks the active share is made.
const LOOKS: u32 = 60;

/// Processes that end in one second and are told by name.
const MOST_ENDED: usize = 256;

/// The processes that rank now.
#[derive(Debug, Default)]
pub(super) struct Processes {
    list: BTreeMap<u64, Process>,
    /// Those that work for us: no news to anybody.
    ours: BTreeSet<u64>,
    ended: Vec<Ended>,
}

#[derive(Debug)]
struct Process {
    pid: Pid,
    /// The pass in which it last ranked.
    ranked: u64,
    is_introduced: bool,
    name: Option<String>,
    initial_call: Option<String>,
    state: Option<TaskState>,
    now: Levels,
    before: Option<Levels>,
    /// What the sweep found before it was read each second.
    looks: sweep::Looks,
    /// The looks since, the latest in the lowest bit, and how many there are.
    active: (u64, u32),
}

impl Processes {
    /// This one works for us.
    pub(super) fn leave_out(&mut self, helper: &Pid) {
        // They end, and others come: a look has one of its own. Those that rank are met again.
        if self.ours.len() >= MOST {
            self.ours.clear();
        }
        self.ours.insert(number(helper));
        self.list.remove(&number(helper));
    }

    /// Takes a report of the sweep. `offset_us` leads from the VM's clock to ours.
    pub(super) fn take_pass(&mut self, pass: &sweep::Pass, offset_us: i64) {
        self.take_rows(&pass.rows, (pass.number, pass.began_us), offset_us);
        self.list.retain(|_, process| process.ranked.saturating_add(STAYS) >= pass.number);
        self.keep_within_most();
    }

    /// Takes what was found before the end of a pass: from then on it is read each second.
    pub(super) fn take_early(&mut self, early: &sweep::Early, offset_us: i64) {
        let now_us = early.rows.iter().map(|row| row.now.at_us).max().unwrap_or_default();
        self.take_rows(&early.rows, (early.pass, now_us), offset_us);
        self.keep_within_most();
    }

    /// Rows of a pass of this number that began then.
    fn take_rows(&mut self, rows: &[sweep::Row], (pass, began_us): (u64, i64), offset_us: i64) {
        let others = rows.iter().filter(|row| !self.ours.contains(&number(&row.pid)));
        for row in others {
            let before = row.before.as_ref().map(|look| levels(look, None, offset_us));
            let process = self.list.entry(number(&row.pid)).or_insert_with(|| Process {
                pid: row.pid.clone(),
                ranked: pass,
                is_introduced: false,
                name: None,
                initial_call: None,
                state: None,
                now: Levels::default(),
                before,
                looks: sweep::Looks::default(),
                active: (0, 0),
            });
            process.ranked = pass;
            process.looks = row.looks.unwrap_or_default();
            let is_seen = row.now.mailbox.is_some() || row.now.reductions.is_some() || row.now.status.is_some();
            let now = levels(&row.now, row.size, offset_us);
            if is_seen && now.at_us > process.now.at_us {
                process.now = Levels {
                    memory_bytes: now.memory_bytes.or(process.now.memory_bytes),
                    binary_bytes: now.binary_bytes.or(process.now.binary_bytes),
                    ..now
                };
                process.state = row.now.status.map(state);
            } else if process.now.at_us == 0 {
                // Of one that is left out nothing was seen, and so at no moment either.
                process.now.at_us = ours(began_us, offset_us);
            }
        }
    }

    /// Those that ranked last stay.
    fn keep_within_most(&mut self) {
        if self.list.len() > MOST {
            let mut ranked: Vec<(u64, u64)> = self.list.iter().map(|(n, process)| (process.ranked, *n)).collect();
            ranked.sort_unstable_by(|a, b| b.cmp(a));
            for (_, number) in ranked.drain(MOST..) {
                self.list.remove(&number);
            }
        }
    }

    /// Those to read now.
    pub(super) fn pids(&self) -> Vec<Pid> {
        self.list.values().map(|process| process.pid.clone()).collect()
    }

    /// Takes a reading of these.
    pub(super) fn take_reading(&mut self, reading: &hot::Reading, offset_us: i64) {
        self.ended.clear();
        for (pid, seen) in &reading.rows {
            let key = number(pid);
            match (seen, self.list.get_mut(&key)) {
                (Some(seen), Some(process)) => process.take(seen, offset_us),
                (None, Some(_)) if !reading.stuck.contains(pid) => {
                    self.list.remove(&key);
                    if self.ended.len() < MOST_ENDED {
                        self.ended.push(Ended { number: key, creation: pid.creation });
                    }
                }
                _ => {}
            }
        }
    }

    /// Some of those that are not known by name yet.
    pub(super) fn strangers(&self, most: usize) -> Vec<Pid> {
        let strangers = self.list.values().filter(|process| !process.is_introduced);
        strangers.take(most).map(|process| process.pid.clone()).collect()
    }

    /// Takes their names. Who was asked for and is not named has ended, or will be asked again.
    pub(super) fn take_names(&mut self, introductions: Vec<hot::Introduction>) {
        for known in introductions {
            if known.is_ours {
                self.leave_out(&known.pid);
                continue;
            }
            let Some(process) = self.list.get_mut(&number(&known.pid)) else { continue };
            process.is_introduced = true;
            process.name = known.registered.or(known.label).or(known.name);
            process.initial_call = known.initial_call;
        }
    }

    /// Their rows.
    pub(super) fn rows(&self) -> Vec<Row> {
        self.list.iter().map(|(number, process)| process.row(*number)).collect()
    }

    /// The row of one of them.
    pub(super) fn row(&self, number: u64) -> Option<Row> {
        self.list.get(&number).map(|process| process.row(number))
    }

    /// Those that have ended since the reading before.
    pub(super) fn ended(&self) -> &[Ended] {
        &self.ended
    }
}

impl Process {
    fn take(&mut self, seen: &hot::Seen, offset_us: i64) {
        let now = levels(&seen.look, seen.size, offset_us);
        if now.at_us <= self.now.at_us {
            return;
        }
        self.now = now;
        self.state = seen.look.status.map(state);
        if let Some(status) = seen.look.status {
            let (bits, n) = self.active;
            self.active = (bits << 1 | u64::from(status.is_active()), (n + 1).min(LOOKS));
        }
    }

    /// How many looks found it active, of how many. A look may come just when it waits for the next message, so few of
    /// them say little.
    fn active_milli(&self) -> Option<u32> {
        let (bits, n) = self.active;
        let seen = (bits & ((1 << n) - 1)).count_ones();
        let (active, of) = (seen + u32::from(self.looks.active), n + u32::from(self.looks.of));
        (of > 0).then(|| active * 1000 / of)
    }

    fn row(&self, number: u64) -> Row {
        Row {
            number,
            creation: self.pid.creation,
            name: self.name.clone(),
            initial_call: self.initial_call.clone(),
            state: self.state.map(Into::into),
            active_milli: self.active_milli(),
            now: self.now,
            before: self.before.filter(|before| before.at_us < self.now.at_us),
        }
    }
}

/// The sweep itself, as of its last pass.
pub(super) fn sweep(pass: &sweep::Pass, offset_us: i64) -> VmSweep {
    let statuses = &pass.statuses;
    VmSweep {
        period_ms: u32::try_from(pass.period_us / 1000).ok(), // A longer one is none.
        n_processes: Some(pass.n_swept),
        ended_us: Some(ours(pass.ended_us, offset_us)),
        work_us: Some(pass.own_work_us),
        n_messages: Some(pass.n_messages),
        n_active: Some(statuses.running + statuses.runnable + statuses.garbage_collecting),
        n_suspended: Some(statuses.suspended),
        stuck_at: pass.left_out.first().map(text),
        stuck_ms: None,
        n_passes: Some(pass.number),
    }
}

/// A moment of the VM's clock by ours.
pub(super) fn ours(at_us: i64, offset_us: i64) -> u64 {
    u64::try_from(at_us.saturating_add(offset_us)).unwrap_or(0)
}

fn levels(look: &sweep::Look, size: Option<sweep::Size>, offset_us: i64) -> Levels {
    Levels {
        at_us: ours(look.at_us, offset_us),
        mailbox: look.mailbox,
        reductions: look.reductions,
        memory_bytes: size.map(|size| size.memory_bytes),
        binary_bytes: size.map(|size| size.binary_bytes),
    }
}

/// From outside, running and runnable cannot be told apart.
fn state(status: sweep::Status) -> TaskState {
    match status {
        sweep::Status::Running | sweep::Status::Runnable | sweep::Status::GarbageCollecting => TaskState::Running,
        sweep::Status::Waiting => TaskState::Waiting,
        sweep::Status::Suspended => TaskState::Suspended,
        sweep::Status::Exiting => TaskState::Zombie,
    }
}

#[cfg(test)]
mod tests;
