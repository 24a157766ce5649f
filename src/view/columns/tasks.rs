//! Columns of tasks: of the whole cluster, of one node, and of one process's threads.

use midair_vitals::{Order, TaskKind};

use crate::{
    model::{Node, Task, Vital},
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
    const NAME: Column<Self> = Column::text("task", 15, 0, name).growing(3).by(Order::Name);
    const NODE: Column<Self> = Column::text("node", 12, 1, |r: &Self| Cell::name(r.node.name()));
    const NUMBER: Column<Self> =
        Column::number("pid", 7, 5, |r: &Self| Cell::dim(r.task.id().number.to_string())).by(Order::Number);
    const WORST: Column<Self> =
        Column::number("worst%", 7, 0, |r: &Self| severity(r, Vital::Worst)).of(Vital::Worst).by(Order::Severity);
    const STATE: Column<Self> = Column::text("state", 8, 9, |r: &Self| {
        r.task.reading.state.map_or_else(|| Cell::dim("-"), |s| Cell::dim(s.word()))
    });
    const DELAY: Column<Self> = Column::number("delay/s", 8, 0, |r: &Self| {
        Cell::level(format::delay(r.task.vitals.delay), Level::of(r.task.vitals.severities.sched))
    })
    .of(Vital::Sched)
    .by(Order::Delay);
    const CPU: Column<Self> =
        Column::number("cpu %", 6, 0, |r: &Self| Cell::value(cpu(r.task))).of(Vital::Sched).by(Order::Cpu);
    const MEM: Column<Self> = Column::number("rss B", 6, 1, |r: &Self| {
        let rss = format::bytes(r.task.reading.rss_bytes.map(|b| b as f64));
        Cell::level(rss, Level::of(r.task.vitals.severities.mem))
    })
    .of(Vital::Mem)
    .by(Order::Mem);
    const MEM_GROWTH: Column<Self> =
        Column::number("+B/s", 7, 7, |r: &Self| Cell::value(format::bytes_growth(r.task.vitals.mem_growth)))
            .of(Vital::Mem)
            .by(Order::MemGrowth);
    const QUEUE: Column<Self> = Column::number("queue", 10, 1, queue).of(Vital::Queue).by(Order::Queue);
    const QUEUE_GROWTH: Column<Self> = Column::number("grow/s", 7, 4, |r: &Self| {
        let growth = r.task.worst_queue().map(|(queue, vitals)| format::amount_growth(vitals.growth, queue.unit));
        Cell::value(growth.unwrap_or_else(|| format::UNKNOWN.to_owned()))
    })
    .of(Vital::Queue)
    .by(Order::QueueGrowth);
    const DROPS: Column<Self> = Column::number("drops", 6, 3, |r: &Self| {
        let level = if r.task.vitals.drops.is_some_and(|n| n > 0) { Level::Critical } else { Level::Unknown };
        Cell::level(format::count(r.task.vitals.drops), level)
    })
    .of(Vital::Queue)
    .by(Order::Drops);
    const IN: Column<Self> = Column::number("in/s", 6, 2, |r: &Self| {
        Cell::value(format::number(r.task.vitals.rates.first().and_then(|f| f.rate_in)))
    })
    .of(Vital::Rate)
    .by(Order::Rate);
    const OUT: Column<Self> = Column::number("out/s", 6, 3, |r: &Self| {
        Cell::value(format::number(r.task.vitals.rates.first().and_then(|f| f.rate_out)))
    })
    .of(Vital::Rate);
    const UNIT: Column<Self> = Column::text("unit", 4, 8, |r: &Self| {
        Cell::dim(r.task.vitals.rates.first().map_or("", |f| format::unit(f.unit)))
    })
    .of(Vital::Rate);
    const UP: Column<Self> =
        Column::number("up", 5, 6, |r: &Self| Cell::dim(format::age(up_us(r.task, r.node)))).by(Order::Age);
    const USER: Column<Self> =
        Column::text("user", 8, 10, |r: &Self| Cell::dim(r.task.reading.user.as_deref().unwrap_or("-")));
    const COMMAND: Column<Self> =
        Column::text("command", 24, 11, |r: &Self| Cell::dim(r.task.reading.command.as_deref().unwrap_or("")))
            .growing(4);
    const WAIT: Column<Self> = Column::text("waits in", 14, 2, |r: &Self| {
        r.task.reading.wait_channel.as_deref().map_or_else(|| Cell::dim("-"), Cell::name)
    })
    .growing(2);
    const CHILD_NAME: Column<Self> = Column { title: "thread", ..Self::NAME };
    const CHILD_STATE: Column<Self> = Column { weight: 1, ..Self::STATE };
    const CHILD_NUMBER: Column<Self> = Column { title: "tid", weight: 3, ..Self::NUMBER };

    /// The hottest tasks of the cluster.
    pub const OF_CLUSTER: &'a [Column<Self>] = &[
        Self::NAME,
        Self::NODE,
        Self::NUMBER,
        Self::WORST,
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
        Self::STATE,
        Self::UP,
        Self::USER,
        Self::COMMAND,
    ];

    /// The tasks of a node.
    pub const OF_NODE: &'a [Column<Self>] = &[
        Self::NAME,
        Self::NUMBER,
        Self::WORST,
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
        Self::STATE,
        Self::UP,
        Self::USER,
        Self::COMMAND,
    ];

    /// The threads or children of a task.
    pub const CHILDREN: &'a [Column<Self>] =
        &[Self::CHILD_NAME, Self::CHILD_NUMBER, Self::CHILD_STATE, Self::DELAY, Self::CPU, Self::WAIT];
}

/// Name of a task as tables show it: kernel threads in brackets, as `ps` has them.
pub fn title(task: &Task) -> String {
    let reading = &task.reading;
    let name = reading.name.as_deref().map_or_else(|| format!("#{}", reading.id.number), str::to_owned);
    match reading.kind {
        TaskKind::KernelThread => format!("[{name}]"),
        TaskKind::Thread | TaskKind::Process | TaskKind::Erlang | TaskKind::Tokio => name,
    }
}

/// How long a task of the kernel has been there, by the node's own clock.
pub fn up_us(task: &Task, node: &Node) -> Option<u64> {
    let is_kernel = task.id().runtime == 0;
    let up_us = node.latest.as_ref()?.reading.up_us?;
    is_kernel.then(|| up_us.saturating_sub(task.id().start * TICK_US))
}

fn name(row: &Row<'_>) -> Cell {
    let title = title(row.task);
    match row.task.reading.kind {
        TaskKind::KernelThread => Cell::dim(title),
        TaskKind::Process | TaskKind::Thread | TaskKind::Erlang | TaskKind::Tokio => Cell::name(title),
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
        // No queue at all is known to be empty; queues that could not be read are not.
        None if row.task.reading.queues.is_some() => Cell::dim("none"),
        None => Cell::dim(format::UNKNOWN),
    }
}
