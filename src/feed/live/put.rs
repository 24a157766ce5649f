//! Putting one mark on the time lines of agents, and waiting until each has taken it: for scripts, without a screen.

use std::{sync::Arc, time::Duration};

use midair_proto::v1::{self, control, payload::Kind};
use tokio::{sync::Semaphore, sync::mpsc, task::JoinSet, time::timeout};
use tokio_stream::wrappers::ReceiverStream;

use super::{
    Target,
    dial::{self, PATIENCE},
};
use crate::wire;

/// Agents that are dialled at once.
const AT_ONCE: usize = 64;

/// An agent that has not said a word on the mark by then has not taken it.
const WITHIN: Duration = Duration::from_secs(5);

/// A mark that is to be put on several nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The note.
    pub text: String,
    /// How long ago that was which it is about, microseconds.
    pub ago_us: u64,
    /// Only on nodes with this label: key and value.
    pub group: Option<(String, String)>,
    /// Who puts it there.
    pub viewer: String,
}

/// What became of it at one agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Put {
    /// The node with this name has it.
    Taken(String),
    /// The node with this name has another label, or none.
    NotOfGroup(String),
    /// Why not, in words.
    Failed(String),
}

/// Puts it on all of them, in the order of the targets.
pub async fn put(targets: Vec<Target>, wanted: Wanted) -> Vec<(Arc<str>, Put)> {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let wanted = Arc::new(wanted);
    let mut all = JoinSet::new();
    for (n, target) in targets.into_iter().enumerate() {
        let (places, wanted) = (Arc::clone(&places), Arc::clone(&wanted));
        all.spawn(async move {
            // The semaphore is never closed.
            let _place = places.acquire().await;
            let put = match timeout(PATIENCE + WITHIN, put_one(&target, &wanted)).await {
                Ok(put) => put.unwrap_or_else(Put::Failed),
                Err(_) => Put::Failed("no answer".to_owned()),
            };
            (n, target.address, put)
        });
    }
    let mut done = all.join_all().await;
    done.sort_by_key(|(n, ..)| *n);
    done.into_iter().map(|(_, address, put)| (address, put)).collect()
}

async fn put_one(target: &Target, wanted: &Wanted) -> Result<Put, String> {
    let mut dialled = dial::dial(&target.reach).await.map_err(|failure| failure.words)?;
    let (to_agent, outgoing) = mpsc::channel(2);
    let send = |control| to_agent.try_send(control).map_err(|_| "the agent has hung up".to_owned());
    send(wire::hello(&wanted.viewer))?;
    let opened = dialled.client.watch(ReceiverStream::new(outgoing)).await;
    let mut events =
        opened.map_err(|status| dial::of_opening(&status, &target.reach, &dialled.peer).words)?.into_inner();
    let mut asked: Option<v1::MarkRequest> = None;
    let mut name = String::new();
    loop {
        let event = timeout(WITHIN, events.message()).await.map_err(|_| "the agent does not answer".to_owned())?;
        let event = event.map_err(|status| dial::of_opening(&status, &target.reach, &dialled.peer).words)?;
        let envelope = event.ok_or("the agent has hung up")?;
        match envelope.kind() {
            Some(Kind::Described(described)) if asked.is_none() => {
                name = described.name.clone().or(described.node.clone()).unwrap_or_else(|| target.address.to_string());
                if !is_in(&described, wanted.group.as_ref()) {
                    return Ok(Put::NotOfGroup(name));
                }
                // By its own clock, so that the mark is found again among those that others put there.
                let wall_us = envelope.wall_us.map(|wall_us| wall_us.saturating_sub(wanted.ago_us));
                let request = v1::MarkRequest { text: Some(wanted.text.clone()), wall_us, focus: None };
                send(v1::Control { kind: Some(control::Kind::Mark(request.clone())) })?;
                asked = Some(request);
            }
            Some(Kind::Mark(mark)) if asked.as_ref().is_some_and(|asked| is_it(&mark, asked)) => {
                return Ok(Put::Taken(name));
            }
            Some(Kind::Refused(refused)) => {
                return Err(refused.reason.unwrap_or_else(|| "refused without a reason".to_owned()));
            }
            _ => {}
        }
    }
}

fn is_in(described: &v1::Description, group: Option<&(String, String)>) -> bool {
    let has = |(key, value): &(String, String)| {
        described.labels.iter().any(|label| label.key.as_ref() == Some(key) && label.value.as_ref() == Some(value))
    };
    group.is_none_or(has)
}

fn is_it(mark: &v1::Mark, asked: &v1::MarkRequest) -> bool {
    mark.text == asked.text && mark.wall_us == asked.wall_us && mark.automatic != Some(true)
}
