//! Processes that the kernel has killed for lack of memory: the counters of cgroups say that, who has vanished says whom.

use std::{collections::HashMap, sync::Arc};

use midair_vitals::{TaskId, TaskKind, TaskReading, TaskState};

use super::{
    Note,
    batch::{self, Batch},
};
use crate::{reading::Reading, tick::Tick};

/// Who was killed may need so many readings to vanish: its memory has to be freed.
const WAIT_READINGS: u32 = 4;

/// Most cgroups whose counters are remembered.
const MOST_CGROUPS: usize = 4096;

/// What is known of kills.
#[derive(Debug, Default)]
pub(super) struct Kills {
    counted: HashMap<Arc<str>, u64>,
    waiting: Vec<Kill>,
    told: Batch<Kill>,
}

/// Kills in one cgroup.
#[derive(Debug)]
struct Kill {
    cgroup: Arc<str>,
    n: u64,
    victims: Vec<Victim>,
    n_readings: u32,
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
        self.count(reading);
        let Some(last) = last.filter(|_| !self.waiting.is_empty()) else { return };
        let mut gone = vanished(&last.reading.tasks, &reading.tasks);
        // Whoever held most is the likeliest.
        gone.sort_by_key(|task| std::cmp::Reverse(task.rss_bytes));
        for kill in &mut self.waiting {
            kill.n_readings += 1;
            let n_missing = usize::try_from(kill.n).unwrap_or(usize::MAX).saturating_sub(kill.victims.len());
            let is_in = |task: &&&TaskReading| task.cgroup.as_deref().is_some_and(|path| lies_in(path, &kill.cgroup));
            let victim = |task: &&TaskReading| Victim {
                id: task.id,
                name: task.name.clone().unwrap_or_else(|| "a process".into()),
                bytes: task.rss_bytes,
            };
            let found: Vec<Victim> = gone.iter().filter(is_in).take(n_missing).map(victim).collect();
            kill.victims.extend(found);
        }
    }

    fn count(&mut self, reading: &Reading) {
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
        for (cgroup, n) in risen.iter().filter(|(path, _)| is_lowest(path)) {
            self.waiting.push(Kill { cgroup: cgroup.clone(), n: *n, victims: Vec::new(), n_readings: 0 });
        }
    }

    /// The note of those that were killed, if one is due.
    pub(super) fn take(&mut self, node: &str, tick: &Tick, last_wall_us: u64) -> Killed {
        let is_known = |kill: &Kill| kill.victims.len() as u64 >= kill.n || kill.n_readings >= WAIT_READINGS;
        let victims = self.waiting.iter().flat_map(|kill| kill.victims.iter().map(|victim| victim.id)).collect();
        for kill in self.waiting.extract_if(.., |kill| is_known(kill)) {
            self.told.push(kill);
        }
        let note = self.told.take(tick.mono_us).and_then(|(kills, n_more)| {
            let text = if let [one] = kills.as_slice() { one.text() } else { text_of(&kills, n_more) };
            let [first, ..] = kills.as_slice() else { return None };
            let focus = Some(format!("{node}/cgroup/{}", first.cgroup.trim_start_matches('/')));
            Some(Note { text, focus, wall_us: last_wall_us })
        });
        Killed { note, victims }
    }
}

impl Kill {
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
        format!("out of memory: the kernel killed {} in {}", who.join(", "), self.cgroup)
    }
}

fn text_of(kills: &[Kill], n_more: usize) -> String {
    let n: u64 = kills.iter().map(|kill| kill.n).sum::<u64>() + n_more as u64;
    let names = batch::named(kills.iter().flat_map(|kill| kill.victims.iter().map(|victim| &*victim.name)));
    let names = if names.is_empty() { String::new() } else { format!(": {names}") };
    format!("out of memory: the kernel killed {n} processes in {} cgroups{names}", kills.len())
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
