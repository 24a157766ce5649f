//! What our own helpers hold and use in a VM, and whose helpers others are.

use std::time::Duration;

use super::calls::{call, calls};
use crate::{
    connection::{CallError, Connection},
    term::{Pid, Term},
};

/// What one helper holds and has used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Its memory, bytes (process_info memory).
    pub memory_bytes: Option<u64>,
    /// What it has done so far, in reductions. Counter.
    pub reductions: Option<u64>,
    /// Processes of the same VM that it is linked to: those that it has started to work for it.
    pub links: Vec<Pid>,
}

/// What these hold now, in their order; `None` for one that is no more. They are to be our own: others may have any number
/// of links.
pub async fn held(connection: &Connection, pids: &[Pid], within: Duration) -> Result<Vec<Option<Held>>, CallError> {
    let items = Term::List(["memory", "reductions", "links"].map(Term::atom).to_vec());
    let home = connection.agreed().peer.as_str();
    let told = asked(connection, pids, &items, within).await?;
    Ok(told.iter().map(|told| read(told.as_ref()?, home)).collect())
}

/// On which node the group leader of each of these is: helpers of another agent have theirs on that agent's. `None` where
/// that is not known.
pub async fn leaders(
    connection: &Connection,
    pids: &[Pid],
    within: Duration,
) -> Result<Vec<Option<String>>, CallError> {
    let told = asked(connection, pids, &Term::atom("group_leader"), within).await?;
    let node = |told: &Term| Some(told.as_tuple()?.get(1)?.as_pid()?.node.as_str().to_owned());
    Ok(told.iter().map(|told| told.as_ref().and_then(node)).collect())
}

async fn asked(
    connection: &Connection,
    pids: &[Pid],
    items: &Term,
    within: Duration,
) -> Result<Vec<Option<Term>>, CallError> {
    let ask = |pid: &Pid| call("erlang", "process_info", vec![pid.clone().into(), items.clone()]);
    calls(connection, pids.iter().map(ask).collect(), within).await
}

/// Of a list of pairs; `None` for `undefined`.
fn read(told: &Term, home: &str) -> Option<Held> {
    let pairs = told.as_list()?;
    let value = |name: &str| {
        let pair = |pair: &'_ Term| pair.as_tuple()?.first()?.as_atom().map(|atom| atom == name);
        pairs.iter().find(|of| pair(of) == Some(true))?.as_tuple()?.get(1)
    };
    let links = value("links").and_then(Term::as_list).unwrap_or_default();
    let here = links.iter().filter_map(Term::as_pid).filter(|pid| pid.node.as_str() == home);
    Some(Held {
        memory_bytes: value("memory").and_then(Term::as_count),
        reductions: value("reductions").and_then(Term::as_count),
        links: here.cloned().collect(),
    })
}

#[cfg(test)]
mod tests;
