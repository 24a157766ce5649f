//! The four panels of an Erlang VM: what it says of itself beside what the kernel says of its process.

use midair_vitals::{
    Severity,
    vm::{Growing, SchedulerKind},
};
use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{Line, Look, SHORT_TREND, frame, lines, one_line, trend_columns, vital_title};
use crate::{
    event::Stamp,
    model::{Node, Standing, Task, Vital, Vm, VmValue, Window},
    view::{
        columns::tasks,
        format,
        theme::{Level, Theme},
        widget::{meter, pen::Pen, spark::Axis},
    },
};

/// How far back the trends in panels reach, microseconds.
const TREND_US: u64 = 120_000_000;

/// What is drawn.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// The VM.
    pub vm: &'a Vm,
    /// Its node.
    pub node: &'a Node,
    /// The moment shown.
    pub now: Stamp,
}

impl Shown<'_> {
    /// What it said is old: the node is not heard, or the VM does not answer, or is no more.
    fn is_silent(self) -> bool {
        self.node.presence.is_silent() || self.vm.is_old(self.node)
    }

    fn trend(self, value: VmValue, axis: Axis) -> Vec<Option<f64>> {
        let window = Window { end: Stamp(axis.end_us), span_us: axis.step_us * u64::from(axis.columns) };
        let cells =
            self.vm.series.cells(value as usize, window, usize::from(axis.columns), self.node.interval_us * 5 / 2);
        cells.into_iter().map(|v| v.map(f64::from)).collect()
    }
}

/// Draws one vital of a VM: in a box, or in a single row.
pub fn draw(buffer: &mut Buffer, area: Rect, vital: Vital, shown: Shown<'_>, theme: &Theme) {
    let is_silent = shown.is_silent();
    let title = vital_title(vital, vital.of(shown.vm.vitals.severities), theme, is_silent);
    let trend = if is_silent { theme.silent } else { theme.vital(vital) };
    let look = Look { theme, trend, is_silent };
    if area.height < 3 {
        let axis = Axis::new(shown.now, TREND_US, SHORT_TREND);
        one_line(buffer, area, &title, &content(vital, shown, axis), look);
        return;
    }
    let inside = frame(buffer, area, &title, theme);
    let axis = Axis::new(shown.now, TREND_US, trend_columns(inside.width, NOTE));
    let (upper, schedulers) = match vital {
        Vital::Sched => split(inside),
        Vital::Worst | Vital::Mem | Vital::Queue | Vital::Rate => (inside, Rect::default()),
    };
    lines(buffer, upper, &content(vital, shown, axis), NOTE, look);
    draw_schedulers(buffer, schedulers, shown, theme);
}

/// Columns of the notes beside trends.
const NOTE: u16 = 6;

fn content(vital: Vital, shown: Shown<'_>, axis: Axis) -> Vec<Line> {
    match vital {
        Vital::Worst => Vec::new(),
        Vital::Sched => sched(shown, axis),
        Vital::Mem => mem(shown, axis),
        Vital::Queue => queue(shown, axis),
        Vital::Rate => rate(shown, axis),
    }
}

fn whole(n: Option<u64>) -> String {
    format::bytes(n.map(|n| n as f64))
}

fn share_level(share: Option<f64>) -> Level {
    Level::of(share.and_then(Severity::from_share))
}

