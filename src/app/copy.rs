//! What `y` puts into the clipboard: the row in words with its moment, and a command that leads back to it.

use midair_vitals::{QueueKind, TaskId};

use super::{
    State, go,
    screen::{RowId, Screen},
};
use crate::{
    event::Stamp,
    model::{Node, Task},
};

/// The selected row (else what the screen is about), and the command.
pub(super) fn text(state: &State, row: Option<&RowId>) -> Option<String> {
    let (node, task) = match (row, state.screen()) {
        (Some(RowId::Node(node)), _) => (node, None),
        (Some(RowId::Task(node, task)), _) => (node, Some(*task)),
        (Some(RowId::Queue(..)) | None, Screen::Task(node, task)) => (node, Some(*task)),
        (Some(RowId::Queue(..)) | None, Screen::Node(node)) => (node, None),
        (Some(RowId::Queue(..)) | None, Screen::Cluster) => return None,
    };
    let node = state.model.node(node)?;
    let known = task.and_then(|id| node.task(id));
    let said = match (row, known) {
        (Some(RowId::Queue(kind, number)), Some(task)) => queue_text(task, *kind, *number)?,
        (_, Some(task)) => task_text(node, task),
        (_, None) => node_text(node),
    };
    // What a host or a task calls itself is data: it must not act on the terminal into which it is pasted.
    let said: String = said.chars().filter(|c| !c.is_control()).collect();
    // The moment stands with the row: what the command opens shows now, for the past lives in this process alone.
    Some(format!("{said}  at {}\n{}\n", utc(state.now()), command(node, task)))
}

fn command(node: &Node, task: Option<TaskId>) -> String {
    // The agent inside this program has no address. A socket has: it may lead to another host.
    let is_embedded = !node.address.contains(':');
    let host = if is_embedded { String::new() } else { format!(" {}", quoted(&node.address)) };
    let is_insecure =
        !is_embedded && !node.address.starts_with("unix:") && node.described.as_ref().is_some_and(|d| d.is_insecure);
    let insecure = if is_insecure { " --insecure" } else { "" };
    format!("midair{host}{insecure} --go {}", quoted(&go::path(node, task)))
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
