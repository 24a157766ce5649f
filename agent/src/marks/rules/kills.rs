//! Processes that the kernel has killed for lack of memory: counters say that, who has vanished says whom.
//!
//! The counters of cgroups say where. That of the whole host (`oom_kill` in /proc/vmstat, Linux 4.13) counts the same kills
//! and those that no cgroup tells: without a memory controller, or in a cgroup that is not read.

use std::{collections::HashMap, sync::Arc};

use midair_vitals::{TaskId, TaskKind, TaskReading, TaskState};

use super::{
    Note,
    batch::{self, Batch},
};
use crate::{reading::Reading, tick::Tick};

/// Who was killed may need so many readings to vanish: its memory has to be freed.
const WAIT_READINGS: u32 = 4;

/// A kill that the host has counted may need so many readings to be counted by its cgroup.
const MEET_READINGS: u32 = 2;

/// Of kills somewhere on the host: who ended just then was meant only if it held this part of the memory.
const HELD_PART: u64 = 100;

/// Most cgroups whose counters are remembered.
const MOST_CGROUPS: usize = 4096;

/// What is known of kills.
#[derive(Debug, Default)]
pub(super) struct Kills {
    counted: HashMap<Arc<str>, u64>,
    host: Host,
    waiting: Vec<Kill>,
    told: Batch<Kill>,
}

/// Kills of the whole host beside those of its cgroups: both books are read one after the other.
#[derive(Debug, Default)]
struct Host {
    counted: Option<u64>,
    /// Counted by the host alone, or, below 0, by cgroups alone.
    ahead: i64,
    /// Readings since both agreed.
    n_readings: u32,
    /// Who has vanished since then, and held much.
    gone: Vec<Victim>,
}

/// Kills in one place.
#[derive(Debug)]
struct Kill {
    /// `None`: somewhere on the host.
    cgroup: Option<Arc<str>>,
    n: u64,
    victims: Vec<Victim>,
    n_readings: u32,
    /// When all that will be known of it was, wall time in microseconds: it may be told minutes later.
    wall_us: u64,
}

#[derive(Debug)]
struct Victim {
    id: TaskId,
    name: Arc<str>,
    bytes: Option<u64>,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Killed {
    pub(super) note: Option<Note>,
    /// Of these need not be told again that they have ended.
    pub(super) victims: Vec<TaskId>,
}

impl Kills {
    /// Looks which counters have risen, and who has vanished there.
    pub(super) fn compare(&mut self, last: Option<&Tick>, reading: &Reading) {
        let n_beside = self.count(reading);
        let Some(last) = last.filter(|_| !self.waiting.is_empty() || n_beside > 0 || self.host.ahead > 0) else {
            return;
        };
        let mut gone = vanished(&last.reading.tasks, &reading.tasks);
        // Whoever held most is the likeliest.
        gone.sort_by_key(|task| std::cmp::Reverse(task.rss_bytes));
        let in_cgroups = self.waiting.iter_mut().filter(|kill| kill.cgroup.is_some());
        for kill in in_cgroups {
            let cgroup = kill.cgroup.clone().unwrap_or_default();
            kill.look(gone.iter().filter(|task| task.cgroup.as_deref().is_some_and(|path| lies_in(path, &cgroup))));
        }
        // Many end at any time on a host; whoever held next to nothing was not killed for its memory.
        let least = reading.node.mem_total_bytes.map(|all| all / HELD_PART);
        let held_much = |task: &&&TaskReading| task.rss_bytes.zip(least).is_some_and(|(rss, least)| rss >= least);
        self.host.gone.extend(gone.iter().filter(held_much).map(|task| Victim::of(task)));
        for kill in self.waiting.iter_mut().filter(|kill| kill.cgroup.is_none()) {
            kill.look(gone.iter().filter(held_much));
        }
        if n_beside > 0 {
            let mut kill = Kill::new(None, n_beside);
            kill.victims = std::mem::take(&mut self.host.gone);
            kill.victims.truncate(usize::try_from(n_beside).unwrap_or(usize::MAX));
            self.waiting.push(kill);
        } else if self.host.ahead <= 0 {
            self.host.gone.clear();
        }
    }

    /// Takes in the counters; how many the host alone has counted for good.
    fn count(&mut self, reading: &Reading) -> u64 {
        if self.counted.len() > MOST_CGROUPS {
            self.counted.retain(|path, _| reading.cgroups.iter().any(|cgroup| cgroup.path == *path));
        }
        let mut risen: Vec<(Arc<str>, u64)> = Vec::new();
        for cgroup in &reading.cgroups {
            let Some(now) = cgroup.n_oom_kills else { continue };
            let before = self.counted.insert(cgroup.path.clone(), now).unwrap_or(now);
            if now > before {
                risen.push((cgroup.path.clone(), now - before));
            }
        }
        // A cgroup counts what is killed in those below it, too: where it was is said by the lowest.
        let is_lowest = |path: &str| !risen.iter().any(|(other, _)| **other != *path && lies_in(other, path));
        let mut n_in_cgroups = 0;
        for (cgroup, n) in risen.iter().filter(|(path, _)| is_lowest(path)) {
            n_in_cgroups += n;
            self.waiting.push(Kill::new(Some(cgroup.clone()), *n));
        }
        self.host.beside(reading.n_oom_kills, n_in_cgroups)
    }