/// Whether its schedulers have work for all of their time, what waits for them, and what their threads get.
fn sched(shown: Shown<'_>, axis: Axis) -> Vec<Line> {
    let (reading, vitals) = (&shown.vm.reading, &shown.vm.vitals);
    let busy = vitals.utilisation_of(SchedulerKind::Normal);
    let dirty = [reading.run_queue_dirty_cpu, reading.run_queue_dirty_io].map(format::count);
    let switches = Line::new("switches", format::number(vitals.thread_switches), "/s");
    let switches = match vitals.contended() {
        Some(_) => Line { note: "locks".to_owned(), ..switches }.with_level(Level::Critical),
        None => switches,
    };
    vec![
        Line::new("busy", format::percent(busy), "%")
            .with_level(share_level(busy))
            .with_trend(shown.trend(VmValue::Utilisation, axis), 1.0),
        Line::new("ready", format::count(reading.run_queue), "")
            .with_level(Level::of(vitals.severities.sched))
            .with_trend(shown.trend(VmValue::RunQueue, axis), 4.0),
        Line::new("delay", format::delay(vitals.delay), "/s  of threads").with_level(share_level(vitals.delay)),
        Line::new("on cpu", format::number(vitals.cpu), format!("of {}  schedulers", reading.n_normal())),
        switches.with_trend(shown.trend(VmValue::Switches, axis), 1000.0),
        Line::new("dirty", dirty.join("+"), "wait: cpu, io"),
    ]
}

/// Cuts rows off the bottom that show each scheduler: its use, and where there is room what waits for it.
fn split(area: Rect) -> (Rect, Rect) {
    let rows = match area.height {
        ..4 => 0,
        4..7 => 1,
        7.. => 2,
    };
    let upper = Rect { height: area.height - rows, ..area };
    (upper, Rect { y: area.y + upper.height, height: rows, ..area })
}

/// Columns of what a row of schedulers says.
const LABEL: u16 = 8;

/// A row of use and one of run queues: a column per scheduler; normal ones, then dirty CPU, then dirty IO ones that work.
fn draw_schedulers(buffer: &mut Buffer, area: Rect, shown: Shown<'_>, theme: &Theme) {
    let schedulers = &shown.vm.vitals.schedulers;
    let quiet = |style: Style| if shown.is_silent() { theme.silent } else { style };
    for row in 0..area.height {
        let mut pen = Pen::new(buffer, area, row);
        pen.skip(1).put(if row == 0 { "each" } else { "ready" }, theme.dim);
        let mut pen = Pen::new(buffer, area, row);
        pen.skip(LABEL);
        for kind in SchedulerKind::ALL {
            let of_kind = || schedulers.iter().filter(|s| s.kind == kind);
            if kind != SchedulerKind::Normal && of_kind().count() > 0 {
                pen.put("│", theme.border);
            }
            for scheduler in of_kind() {
                let (sign, level) = match (row, scheduler.run_queue) {
                    (0, _) => (meter::upright(scheduler.utilisation), share_level(scheduler.utilisation)),
                    (_, None) => (" ", Level::Unknown),
                    (_, Some(0)) => (format::NOTHING, Level::Unknown),
                    (_, Some(n)) => (meter::upright(Some(n as f64 / 8.0)), Level::High),
                };
                pen.put(sign, quiet(theme.level(level)));
            }
        }
    }
}

/// What it holds by type against what its process holds, and whether its carriers are full.
fn mem(shown: Shown<'_>, axis: Axis) -> Vec<Line> {
    let (reading, vitals) = (&shown.vm.reading, &shown.vm.vitals);
    let memory = &reading.memory;
    let process = shown.vm.process(shown.node);
    let limit = shown.node.mem_limit_bytes();
    let unused = reading.unused_carriers_bytes();
    let kind = match shown.vm.growing(shown.node) {
        Some(Growing::Fragmented(_)) => "fragmented",
        Some(Growing::Outside(_)) => "outside of it",
        Some(Growing::Held(_)) | None => "",
    };
    let growth = match process.and_then(|task| task.vitals.mem_growth) {
        None => String::new(),
        growth => format!("rss {}", format::bytes_growth(growth)),
    };
    vec![
        Line::new("total", whole(memory.total_bytes), "")
            .with_level(Level::of(vitals.severities.mem))
            .with_trend(shown.trend(VmValue::Total, axis), limit.unwrap_or(0) as f64),
        Line::new("growth", format::bytes_growth(vitals.mem_growth), format!("/s  {growth}")),
        Line::new("rss", whole(process.and_then(|task| task.reading.rss_bytes)), kind),
        Line::new("procs", whole(memory.processes_bytes), format!("bin {}", whole(memory.binary_bytes))),
        Line::new("ets", whole(memory.ets_bytes), format!("code {}", whole(memory.code_bytes))),
        Line::new("carriers", whole(reading.carriers_bytes), format!("free {}", whole(unused))),
        Line::new("atoms", whole(memory.atom_bytes), limits(shown)),
    ]
}

