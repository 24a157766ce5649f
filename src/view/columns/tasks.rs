//! Columns of tasks: of the whole cluster, of one node, and of one process's threads.

use midair_vitals::{TaskKind, Unit, task::FlowRate};

use crate::{
    model::{Node, Task, Vital, cgroup},
    view::{
        format,
        theme::Level,
        widget::table::{Cell, Column},
    },
};

/// What a row of tasks is drawn from.
pub struct Row<'a> {
    /// The task.
    pub task: &'a Task,
    /// Its node.
    pub node: &'a Node,
}

/// Microseconds per `USER_HZ` tick, in which the kernel tells when a task started (proc(5)).
const TICK_US: u64 = 10_000;

impl<'a> Row<'a> {
    const NAME: Column<Self> = Column::text("task", name);
    const NODE: Column<Self> = Column::text("node", |r: &Self| Cell::name(r.node.name())).keeping_end();
    const NUMBER: Column<Self> = Column::number("pid", |r: &Self| Cell::dim(number(r.task)));
    const RUNTIME: Column<Self> = Column::text("runtime", |r: &Self| Cell::dim(runtime(r)));
    const WORST: Column<Self> = Column::number("worst%", |r: &Self| severity(r, Vital::Worst)).of(Vital::Worst);
    const STATE: Column<Self> = Column::text("state", state);
    const DELAY: Column<Self> = Column::number("delay/s", |r: &Self| {
        Cell::level(format::delay(r.task.vitals.delay), Level::of(r.task.vitals.severities.sched))
    })
    .of(Vital::Sched);
    const CPU: Column<Self> = Column::number("cpu %", |r: &Self| Cell::value(cpu(r.task))).of(Vital::Sched);
    const MEM: Column<Self> =
        Column::number("rss B", |r: &Self| Cell::level(mem(r.task), Level::of(r.task.vitals.severities.mem)))
            .of(Vital::Mem);
    const MEM_GROWTH: Column<Self> =
        Column::number("+B/s", |r: &Self| Cell::value(format::bytes_growth(r.task.vitals.mem_growth))).of(Vital::Mem);
    const QUEUE: Column<Self> = Column::number("queue", queue).of(Vital::Queue);
    const QUEUE_GROWTH: Column<Self> = Column::number("grow/s", |r: &Self| match r.task.worst_queue() {
        Some((queue, vitals)) => Cell::value(format::amount_growth(vitals.growth, queue.unit)),
        None => absent(r.task),
    })
    .of(Vital::Queue);
    const DROPS: Column<Self> = Column::number("drops", |r: &Self| match r.task.vitals.drops {
        Some(0) => Cell::dim("0"),
        Some(n) => Cell::level(format::count(Some(n)), Level::Critical),
        None if r.task.worst_queue().is_some() => Cell::dim(format::UNKNOWN),
        None => absent(r.task),
    })
    .of(Vital::Queue);
    const IN: Column<Self> = Column::number("in/s", |r: &Self| rate(r.task, |f| f.rate_in)).of(Vital::Rate);
    const OUT: Column<Self> = Column::number("out/s", |r: &Self| rate(r.task, |f| f.rate_out)).of(Vital::Rate);
    const UNIT: Column<Self> =
        Column::text("unit", |r: &Self| Cell::dim(r.task.vitals.rates.first().map_or("", |f| format::unit(f.unit))))
            .of(Vital::Rate);
    const UP: Column<Self> = Column::number("up", |r: &Self| Cell::dim(format::age(up_us(r.task, r.node))));
    const USER: Column<Self> =
        Column::text("user", |r: &Self| Cell::dim(r.task.reading.user.as_deref().unwrap_or("-")));
    const CGROUP: Column<Self> = Column::text("cgroup", |r: &Self| Cell::dim(runs_in(r.task))).keeping_end();
    const COMMAND: Column<Self> =
        Column::text("command", |r: &Self| Cell::dim(r.task.reading.command.as_deref().unwrap_or("")));
    const WAIT: Column<Self> = Column::text("waits in", waits_in);

    /// The cells of all tables of tasks; [`crate::app::heads`] says which stand in which.
    pub const ALL: &'a [Column<Self>] = &[
        Self::NAME,
        Self::NODE,
        Self::NUMBER,
        Self::RUNTIME,
        Self::WORST,
        Self::STATE,
        Self::DELAY,
        Self::CPU,
        Self::MEM,
        Self::MEM_GROWTH,
        Self::QUEUE,
        Self::QUEUE_GROWTH,
        Self::DROPS,
        Self::IN,
        Self::OUT,
        Self::UNIT,
        Self::UP,
        Self::USER,
        Self::CGROUP,
        Self::COMMAND,
        Self::WAIT,
        Column { title: "thread", ..Self::NAME },
        Column { title: "tid", ..Self::NUMBER },
    ];
}

/// Name of a task as tables show it: kernel threads in brackets, as `ps` has them.
pub fn title(task: &Task) -> String {
    let reading = &task.reading;
    let name = reading.name.as_deref().map_or_else(|| format!("#{}", reading.id.number), str::to_owned);
    match reading.kind {
        TaskKind::KernelThread => format!("[{name}]"),
        // One without a name is called by what it was started as.
        TaskKind::Erlang if reading.name.is_none() => {
            reading.command.as_deref().map_or_else(|| task.number(), str::to_owned)
        }
        TaskKind::Thread | TaskKind::Process | TaskKind::Erlang | TaskKind::Tokio => name,
    }
}

