//! The gRPC service: checks who opens a watch, passes controls to the desk, and streams what the desk hands out.

use std::time::Duration;

use midair_proto::{
    CONTRACT,
    v1::{
        Control, DescribeRequest, Description, EchoReply, Envelope, Hello, HistoryRequest, Refused, agent_server,
        control, payload::Kind,
    },
};
use midair_tls::Role;
use tokio::sync::mpsc;
use tonic::{Request, Response, Status, Streaming};

use crate::{
    access::Access,
    black_box::Told,
    clock::Clock,
    desk::{Command, Door},
    encode,
    listen::{Peer, wait_of},
    outbox::{Outbox, Outgoing, outbox},
    pace::Pace,
};

/// A client that opens a watch says hello within this time, or is let go.
const HELLO_WITHIN: Duration = Duration::from_secs(10);

/// What a viewer says of itself is kept up to so many bytes: it stands in logs, marks and refusals.
const VIEWER_BYTES: usize = 128;

/// The service, as one door of the agent offers it.
#[derive(Clone, Debug)]
pub struct Service {
    door: Door,
    /// Of those who came without a certificate; `None`: nobody does.
    access: Option<Access>,
}

impl Service {
    /// For connections that never leave the host.
    pub fn local(door: Door) -> Self {
        Self { door, access: Some(Access::Local) }
    }

    /// For connections that are neither encrypted nor authenticated; the description says so.
    pub fn insecure(door: Door) -> Self {
        Self { door, access: Some(Access::Insecure) }
    }

    /// For connections by mutual TLS: certificates say who may do what.
    pub fn known(door: Door) -> Self {
        Self { door, access: None }
    }

    /// Who asks and what they may do, on each call anew. Waits where their connection asks too fast.
    async fn admit<T>(&self, request: &Request<T>, call: &str) -> Result<(Peer, Access), Status> {
        admit(request, self.door.clock(), self.access, call).await
    }
}

/// Who asks and what they may do; who came without a certificate has this access. A request waits whose connection asks too
/// fast: each costs an answer.
///
/// # Errors
/// In words, where they may not ask.
pub async fn admit<T>(
    request: &Request<T>,
    clock: &Clock,
    unknown: Option<Access>,
    call: &str,
) -> Result<(Peer, Access), Status> {
    let wait = wait_of(request, clock.mono_us());
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    let peer = Peer::of(request);
    let nobody = || Err(Status::unauthenticated("show a certificate"));
    let access = peer.access(clock).unwrap_or_else(|| unknown.map_or_else(nobody, Ok));
    access.map(|access| (peer.clone(), access)).inspect_err(|refused| {
        tracing::warn!(%peer, call, reason = refused.message(), "refused");
    })
}

/// Waits for the hello with which a watch begins; the error is what the client is told. Who answers is a `word` ("agent",
/// "hub") and a program.
///
/// # Errors
/// In words, where none comes, or one of another contract.
pub async fn hello(controls: &mut Streaming<Control>, (word, ours): (&str, &str)) -> Result<Hello, String> {
    let first = tokio::time::timeout(HELLO_WITHIN, controls.message()).await;
    let control = match first {
        Err(_) => return Err(format!("no hello came within {} s", HELLO_WITHIN.as_secs())),
        Ok(Err(status)) => return Err(format!("the first control could not be read: {}", status.message())),
        Ok(Ok(None)) => return Err("the watch was closed before a hello".into()),
        Ok(Ok(Some(control))) => control,
    };
    let Some(control::Kind::Hello(hello)) = control.kind else {
        return Err("the first control must be a hello with the client's version".into());
    };
    let contract = hello.version.as_ref().and_then(|version| version.contract);
    if contract == Some(CONTRACT) {
        let viewer = hello.viewer.map(cut);
        return Ok(Hello { viewer, ..hello });
    }
    let theirs = contract.map_or("no contract".to_owned(), |n| format!("contract {n}"));
    let program = hello.version.and_then(|version| version.program).map_or_else(|| "the client".into(), cut);
    let older = if contract.unwrap_or(0) < CONTRACT { "client" } else { word };
    Err(format!("{program} speaks {theirs}, this {word} ({ours}) speaks contract {CONTRACT}; upgrade the {older}"))
}

#[tonic::async_trait]
impl agent_server::Agent for Service {
    type WatchStream = Outgoing;
    type HistoryStream = Told;