/// The limit that is nearest.
fn limits(shown: Shown<'_>) -> String {
    let nearest = shown.vm.vitals.near_limits(0).into_iter().next();
    nearest.map_or_else(String::new, |fill| format!("{} {} %", fill.of.word(), fill.severity.percent()))
}

/// What waits in mailboxes and on links, and who may not go on because of it.
fn queue(shown: Shown<'_>, axis: Axis) -> Vec<Line> {
    let (reading, vitals) = (&shown.vm.reading, &shown.vm.vitals);
    let sweep = reading.sweep.as_ref();
    let n_suspended = sweep.and_then(|sweep| sweep.n_suspended);
    let suspended = Line::new("suspend", format::count(n_suspended), "processes");
    let links = reading.links.as_ref();
    let rows = || links.into_iter().flat_map(|links| &links.rows);
    let busy = rows().find(|link| link.is_busy == Some(true));
    let pending = rows().filter_map(|link| link.pending_bytes).reduce(u64::saturating_add);
    let pending = pending.or_else(|| links.map(|_| 0));
    let of_links = vitals.links.iter().filter_map(|link| link.fill).max();
    let n_links = links.and_then(|links| links.n_total).or_else(|| links.map(|links| links.rows.len() as u64));
    let note = busy.map_or_else(String::new, |link| format!("busy: {}", link.peer));
    let link = Line::new("links", format::count(n_links), note);
    let (name, depth, growth) = worst(shown.vm.hottest(shown.node));
    vec![
        Line::new("messages", format::count(sweep.and_then(|sweep| sweep.n_messages)), "")
            .with_level(Level::of(vitals.severities.queue))
            .with_trend(shown.trend(VmValue::Messages, axis), 16.0),
        Line::new("worst", depth, name),
        Line::new("growth", growth, "/s"),
        if n_suspended > Some(0) { suspended.with_level(Level::Severe) } else { suspended },
        Line::new("pending", whole(pending), "B")
            .with_level(Level::of(of_links))
            .with_trend(shown.trend(VmValue::Pending, axis), 65_536.0),
        if busy.is_some() { link.with_level(Level::Critical) } else { link },
    ]
}

/// The deepest mailbox: whose, how deep, how it grows.
fn worst(task: Option<&Task>) -> (String, String, String) {
    let Some((task, (queue, vitals))) = task.and_then(|task| Some((task, task.worst_queue()?))) else {
        return (String::new(), format::UNKNOWN.to_owned(), format::UNKNOWN.to_owned());
    };
    (tasks::title(task), format::amount(queue.depth, queue.unit), format::growth(vitals.growth))
}

/// What moves: work, bytes, garbage; and what watching takes.
fn rate(shown: Shown<'_>, axis: Axis) -> Vec<Line> {
    let vitals = &shown.vm.vitals;
    vec![
        Line::new("reds", format::number(vitals.reductions), "/s")
            .with_trend(shown.trend(VmValue::Reductions, axis), 1000.0),
        Line::new("in", format::bytes(vitals.rate_in), "B/s").with_trend(shown.trend(VmValue::In, axis), 1024.0),
        Line::new("out", format::bytes(vitals.rate_out), "B/s").with_trend(shown.trend(VmValue::Out, axis), 1024.0),
        Line::new("gc", format::number(vitals.gcs), "/s").with_trend(shown.trend(VmValue::Gcs, axis), 100.0),
        Line::new("freed", format::bytes(vitals.reclaimed), "B/s"),
        Line::new("switches", format::number(vitals.switches), "/s  of processes"),
        Line::new("watching", format::estimate(format::percent(vitals.cost)), wire(vitals.wire)),
    ]
}

