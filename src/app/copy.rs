//! What `y` puts into the clipboard: the row in words with its moment, and a command that leads back to it.

use midair_vitals::{QueueKind, Unit};

use super::{
    State,
    go::{self, Place},
    screen::{RowId, Scope},
};
use crate::{
    event::{NodeId, Stamp},
    model::{
        Cgroup, Node, Task,
        host::{self, Check},
        relatives::Spot,
        words::Part,
    },
};

/// The selected row (else what the screen is about), and the command.
pub(super) fn text(state: &State, row: Option<&RowId>) -> Option<String> {
    let (node, place) = place(state, row)?;
    let node = state.model.node(node)?;
    let known = match &place {
        Place::Task(id) => node.task(*id),
        Place::Node | Place::Scope(_) | Place::Vm(_) => None,
    };
    let said = match (row, known, &place) {
        (Some(RowId::Queue(kind, number)), Some(task), _) => queue_text(task, *kind, *number)?,
        (Some(RowId::OwnedQueue(_, _, kind, number)), Some(task), _) => {
            format!("{} on {}  {}", task.title(), node.name(), queue_text(task, *kind, *number)?)
        }
        (Some(RowId::Check(check)), ..) => check_text(node, check)?,
        (Some(RowId::Cpu(number)), ..) => cpu_text(node, *number)?,
        (_, Some(task), _) => task_text(node, task),
        (Some(row), ..) if row_text(state, row).is_some() => row_text(state, row)?,
        (_, None, Place::Vm(runtime)) => vm_text(node, *runtime),
        (_, None, Place::Scope(scope)) => scope_text(node, scope)?,
        (_, None, Place::Node | Place::Task(_)) => node_text(node),
    };
    // What a host or a task calls itself is data: it must not act on the terminal into which it is pasted.
    let said: String = said.chars().filter(|c| !c.is_control()).collect();
    // The moment stands with the row: what the command opens shows now, for the past lives in this process alone.
    Some(format!("{said}  at {}\n{}\n", utc(state.now()), command(node, &place)))
}

/// Where a row leads, or where the screen is.
fn place<'a>(state: &'a State, row: Option<&'a RowId>) -> Option<(&'a NodeId, Place)> {
    match row {
        Some(RowId::Node(node)) => Some((node, Place::Node)),
        Some(RowId::Task(node, task) | RowId::OwnedQueue(node, task, ..)) => Some((node, Place::Task(*task))),
        Some(RowId::Scope(node, scope)) => Some((node, Place::Scope(scope.clone()))),
        Some(RowId::Vm(node, runtime)) => Some((node, Place::Vm(*runtime))),
        Some(
            RowId::Group(_)
            | RowId::Peer(_)
            | RowId::Queue(..)
            | RowId::Cpu(_)
            | RowId::Check(_)
            | RowId::Scheduler(..)
            | RowId::Function(_)
            | RowId::Link(_)
            | RowId::Port(_)
            | RowId::Table(..)
            | RowId::Spot(_)
            | RowId::Relative(..),
        )
        | None => Some((state.screen().node()?, Place::of(state.screen()))),
    }
}

fn command(node: &Node, place: &Place) -> String {
    // The agent inside this program has no address. A socket has: it may lead to another host.
    let is_embedded = !node.address.contains(':');
    let host = if is_embedded { String::new() } else { format!(" {}", quoted(&node.address)) };
    let is_insecure =
        !is_embedded && !node.address.starts_with("unix:") && node.described.as_ref().is_some_and(|d| d.is_insecure);
    let insecure = if is_insecure { " --insecure" } else { "" };
    format!("midair{host}{insecure} --go {}", quoted(&go::path(node, place)))
}

/// Harmless in a shell, whatever a host calls itself.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    let clean: String = text.chars().filter(|c| !c.is_control()).collect();
    format!("'{}'", clean.replace('\'', r"'\''"))
}

