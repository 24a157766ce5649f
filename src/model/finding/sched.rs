//! Who does not get the CPU that he wants, and who takes it: a neighbour, himself, a quota, the hypervisor.

use midair_vitals::{Severity, WorstTask};

use super::{Lead, Teller, Topic, WORTH_SAYING, lead_to, name_of};
use crate::model::{
    cgroup::called,
    node::{Latest, Node},
    task::Task,
    vital::Vital,
    words::Part,
};

/// A task that waits longer than this, seconds per second, is starved, where it gets too little at all.
const STARVED_DELAY: f64 = 0.1;

/// All tasks together wait longer than this, seconds per second, before it is worth a word: less is the noise of a host at
/// rest.
const WAITING_DELAY: f64 = 0.05;

/// What the hypervisor takes is worth a word from here on, in CPUs.
const STOLEN: f64 = 0.1;

/// A cgroup whose quota takes less than this from it, seconds per second, is not held back.
const HELD_BACK: f64 = 0.05;

impl Teller<'_> {
    /// Who takes the CPU first, then who waits for it.
    pub(super) fn sched(&mut self, latest: &Latest) {
        let severity = latest.vitals.severities.sched.map_or(0, Severity::per_mille);
        let worst = latest.reading.worst_delay.as_ref();
        let delay = latest.vitals.worst_delay.unwrap_or(0.0);
        let is_short = severity >= WORTH_SAYING[0] && latest.vitals.delay.unwrap_or(0.0) >= WAITING_DELAY;
        let is_starved = delay >= STARVED_DELAY && worst.is_none_or(|worst| self.gets_too_little(worst, delay));
        if !is_short && !is_starved {
            return;
        }
        let mut parts = Vec::new();
        if let Some(steal) = latest.vitals.steal.filter(|steal| *steal >= STOLEN) {
            parts.extend([Part::Words("the hypervisor takes "), Part::Share(steal), Part::Words(" CPU")]);
            if delay < STARVED_DELAY {
                // Every task looks well: whoever waits a little longer than the others has nothing to do with it.
                parts.push(Part::Words(" from "));
                parts.push(self.name());
                let all = latest.vitals.delay.map(|all| [Part::Words("; all tasks together wait "), Part::Delay(all)]);
                parts.extend(all.into_iter().flatten());
                self.push(severity, Some(Vital::Sched), Topic::Sched, Lead::Node, parts);
                return;
            }
            parts.push(Part::Words("; "));
        }
        let victim = worst.filter(|_| delay > 0.0);
        if let Some(neighbour) = neighbour(self.node) {
            parts.extend(neighbour);
            parts.push(Part::Words("; "));
            self.waiting(&mut parts, victim, latest);
        } else {
            self.burning(&mut parts, victim, latest, delay);
        }
        let severity = severity.max((delay * 1000.0) as u32);
        self.push(severity, Some(Vital::Sched), Topic::Sched, lead_to(victim.map(|t| t.task)), parts);
    }

    /// The task that takes most, and who waits: the same, or another.
    fn burning(&self, parts: &mut Vec<Part>, victim: Option<&WorstTask>, latest: &Latest, delay: f64) {
        let burners = self.node.tasks.values().filter_map(|t| Some((t, t.vitals.cpu.filter(|cpu| *cpu >= 0.5)?)));
        let burner = burners.max_by(|(_, a), (_, b)| a.total_cmp(b));
        let is_own = |b: &Task| {
            victim.is_some_and(|v| v.task == b.id() || (b.id().runtime == 0 && v.process == Some(b.id().number)))
        };
        match (burner, victim) {
            (Some((task, cpu)), Some(_)) if is_own(task) => {
                parts.push(name_of(task));
                self.on_node(parts);
                let takes = [Part::Words(" takes "), Part::Share(cpu), Part::Words(" CPU and waits for more: ")];
                parts.extend(takes.into_iter().chain([Part::Delay(delay)]));
            }
            (burner, victim) => {
                if let Some((task, cpu)) = burner {
                    parts.extend([name_of(task), Part::Words(" takes "), Part::Share(cpu), Part::Words(" CPU; ")]);
                }
                self.waiting(parts, victim, latest);
            }
        }
    }

    /// Whether a task that waits so long waits much of the time that it wants: a tenth of a second beside nine that it
    /// runs is no hunger.
    fn gets_too_little(&self, worst: &WorstTask, delay: f64) -> bool {
        let process = |number| self.node.tasks.values().find(|t| t.id().runtime == 0 && t.id().number == number);
        let task = self.node.task(worst.task).or_else(|| process(worst.process?));
        let cpu = task.and_then(|t| t.vitals.cpu).unwrap_or(0.0);
        delay / (delay + cpu.min(1.0)) >= f64::from(WORTH_SAYING[0]) / 1000.0
    }

    /// Who waits for the CPU: the worst task, and all together.
    fn waiting(&self, parts: &mut Vec<Part>, victim: Option<&WorstTask>, latest: &Latest) {
        let (who, does, delay) = match victim {
            Some(task) => {
                let name = task.name.as_deref().unwrap_or("task");
                let name = Part::Name(format!("{name} ({})", task.task.number).into());
                let is_starved = latest.vitals.worst_delay.is_some_and(|delay| delay >= STARVED_DELAY);
                let does = if is_starved { " starved: waits " } else { " waits for CPU: " };
                (name, does, latest.vitals.worst_delay)
            }
            None => (Part::Words("tasks"), " wait for CPU: ", latest.vitals.delay),
        };
        parts.push(who);
        self.on_node(parts);
        parts.push(Part::Words(does));
        parts.extend(delay.map(Part::Delay));
        let all = latest.vitals.delay.filter(|all| victim.is_some() && delay.is_some_and(|one| *all >= 2.0 * one));
        parts.extend(all.map(|all| [Part::Words(", all together "), Part::Delay(all)]).into_iter().flatten());
    }

    /// Cgroups that their quota holds back: every task in them looks fine.
    pub(super) fn quotas(&mut self) {
        for cgroup in self.node.cgroups.values() {
            let severity = cgroup.vitals.severities.sched.map_or(0, Severity::per_mille);
            let Some(held) = cgroup.vitals.throttled.filter(|held| *held >= HELD_BACK) else { continue };
            if severity < WORTH_SAYING[0] {
                continue;
            }
            let mut parts = vec![Part::Words("its quota")];
            let quota = cgroup.reading.quota_milli.map(|milli| Part::Cores(milli as f64 / 1000.0));
            parts.extend(quota.map(|cores| [Part::Words(" of "), cores]).into_iter().flatten());
            parts.extend([Part::Words(" holds "), Part::Name(called(cgroup.title()).into())]);
            self.on_node(&mut parts);
            parts.extend([Part::Words(" back: "), Part::Delay(held)]);
            let path = &cgroup.reading.path;
            self.push(severity, Some(Vital::Sched), Topic::Quota(path.clone()), Lead::Cgroup(path.clone()), parts);
        }
    }
}

/// The neighbour that makes others wait, where neighbours are the reason for at least half of the waiting.
pub(in crate::model) fn neighbour(node: &Node) -> Option<Vec<Part>> {
    let vitals = &node.latest.as_ref()?.vitals;
    vitals.causes.neighbour.zip(vitals.delay).filter(|(neighbour, delay)| *neighbour * 2.0 >= *delay)?;
    let (cgroup, _) = node.noisiest()?;
    let mut parts = vec![Part::Name(called(cgroup.title()).into())];
    parts.extend(cgroup.vitals.cpu.map(|cpu| [Part::Words(" takes "), Part::Cores(cpu)]).into_iter().flatten());
    Some(parts)
}
