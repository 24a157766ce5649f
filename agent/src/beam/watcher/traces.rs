//! Receive traces: each once, beside all else.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use midair_beam::{
    Connection, Pid,
    watch::{Received, receive_trace, trace::Sender},
};
use midair_proto::v1::{ErlangPid, FunctionCount, SenderCount, Traced};

use super::{guard::Shared, pids};
use crate::beam::said::{SaidTrace, Trace};

/// Senders and tags that travel, of each.
const MOST: usize = 20;

/// Traces of one connection.
#[derive(Debug, Default)]
pub(super) struct Traces {
    begun: BTreeSet<u64>,
}

impl Traces {
    /// Begins those that are new. What they count is said when they end.
    pub(super) fn want(
        &mut self,
        wanted: &[Trace],
        shared: &Arc<Shared>,
        (connection, release): (&Connection, u32),
        pid_of: impl Fn(u64) -> Option<Pid>,
    ) {
        self.begun.retain(|number| wanted.iter().any(|trace| trace.number == *number));
        for trace in wanted {
            if !self.begun.insert(trace.number) {
                continue;
            }
            let (connection, shared, trace) = (connection.clone(), Arc::clone(shared), *trace);
            let Some(pid) = pid_of(trace.which.number) else { continue };
            tokio::spawn(async move {
                let time = Duration::from_secs(trace.seconds.into());
                let ended = receive_trace(&connection, &pid, release, time, trace.most).await;
                let home = connection.agreed().peer.as_str();
                let (traced, refused) = match ended {
                    Ok(received) => (Some(traced(&received, home)), None),
                    Err(error) => (None, Some(error.to_string())),
                };
                shared.say(|said| said.traces.push(SaidTrace { number: trace.number, traced, refused }));
            });
        }
    }
}

fn traced(received: &Received, home: &str) -> Traced {
    let (mut senders, mut tags) = (Vec::new(), Vec::new());
    let text =
        |text: &str, node: Option<String>| ErlangPid { text: Some(text.to_owned()), node, ..ErlangPid::default() };
    for count in &received.counts {
        let sender = match &count.sender {
            Sender::Known(who) => pids::neighbour(who, home),
            Sender::Node(node) => text("some process", Some(node.clone()).filter(|node| node != home)),
            Sender::Vm(what) => text(what, None),
            Sender::Others => text("others", None),
        };
        add(&mut senders, sender, count.n);
        add(&mut tags, count.tag.clone().unwrap_or_else(|| "others".into()), count.n);
    }
    let sender = |(sender, n)| SenderCount { sender: Some(sender), n: Some(n) };
    let tag = |(function, n)| FunctionCount { function: Some(function), n: u32::try_from(n).ok() }; // Few thousand.
    Traced {
        id: None,
        over_us: u64::try_from(received.lasted.as_micros()).ok(), // Five seconds fit.
        n_messages: Some(received.n),
        is_cut: Some(received.is_cut),
        senders: most(senders).into_iter().map(sender).collect(),
        tags: most(tags).into_iter().map(tag).collect(),
    }
}

fn add<T: PartialEq>(counts: &mut Vec<(T, u64)>, of: T, n: u64) {
    match counts.iter_mut().find(|(known, _)| *known == of) {
        Some((_, counted)) => *counted = counted.saturating_add(n),
        None => counts.push((of, n)),
    }
}

fn most<T>(mut counts: Vec<(T, u64)>) -> Vec<(T, u64)> {
    counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    counts.truncate(MOST);
    counts
}
