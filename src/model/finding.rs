//! What is wrong now, in one line each, the worst first: culprit before victim.

use std::sync::Arc;

use midair_vitals::{Queue, QueueVitals, Severity, TaskId, Unit, WorstTask};

use super::{
    Model,
    node::{Latest, Node},
    presence::Presence,
    task::Task,
    vital::Vital,
};
use crate::event::{NodeId, Stamp};

/// A task that waits longer than this, seconds per second, is starved, where it gets too little at all.
const STARVED_DELAY: f64 = 0.1;

/// All tasks together wait longer than this, seconds per second, before it is worth a word: less is the noise of a host at
/// rest.
const WAITING_DELAY: f64 = 0.05;

/// From here on a severity is a finding, per mille: of sched, mem and queue.
const WORTH_SAYING: [u32; 3] = [200, 900, 500];

/// Memory that is full sooner than this, seconds, is a finding, where half of it is used already.
const FULL_SOON_S: f64 = 600.0;

/// Queues named per node: the rest is in the table.
const N_QUEUES: usize = 3;

/// A piece of a sentence. The view writes amounts as it does everywhere else, and makes names harmless; it puts nothing
/// between the pieces.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Our own words.
    Words(&'static str),
    /// Something from outside: a name, a reason.
    Name(Arc<str>),
    /// So many of a unit.
    Amount(f64, Unit),
    /// So many of a unit per second, with its sign.
    Growth(f64, Unit),
    /// A count without unit.
    Count(u64),
    /// A share, 1.0 is 100 %.
    Share(f64),
    /// Time waited per time, 1.0 is a second per second.
    Delay(f64),
    /// A length of time, microseconds.
    Time(u64),
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Which vital it is about; `None`: whether the node is there at all.
    pub vital: Option<Vital>,
    /// Which node.
    pub node: NodeId,
    /// Which task, where one is known: where `Enter` leads.
    pub task: Option<TaskId>,
    /// The sentence.
    pub parts: Vec<Part>,
}

/// What is wrong on all nodes, or on one, at a moment; the worst first. Empty: nothing was found.
pub fn findings(model: &Model, node: Option<&NodeId>, now: Stamp) -> Vec<Finding> {
    let in_scope = |candidate: &&Node| node.is_none_or(|id| *id == candidate.id);
    // On the screen of one node its name would be said twice.
    let says_node = node.is_none() && model.nodes.len() > 1;
    let mut found = Vec::new();
    for node in model.nodes.values().filter(in_scope) {
        Teller { node, says_node, now, found: &mut found }.tell();
    }
    found.sort_by(|a, b| (b.severity, a.vital, &a.node).cmp(&(a.severity, b.vital, &b.node)));
    found
}

/// Tells what is wrong with one node.
struct Teller<'a> {
    node: &'a Node,
    says_node: bool,
    now: Stamp,
    found: &'a mut Vec<Finding>,
}