fn wire(bytes: Option<f64>) -> String {
    format!("%  {} B/s", format::bytes(bytes))
}

/// What a VM is and how it is watched, in one line.
pub fn about(shown: Shown<'_>) -> Vec<String> {
    let (reading, vitals) = (&shown.vm.reading, &shown.vm.vitals);
    let release = reading.otp_release.as_ref().map(|release| {
        let erts = reading.erts.as_ref().map_or_else(String::new, |erts| format!(" (erts {erts})"));
        format!("OTP {release}{erts}")
    });
    let processes = reading.counts[0];
    let of = processes.max.map_or_else(String::new, |max| format!(" of {}", format::count(Some(max))));
    let n = processes.n.map(|n| format!("{}{of} processes", format::exact(n)));
    let period = reading.sweep.as_ref().and_then(|sweep| sweep.period_ms);
    let swept = period.map(|ms| format!("swept every {}", format::duration(u64::from(ms) * 1000)));
    let age = shown.vm.sweep_age_us(shown.node).filter(|us| *us >= 1_000_000);
    let swept =
        swept.map(|words| age.map_or(words.clone(), |us| format!("{words}, last {} ago", format::duration(us))));
    let own = reading.own_bytes.map_or_else(String::new, |own| format!(", {}", whole(Some(own))));
    let cost = vitals.cost.map(|share| format!("cost {}{own}", format::estimate(format::percent_sign(Some(share)))));
    let up = reading.up_us.map(|us| format!("up {}", format::duration(us)));
    let process = reading.process.map(|id| format!("v: pid {}", id.number));
    let dump = reading.crash_dump.as_ref().map(|dump| {
        let growing = if dump.is_growing { ", growing" } else { "" };
        let path = dump.path.as_ref().map_or_else(String::new, |path| format!(" {path}"));
        format!("▲ crash dump {}{growing}{path}", format::bytes(dump.bytes.map(|n| n as f64)))
    });
    let stuck = shown.vm.stuck().filter(|_| !shown.is_silent()).map(|(pid, us)| {
        let known = shown.vm.task_of(pid).and_then(|task| shown.node.task(task));
        let name = known.map_or_else(|| pid.to_string(), Task::title);
        format!("▲ sweep stuck behind {name} for {}", format::duration(us))
    });
    let owner = reading.monitor_owner.as_ref().map(|owner| format!("system_monitor {owner}"));
    let found = reading.found_by.as_ref().map(|how| format!("found by {how}"));
    [dump, stuck, release, n, swept, cost, process, up, owner, found].into_iter().flatten().collect()
}

/// That what is shown is not of now: since when, and why; and whether that is bad. `None` while it answers.
pub fn standing(shown: Shown<'_>) -> Option<(String, bool)> {
    let age = shown.vm.answer_age_us(shown.node).map(format::duration);
    Some(match (shown.vm.standing(shown.node), age) {
        (Standing::Answers, _) => return None,
        (Standing::Unasked(why), _) => (why.to_string(), false),
        (Standing::Silent(_), None) => ("× has never answered: seen from outside alone".to_owned(), true),
        (Standing::Silent(_), Some(age)) => (format!("× no answer for {age}: grey is what it said last"), true),
        (Standing::Ended { ago_us, why }, _) => {
            let why = why.map_or_else(String::new, |why| format!(": {why}"));
            let again = shown.vm.later_life(shown.node).map_or("", |_| "; runs again");
            (format!("× ended {} ago{why}{again}; grey is what it said last", format::duration(ago_us)), true)
        }
    })
}
