//! Helpers of other agents: whoever looks at a VM is no news of that VM.

use std::time::Duration;

use midair_beam::{
    Connection, Pid,
    watch::{hot::Introduction, own::leaders},
};

/// For the one question.
const WITHIN: Duration = Duration::from_secs(2);

/// The host in the name of each node that an agent is, where the VM gives it its name.
const HOST: &str = "@midair";

/// Whether a node is one that an agent is.
pub(super) fn is_agent(node: &str) -> bool {
    node.ends_with(HOST)
}

/// Whether a process began as helpers do: forms begin with `erl_eval:expr/3`, and what they start works in native library
/// functions.
pub(super) fn may_be(known: &Introduction) -> bool {
    let began = known.initial_call.as_deref().unwrap_or_default();
    !known.is_ours && ["erl_eval:", "lists:", "erlang:apply/"].iter().any(|module| began.starts_with(module))
}

/// Those whose group leader is on a node of an agent: all that a helper starts has that of the helper.
pub(super) async fn helpers(on: &Connection, suspects: Vec<Pid>) -> Vec<Pid> {
    if suspects.is_empty() {
        return Vec::new();
    }
    // Not now: then they are rows, as any other.
    let leaders = leaders(on, &suspects, WITHIN).await.unwrap_or_default();
    let is_helper = |leader: &Option<String>| leader.as_deref().is_some_and(is_agent);
    suspects.into_iter().zip(leaders).filter(|(_, leader)| is_helper(leader)).map(|(pid, _)| pid).collect()
}