    /// The note of those that were killed, if one is due.
    pub(super) fn take(&mut self, node: &str, tick: &Tick, last_wall_us: u64) -> Killed {
        let is_known = |kill: &Kill| kill.victims.len() as u64 >= kill.n || kill.n_readings >= WAIT_READINGS;
        let victims = self.waiting.iter().flat_map(|kill| kill.victims.iter().map(|victim| victim.id)).collect();
        for kill in self.waiting.extract_if(.., |kill| is_known(kill)) {
            self.told.push(Kill { wall_us: last_wall_us, ..kill });
        }
        let note = self.told.take(tick.mono_us).and_then(|(kills, n_more)| {
            let text = if let [one] = kills.as_slice() { one.text() } else { text_of(&kills, n_more) };
            let [first, ..] = kills.as_slice() else { return None };
            let focus = match &first.cgroup {
                Some(cgroup) => format!("{node}/cgroup/{}", cgroup.trim_start_matches('/')),
                None => node.to_owned(),
            };
            Some(Note { text, focus: Some(focus), wall_us: first.wall_us })
        });
        Killed { note, victims }
    }
}

impl Victim {
    fn of(task: &TaskReading) -> Self {
        let name = task.name.clone().unwrap_or_else(|| "a process".into());
        Self { id: task.id, name, bytes: task.rss_bytes }
    }
}

impl Host {
    /// How many the host has counted for good that no cgroup has: those that neither has counted twice by now.
    fn beside(&mut self, counted: Option<u64>, n_in_cgroups: u64) -> u64 {
        let before = std::mem::replace(&mut self.counted, counted);
        let n = counted.zip(before).map_or(0, |(now, before)| now.saturating_sub(before));
        let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        self.ahead = self.ahead.saturating_add(signed(n)).saturating_sub(signed(n_in_cgroups));
        if self.ahead == 0 || counted.is_none() {
            (self.ahead, self.n_readings) = (0, 0);
            return 0;
        }
        self.n_readings += 1;
        if self.n_readings < MEET_READINGS {
            return 0;
        }
        self.n_readings = 0;
        u64::try_from(std::mem::take(&mut self.ahead)).unwrap_or(0)
    }
}

impl Kill {
    fn new(cgroup: Option<Arc<str>>, n: u64) -> Self {
        Self { cgroup, n, victims: Vec::new(), n_readings: 0, wall_us: 0 }
    }

    /// Takes whom it still misses of those that vanished.
    fn look<'a>(&mut self, gone: impl Iterator<Item = &'a &'a TaskReading>) {
        self.n_readings += 1;
        let n_missing = usize::try_from(self.n).unwrap_or(usize::MAX).saturating_sub(self.victims.len());
        self.victims.extend(gone.take(n_missing).map(|task| Victim::of(task)));
    }

    fn text(&self) -> String {
        let bytes = |victim: &Victim| victim.bytes.map(|b| format!(", {}", batch::size(b))).unwrap_or_default();
        let victim = |victim: &Victim| format!("{} (pid {}{})", victim.name, victim.id.number, bytes(victim));
        let mut who: Vec<String> = self.victims.iter().take(4).map(victim).collect();
        let n_unknown = self.n.saturating_sub(who.len() as u64);
        match (n_unknown, who.is_empty()) {
            (0, _) => {}
            (1, true) => who.push("a process".into()),
            (n, true) => who.push(format!("{n} processes")),
            (n, false) => who.push(format!("{n} more")),
        }
        match &self.cgroup {
            Some(cgroup) => format!("out of memory: the kernel killed {} in {cgroup}", who.join(", ")),
            // Only the host says so: who it was is taken from who ended just then.
            None if self.victims.is_empty() => {
                format!("out of memory: the kernel killed {}, none that was seen here", who.join(", "))
            }
            None => format!("out of memory: the kernel killed ~{}, which ended just then", who.join(", ")),
        }
    }
}

fn text_of(kills: &[Kill], n_more: usize) -> String {
    let n: u64 = kills.iter().map(|kill| kill.n).sum::<u64>() + n_more as u64;
    let names = batch::named(kills.iter().flat_map(|kill| kill.victims.iter().map(|victim| &*victim.name)));
    let names = if names.is_empty() { String::new() } else { format!(": {names}") };
    format!("out of memory: the kernel killed {n} processes in {} places{names}", kills.len())
}

/// Whether a cgroup is another, or lies below it.
fn lies_in(path: &str, above: &str) -> bool {
    path.strip_prefix(above.trim_end_matches('/')).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Processes that were there, and are no more or are but zombies.
fn vanished<'a>(before: &'a [TaskReading], now: &[TaskReading]) -> Vec<&'a TaskReading> {
    let is_zombie = |task: &&TaskReading| task.state == Some(TaskState::Zombie);
    let there: std::collections::HashSet<TaskId> =
        now.iter().filter(|task| task.kind == TaskKind::Process && !is_zombie(task)).map(|task| task.id).collect();
    let was_there = |task: &&TaskReading| task.kind == TaskKind::Process && !is_zombie(task);
    before.iter().filter(was_there).filter(|task| !there.contains(&task.id)).collect()
}