/// Its number; a pid without its brackets, for which a column of numbers has no room.
fn number(task: &Task) -> String {
    task.number().trim_matches(['<', '>']).to_owned()
}

/// Its memory. That of an Erlang process is put together of what can be read without waking it.
pub fn mem(task: &Task) -> String {
    let rss = format::bytes(task.reading.rss_bytes.map(|b| b as f64));
    if task.reading.kind == TaskKind::Erlang { format::estimate(rss) } else { rss }
}

/// Reductions per second of an Erlang process.
pub fn reductions(task: &Task) -> Option<f64> {
    let flow = task.vitals.rates.iter().find(|flow| flow.unit == Unit::Reductions)?;
    flow.rate_in.or(flow.rate_out)
}

/// What schedules it: "os", "beam chat@node-0412".
fn runtime(row: &Row<'_>) -> String {
    let id = row.task.id().runtime;
    match row.node.runtimes.iter().find(|runtime| runtime.id == id) {
        Some(runtime) if runtime.kind == runtime.name => runtime.kind.to_string(),
        Some(runtime) => format!("{} {}", runtime.kind, runtime.name),
        None => format::UNKNOWN.to_owned(),
    }
}

/// The unit, container or pod in which a task runs; else the end of its cgroup's path.
pub fn runs_in(task: &Task) -> &str {
    let reading = &task.reading;
    let path = || reading.cgroup.as_deref().map(cgroup::short);
    reading.unit.as_deref().map(cgroup::without_digest).or_else(path).unwrap_or(format::UNKNOWN)
}

/// How long a task of the kernel has been there, by the node's own clock.
pub fn up_us(task: &Task, node: &Node) -> Option<u64> {
    let is_kernel = task.id().runtime == 0;
    // A black box tells it in steps of a minute; the monotonic clock, which it tells each second, counts from the start too.
    let latest = node.latest.as_ref()?;
    let up_us = latest.reading.up_us?.max(latest.mono_us);
    is_kernel.then(|| up_us.saturating_sub(task.id().start.saturating_mul(TICK_US)))
}

fn name(row: &Row<'_>) -> Cell {
    let title = title(row.task);
    match row.task.reading.kind {
        TaskKind::KernelThread => Cell::dim(title),
        TaskKind::Process | TaskKind::Thread | TaskKind::Erlang | TaskKind::Tokio => Cell::name(title),
    }
}

/// A runnable task that has not been put on a CPU for longer than this, microseconds, starves.
const STARVING_US: u64 = 100_000;

/// How bad it is to have waited so long for a CPU.
pub fn level_of_wait(us: u64) -> Level {
    match us {
        0..STARVING_US => Level::Well,
        STARVING_US..1_000_000 => Level::High,
        1_000_000..5_000_000 => Level::Severe,
        _ => Level::Critical,
    }
}

fn state(row: &Row<'_>) -> Cell {
    let reading = &row.task.reading;
    match reading.waiting_us.filter(|us| *us >= STARVING_US) {
        Some(us) => Cell::level("starving".to_owned(), level_of_wait(us)),
        None => Cell::dim(reading.state.map_or(format::UNKNOWN, |state| state.word())),
    }
}

/// What it waits in; of one that waits for a CPU, for how long.
fn waits_in(row: &Row<'_>) -> Cell {
    let reading = &row.task.reading;
    match (reading.waiting_us.filter(|us| *us >= STARVING_US), &reading.wait_channel) {
        (Some(us), _) => Cell::level(format!("a cpu: {}", format::age(Some(us))), level_of_wait(us)),
        (None, Some(channel)) => Cell::name(&**channel),
        (None, None) => Cell::dim(format::UNKNOWN),
    }
}

/// CPU in per cent. That of an Erlang VM includes the spinning of its schedulers, so it is no more than an estimate.
pub fn cpu(task: &Task) -> String {
    let percent = format::percent(task.vitals.cpu);
    if task.reading.name.as_deref() == Some("beam.smp") { format::estimate(percent) } else { percent }
}

fn severity(row: &Row<'_>, vital: Vital) -> Cell {
    let severity = vital.of(row.task.vitals.severities);
    Cell::level(format::severity(severity), Level::of(severity))
}

fn queue(row: &Row<'_>) -> Cell {
    let level = Level::of(row.task.vitals.severities.queue);
    match row.task.worst_queue() {
        Some((queue, _)) if queue.depth == Some(0) => Cell::dim("0"),
        Some((queue, _)) => Cell::level(format::depth(queue.depth, queue.unit), level),
        None => absent(row.task),
    }
}

fn rate(task: &Task, of: fn(&FlowRate) -> Option<f64>) -> Cell {
    match task.vitals.rates.first() {
        // Nobody counts the messages of an Erlang process; its reductions have a column where it is at home.
        Some(flow) if flow.unit == Unit::Reductions => Cell::dim(format::UNKNOWN),
        Some(flow) => Cell::value(format::number(of(flow))),
        None => absent(task),
    }
}

/// Where no queue is, nothing waits: that is known, and recedes. Queues that could not be read are unknown.
fn absent(task: &Task) -> Cell {
    let is_known = task.reading.queues.as_ref().is_some_and(|queues| queues.is_empty());
    Cell::dim(if is_known { format::NOTHING } else { format::UNKNOWN })
}
