//! Controls: from the screen's words to the wire's.

use midair_proto::{CONTRACT, v1};
use midair_vitals::{Order, TaskId, TaskKind};
use v1::control::Kind;

use crate::event::{Control, Keeps, NodeId, Stream, TableQuery};

/// The first control on every connection.
pub fn hello(viewer: &str) -> v1::Control {
    hello_to(viewer, None)
}

/// The same, on a connection to a hub: to the agent of a node behind it.
pub(crate) fn hello_to(viewer: &str, node: Option<&NodeId>) -> v1::Control {
    let node = node.map(|node| node.0.to_string());
    wrap(Kind::Hello(v1::Hello { version: Some(version()), viewer: Some(viewer.to_owned()), node }))
}

/// Asks a hub for all of its nodes, from the beginning.
pub(crate) fn all_nodes() -> v1::Control {
    let (stream, interval_ms) = (Some(v1::Stream::Overview.into()), Some(1_000));
    wrap(Kind::Interest(v1::Interest { scope: Some(v1::Scope::Cluster.into()), stream, interval_ms }))
}

/// What this program speaks.
pub(crate) fn version() -> v1::Version {
    v1::Version {
        contract: Some(CONTRACT),
        program: Some(format!("{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))),
    }
}

/// An echo, sent at this moment of our clock.
pub(crate) fn echo(sent_us: u64) -> v1::Control {
    wrap(Kind::Echo(v1::Echo { sent_us: Some(sent_us) }))
}

/// One control as it travels on a watch. To whom it goes is the link's affair; a question to the black box is a call of
/// its own.
pub fn to_wire(control: &Control) -> Option<v1::Control> {
    Some(wrap(match control {
        Control::History { .. } | Control::Follow { .. } | Control::Leave { .. } => return None,
        Control::Interest { node: _, stream, interval_ms } => Kind::Interest(v1::Interest {
            scope: Some(v1::Scope::Node.into()),
            stream: Some(stream_to_wire(*stream).into()),
            interval_ms: Some(*interval_ms),
        }),
        Control::Table { node: _, id, query } => Kind::Table(query_to_wire(*id, query)),
        Control::Focus { node: _, id, task } => {
            Kind::Focus(v1::Focus { id: Some(*id), task: Some(task_to_wire(*task)) })
        }
        Control::Stop { node: _, id } => Kind::Stop(v1::Stop { id: Some(*id) }),
        Control::Mark { node: _, text, wall_us, focus } => {
            Kind::Mark(v1::MarkRequest { text: Some(text.clone()), wall_us: *wall_us, focus: focus.clone() })
        }
        Control::Trace { node: _, id, task, seconds, most } => Kind::Trace(v1::TraceRequest {
            id: Some(*id),
            task: Some(task_to_wire(*task)),
            seconds: Some(*seconds),
            most: Some(*most),
        }),
        Control::Inspect { node: _, id, task, what } => Kind::Inspect(v1::InspectRequest {
            id: Some(*id),
            task: Some(task_to_wire(*task)),
            what: Some(keeps_to_wire(*what).into()),
        }),
        Control::Budget { node: _, milli, seconds } => {
            Kind::Budget(v1::Budget { milli: *milli, seconds: milli.map(|_| *seconds) })
        }
    }))
}

fn wrap(kind: Kind) -> v1::Control {
    v1::Control { kind: Some(kind) }
}

fn task_to_wire(task: TaskId) -> v1::TaskId {
    v1::TaskId { runtime: Some(task.runtime), number: Some(task.number), start: Some(task.start) }
}

fn keeps_to_wire(what: Keeps) -> v1::Keeps {
    match what {
        Keeps::State => v1::Keeps::State,
        Keeps::Dictionary => v1::Keeps::Dictionary,
    }
}

fn stream_to_wire(stream: Stream) -> v1::Stream {
    match stream {
        Stream::Overview => v1::Stream::Overview,
        Stream::Detail => v1::Stream::Detail,
    }
}

fn query_to_wire(id: u32, query: &TableQuery) -> v1::TableQuery {
    v1::TableQuery {
        id: Some(id),
        runtime: query.runtime,
        kinds: query.kinds.iter().map(|kind| kind_to_wire(*kind).into()).collect(),
        order: Some(order_to_wire(query.order).into()),
        lowest: Some(query.lowest),
        filter: (!query.filter.is_empty()).then(|| query.filter.clone()),
        limit: Some(query.limit),
        process: query.process,
    }
}

fn kind_to_wire(kind: TaskKind) -> v1::TaskKind {
    match kind {
        TaskKind::Process => v1::TaskKind::Process,
        TaskKind::Thread => v1::TaskKind::Thread,
        TaskKind::KernelThread => v1::TaskKind::KernelThread,
        TaskKind::Erlang => v1::TaskKind::Erlang,
        TaskKind::Tokio => v1::TaskKind::Tokio,
    }
}

fn order_to_wire(order: Order) -> v1::Order {
    match order {
        Order::Severity => v1::Order::Severity,
        Order::Cpu => v1::Order::Cpu,
        Order::Delay => v1::Order::Delay,
        Order::Mem => v1::Order::Mem,
        Order::MemGrowth => v1::Order::MemGrowth,
        Order::Queue => v1::Order::Queue,
        Order::QueueGrowth => v1::Order::QueueGrowth,
        Order::Rate => v1::Order::Rate,
        Order::Drops => v1::Order::Drops,
        Order::Name => v1::Order::Name,
        Order::Number => v1::Order::Number,
        Order::Age => v1::Order::Age,
        Order::Active => v1::Order::Active,
        Order::Binary => v1::Order::Binary,
        Order::BinaryGrowth => v1::Order::BinaryGrowth,
    }
}
