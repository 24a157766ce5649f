//! Helpers of other agents: whoever looks at a VM is no news of that VM.

use std::{collections::VecDeque, time::Duration};

use midair_beam::{
    Connection, Pid,
    watch::{hot::Introduction, own::leaders},
};
use tokio::task::JoinHandle;

/// For one question.
const WITHIN: Duration = Duration::from_secs(2);

/// Processes of one question.
const AT_ONCE: usize = 50;

/// Processes that wait to be asked for; more are rows, as any other.
const MOST: usize = 500;

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

/// Processes of which it is asked whether they are helpers, beside all else: one that is inside a long native function
/// answers when it is through with that.
#[derive(Debug, Default)]
pub(super) struct Others {
    waiting: VecDeque<Pid>,
    asked: Option<Asked>,
    /// After a question without an answer one alone is asked: the others of that question are not to wait for it again.
    is_slow: bool,
}

#[derive(Debug)]
struct Asked {
    pids: Vec<Pid>,
    answer: JoinHandle<Option<Vec<Pid>>>,
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.answer.abort();
    }
}

impl Others {
    /// Those that were found to be helpers since the last time: all that a helper starts has the group leader of the helper.
    /// Asks for these `suspects` too, and waits for nobody.
    pub(super) async fn take(&mut self, on: &Connection, suspects: Vec<Pid>) -> Vec<Pid> {
        self.waiting.extend(suspects);
        self.waiting.truncate(MOST);
        let mut found = Vec::new();
        if let Some(mut asked) = self.asked.take_if(|asked| asked.answer.is_finished()) {
            // Else it has failed, and is asked again.
            let answer = (&mut asked.answer).await.ok().flatten();
            self.is_slow = answer.is_none();
            match answer {
                Some(helpers) => found = helpers,
                None => self.waiting.extend(asked.pids.drain(..)),
            }
        }
        if self.asked.is_none() && !self.waiting.is_empty() {
            let n = if self.is_slow { 1 } else { self.waiting.len().min(AT_ONCE) };
            let pids: Vec<Pid> = self.waiting.drain(..n).collect();
            let answer = tokio::spawn(helpers(on.clone(), pids.clone()));
            self.asked = Some(Asked { pids, answer });
        }
        found
    }
}

/// Those whose group leader is on a node of an agent; `None` where no answer came in time.
async fn helpers(on: Connection, suspects: Vec<Pid>) -> Option<Vec<Pid>> {
    let leaders = leaders(&on, &suspects, WITHIN).await.ok()?;
    // The host of the VM itself may be called so.
    let home = on.agreed().peer.as_str();
    let is_helper = |leader: &Option<String>| leader.as_deref().is_some_and(|node| node != home && is_agent(node));
    Some(suspects.into_iter().zip(leaders).filter(|(_, leader)| is_helper(leader)).map(|(pid, _)| pid).collect())
}
