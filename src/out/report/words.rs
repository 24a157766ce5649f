//! What a page says in words, whatever it is written as.

use super::{
    Note, Page,
    hurt::{ABOVE, Hurt},
};
use crate::{
    app::utc,
    event::Stamp,
    model::{Task, Vital},
    view::format,
};

/// What stands under the time line.
pub(super) const LEGEND: &str = "A severity of 0 % is as it should be, one of 100 % as bad as it gets. sched: wanted CPU \
    that was not given. mem: how near the limit is. queue: how full queues are, or how long they would take to drain. rate: \
    how far what moves has fallen below its usual. Each column shows the worst node. The numbers are the marks below; grey \
    was not recorded; violet: a node was silent. Times are UTC.";

/// What stands above who hurt.
pub(super) const HURT: &str =
    "For how long the worst of the four was at or above so many per cent, and the worst moment.";

/// A moment: without its day where the page tells of one day only.
pub(super) fn when(page: &Page, at: Stamp) -> String {
    const DAY_US: u64 = 86_400_000_000;
    let (from, to) = page.range;
    if from.0 / DAY_US == to.0 / DAY_US { format::clock(at) } else { utc(at) }
}

/// Who it is about.
pub(super) fn who(hurt: &Hurt) -> String {
    if hurt.task.is_empty() {
        return hurt.node.clone();
    }
    let thread = hurt.thread.as_ref().map(|thread| format!(", most of all its thread {thread},")).unwrap_or_default();
    format!("{}{thread} on {}", hurt.task, hurt.node)
}

/// Who put a note there.
pub(super) fn author(note: &Note) -> &str {
    note.author.as_deref().unwrap_or(if note.is_automatic { "by rule" } else { "-" })
}

/// What was worst, a line for each vital: what who has no time reads.
pub(super) fn in_short(page: &Page) -> Vec<String> {
    let (tasks, nodes) = (page.hurts.tasks(), page.hurts.nodes());
    let worst_of = |vital: Vital| {
        let is_of = |hurt: &&&Hurt| hurt.vital == vital;
        tasks.iter().find(is_of).or_else(|| nodes.iter().find(is_of)).copied()
    };
    let line = |vital: Vital| {
        let hurt = worst_of(vital)?;
        let n = hurt.above_us.iter().rposition(|us| *us > 0).unwrap_or(0);
        let found = hurt.words.as_ref().map(|words| format!(": {words}")).unwrap_or_default();
        Some(format!(
            "{}: {} was at or above {} % for {}; worst at {}, {} %{found}",
            vital.word(),
            who(hurt),
            ABOVE[n],
            format::span(hurt.above_us[n]),
            when(page, hurt.at),
            hurt.worst.percent()
        ))
    };
    Vital::FOUR.into_iter().filter_map(line).collect()
}

/// What a task shows of a vital, where nothing was found that is about it.
pub(super) fn plainly(task: &Task, vital: Vital) -> Option<String> {
    let (reading, vitals) = (&task.reading, &task.vitals);
    match vital {
        Vital::Sched => {
            let delay = vitals.delay?;
            let cpu = vitals.cpu.map(|cpu| format!(", gets {}", format::percent_sign(Some(cpu)))).unwrap_or_default();
            Some(format!("waits {}/s for a CPU{cpu}", format::delay(Some(delay))))
        }
        Vital::Mem => {
            let growth = vitals.mem_growth.map(|growth| format!(", {}/s", format::bytes_growth(Some(growth))));
            Some(format!("{}B resident{}", format::bytes(Some(reading.rss_bytes? as f64)), growth.unwrap_or_default()))
        }
        Vital::Queue => {
            let (queue, _) = task.worst_queue()?;
            let limit = queue.limit.map(|limit| format!(" of {}", format::amount(Some(limit), queue.unit)));
            let depth = format::depth(queue.depth, queue.unit);
            Some(format!("{}: {depth}{}", queue.kind.word(), limit.unwrap_or_default()))
        }
        Vital::Rate | Vital::Worst => None,
    }
}