/// What a row of a VM, or of an Erlang process, says.
fn row_text(state: &State, row: &RowId) -> Option<String> {
    match row {
        RowId::Link(peer) => {
            let links = state.vm()?.reading.links.as_ref()?;
            let link = links.rows.iter().find(|link| link.peer == *peer)?;
            let pending = link.pending_bytes.map_or_else(String::new, |bytes| format!("  pending {bytes} B"));
            Some(format!("link to {peer}{pending}{}", if link.is_busy == Some(true) { "  busy" } else { "" }))
        }
        RowId::Port(id) if id.starts_with('#') => Some(format!("port {id}")),
        RowId::Port(id) => Some(id.to_string()),
        RowId::Table(name, owner) => Some(format!("table {name}  owner {}", owner.as_deref().unwrap_or("-"))),
        RowId::Scheduler(kind, number) => Some(format!("{} scheduler {number}", kind.word())),
        RowId::Relative(relation, key) => Some(format!("{} {key}", relation.word())),
        RowId::Function(function) => Some(function.to_string()),
        RowId::Spot(n) => Some(match state.spots().get(usize::from(*n))? {
            Spot::Top(seen, _) | Spot::Tag(seen, _) => format!("{} {}", seen.what, seen.n),
            Spot::Frame(frame, _) => frame.to_string(),
        }),
        RowId::Group(value) => Some(format!("group {}", value.as_deref().unwrap_or("without the label"))),
        RowId::Peer(name) => Some(format!("links to {name}")),
        RowId::Node(_)
        | RowId::Task(..)
        | RowId::Queue(..)
        | RowId::OwnedQueue(..)
        | RowId::Scope(..)
        | RowId::Cpu(_)
        | RowId::Check(_)
        | RowId::Vm(..) => None,
    }
}

fn vm_text(node: &Node, runtime: u32) -> String {
    let mut said = vec![format!("{} on {}", node.runtime_name(runtime).unwrap_or("beam"), node.name())];
    let vm = node.vms.get(&runtime);
    said.extend(vm.and_then(|vm| vm.reading.otp_release.as_ref()).map(|release| format!("OTP {release}")));
    let why = vm.and_then(|vm| vm.unanswered(node));
    said.extend(why.map(|why| format!("does not answer: {why}")));
    let ended = vm.filter(|vm| vm.reading.ended_us.is_some()).map(|vm| vm.reading.ended_why.as_deref());
    said.extend(ended.map(|why| format!("has ended: {}", why.unwrap_or("nobody knows why"))));
    let busy = vm.and_then(|vm| vm.vitals.utilisation[0]);
    said.extend(busy.map(|share| format!("schedulers {:.0} %", share * 100.0)));
    said.extend(vm.and_then(|vm| vm.reading.memory.total_bytes).map(|bytes| format!("memory {bytes} B")));
    said.extend(vm.and_then(|vm| vm.reading.counts[0].n).map(|n| format!("{n} processes")));
    said.join("  ")
}

fn node_text(node: &Node) -> String {
    let mut said = vec![node.name().to_owned()];
    if let Some(latest) = &node.latest {
        let severities = latest.vitals.severities;
        for (word, severity) in ["sched", "mem", "queue", "rate"].into_iter().zip(severities.all()) {
            said.extend(severity.map(|s| format!("{word} {} %", s.percent())));
        }
    }
    said.join("  ")
}

fn task_text(node: &Node, task: &Task) -> String {
    let (reading, vitals) = (&task.reading, &task.vitals);
    let mut said = vec![format!("{} on {}", task.title(), node.name())];
    said.extend(reading.state.map(|state| state.word().to_owned()));
    said.extend(vitals.cpu.map(|cpu| format!("cpu {:.1} %", cpu * 100.0)));
    said.extend(vitals.delay.map(|delay| format!("delay {:.0} ms/s", delay * 1000.0)));
    said.extend(reading.rss_bytes.map(|bytes| format!("rss {bytes} B")));
    if let Some((queue, _)) = task.worst_queue() {
        said.extend(queue_text(task, queue.kind, queue.number));
    }
    said.extend(reading.command.as_ref().map(|command| command.to_string()));
    said.join("  ")
}

