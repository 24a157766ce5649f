//! One question to the black box of an agent: a call of its own beside the watch, whose answer comes in pieces.

use std::{sync::Arc, time::Duration};

use midair_proto::v1::{Envelope, HistoryRequest, agent_client::AgentClient};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};
use tonic::{Code, transport::Channel};

use crate::{
    clock::Clock,
    entry::{Ending, Entry, Item, Page, Part},
    event::{Control, NodeId},
    feed::ENTRIES_MAX,
    wire,
};

/// Nobody waits longer for the next word.
const PATIENCE: Duration = Duration::from_secs(20);

/// An agent that tells others already is asked again so often, after so long.
const TRIES: u32 = 10;
const AGAIN: Duration = Duration::from_secs(1);

/// A piece is at most so many events, or bytes and one event.
const EVENTS_MAX: usize = 128;
const PIECE_BYTES: usize = 64 << 10;

/// An answer is at most so many bytes.
pub(in crate::feed) const ANSWER_BYTES: usize = 32 << 20;

/// While more than half of the way to the screen is taken, pieces wait: what is live goes first.
const ROOM: usize = ENTRIES_MAX / 2;
const ROOM_AGAIN: Duration = Duration::from_millis(5);

/// A question, and where its answer goes.
pub(super) struct Question {
    pub(super) address: Arc<str>,
    pub(super) id: u32,
    pub(super) request: HistoryRequest,
    pub(super) entries: mpsc::Sender<Entry>,
    pub(super) clock: Clock,
}

/// The feed is gone.
struct Gone;

impl Question {
    /// What a control asks of a black box, where it asks that: of this node, where the way there leads through a hub.
    pub(super) fn of(
        control: &Control,
        address: Arc<str>,
        node: Option<&NodeId>,
        (entries, clock): (mpsc::Sender<Entry>, Clock),
    ) -> Option<Self> {
        let Control::History { id, from_us, to_us, max_points, .. } = *control else { return None };
        let request = HistoryRequest {
            version: Some(wire::version()),
            from_us: Some(from_us),
            to_us: Some(to_us),
            max_points,
            node: node.map(|node| node.0.to_string()),
        };
        Some(Self { address, id, request, entries, clock })
    }

    /// Asks, and tells until the answer has ended.
    pub(super) async fn run(self, client: AgentClient<Channel>) {
        let Ok(ending) = self.tell(client).await else { return };
        // Without a feed there is nobody to tell.
        drop(self.send(Part::End(ending)).await);
    }

    async fn tell(&self, mut client: AgentClient<Channel>) -> Result<Ending, Gone> {
        let mut n_tries = 1;
        let mut told = loop {
            match timeout(PATIENCE, client.history(self.request.clone())).await {
                Ok(Ok(answer)) => break answer.into_inner(),
                Ok(Err(status)) if status.code() == Code::ResourceExhausted && n_tries < TRIES => n_tries += 1,
                Ok(Err(status)) if status.code() == Code::Unimplemented => {
                    return Ok(Ending::Refused("it has no black box".into()));
                }
                Ok(Err(status)) => return Ok(Ending::Refused(status.message().into())),
                Err(_) => return Ok(Ending::Refused(no_answer())),
            }
            sleep(AGAIN).await;
        };
        let (mut piece, mut n_bytes, mut n_all) = (Vec::new(), 0, 0);
        let ending = loop {
            let envelope: Envelope = match timeout(PATIENCE, told.message()).await {
                Ok(Ok(Some(envelope))) => envelope,
                Ok(Ok(None)) => break Ending::Whole,
                Ok(Err(status)) => break Ending::Broken(status.message().into()),
                Err(_) => break Ending::Broken(no_answer()),
            };
            let weight = envelope.payload.as_ref().map_or(0, |payload| payload.len());
            (n_bytes, n_all) = (n_bytes + weight, n_all + weight);
            piece.push(Arc::new(envelope));
            if piece.len() >= EVENTS_MAX || n_bytes >= PIECE_BYTES {
                self.send(Part::Told(std::mem::take(&mut piece))).await?;
                n_bytes = 0;
            }
            if n_all > ANSWER_BYTES {
                break Ending::Broken("more was kept of that time than a dashboard takes at once".into());
            }
        };
        if !piece.is_empty() {
            self.send(Part::Told(piece)).await?;
        }
        Ok(ending)
    }

    async fn send(&self, part: Part) -> Result<(), Gone> {
        while self.entries.capacity() < ROOM && !self.entries.is_closed() {
            sleep(ROOM_AGAIN).await;
        }
        let page = Page { address: self.address.clone(), id: self.id, part };
        self.entries.send(Entry { at: self.clock.now(), item: Item::Page(page) }).await.map_err(|_| Gone)
    }
}

fn no_answer() -> Arc<str> {
    format!("no answer for {} s", PATIENCE.as_secs()).into()
}
