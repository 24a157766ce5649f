//! The four panels of a node: one per vital, saturation before utilisation.

mod sched;

use midair_vitals::{NodeVitals, Queue, QueueKind, QueueVitals, Unit};
use ratatui::{buffer::Buffer, layout::Rect};

use super::{Line, Look, SHORT_TREND, frame, lines, one_line, trend_columns, vital_title};
use crate::{
    event::Stamp,
    model::{Latest, Node, NodeValue, Vital, Window},
    view::{
        format,
        theme::{Level, Theme},
        widget::spark::Axis,
    },
};

/// How far back the trends in panels reach, microseconds.
const TREND_US: u64 = 120_000_000;

/// Draws one vital of a node: in a box, or in a single row.
pub fn draw(buffer: &mut Buffer, area: Rect, vital: Vital, node: &Node, now: Stamp, theme: &Theme) {
    if area.height < 3 {
        draw_row(buffer, area, vital, node, now, theme);
        return;
    }
    let Some(latest) = &node.latest else {
        let inside = frame(buffer, area, &vital_title(vital, None, theme, true), theme);
        super::empty(buffer, inside, waiting(node), theme);
        return;
    };
    let is_silent = node.presence.is_silent();
    let severity = vital.of(latest.vitals.severities);
    let inside = frame(buffer, area, &vital_title(vital, severity, theme, is_silent), theme);
    let trend = Trend { node, axis: Axis::new(now, TREND_US, trend_columns(inside.width, note_columns(vital))) };
    let content = content(vital, latest, &trend);
    let (inside, cpus) = match vital {
        Vital::Sched => sched::split(inside),
        Vital::Worst | Vital::Mem | Vital::Queue | Vital::Rate => (inside, Rect::default()),
    };
    let trend = if is_silent { theme.silent } else { theme.vital(vital) };
    lines(buffer, inside, &content, note_columns(vital), Look { theme, trend, is_silent });
    sched::draw_cpus(buffer, cpus, latest, theme, is_silent);
}

fn draw_row(buffer: &mut Buffer, area: Rect, vital: Vital, node: &Node, now: Stamp, theme: &Theme) {
    let is_silent = node.presence.is_silent();
    let Some(latest) = &node.latest else {
        let nothing = [Line::new(waiting(node), String::new(), "")];
        let title = vital_title(vital, None, theme, true);
        one_line(buffer, area, &title, &nothing, Look { theme, trend: theme.silent, is_silent });
        return;
    };
    let title = vital_title(vital, vital.of(latest.vitals.severities), theme, is_silent);
    let trend = Trend { node, axis: Axis::new(now, TREND_US, SHORT_TREND) };
    let mut content = content(vital, latest, &trend);
    if vital == Vital::Sched && content.len() > 2 {
        // In one row who is to blame is worth more than the worst single task, which the line above names.
        content.remove(1);
    }
    if let (Vital::Queue, Some(worst)) = (vital, content.first_mut()) {
        // Which kind is the worst changes; how bad it is can be followed.
        *worst = std::mem::take(worst).with_trend(trend.of(NodeValue::SeverityQueue), 1.0);
    }
    let trend = if is_silent { theme.silent } else { theme.vital(vital) };
    one_line(buffer, area, &title, &content, Look { theme, trend, is_silent });
}

fn content(vital: Vital, latest: &Latest, trend: &Trend<'_>) -> Vec<Line> {
    match vital {
        Vital::Worst => Vec::new(),
        Vital::Sched => sched::lines(trend.node, latest, trend),
        Vital::Mem => mem(trend.node, latest, trend),
        Vital::Queue => queue(trend.node, latest, trend),
        Vital::Rate => rate(latest, trend),
    }
}

/// How wide the notes beside trends are: units, and of queues their growth.
fn note_columns(vital: Vital) -> u16 {
    match vital {
        Vital::Worst | Vital::Mem => 0,
        Vital::Sched | Vital::Rate => 5,
        Vital::Queue => 6,
    }
}

fn waiting(node: &Node) -> &'static str {
    if node.is_by_hub && node.presence.is_silent() {
        "it fell silent before anybody followed it: what its hub said last stands in the table of nodes"
    } else if node.is_by_hub && !node.is_unmeasured() {
        "followed from now on: its first sample comes within a second"
    } else if node.presence.is_silent() {
        "nothing was ever measured here: no sample has arrived"
    } else if node.is_unmeasured() {
        "not measured then"
    } else {
        "waiting for the first sample"
    }
}

/// Values of the node over the columns of a trend.
struct Trend<'a> {
    node: &'a Node,
    axis: Axis,
}

impl Trend<'_> {
    fn of(&self, value: NodeValue) -> Vec<Option<f64>> {
        cells(self.node, value, self.axis)
    }
}

/// A value of a node over the columns of an axis.
pub fn cells(node: &Node, value: NodeValue, axis: Axis) -> Vec<Option<f64>> {
    let window = Window { end: Stamp(axis.end_us), span_us: axis.step_us * u64::from(axis.columns) };
    let cells = node.series.cells(value as usize, window, usize::from(axis.columns), node.interval_us * 5 / 2);
    cells.into_iter().map(|v| v.map(f64::from)).collect()
}

/// Memory that is full sooner than this, seconds, says so in place of its growth.
const FULL_SOON_S: f64 = 3600.0;

