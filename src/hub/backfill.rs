//! What a hub did not hear of a node, asked of its black box afterwards: summaries of ten seconds, of few nodes at once.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use midair_proto::v1::{self, HistoryRequest, agent_client::AgentClient, payload::Kind};
use tokio::{task::JoinSet, time::timeout};
use tonic::transport::Channel;

use crate::wire::{self, Carries};

use super::past::{KEPT_S, WINDOW_S};

/// Black boxes that are asked at once.
const AT_ONCE: usize = 4;

/// Gaps that wait to be asked for; more are left as they are.
const GAPS_MAX: usize = 16_384;

/// Nobody waits longer for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A time of which nothing was heard, by the node's wall clock, microseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    /// The node.
    pub(super) node: Arc<str>,
    /// Its first moment.
    pub(super) from_us: u64,
    /// Its last.
    pub(super) to_us: u64,
}

/// What a black box told of a gap: rollups, as they came.
pub(super) struct Filled {
    pub(super) gap: Gap,
    pub(super) told: Vec<v1::Envelope>,
}

/// Gaps that wait, and those that are being asked for.
#[derive(Debug, Default)]
pub(super) struct Backfill {
    gaps: VecDeque<Gap>,
    asked: JoinSet<Filled>,
}

impl Backfill {
    /// One more gap. Too short for a window, or older than what is kept, it stays as it is.
    pub(super) fn add(&mut self, gap: Gap) {
        let for_s = gap.to_us.saturating_sub(gap.from_us) / 1_000_000;
        if for_s >= WINDOW_S && self.gaps.len() < GAPS_MAX {
            let from_us = gap.from_us.max(gap.to_us.saturating_sub(KEPT_S * 1_000_000));
            self.gaps.push_back(Gap { from_us, ..gap });
        }
    }

    /// Asks for the next gaps of nodes to which there is a way.
    pub(super) fn go_on(&mut self, way: impl Fn(&str) -> Option<AgentClient<Channel>>) {
        while self.asked.len() < AT_ONCE
            && let Some(gap) = self.gaps.pop_front()
        {
            if let Some(client) = way(&gap.node) {
                self.asked.spawn(ask(client, gap));
            }
        }
    }

    /// The next answer; waits for ever where nothing is asked.
    pub(super) async fn next(&mut self) -> Filled {
        loop {
            match self.asked.join_next().await {
                Some(Ok(filled)) => return filled,
                Some(Err(error)) => tracing::error!(%error, "asking for a gap failed"),
                None => std::future::pending().await,
            }
        }
    }
}

async fn ask(mut client: AgentClient<Channel>, gap: Gap) -> Filled {
    let mut told = Vec::new();
    let request = HistoryRequest {
        version: Some(wire::version()),
        from_us: Some(gap.from_us),
        to_us: Some(gap.to_us),
        max_points: Some((KEPT_S / WINDOW_S) as u32),
        node: None,
    };
    let asking = async {
        let mut events = client.history(request).await?.into_inner();
        while let Some(envelope) = events.message().await? {
            if Carries::of(&envelope) == Carries::Rollup && told.len() <= (KEPT_S / WINDOW_S) as usize {
                told.push(envelope);
            }
        }
        Ok::<(), tonic::Status>(())
    };
    match timeout(PATIENCE, asking).await {
        Ok(Ok(())) => {}
        // An agent without a black box is no trouble.
        Ok(Err(status)) => tracing::debug!(node = %gap.node, reason = status.message(), "a gap stays"),
        Err(_) => tracing::debug!(node = %gap.node, "a gap stays: no answer"),
    }
    Filled { gap, told }
}

/// The windows of ten seconds that were told: the second after their end by the node's wall clock, and the mean of each
/// severity, per mille.
pub(super) fn windows(told: &[v1::Envelope]) -> impl Iterator<Item = (u64, [Option<u32>; 4])> {
    told.iter().filter_map(|envelope| {
        let Some(Kind::Rollup(rollup)) = envelope.kind() else { return None };
        let end_s = rollup.wall_us? / 1_000_000;
        let mean = |summary: &Option<v1::Summary>| summary.as_ref()?.mean;
        let means = [mean(&rollup.sched), mean(&rollup.mem), mean(&rollup.queue), mean(&rollup.rate)];
        (rollup.window_us == Some(WINDOW_S * 1_000_000)).then_some((end_s, means))
    })
}