impl Teller<'_> {
    fn tell(&mut self) {
        let node = self.node;
        if let Some(address) = &node.conflict {
            let parts =
                vec![self.name(), Part::Words(": a second agent claims this id, at "), Part::Name(address.clone())];
            self.push(1000, None, None, parts);
        }
        match &node.presence {
            Presence::Awaited { .. } => {}
            // What a silent node said last is not what is wrong now.
            Presence::Silent { since, reason, .. } => {
                // The name has been said: what is left of "cannot reach agent NAME: ..." is the cause.
                let cause = reason.strip_prefix("cannot reach agent ").and_then(|rest| rest.split_once(": "));
                let cause = cause.map_or_else(|| reason.clone(), |(_, cause)| cause.into());
                let (age, why) = (Part::Time(self.now.since_us(*since)), Part::Name(cause));
                let parts = vec![self.name(), Part::Words(" silent for "), age, Part::Words(": "), why];
                self.push(1000, None, None, parts);
            }
            Presence::Late { since } => {
                let age = Part::Time(self.now.since_us(*since));
                self.push(950, None, None, vec![self.name(), Part::Words(" late: no sample for "), age]);
                self.tell_latest();
            }
            Presence::Live => self.tell_latest(),
        }
    }

    fn tell_latest(&mut self) {
        if let Some(latest) = &self.node.latest {
            self.sched(latest);
            self.mem(latest);
            self.queues(latest);
            self.drops(latest);
            self.lost();
        }
    }

    /// Who takes the CPU first, then who waits for it.
    fn sched(&mut self, latest: &Latest) {
        let severity = latest.vitals.severities.sched.map_or(0, Severity::per_mille);
        let worst = latest.reading.worst_delay.as_ref();
        let delay = latest.vitals.worst_delay.unwrap_or(0.0);
        let is_short = severity >= WORTH_SAYING[0] && latest.vitals.delay.unwrap_or(0.0) >= WAITING_DELAY;
        let is_starved = delay >= STARVED_DELAY && worst.is_none_or(|worst| self.gets_too_little(worst, delay));
        if !is_short && !is_starved {
            return;
        }
        let mut parts = Vec::new();
        if let Some(steal) = latest.vitals.steal.filter(|steal| *steal >= 0.1) {
            parts.extend([Part::Words("the hypervisor takes "), Part::Share(steal), Part::Words(" CPU; ")]);
        }
        let victim = worst.filter(|_| delay > 0.0);
        let burners = self.node.tasks.values().filter_map(|t| Some((t, t.vitals.cpu.filter(|cpu| *cpu >= 0.5)?)));
        let burner = burners.max_by(|(_, a), (_, b)| a.total_cmp(b));
        let is_own = |b: &Task| {
            victim.is_some_and(|v| v.task == b.id() || (b.id().runtime == 0 && v.process == Some(b.id().number)))
        };
        match (burner, victim) {
            (Some((task, cpu)), Some(_)) if is_own(task) => {
                parts.push(name_of(task));
                self.on_node(&mut parts);
                let takes = [Part::Words(" takes "), Part::Share(cpu), Part::Words(" CPU and waits for more: ")];
                parts.extend(takes.into_iter().chain([Part::Delay(delay)]));
            }
            (burner, victim) => {
                if let Some((task, cpu)) = burner {
                    parts.extend([name_of(task), Part::Words(" takes "), Part::Share(cpu), Part::Words(" CPU; ")]);
                }
                self.waiting(&mut parts, victim, latest);
            }
        }
        let severity = severity.max((delay * 1000.0) as u32);
        self.push(severity, Some(Vital::Sched), victim.map(|t| t.task), parts);
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

    /// Who grows first, then what is nearly full.
    fn mem(&mut self, latest: &Latest) {
        let severity = latest.vitals.severities.mem.map_or(0, Severity::per_mille);
        let full_in = latest.mem_full_in.filter(|s| *s < FULL_SOON_S);
        if severity < WORTH_SAYING[1] && full_in.is_none() {
            return;
        }
        let growing = self.node.tasks.values().filter(|t| t.vitals.mem_growth.is_some_and(|growth| growth > 0.0));
        let grower = growing
            .max_by(|a, b| a.vitals.mem_growth.unwrap_or(0.0).total_cmp(&b.vitals.mem_growth.unwrap_or(0.0)))
            .filter(|_| full_in.is_some());
        let mut parts = Vec::new();
        if let Some((task, growth)) = grower.and_then(|task| Some((task, task.vitals.mem_growth?))) {
            let growth = Part::Growth(growth, Unit::Bytes);
            parts.extend([name_of(task), Part::Words(" grows "), growth, Part::Words("; ")]);
        }
        parts.push(Part::Words("memory"));
        self.on_node(&mut parts);
        parts.extend([Part::Words(" "), Part::Share(f64::from(severity) / 1000.0), Part::Words(" full")]);
        if let Some(seconds) = full_in {
            let time = Part::Time((seconds * 1e6) as u64);
            parts.extend([Part::Words(", full in "), time, Part::Words(" at this pace")]);
        }
        let urgency = full_in.map_or(0, |seconds| 1000 - (seconds * 500.0 / FULL_SOON_S) as u32);
        self.push(severity.max(urgency), Some(Vital::Mem), grower.map(Task::id), parts);
    }

    fn queues(&mut self, latest: &Latest) {
        let is_bad = |vitals: &QueueVitals| vitals.severity.is_some_and(|s| s.per_mille() >= WORTH_SAYING[2]);
        let bad = self.node.tasks.values().filter_map(|t| Some((t, t.worst_queue()?))).filter(|(_, (_, v))| is_bad(v));
        let mut bad: Vec<_> = bad.collect();
        bad.sort_by_key(|(_, (_, vitals))| std::cmp::Reverse(vitals.severity));
        // Workers of one listener hold one queue together: it is told once.
        let mut told = Vec::new();
        bad.retain(|(_, (queue, _))| {
            let is_new = queue.number.is_none() || !told.contains(&queue.number);
            told.push(queue.number);
            is_new
        });
        bad.truncate(N_QUEUES);
        for (task, (queue, vitals)) in &bad {
            let severity = vitals.severity.map_or(0, Severity::per_mille);
            let mut parts = vec![Part::Words(queue.kind.word()), Part::Words(" of "), name_of(task)];
            self.on_node(&mut parts);
            parts.extend(depth(queue, vitals.growth));
            self.push(severity, Some(Vital::Queue), Some(task.id()), parts);
        }
        // The worst queue may have no owner that is known, or one that is not among the rows.
        let severity = latest.vitals.severities.queue.map_or(0, Severity::per_mille);
        if let Some(worst) =
            latest.reading.worst_queue.as_ref().filter(|_| bad.is_empty() && severity >= WORTH_SAYING[2])
        {
            let mut parts = vec![Part::Words(worst.queue.kind.word())];
            match worst.task {
                Some(task) => parts.extend([Part::Words(" of task "), Part::Count(task.number)]),
                None => parts.push(Part::Words(" without known owner")),
            }
            self.on_node(&mut parts);
            parts.extend(depth(&worst.queue, None));
            self.push(severity, Some(Vital::Queue), worst.task, parts);
        }
    }

    fn drops(&mut self, latest: &Latest) {
        let vitals = &latest.vitals;
        let kinds = [
            (vitals.listen_drops, " connections dropped at listen queues"),
            (vitals.udp_drops, " datagrams dropped at full sockets"),
            (vitals.net_drops, " packets dropped by interfaces"),
        ];
        let dropping = self.node.tasks.values().filter(|t| t.vitals.drops.is_some_and(|n| n > 0));
        let owner = dropping.max_by_key(|t| t.vitals.drops);
        for (n_drops, words) in kinds {
            let Some(n_drops) = n_drops.filter(|n| *n > 0) else { continue };
            let mut parts = vec![Part::Count(n_drops), Part::Words(words)];
            self.on_node(&mut parts);
            let owner = owner.filter(|_| words != kinds[2].1);
            if let Some(task) = owner {
                parts.extend([Part::Words(", most at "), name_of(task)]);
            }
            self.push(600, Some(Vital::Queue), owner.map(Task::id), parts);
        }
    }

    fn lost(&mut self) {
        let n_lost = self.node.n_lost_since(Stamp((self.now.0 + 1).saturating_sub(10_000_000)));
        if n_lost > 0 {
            let mut parts = vec![Part::Count(n_lost), Part::Words(" samples")];
            self.on_node(&mut parts);
            parts.push(Part::Words(" lost on the way"));
            self.push(100, None, None, parts);
        }
    }

    fn name(&self) -> Part {
        Part::Name(self.node.name().into())
    }

    fn on_node(&self, parts: &mut Vec<Part>) {
        if self.says_node {
            parts.extend([Part::Words(" on "), self.name()]);
        }
    }

    fn push(&mut self, per_mille: u32, vital: Option<Vital>, task: Option<TaskId>, parts: Vec<Part>) {
        let severity = Severity::from_per_mille(per_mille);
        self.found.push(Finding { severity, vital, node: self.node.id.clone(), task, parts });
    }
}

fn name_of(task: &Task) -> Part {
    Part::Name(task.title().into())
}

fn depth(queue: &Queue, growth: Option<f64>) -> Vec<Part> {
    let mut parts = vec![Part::Words(": ")];
    match (queue.depth, queue.limit) {
        (Some(depth), Some(limit)) => {
            // Bytes count in powers of 1024 on both sides of the word.
            let depth =
                if queue.unit == Unit::Bytes { Part::Amount(depth as f64, queue.unit) } else { Part::Count(depth) };
            parts.extend([depth, Part::Words(" of "), Part::Amount(limit as f64, queue.unit)]);
        }
        (Some(depth), None) => parts.push(Part::Amount(depth as f64, queue.unit)),
        (None, _) => parts.push(Part::Words("depth unknown")),
    }
    if let Some(growth) = growth.filter(|g| *g != 0.0) {
        parts.extend([Part::Words(", "), Part::Growth(growth, queue.unit)]);
    }
    parts
}

#[cfg(test)]
mod tests;
