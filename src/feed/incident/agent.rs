//! One agent that is asked for its past.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use midair_proto::{
    CONTRACT,
    v1::{Envelope, HistoryRequest, agent_client::AgentClient, payload::Kind},
};
use midair_vitals::window::ROLLUPS_US;
use prost::Message as _;
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Streaming, transport::Channel};

use super::parts::Parts;
use crate::{
    clock::Clock,
    event::Stamp,
    feed::{
        clock_offset::{ClockOffset, Estimate},
        live::{ANSWER_BYTES, Target, dial},
        local,
    },
    wire,
};

/// Round trips from which the clocks are compared.
const ECHOES: usize = 8;

/// Nobody waits longer for the next word.
const PATIENCE: Duration = Duration::from_secs(30);

/// An agent that tells others already is asked again so often, after so long.
const TRIES: u32 = 10;
const AGAIN: Duration = Duration::from_secs(2);

/// An answer begins with the block before the moment from which it was asked, and may end with the second after it, each
/// microseconds: what stands elsewhere was said by a clock that stepped since.
const BEFORE_US: u64 = 120_000_000;
const AFTER_US: u64 = 2_000_000;

/// Most points that are asked for.
const POINTS_MAX: u64 = 8_640;

/// An agent that has said who it is.
#[derive(Debug)]
pub(super) struct Agent {
    pub(super) address: Arc<str>,
    pub(super) node: String,
    pub(super) name: String,
    pub(super) described: Envelope,
    pub(super) clock: Option<Estimate>,
    client: AgentClient<Channel>,
}

impl Agent {
    /// Reaches it and asks who it is, and what its clock says; the error is in words.
    pub(super) async fn greet(target: &Target, clock: Clock) -> Result<Self, String> {
        let mut client = dial::dial(&target.reach).await.map_err(|failure| failure.words)?.client;
        let (to_agent, outgoing) = mpsc::channel(ECHOES + 1);
        let viewer = format!("{} midair record", local::user());
        drop(to_agent.try_send(wire::hello(&viewer)));
        let opening = client.watch(ReceiverStream::new(outgoing));
        let mut events = in_time(opening).await?.into_inner();
        let Some(described) = in_time(events.message()).await? else { return Err(dial::closed().words) };
        let (node, name) = match described.kind() {
            Some(Kind::Described(description)) => {
                let contract = description.version.as_ref().and_then(|version| version.contract);
                if contract.is_some_and(|theirs| theirs != CONTRACT) {
                    return Err("it speaks another version of the contract; bring both to one".into());
                }
                let node = described.node.clone().or(description.node).unwrap_or_else(|| target.address.to_string());
                (node.clone(), description.name.unwrap_or(node))
            }
            Some(Kind::Refused(refused)) => return Err(refused.reason.unwrap_or_else(|| "refused".into())),
            Some(_) | None => return Err("its first event is no description".into()),
        };
        let clock = compare(&to_agent, &mut events, clock).await?;
        Ok(Self { address: target.address.clone(), node, name, described, clock, client })
    }

    /// Rollups and marks of a range.
    pub(super) async fn summary(&mut self, from: Stamp, to: Stamp) -> Result<Vec<Envelope>, String> {
        let [short_us, _] = ROLLUPS_US;
        let n_points = (to.since_us(from) / short_us + 1).min(POINTS_MAX);
        self.collect(from, to, u32::try_from(n_points).ok()).await
    }

    /// All of a short range.
    pub(super) async fn all_of(&mut self, from: Stamp, to: Stamp) -> Result<Vec<Envelope>, String> {
        self.collect(from, to, None).await
    }

    /// All of a range, into a file; the error says why it ended early, and what came before is there.
    pub(super) async fn fetch(
        &mut self,
        from: Stamp,
        to: Stamp,
        parts: &mut Parts,
        n_bytes: &AtomicU64,
    ) -> Result<(), String> {
        let mut told = self.ask(from, to, None).await?;
        while let Some(envelope) = in_time(told.message()).await? {
            n_bytes.fetch_add(envelope.encoded_len() as u64, Ordering::Relaxed);
            if self.is_within(&envelope, from, to) {
                parts.push(&envelope).map_err(|error| format!("cannot keep what comes: {error}"))?;
            }
        }
        Ok(())
    }

