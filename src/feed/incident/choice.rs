//! Which nodes are told in full: those that are named, those that bear a mark, and the worst.

use midair_proto::v1::{Envelope, Rollup, payload::Kind};

/// What is known of a node before it is told in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    node: String,
    name: String,
    /// The worst of its severities in the range, per mille, and the word of that vital.
    worst: Option<(u32, &'static str)>,
    /// A mark that a person put on it.
    is_marked: bool,
}

impl Candidate {
    /// A node as its summary tells; where somebody noted something of it by themselves, it is marked.
    pub(super) fn of(node: &str, name: &str, summary: &[Envelope], mut is_marked: bool) -> Self {
        let mut worst = None;
        for envelope in summary {
            match envelope.kind() {
                Some(Kind::Rollup(rollup)) => worst = worst.max(worst_of(&rollup)),
                Some(Kind::Mark(mark)) => is_marked |= !mark.automatic(),
                Some(_) | None => {}
            }
        }
        Self { node: node.to_owned(), name: name.to_owned(), worst, is_marked }
    }
}

/// For each candidate why it is told in full, in words.
///
/// # Errors
/// When one that is wanted is none of them, in words.
pub(super) fn choose(
    candidates: &[Candidate],
    wanted: &[String],
    n_worst: usize,
) -> Result<Vec<Option<String>>, String> {
    let is = |candidate: &Candidate, name: &String| candidate.node == *name || candidate.name == *name;
    if let Some(nobody) = wanted.iter().find(|name| !candidates.iter().any(|c| is(c, name))) {
        let known: Vec<&str> = candidates.iter().map(|c| c.name.as_str()).take(20).collect();
        return Err(format!("no agent that answers is called {nobody:?}; there are {}", known.join(", ")));
    }
    let mut ranked: Vec<usize> = (0..candidates.len()).collect();
    ranked.sort_by_key(|n| std::cmp::Reverse(candidates[*n].worst));
    let mut chosen: Vec<Option<String>> = vec![None; candidates.len()];
    for n in ranked.into_iter().take(n_worst) {
        chosen[n] = Some(match candidates[n].worst {
            Some((severity, vital)) => format!("{vital} {} %", severity / 10),
            None => "few are asked".to_owned(),
        });
    }
    for (candidate, why) in candidates.iter().zip(&mut chosen) {
        if wanted.iter().any(|name| is(candidate, name)) {
            *why = Some("named".to_owned());
        } else if candidate.is_marked && why.is_none() {
            *why = Some("marked".to_owned());
        }
    }
    Ok(chosen)
}

fn worst_of(rollup: &Rollup) -> Option<(u32, &'static str)> {
    let vitals = [(rollup.sched, "sched"), (rollup.mem, "mem"), (rollup.queue, "queue"), (rollup.rate, "rate")];
    vitals.into_iter().filter_map(|(summary, word)| Some((summary?.max?, word))).max_by_key(|(severity, _)| *severity)
}
