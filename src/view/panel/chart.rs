//! The four vitals of a task over time.

use midair_vitals::{Queue, QueueKind, TaskKind, Unit, task::FlowRate};
use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{Line, Look, SHORT_TREND, empty, frame, one_line, vital_title};
use crate::{
    event::Stamp,
    model::{Probe, Task, TaskValue, Vital, Window, task::SHORT_MAILBOX},
    view::{
        columns::tasks,
        format,
        theme::{Level, Theme},
        widget::{
            pen::Pen,
            spark::{self, Axis},
        },
    },
};

/// How far back the charts reach, microseconds.
const CHART_US: u64 = 300_000_000;

/// One value over time.
struct Chart {
    label: &'static str,
    now: String,
    note: String,
    level: Level,
    value: TaskValue,
    /// A column is full at this value at the least: noise near zero is no mountain.
    floor: f64,
    /// How its highest value is written.
    peak: fn(Option<f64>) -> String,
}

/// What a chart is drawn with.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// The task.
    pub task: &'a Task,
    /// The moment shown.
    pub now: Stamp,
    /// How often samples come, microseconds.
    pub interval_us: u64,
    /// True when nothing is heard of its node, or it has ended.
    pub is_silent: bool,
    /// What a probe counts while it is looked at.
    pub probe: Option<&'a Probe>,
}

/// Draws one vital of a task: in a box, or in a single row.
pub fn draw(buffer: &mut Buffer, area: Rect, vital: Vital, shown: Shown<'_>, theme: &Theme) {
    let severity = vital.of(shown.task.vitals.severities);
    let title = vital_title(vital, severity, theme, shown.is_silent);
    let charts = charts(vital, shown.task);
    if area.height < 3 {
        let axis = Axis::new(shown.now, CHART_US, SHORT_TREND);
        let mut lines: Vec<Line> = match unknown(vital, shown) {
            Some(why) => vec![Line::new(why, String::new(), "")],
            None => charts.iter().map(|chart| line(chart, shown, axis)).collect(),
        };
        if let (Vital::Rate, Some(probe)) = (vital, shown.probe) {
            lines.extend(probed(probe).map(|(rates, unit)| Line::new("probe", rates, unit)));
        }
        let trend = if shown.is_silent { theme.silent } else { theme.vital(vital) };
        one_line(buffer, area, &title, &lines, Look { theme, trend, is_silent: shown.is_silent });
        return;
    }
    let inside = frame(buffer, area, &title, theme);
    let inside = match (vital, shown.probe) {
        (Vital::Rate, Some(probe)) => draw_probe(buffer, inside, probe, shown.is_silent, theme),
        _ => inside,
    };
    if let Some(why) = unknown(vital, shown) {
        empty(buffer, inside, why, theme);
        return;
    }
    let n_charts = charts.len().min(usize::from(inside.height / 2).max(1)) as u16;
    for (n, chart) in (0..n_charts).zip(&charts) {
        let (from, to) = (inside.height * n / n_charts, inside.height * (n + 1) / n_charts);
        let place = Rect { y: inside.y + from, height: to - from, ..inside };
        draw_chart(buffer, place, chart, shown, (theme.vital(vital), theme.low(vital)), theme);
    }
}

fn charts(vital: Vital, task: &Task) -> Vec<Chart> {
    match vital {
        Vital::Worst => Vec::new(),
        Vital::Sched if task.reading.kind == TaskKind::Erlang => vec![active(task)],
        Vital::Sched => sched(task),
        Vital::Mem => vec![mem(task)],
        Vital::Queue => vec![queue(task)],
        Vital::Rate => vec![rate(task)],
    }
}