    async fn describe(&self, request: Request<DescribeRequest>) -> Result<Response<Description>, Status> {
        let (peer, access) = self.admit(&request, "describe").await?;
        tracing::info!(%peer, "describe");
        let (reply, answer) = tokio::sync::oneshot::channel();
        self.door.send(Command::Describe { reply, is_insecure: access.is_insecure() }).await?;
        answer.await.map(Response::new).map_err(|_| Status::unavailable("the agent is stopping"))
    }

    async fn watch(&self, request: Request<Streaming<Control>>) -> Result<Response<Self::WatchStream>, Status> {
        let (peer, access) = self.admit(&request, "watch").await?;
        let (outbox, outgoing) = outbox();
        let visit = Visit { door: self.door.clone(), access, peer };
        tokio::spawn(visit.serve(request.into_inner(), outbox));
        Ok(Response::new(outgoing))
    }

    async fn history(&self, request: Request<HistoryRequest>) -> Result<Response<Self::HistoryStream>, Status> {
        let (peer, _) = self.admit(&request, "history").await?;
        let request = request.into_inner();
        tracing::info!(%peer, from_us = request.from_us, to_us = request.to_us, points = request.max_points, "history");
        let Some(histories) = self.door.histories() else {
            return Err(Status::unimplemented(
                "this agent keeps no history: its black box is off; watch it, and record what you see",
            ));
        };
        histories.answer(&request, &self.door).await.map(Response::new)
    }
}

/// One watcher, from its first control to its last.
struct Visit {
    door: Door,
    access: Access,
    peer: Peer,
}

impl Visit {
    async fn serve(self, mut controls: Streaming<Control>, outbox: Outbox) {
        let words = outbox.words();
        let hello = match hello(&mut controls, ("agent", encode::PROGRAM)).await {
            Ok(hello) => hello,
            Err(reason) => return self.turn_away(&words, reason),
        };
        let id = self.door.next_watcher();
        let says = hello.viewer.unwrap_or_default();
        tracing::info!(watcher = id.0, viewer = says, peer = %self.peer, "watch opened");
        // What a certificate says of somebody stands before what they say; of whom a hub asks for, the hub tells.
        let is_for_another = self.access == Access::As(Role::Hub) && !says.is_empty();
        let certified = self.peer.name().filter(|_| !is_for_another);
        let viewer = certified.map_or(says, |name| cut(name.to_owned()));
        let join = Command::Join { id, outbox, viewer, access: self.access };
        if self.door.send(join).await.is_err() {
            return;
        }
        self.pass_on(&mut controls, id, &words).await;
    }

    fn turn_away(&self, words: &mpsc::Sender<Envelope>, reason: String) {
        tracing::warn!(peer = %self.peer, reason, "watch refused");
        let refused = Refused { id: None, reason: Some(reason), fatal: Some(true) };
        // The outbox is empty; a client that has gone misses nothing.
        drop(words.try_send(self.door.envelope(Kind::Refused(refused))));
    }

    /// Passes controls on until the client goes. A client that merely says no more goes on watching.
    async fn pass_on(
        &self,
        controls: &mut Streaming<Control>,
        id: crate::desk::WatcherId,
        words: &mpsc::Sender<Envelope>,
    ) {
        let mut pace = Pace::controls();
        loop {
            // Whoever floods waits here, and its client with it: each control costs the desk an answer.
            if let wait_us @ 1.. = pace.wait_us(self.door.clock().mono_us()) {
                tokio::time::sleep(Duration::from_micros(wait_us)).await;
            }
            let kind = match controls.message().await {
                Ok(Some(control)) => control.kind,
                Ok(None) => return,
                Err(status) => {
                    tracing::debug!(watcher = id.0, status = status.message(), "controls ended");
                    break;
                }
            };
            let sent = match kind {
                // Answered here: the way to the desk and back would be in the round trip.
                Some(control::Kind::Echo(echo)) => {
                    let wall_us = Some(self.door.clock().wall_us());
                    let reply = EchoReply { sent_us: echo.sent_us, wall_us };
                    // Full: an echo that would answer late measures nothing. Gone: nobody asks.
                    drop(words.try_send(self.door.envelope(Kind::Echo(reply))));
                    Ok(())
                }
                Some(kind) => self.door.send(Command::Control(id, kind)).await,
                None => {
                    let reason =
                        Some("a control of a kind that this agent does not know; upgrade the agent".to_owned());
                    let refused = Refused { id: None, reason, fatal: Some(false) };
                    drop(words.try_send(self.door.envelope(Kind::Refused(refused))));
                    Ok(())
                }
            };
            if sent.is_err() {
                return;
            }
        }
        // The desk may have stopped; then there is nothing left to leave.
        drop(self.door.send(Command::Leave(id)).await);
    }
}

fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(VIEWER_BYTES));
    text
}