fn mem(node: &Node, latest: &Latest, trend: &Trend<'_>) -> Vec<Line> {
    let (vitals, reading) = (&latest.vitals, &latest.reading);
    let whole = |n: Option<u64>| format::bytes(n.map(|n| n as f64));
    let limit = node.mem_limit_bytes();
    // What grows from little to little more is not on its way to being full.
    let is_half = vitals.severities.mem.is_some_and(|s| s.percent() >= 50);
    let full_in = latest.mem_full_in.filter(|seconds| *seconds < FULL_SOON_S && is_half);
    let growth = match full_in {
        Some(seconds) => {
            Line::new("full in", format::age(Some((seconds * 1e6) as u64)), "at this pace").with_level(Level::Severe)
        }
        None => Line::new("growth", format::bytes_growth(latest.mem_growth), "/s"),
    };
    let swap = reading.swap_total_bytes.zip(reading.swap_free_bytes).map(|(total, free)| total.saturating_sub(free));
    vec![
        Line::new("used", whole(vitals.mem_used_bytes), "")
            .with_level(Level::of(vitals.severities.mem))
            .with_trend(trend.of(NodeValue::MemUsed), limit.unwrap_or(0) as f64),
        growth,
        Line::new("limit", whole(limit), format!("free {}", whole(reading.mem_free_bytes))),
        Line::new("anon", whole(reading.mem_anon_bytes), format!("file {}", whole(reading.mem_file_bytes))),
        Line::new(
            "slab",
            whole(reading.mem_slab_bytes),
            format!("swap {} of {}", whole(swap), whole(reading.swap_total_bytes)),
        ),
        Line::new("psi mem", format::percent(vitals.psi_mem), "%"),
    ]
}

fn queue(node: &Node, latest: &Latest, trend: &Trend<'_>) -> Vec<Line> {
    let mut content = vec![worst(node, latest), drops(&latest.vitals)];
    let mut sums: Vec<(&Queue, &QueueVitals)> = latest.reading.sums.iter().zip(&latest.sums).collect();
    // Kinds in which something waits come first; the order of kinds is otherwise the same everywhere.
    // What eventfds have counted is not what waits: nobody need read it.
    sums.sort_by_key(|(queue, _)| (queue.kind == QueueKind::Event, queue.depth.unwrap_or(0) == 0, queue.kind));
    content.extend(sums.into_iter().map(|(queue, vitals)| {
        let unit = format::unit(queue.unit);
        let growth = format::amount_growth(vitals.growth, queue.unit);
        let note = if matches!(growth.as_str(), "-" | "0") { unit.to_owned() } else { growth };
        let floor = if queue.unit == Unit::Bytes { 65_536.0 } else { 16.0 };
        Line::new(short(queue.kind), format::amount(queue.depth, queue.unit), note)
            .with_trend(trend.of(NodeValue::of_kind(queue.kind)), floor)
    }));
    content
}

fn worst(node: &Node, latest: &Latest) -> Line {
    let worst = latest.reading.worst_queue.as_ref();
    let Some(worst) = worst.filter(|w| w.queue.depth != Some(0)) else {
        let text = if worst.is_some() { "0" } else { format::UNKNOWN };
        return Line::new("worst", text.to_owned(), "");
    };
    let task = worst.task.and_then(|id| node.task(id)).and_then(|t| t.reading.name.as_deref());
    let note = format!("{} {}", format::unit(worst.queue.unit), task.unwrap_or(worst.queue.kind.word()));
    Line::new("worst", format::amount(worst.queue.depth, worst.queue.unit), note)
        .with_level(Level::of(latest.vitals.severities.queue))
}

fn drops(vitals: &NodeVitals) -> Line {
    let known = [vitals.listen_drops, vitals.udp_drops, vitals.net_drops];
    let sum = known.iter().flatten().copied().reduce(|a, b| a + b);
    let names = ["listen", "udp", "net"];
    let which: Vec<&str> =
        names.into_iter().zip(known).filter(|(_, n)| n.is_some_and(|n| n > 0)).map(|(k, _)| k).collect();
    let line = Line::new("drops", format::count(sum), which.join(" "));
    if which.is_empty() { line } else { line.with_level(Level::Critical) }
}

/// The word for a kind of queue where there is little room.
fn short(kind: QueueKind) -> &'static str {
    match kind {
        QueueKind::Mailbox => "mailbox",
        QueueKind::Listen => "listen",
        QueueKind::TcpReceive => "tcp in",
        QueueKind::TcpSend => "tcp out",
        QueueKind::UdpReceive => "udp in",
        QueueKind::Unix => "unix",
        QueueKind::Pipe => "pipe",
        QueueKind::Channel => "channel",
        QueueKind::Waiters => "waiters",
        QueueKind::Event => "eventfd",
        QueueKind::MessageQueue => "mqueue",
    }
}

fn rate(latest: &Latest, trend: &Trend<'_>) -> Vec<Line> {
    let (vitals, reading) = (&latest.vitals, &latest.reading);
    let retrans = vitals.tcp_retrans.zip(vitals.tcp_out).filter(|(_, out)| *out > 0.0).map(|(again, out)| again / out);
    vec![
        Line::new("tcp in", format::number(vitals.tcp_in), "seg/s").with_trend(trend.of(NodeValue::TcpIn), 10.0),
        Line::new("tcp out", format::number(vitals.tcp_out), "seg/s").with_trend(trend.of(NodeValue::TcpOut), 10.0),
        Line::new("retrans", format::number(vitals.tcp_retrans), format!("/s  {}", format::percent_sign(retrans))),
        Line::new("udp in", format::number(vitals.udp_in), "msg/s").with_trend(trend.of(NodeValue::UdpIn), 10.0),
        Line::new("net in", format::bytes(vitals.net_rx), "B/s").with_trend(trend.of(NodeValue::NetRx), 1024.0),
        Line::new("net out", format::bytes(vitals.net_tx), "B/s").with_trend(trend.of(NodeValue::NetTx), 1024.0),
        Line::new("sockets", format::count(reading.n_tcp), "tcp"),
    ]
}
