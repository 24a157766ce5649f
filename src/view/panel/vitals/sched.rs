//! Sched of a node: who waits, who is to blame, and each CPU with those that wait for it.

use midair_vitals::{NodeReading, SchedCauses, Severity};
use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{Line, Trend};
use crate::{
    model::{CpuVitals, Latest, Node, NodeValue},
    view::{
        format,
        theme::{Level, Theme},
        widget::{meter, pen::Pen},
    },
};

/// The lines, the most telling first.
pub(super) fn lines(node: &Node, latest: &Latest, trend: &Trend<'_>) -> Vec<Line> {
    let (vitals, reading) = (&latest.vitals, &latest.reading);
    let worst = reading.worst_delay.as_ref().and_then(|w| w.name.as_deref()).unwrap_or("");
    let cpus = node.described.as_ref().and_then(|d| d.n_cpus);
    let of_cpus = cpus.map_or_else(String::new, |n| format!("of {n}"));
    let top = f64::from(cpus.unwrap_or(1));
    let delay_level = Level::of(vitals.severities.sched);
    let worst_level = Level::of(vitals.worst_delay.and_then(Severity::from_share));
    vec![
        Line::new("delay", format::delay(vitals.delay), "/s")
            .with_level(delay_level)
            .with_trend(trend.of(NodeValue::Delay), 0.1),
        Line::new("worst", format::delay(vitals.worst_delay), worst).with_level(worst_level),
        because(node, &vitals.causes),
        Line::new("cpus", format::number(vitals.cpu), of_cpus).with_trend(trend.of(NodeValue::Cpu), top),
        Line::new("running", format::count(reading.n_running), "tasks").with_trend(trend.of(NodeValue::Running), 4.0),
        split_by_cause(&vitals.causes),
        Line::new("psi cpu", format::percent(vitals.psi_cpu), format!("%   io {} %", format::percent(vitals.psi_io))),
        Line::new("steal", format::percent(vitals.steal), format!("%   load {}", load(reading))),
    ]
}

/// Less CPU than this that was wanted and not given, seconds per second, is nobody's fault.
const WORTH_BLAMING: f64 = 0.005;

/// The cause that took most, and who is behind it.
fn because(node: &Node, causes: &SchedCauses) -> Line {
    let title =
        |of: Option<(&crate::model::Cgroup, f64)>| of.map(|(cgroup, _)| crate::model::cgroup::called(cgroup.title()));
    let neighbour = || title(node.noisiest()).unwrap_or_else(|| "neighbours".to_owned());
    let quota = || title(node.most_held_back()).map_or_else(|| "a quota".to_owned(), |name| format!("quota {name}"));
    let known = [
        causes.own.map(|lost| (lost, 0)),
        causes.neighbour.map(|lost| (lost, 1)),
        causes.quota.map(|lost| (lost, 2)),
        causes.hypervisor.map(|lost| (lost, 3)),
    ];
    let worst = known.into_iter().flatten().max_by(|(a, _), (b, _)| a.total_cmp(b));
    match worst {
        None => Line::new("because", format::UNKNOWN.to_owned(), ""),
        Some((lost, _)) if lost < WORTH_BLAMING => Line::new("because", format::NOTHING.to_owned(), "nobody is short"),
        Some((lost, 0)) => Line::new("because", format::delay(Some(lost)), "own threads"),
        Some((lost, 1)) => Line::new("because", format::estimate(format::delay(Some(lost))), neighbour()),
        Some((lost, 2)) => Line::new("because", format::delay(Some(lost)), quota()),
        Some((lost, _)) => Line::new("because", format::delay(Some(lost)), "the hypervisor"),
    }
}

/// All causes, in seconds per second.
fn split_by_cause(causes: &SchedCauses) -> Line {
    let neighbour = match format::delay(causes.neighbour) {
        zero if zero == "0" => zero,
        delay => format::estimate(delay),
    };
    let others =
        format!("nbr {neighbour} quota {} hv {}", format::delay(causes.quota), format::delay(causes.hypervisor));
    Line::new("own", format::delay(causes.own), others)
}

fn load(reading: &NodeReading) -> String {
    format::number(reading.load1_milli.map(|milli| milli as f64 / 1000.0))
}

/// Cuts the rows off the bottom that show each CPU: its use, and where there is room who waits for it and for how long.
pub(super) fn split(area: Rect) -> (Rect, Rect) {
    let rows = match area.height {
        ..3 => 0,
        3..6 => 1,
        6..8 => 2,
        8.. => 3,
    };
    let top = Rect { height: area.height - rows, ..area };
    (top, Rect { y: area.y + top.height, height: rows, ..area })
}

/// Columns of what a row of CPUs says.
const LABEL: u16 = 10;

/// Draws a row of use, one of how many threads wait, and one of how long they do: a column per CPU, or per several.
pub(super) fn draw_cpus(buffer: &mut Buffer, area: Rect, latest: &Latest, theme: &Theme, is_silent: bool) {
    if area.is_empty() {
        return;
    }
    let cpus = &latest.cpus;
    if cpus.is_empty() {
        Pen::new(buffer, area, 0).skip(1).put("cores    ", theme.dim).put("detail stream only", theme.dim);
        return;
    }
    let room = area.width.saturating_sub(LABEL).max(1);
    let fold = cpus.len().div_ceil(usize::from(room)).max(1);
    let quiet = |style: Style| if is_silent { theme.silent } else { style };
    let share_of = |share: Option<f64>| theme.level(Level::of(share.and_then(Severity::from_share)));
    let highest =
        |several: &[CpuVitals], value: fn(&CpuVitals) -> Option<f64>| several.iter().filter_map(value).reduce(f64::max);
    for row in 0..area.height {
        let label = match row {
            0 if fold > 1 => format!("of {fold}"),
            0 => "cores".to_owned(),
            1 => "queued".to_owned(),
            _ => "delay".to_owned(),
        };
        let mut pen = Pen::new(buffer, area, row);
        pen.skip(1).put(&label, theme.dim);
        let mut pen = Pen::new(buffer, area, row);
        pen.skip(LABEL);
        for several in cpus.chunks(fold) {
            match row {
                0 => {
                    let busy = highest(several, |cpu| cpu.busy);
                    pen.put(meter::upright(busy), quiet(share_of(busy)));
                }
                1 => {
                    let waiting = several.iter().filter_map(|cpu| cpu.n_queued).max();
                    let (sign, level) = queued(waiting);
                    pen.put(&sign, quiet(theme.level(level)));
                }
                _ => {
                    let delay = highest(several, |cpu| cpu.delay);
                    let sign = if delay == Some(0.0) { format::NOTHING } else { meter::upright(delay) };
                    pen.put(sign, quiet(share_of(delay)));
                }
            }
        }
    }
}

/// How many wait for a CPU, in one column, and how bad that is.
fn queued(n: Option<u32>) -> (String, Level) {
    match n {
        None => (format::UNKNOWN.to_owned(), Level::Unknown),
        Some(0) => (format::NOTHING.to_owned(), Level::Unknown),
        Some(n @ 1..3) => (n.to_string(), Level::Raised),
        Some(n @ 3..10) => (n.to_string(), Level::High),
        Some(_) => ("+".to_owned(), Level::Critical),
    }
}
