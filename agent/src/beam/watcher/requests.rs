//! What is asked once, by somebody: receive traces, and what processes keep. Each is made once, beside all else, and is
//! answered whatever happens.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use midair_beam::{
    Connection, Pid,
    watch::{look, receive_trace},
};
use midair_proto::v1::{Inspected, Keeps};

use super::{guard::Shared, traces};
use crate::beam::said::{Inspection, SaidInspected, SaidTrace, Trace};

/// For an inspection. The process itself gets half of it.
const WITHIN: Duration = Duration::from_secs(4);

/// Of what a process keeps these many lines travel.
const MOST_LINES: usize = 256;

/// CPU time of a trace for each message, microseconds: not measured, but taken of what `forms/trace.erl` evaluates for each,
/// some 20 expressions of which `erl_eval` takes about a microsecond each.
const TRACED_US: u64 = 20;

/// What was begun, over all connections to one VM: who is not answered by one is not asked again by the next.
#[derive(Debug, Default)]
pub(super) struct Served {
    traces: BTreeSet<u64>,
    inspections: BTreeSet<u64>,
    /// CPU time that traces took on the VM and that was not booked yet, microseconds; estimated.
    spent_us: Arc<AtomicU64>,
}

/// Where requests are carried out.
#[derive(Debug)]
pub(super) struct At<'a> {
    pub(super) shared: &'a Arc<Shared>,
    pub(super) connection: &'a Connection,
    pub(super) release: u32,
}

/// Which process a number is, on the VM as it lives now.
type PidOf<'a> = &'a dyn Fn(u64) -> Option<Pid>;

impl Served {
    /// What traces took since the last time this was asked.
    pub(super) fn take_spent_us(&self) -> u64 {
        self.spent_us.swap(0, Ordering::Relaxed)
    }

    /// Begins traces that are new. What they count is said when they end.
    pub(super) fn trace(&mut self, wanted: &[Trace], at: &At<'_>, pid_of: PidOf<'_>) {
        self.traces.retain(|number| wanted.iter().any(|trace| trace.number == *number));
        for trace in wanted {
            if !self.traces.insert(trace.number) {
                continue;
            }
            let (shared, number) = (Arc::clone(at.shared), trace.number);
            let say = move |traced, refused| {
                shared.say(|said| said.traces.push(SaidTrace { number, traced, refused }));
            };
            let Some(pid) = pid_of(trace.which.number) else {
                say(None, Some(nobody(trace.which.number)));
                continue;
            };
            let (connection, spent_us, trace, release) =
                (at.connection.clone(), Arc::clone(&self.spent_us), *trace, at.release);
            tokio::spawn(async move {
                let time = Duration::from_secs(trace.seconds.into());
                match receive_trace(&connection, &pid, release, time, trace.most).await {
                    Ok(received) => {
                        spent_us.fetch_add(received.n.saturating_mul(TRACED_US), Ordering::Relaxed);
                        say(Some(traces::traced(&received, connection.agreed().peer.as_str())), None);
                    }
                    Err(error) => say(None, Some(error.to_string())),
                }
            });
        }
    }

    /// Begins inspections that are new.
    pub(super) fn inspect(&mut self, wanted: &[Inspection], at: &At<'_>, pid_of: PidOf<'_>) {
        self.inspections.retain(|number| wanted.iter().any(|one| one.number == *number));
        for inspection in wanted {
            if !self.inspections.insert(inspection.number) {
                continue;
            }
            let (shared, number) = (Arc::clone(at.shared), inspection.number);
            let say = move |inspected| shared.say(|said| said.inspected.push(SaidInspected { number, inspected }));
            let Some(pid) = pid_of(inspection.which.number) else {
                say(Inspected { refused: Some(nobody(inspection.which.number)), ..Inspected::default() });
                continue;
            };
            let (connection, what) = (at.connection.clone(), inspection.what());
            tokio::spawn(async move {
                // What it takes there nobody knows: most of the time until its answer is waiting.
                let printed = match what {
                    Keeps::State => look::state(&connection, &pid, WITHIN).await,
                    Keeps::Dictionary | Keeps::Unspecified => look::dictionary(&connection, &pid, WITHIN).await,
                };
                say(match printed {
                    Ok(printed) => shown(&printed),
                    Err(error) => Inspected { refused: Some(error.to_string()), ..Inspected::default() },
                });
            });
        }
    }
}

fn shown(printed: &look::Printed) -> Inspected {
    Inspected {
        lines: printed.text.lines().take(MOST_LINES).map(str::to_owned).collect(),
        bytes: Some(printed.text.len() as u64),
        cut: Some(printed.is_cut || printed.text.lines().count() > MOST_LINES),
        ..Inspected::default()
    }
}

fn nobody(number: u64) -> String {
    format!("no Erlang process can have the number {number}")
}

#[cfg(test)]
mod tests;