fn scope_text(node: &Node, scope: &Scope) -> Option<String> {
    let mut said = Vec::new();
    match scope {
        Scope::Cgroup(path) => {
            let Cgroup { reading, vitals, .. } = node.cgroups.get(path)?;
            said.push(format!("{} {path} on {}", reading.kind.word(), node.name()));
            said.extend(vitals.cpu.map(|cpu| format!("{cpu:.2} cores")));
            said.extend(reading.quota_milli.map(|milli| format!("quota {:.2}", milli as f64 / 1000.0)));
            said.extend(vitals.throttled.map(|held| format!("held back {:.0} ms/s", held * 1000.0)));
            said.extend(vitals.delay.map(|delay| format!("delay {:.0} ms/s", delay * 1000.0)));
            said.extend(vitals.caused.map(|caused| format!("caused others ~{:.0} ms/s", caused * 1000.0)));
            said.extend(vitals.mem_used_bytes.map(|bytes| format!("memory {bytes} B")));
            said.extend(reading.mem_limit_bytes.map(|bytes| format!("limit {bytes} B")));
        }
        Scope::Namespace(inode) => {
            let namespace = node.namespaces.get(inode)?;
            said.push(format!("network namespace {} ({inode}) on {}", namespace.title(), node.name()));
            said.extend(namespace.listen_drops.sum().map(|n| format!("{n} connection attempts dropped in 10 s")));
            said.extend(namespace.udp_drops.sum().map(|n| format!("{n} datagrams dropped in 10 s")));
        }
    }
    Some(said.join("  "))
}

fn cpu_text(node: &Node, number: u32) -> Option<String> {
    let cpu = node.latest.as_ref()?.cpus.iter().find(|cpu| cpu.number == number)?;
    let mut said = vec![format!("cpu {number} of {}", node.name())];
    said.extend(cpu.busy.map(|share| format!("busy {:.1} %", share * 100.0)));
    said.extend(cpu.interrupts.map(|share| format!("interrupts {:.1} %", share * 100.0)));
    said.extend(cpu.n_queued.map(|n| format!("{n} wait for it")));
    said.extend(cpu.delay.map(|delay| format!("delay {:.0} ms/s", delay * 1000.0)));
    Some(said.join("  "))
}

fn check_text(node: &Node, check: &Check) -> Option<String> {
    let fact = host::facts(node).into_iter().find(|fact| fact.check == *check)?;
    let name = check.name().map_or_else(String::new, |name| format!(" {name}"));
    let now: String = fact.now.iter().map(plain).collect();
    Some(format!("{}{name} on {}  {now}", check.word(), node.name()))
}

/// A piece of a sentence with all its digits: what is pasted is read by people and by programs.
fn plain(part: &Part) -> String {
    match part {
        Part::Words(words) => (*words).to_owned(),
        Part::Name(name) => name.to_string(),
        Part::Amount(n, Unit::Bytes) => format!("{n:.0} B"),
        Part::Amount(n, _) | Part::Number(n) => format!("{n:.1}"),
        Part::Growth(n, _) => format!("{n:+.1}/s"),
        Part::Count(n) => n.to_string(),
        Part::Cores(n) => format!("{n:.2} cores"),
        Part::Share(share) => format!("{:.1} %", share * 100.0),
        Part::Delay(delay) => format!("{:.0} ms/s", delay * 1000.0),
        Part::Time(us) => format!("{} s", us / 1_000_000),
        Part::Latency(seconds) => format!("{:.1} ms", seconds * 1000.0),
    }
}

fn queue_text(task: &Task, kind: QueueKind, number: Option<u64>) -> Option<String> {
    let (queue, vitals) = task.queues().find(|(q, _)| q.kind == kind && q.number == number)?;
    let mut said = format!("{} {}", kind.word(), queue.depth.map_or("-".to_owned(), |n| n.to_string()));
    if let Some(limit) = queue.limit {
        said += &format!(" of {limit}");
    }
    if let Some(drops) = vitals.drops.filter(|n| *n > 0) {
        said += &format!(", {drops} dropped");
    }
    if let Some(label) = &queue.label {
        said += &format!(" ({label})");
    }
    if let Some(peer) = queue.peer {
        said += &format!(" -> {} ({})", queue.peer_name.as_deref().unwrap_or("task"), peer.number);
    }
    Some(said)
}

/// A moment in UTC: `2026-11-22T14:03:27Z`.
pub fn utc(at: Stamp) -> String {
    let seconds = at.0 / 1_000_000;
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Year, month and day of a day counted from 1970 in the Gregorian calendar, reckoned in years that begin in March so
/// that the leap day is the last of its year.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests;