    /// When it was by our clock.
    pub(super) fn stamp(&self, wall_us: u64) -> Stamp {
        let offset_us = self.clock.map_or(0, |clock| clock.offset_us);
        Stamp(wall_us.saturating_add_signed(offset_us.saturating_neg()))
    }

    fn is_within(&self, envelope: &Envelope, from: Stamp, to: Stamp) -> bool {
        envelope.wall_us.is_none_or(|wall_us| {
            let at = self.stamp(wall_us);
            from.since_us(at) <= BEFORE_US && at.since_us(to) <= AFTER_US
        })
    }

    /// When it was by its clock.
    pub(super) fn wall_us(&self, at: Stamp) -> u64 {
        at.0.saturating_add_signed(self.clock.map_or(0, |clock| clock.offset_us))
    }

    /// These, each with its moment by our clock, in order.
    pub(super) fn stamped(&self, envelopes: &[Envelope]) -> Vec<(Stamp, Envelope)> {
        let mut last = Stamp(0);
        let stamped = envelopes.iter().map(|envelope| {
            // A wall clock that was set back does not turn round what happened.
            last = envelope.wall_us.map_or(last, |wall_us| self.stamp(wall_us).max(last));
            (last, envelope.clone())
        });
        stamped.collect()
    }

    /// The first moment of these; `None` where they have none.
    pub(super) fn first_of(&self, envelopes: &[Envelope]) -> Option<Stamp> {
        envelopes.iter().filter_map(|envelope| envelope.wall_us).min().map(|first| self.stamp(first))
    }

    async fn collect(&mut self, from: Stamp, to: Stamp, max_points: Option<u32>) -> Result<Vec<Envelope>, String> {
        let mut told = self.ask(from, to, max_points).await?;
        let (mut all, mut n_bytes) = (Vec::new(), 0);
        while let Some(envelope) = in_time(told.message()).await? {
            n_bytes += envelope.encoded_len();
            if n_bytes > ANSWER_BYTES {
                return Err(format!("its black box answers with more than {} MiB", ANSWER_BYTES >> 20));
            }
            if self.is_within(&envelope, from, to) {
                all.push(envelope);
            }
        }
        Ok(all)
    }

    async fn ask(&mut self, from: Stamp, to: Stamp, max_points: Option<u32>) -> Result<Streaming<Envelope>, String> {
        let offset_us = self.clock.map_or(0, |clock| clock.offset_us);
        let theirs = |at: Stamp| Some(at.0.saturating_add_signed(offset_us));
        let (from_us, to_us) = (theirs(from), theirs(to));
        let request = HistoryRequest { version: Some(wire::version()), from_us, to_us, max_points, node: None };
        let mut n_tries = 1;
        loop {
            match timeout(PATIENCE, self.client.history(request.clone())).await {
                Ok(Ok(answer)) => return Ok(answer.into_inner()),
                Ok(Err(status)) if status.code() == Code::ResourceExhausted && n_tries < TRIES => n_tries += 1,
                Ok(Err(status)) if status.code() == Code::Unimplemented => return Err("it has no black box".into()),
                Ok(Err(status)) => return Err(status.message().to_owned()),
                Err(_) => return Err(no_answer()),
            }
            sleep(AGAIN).await;
        }
    }
}

/// Compares the clocks.
async fn compare(
    to_agent: &mpsc::Sender<midair_proto::v1::Control>,
    events: &mut Streaming<Envelope>,
    clock: Clock,
) -> Result<Option<Estimate>, String> {
    let (mut offset, mut estimate) = (ClockOffset::default(), None);
    for _ in 0..ECHOES {
        drop(to_agent.try_send(wire::echo(clock.now().0)));
        loop {
            let Some(event) = in_time(events.message()).await? else { return Err(dial::closed().words) };
            let Some(Kind::Echo(reply)) = event.kind() else { continue };
            if let (Some(sent), Some(answered)) = (reply.sent_us, reply.wall_us) {
                estimate = offset.push(sent, answered, clock.now().0).or(estimate);
            }
            break;
        }
    }
    Ok(estimate)
}

async fn in_time<T>(answer: impl Future<Output = Result<T, tonic::Status>>) -> Result<T, String> {
    match timeout(PATIENCE, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(status)) => Err(status.message().to_owned()),
        Err(_) => Err(no_answer()),
    }
}

fn no_answer() -> String {
    format!("no answer for {} s; is the host up, and the path to it open?", PATIENCE.as_secs())
}
