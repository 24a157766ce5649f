//! Why a table is empty, and what would fill it.

use midair_vitals::TaskKind;

use crate::{
    app::{
        Playhead, State,
        screen::{Panel, Screen},
        tabs::exact,
    },
    model::Node,
};

/// Why a table is empty, and what would fill it.
pub(super) fn why(state: &State, panel: Panel) -> String {
    let filter = &state.list(panel).filter;
    if !filter.is_empty() {
        let of = state.found_of_more(panel).map(|n| format!(", of {} the ones that the agent sent", exact(n)));
        return format!("no row matches /{filter}{} (Esc closes the filter)", of.unwrap_or_default());
    }
    let node = state.node();
    let is_unheard = node.is_some_and(|n| n.latest.is_none());
    let is_silent = node.is_some_and(|n| n.presence.is_silent());
    let all_silent = || state.model.nodes.values().all(|n| n.presence.is_silent());
    let is_unmeasured = node.is_some_and(Node::is_unmeasured);
    let none_measured = || !state.model.nodes.is_empty() && state.model.nodes.values().all(Node::is_unmeasured);
    let words = match panel {
        Panel::Nodes => "no agent has answered yet; each that does becomes a row here",
        Panel::Groups => "no node has told of itself yet: groups are those that share a label",
        Panel::Peers if none_measured() => "not measured then: each node says why",
        Panel::Peers => "no Erlang VM tells of a link to another node",
        _ if is_unmeasured => "not measured then: why stands above",
        Panel::Tasks if node.is_none() && none_measured() => "not measured then: each node says why",
        Panel::Tasks if is_unheard && is_silent => {
            "nothing was ever received from this node: why stands above; it is dialled again and again"
        }
        Panel::Tasks if is_unheard => first_awaited(node),
        Panel::Tasks if state.model.nodes.is_empty() => "no tasks yet: they come with the first sample of an agent",
        Panel::Tasks if all_silent() => "no node is heard, so no task is known now: enter a node for why",
        Panel::Tasks if matches!(state.screen(), Screen::Scope(..)) => {
            "none of its tasks is among the rows that the agent sends: those that use CPU, wait, grow or queue"
        }
        Panel::Tasks => "no task ranks in any order: the agent sends those that use CPU, wait, grow or queue",
        Panel::AllQueues => "no queue is known yet: they come with the tasks that hold them",
        Panel::Cgroups => "no cgroup is known: the agent tells of them with each sample of all detail",
        Panel::Namespaces => "no network namespace is known: the agent tells of them with each sample of all detail",
        Panel::Cpus => "nothing is known of single CPUs yet: they come with samples of all detail",
        Panel::Host => "nothing was measured yet",
        Panel::Vms => {
            "no Erlang VM was found: an agent finds those that epmd knows, that listen on this host, or as configured"
        }
        Panel::Processes if state.vm().is_some_and(|vm| vm.reading.ended_us.is_some()) => {
            "the VM has ended, and its processes with it; [ goes back to when they were there"
        }
        Panel::Processes if silent_vm(state) => "the VM has never told of its processes: why stands above",
        Panel::Processes => "no process is known yet: they come with the first pass over all of them",
        Panel::Schedulers if silent_vm(state) => "the VM has never told of its schedulers: why stands above",
        Panel::Schedulers => "nothing is known of its schedulers yet",
        Panel::Functions => "not looked at: what active processes do is asked when the schedulers have no room left",
        Panel::Links if silent_vm(state) => "the VM has never told of its links: why stands above",
        Panel::Links => "it is connected to no other node",
        Panel::Ports => "nothing is known of its ports yet: they are looked at every 10 s",
        Panel::Tables => "nothing is known of its ETS tables yet: they are looked at every 10 s",
        Panel::Spots | Panel::Relatives => look_missing(state, panel),
        Panel::Queues => queues_missing(state),
        Panel::Children => match state.focus() {
            None => look_awaited(state, "waiting for the close look that lists threads"),
            Some(focus) if focus.has_ended => "the task has ended, and its threads with it",
            Some(_) => "one thread only: its state and wait channel stand above",
        },
    };
    words.to_owned()
}

/// A node that a hub told of is heard itself only while somebody follows it.
fn first_awaited(node: Option<&Node>) -> &'static str {
    if node.is_some_and(|node| node.is_by_hub) {
        "followed from now on: its tasks come with its first sample"
    } else {
        "waiting for the first sample of this node"
    }
}

fn silent_vm(state: &State) -> bool {
    state.node().zip(state.vm()).is_some_and(|(node, vm)| vm.is_old(node) && vm.reading.answered_us.is_none())
}

/// Of the past comes no look that nobody asked for then.
fn look_awaited(state: &State, words: &'static str) -> &'static str {
    if state.playhead == Playhead::Live {
        words
    } else {
        "this was not measured at that moment: an agent reads it only while somebody has this screen open; End shows it live"
    }
}

fn look_missing(state: &State, panel: Panel) -> &'static str {
    match state.focus() {
        Some(focus) if focus.has_ended => "the process has ended",
        Some(focus) if focus.erlang.is_some() && panel == Panel::Relatives => {
            "it has no links, monitors or ancestors; :trace receive counts who sends to it"
        }
        Some(focus) if focus.erlang.is_some() => "its stack cannot be read now: it does not answer",
        Some(_) | None => look_awaited(state, "waiting for the close look at this process"),
    }
}

fn queues_missing(state: &State) -> &'static str {
    match state.task() {
        None => look_awaited(state, "waiting for the close look that lists queues"),
        Some(task) if task.reading.queues.is_none() => match task.reading.kind {
            TaskKind::KernelThread => "a thread of the kernel: it holds no sockets or pipes",
            TaskKind::Thread => "threads share the sockets and pipes of their process: they are listed there",
            TaskKind::Process | TaskKind::Erlang | TaskKind::Tokio => {
                "its sockets and pipes cannot be read: run the agent as the same user, as root, or with CAP_SYS_PTRACE"
            }
        },
        Some(_) => "it holds no socket in which anything could wait, and no pipe (which are read through BPF alone)",
    }
}