/// Why nothing is known of a vital, where that is so.
fn unknown(vital: Vital, shown: Shown<'_>) -> Option<&'static str> {
    let Shown { task, probe, .. } = shown;
    let (reading, vitals) = (&task.reading, &task.vitals);
    let is_uncounted = |queue: &Queue| matches!(queue.kind, QueueKind::UdpReceive | QueueKind::Unix);
    match vital {
        Vital::Sched if reading.kind == TaskKind::Erlang => {
            reading.active_milli.is_none().then_some("not known yet: how often it is active takes some looks")
        }
        Vital::Mem if reading.kind == TaskKind::Erlang && reading.rss_bytes.is_none() => {
            let n_messages = task.worst_queue().and_then(|(queue, _)| queue.depth);
            Some(match n_messages > Some(SHORT_MAILBOX) {
                true => "- not asked: adding it up walks the whole mailbox, which would hold the process up",
                false => "not known yet: it comes with the next look",
            })
        }
        Vital::Queue | Vital::Rate if reading.kind == TaskKind::Erlang => {
            let is_known = if vital == Vital::Queue { task.worst_queue().is_some() } else { !vitals.rates.is_empty() };
            (!is_known).then_some("not known yet: it comes with the next look")
        }
        Vital::Sched if vitals.cpu.is_none() && vitals.delay.is_none() => {
            Some("not known yet: CPU and delay need two samples")
        }
        Vital::Mem if reading.rss_bytes.is_none() => Some("not known: threads share the memory of their process"),
        Vital::Queue | Vital::Rate if reading.queues.is_none() && vitals.rates.is_empty() => Some(match reading.kind {
            TaskKind::Thread => "not known: threads share the sockets of their process",
            TaskKind::KernelThread => "none: a thread of the kernel holds no sockets or pipes",
            TaskKind::Process | TaskKind::Erlang | TaskKind::Tokio => "its sockets cannot be read: see below",
        }),
        Vital::Queue if task.worst_queue().is_none() => Some("no queues: it holds no sockets or pipes"),
        Vital::Rate if vitals.rates.is_empty() && probe.is_some() => Some("no TCP sockets"),
        Vital::Rate if vitals.rates.is_empty() && task.queues().any(|(queue, _)| is_uncounted(queue)) => {
            Some("messages of UDP and unix sockets are not counted here")
        }
        Vital::Rate if vitals.rates.is_empty() => Some("nothing that could move: it holds no TCP sockets"),
        Vital::Worst | Vital::Sched | Vital::Mem | Vital::Queue | Vital::Rate => None,
    }
}

/// What a probe counts: messages in and out, and their unit.
fn probed(probe: &Probe) -> impl Iterator<Item = (String, String)> {
    let both = |f: &FlowRate| {
        let rates = format!("{} in  {} out", format::number(f.rate_in), format::number(f.rate_out));
        (rates, format!("{}/s", format::unit(f.unit)))
    };
    probe.rates.iter().map(both)
}

/// Draws what a probe counts, and what that costs, into the last rows; returns what is left above.
fn draw_probe(buffer: &mut Buffer, area: Rect, probe: &Probe, is_silent: bool, theme: &Theme) -> Rect {
    let n_rows = u16::try_from(probe.rates.len()).unwrap_or(u16::MAX).min(area.height.saturating_sub(1));
    let top = Rect { height: area.height - n_rows, ..area };
    let (plain, dim) = if is_silent { (theme.silent, theme.silent) } else { (theme.plain, theme.dim) };
    for (row, (rates, unit)) in (top.height..area.height).zip(probed(probe)) {
        let mut pen = Pen::new(buffer, area, row);
        pen.skip(1).put("probe ", dim).put(&rates, plain).put(" ", dim).put(&unit, dim);
        if probe.cost_share.is_some() {
            let cost = format::estimate(format::percent_sign(probe.cost_share));
            pen.put_whole(&format!("  cost {cost}"), dim);
        }
    }
    top
}

/// A chart as a line of values with a short trend.
fn line(chart: &Chart, shown: Shown<'_>, axis: Axis) -> Line {
    Line { level: Some(chart.level), ..Line::new(chart.label, chart.now.clone(), chart.note.clone()) }
        .with_trend(values(chart, shown, axis), chart.floor)
}

/// The values of a chart over the columns of an axis.
fn values(chart: &Chart, shown: Shown<'_>, axis: Axis) -> Vec<Option<f64>> {
    let window = Window { end: Stamp(axis.end_us), span_us: axis.step_us * u64::from(axis.columns) };
    let n_cells = usize::from(axis.columns);
    let cells = shown.task.cells(chart.value, window, n_cells, shown.interval_us * 5 / 2);
    cells.into_iter().map(|v| v.map(f64::from)).collect()
}

fn draw_chart(buffer: &mut Buffer, area: Rect, chart: &Chart, shown: Shown<'_>, colour: (Style, Style), theme: &Theme) {
    let quiet = |style| if shown.is_silent { theme.silent } else { style };
    let mut pen = Pen::new(buffer, area, 0);
    pen.skip(1).put(chart.label, theme.dim).skip(1).put(chart.level.sign().trim(), quiet(theme.level(chart.level)));
    pen.put(&chart.now, quiet(theme.level_or_plain(chart.level))).skip(1).put(&chart.note, quiet(theme.dim));
    let left = pen.left();
    // Beside the value where there is one row only, else below it.
    let place = match area.height {
        0 | 1 => Rect { x: area.right() - left.saturating_sub(1), width: left.saturating_sub(1), ..area },
        _ => Rect { y: area.y + 1, height: area.height - 1, ..area },
    };
    let axis = Axis::new(shown.now, CHART_US, place.width);
    let values = values(chart, shown, axis);
    let top = spark::ceiling(&values, chart.floor);
    spark::draw(buffer, place, &values, top, quiet(colour.0), quiet(colour.1));
    if area.height > 1 {
        let peak = values.iter().flatten().copied().reduce(f64::max);
        let mut pen = Pen::new(buffer, area, 0);
        pen.skip(area.width - left);
        pen.put_right(&[(format!("  max {} ", (chart.peak)(peak)), theme.dim)]);
    }
}

fn sched(task: &Task) -> Vec<Chart> {
    let vitals = &task.vitals;
    vec![
        Chart {
            label: "delay",
            now: format::delay(vitals.delay),
            note: "/s".to_owned(),
            level: Level::of(vitals.severities.sched),
            value: TaskValue::Delay,
            floor: 0.05,
            peak: format::delay,
        },
        Chart {
            label: "cpu",
            now: tasks::cpu(task),
            note: "%".to_owned(),
            level: Level::Unknown,
            value: TaskValue::Cpu,
            floor: 1.0,
            peak: format::percent_sign,
        },
    ]
}

/// How often an Erlang process was found running or ready to run: from outside the two cannot be told apart.
fn active(task: &Task) -> Chart {
    let share = task.reading.active_milli.map(|milli| f64::from(milli) / 1000.0);
    Chart {
        label: "active",
        now: format::estimate(format::percent(share)),
        note: "% of looks".to_owned(),
        level: Level::Unknown,
        value: TaskValue::Active,
        floor: 1.0,
        peak: format::percent_sign,
    }
}

fn mem(task: &Task) -> Chart {
    Chart {
        label: if task.reading.kind == TaskKind::Erlang { "mem" } else { "rss" },
        now: tasks::mem(task),
        note: format!("{}/s", format::bytes_growth(task.vitals.mem_growth)),
        level: Level::of(task.vitals.severities.mem),
        value: TaskValue::Rss,
        floor: if task.reading.kind == TaskKind::Erlang { 65_536.0 } else { 1_048_576.0 },
        peak: format::bytes,
    }
}

fn queue(task: &Task) -> Chart {
    let worst = task.worst_queue();
    let unit = worst.map_or(Unit::Bytes, |(queue, _)| queue.unit);
    let growth = format::amount_growth(worst.and_then(|(_, vitals)| vitals.growth), unit);
    Chart {
        label: worst.map_or("depth", |(queue, _)| queue.kind.word()),
        now: format::depth(worst.and_then(|(queue, _)| queue.depth), unit),
        note: if matches!(growth.as_str(), "0" | "-") { String::new() } else { format!("{growth}/s") },
        level: Level::of(task.vitals.severities.queue),
        value: TaskValue::Depth,
        floor: if unit == Unit::Bytes { 4096.0 } else { 8.0 },
        peak: if unit == Unit::Bytes { format::bytes } else { format::number },
    }
}

fn rate(task: &Task) -> Chart {
    let flow = task.vitals.rates.first();
    let unit = flow.map_or("", |f| format::unit(f.unit));
    let both = |f: &FlowRate| match f.unit {
        // Work has no direction.
        Unit::Reductions => format::number(tasks::reductions(task)),
        _ => format!("{} in  {} out", format::number(f.rate_in), format::number(f.rate_out)),
    };
    Chart {
        label: "",
        now: flow.map_or_else(|| format::UNKNOWN.to_owned(), both),
        note: if unit.is_empty() { String::new() } else { format!("{unit}/s") },
        level: Level::Unknown,
        value: TaskValue::Rate,
        floor: 10.0,
        peak: format::number,
    }
}
