//! What a receive trace counted, as it travels.

use midair_beam::watch::{Received, trace::Sender};
use midair_proto::v1::{ErlangPid, FunctionCount, SenderCount, Traced};

use super::pids;

/// Senders and tags that travel, of each.
const MOST: usize = 20;

/// As it travels; `home` is the name of the VM.
pub(super) fn traced(received: &Received, home: &str) -> Traced {
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
