//! The service as a hub speaks it: batches for who asks for the cluster, and calls that name a node go on to its agent.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use midair_agent::{access::Access, identity::Identity, listen::Peer, pace::Pace, service};
use midair_proto::{
    CONTRACT,
    v1::{
        Control, DescribeRequest, Description, EchoReply, Envelope, Hello, HistoryRequest, Refused, Scope, Version,
        agent_server, control, payload::Kind,
    },
};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Code, Request, Response, Status, Streaming};

use crate::clock::Clock;

use super::{
    desk::{Ask, EVENTS_MAX, Out, event},
    pipe::Pipe,
};

/// Name and version of this program.
pub(super) const PROGRAM: &str = concat!("midair hub ", env!("CARGO_PKG_VERSION"));

/// Watches that are passed on at once, of all viewers together.
const PASSED_MAX: usize = 16_384;

/// The service, as one door of the hub offers it.
#[derive(Clone, Debug)]
pub(super) struct Service {
    pub(super) shared: Arc<Shared>,
    /// Of those who came without a certificate; `None`: nobody does.
    pub(super) access: Option<Access>,
}

/// What all calls need.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) identity: Arc<Identity>,
    pub(super) clock: Clock,
    /// The clock of doors and certificates.
    pub(super) host: midair_agent::Clock,
    pub(super) asks: mpsc::Sender<Ask>,
    pub(super) passed: Arc<Semaphore>,
    n_watches: AtomicU64,
}

impl Shared {
    /// For a hub with this way to its desk.
    pub(super) fn new(
        identity: Arc<Identity>,
        clock: Clock,
        host: midair_agent::Clock,
        asks: mpsc::Sender<Ask>,
    ) -> Self {
        let passed = Arc::new(Semaphore::new(PASSED_MAX));
        Self { identity, clock, host, asks, passed, n_watches: AtomicU64::new(1) }
    }

    /// How many watches are passed on now.
    pub(super) fn n_passed(&self) -> usize {
        PASSED_MAX - self.passed.available_permits()
    }

    /// Lets a watcher wait that asks too fast.
    pub(super) async fn wait(&self, pace: &mut Pace) {
        if let wait_us @ 1.. = pace.wait_us(self.host.mono_us()) {
            tokio::time::sleep(Duration::from_micros(wait_us)).await;
        }
    }

    /// Asks the desk.
    pub(super) async fn ask<T>(&self, question: impl FnOnce(oneshot::Sender<T>) -> Ask) -> Result<T, Status> {
        let stopping = || Status::unavailable("the hub is stopping");
        let (reply, answer) = oneshot::channel();
        self.asks.send(question(reply)).await.map_err(|_| stopping())?;
        answer.await.map_err(|_| stopping())
    }

    fn event(&self, kind: Kind) -> Envelope {
        event(&self.identity, self.clock, &self.host, kind)
    }

    /// That a control is not carried out.
    pub(super) fn refusal(&self, id: Option<u32>, reason: String, is_fatal: bool) -> Envelope {
        self.event(Kind::Refused(Refused { id, reason: Some(reason), fatal: Some(is_fatal) }))
    }

    /// The event by which a hub says who it is.
    pub(super) fn described(&self, access: Access) -> Envelope {
        self.event(Kind::Described(self.description(access)))
    }

    fn description(&self, access: Access) -> Description {
        let identity = &self.identity;
        Description {
            version: Some(Version { contract: Some(CONTRACT), program: Some(PROGRAM.to_owned()) }),
            node: Some(identity.node.clone()),
            name: Some(identity.name.clone()),
            boot_id: Some(identity.boot_id.clone()),
            instance: Some(identity.instance.clone()),
            system: Some(identity.system.clone()),
            user: Some(identity.user.clone()),
            capabilities: vec!["hub".to_owned()],
            insecure: Some(access.is_insecure()),
            ..Description::default()
        }
    }
}

#[tonic::async_trait]
impl agent_server::Agent for Service {
    type WatchStream = ReceiverStream<Result<Envelope, Status>>;
    type HistoryStream = Pin<Box<dyn Stream<Item = Result<Envelope, Status>> + Send>>;

    async fn describe(&self, request: Request<DescribeRequest>) -> Result<Response<Description>, Status> {
        let (peer, access) = service::admit(&request, &self.shared.host, self.access, "describe").await?;
        tracing::info!(%peer, "describe");
        Ok(Response::new(self.shared.description(access)))
    }

    async fn watch(&self, request: Request<Streaming<Control>>) -> Result<Response<Self::WatchStream>, Status> {
        let (peer, access) = service::admit(&request, &self.shared.host, self.access, "watch").await?;
        let (out, events) = mpsc::channel(EVENTS_MAX);
        let visit = Visit { shared: self.shared.clone(), access, peer };
        tokio::spawn(visit.serve(request.into_inner(), out));
        Ok(Response::new(ReceiverStream::new(events)))
    }

    async fn history(&self, request: Request<HistoryRequest>) -> Result<Response<Self::HistoryStream>, Status> {
        let (peer, _) = service::admit(&request, &self.shared.host, self.access, "history").await?;
        let mut request = request.into_inner();
        let (from_us, to_us, points) = (request.from_us, request.to_us, request.max_points);
        let Some(node) = request.node.take() else {
            return Err(Status::unimplemented("a hub has no past of its own; name the node whose past is wanted"));
        };
        tracing::info!(%peer, node, from_us, to_us, points, "history");
        let way = self.shared.ask(|reply| Ask::Reach { node: node.clone(), reply }).await?;
        if let Ok(mut client) = way {
            match client.history(request).await {
                Ok(told) => return Ok(Response::new(Box::pin(told.into_inner()))),
                // What says no more than that its agent is not there is for the hub to answer.
                Err(status) if matches!(status.code(), Code::Unavailable | Code::Unknown | Code::Cancelled) => {}
                Err(status) => return Err(status),
            }
        }
        let range_us = (from_us.unwrap_or(0), to_us.unwrap_or(u64::MAX));
        let told = self.shared.ask(|reply| Ask::Past { node, range_us, reply }).await?;
        Ok(Response::new(Box::pin(tokio_stream::iter(told.into_iter().map(Ok)))))
    }
}

/// One watcher, from its first control to its last.
struct Visit {
    shared: Arc<Shared>,
    access: Access,
    peer: Peer,
}

impl Visit {
    async fn serve(self, mut controls: Streaming<Control>, out: Out) {
        let refused = match service::hello(&mut controls, ("hub", PROGRAM)).await {
            Ok(hello) => self.welcome(hello, &mut controls, &out).await,
            Err(reason) => Err(reason),
        };
        if let Err(reason) = refused {
            tracing::warn!(peer = %self.peer, reason, "watch refused");
            // Who has gone misses nothing.
            drop(out.try_send(Ok(self.shared.refusal(None, reason, true))));
        }
    }

    async fn welcome(&self, hello: Hello, controls: &mut Streaming<Control>, out: &Out) -> Result<(), String> {
        let says = hello.viewer.unwrap_or_default();
        let Some(node) = hello.node else {
            let id = self.shared.n_watches.fetch_add(1, Ordering::Relaxed);
            tracing::info!(watch = id, viewer = says, peer = %self.peer, "watch opened");
            self.fleet(id, controls, out).await;
            tracing::info!(watch = id, "watch closed");
            return Ok(());
        };
        let Ok(_place) = self.shared.passed.clone().try_acquire_owned() else {
            return Err(format!("this hub passes on {PASSED_MAX} watches already; close some"));
        };
        let way = self.shared.ask(|reply| Ask::Reach { node: node.clone(), reply }).await;
        let client = way.map_err(|status| status.message().to_owned())??;
        let who = self.peer.name().map_or(says, str::to_owned);
        tracing::info!(node, viewer = who, peer = %self.peer, "watch passed on");
        let hub = &self.shared.identity.name;
        let viewer = match self.access {
            Access::As(role) => format!("{who} ({role}) via hub {hub}"),
            Access::Local | Access::Insecure => format!("{who} via hub {hub}"),
        };
        let pipe = Pipe { shared: &self.shared, access: self.access, node: &node, out };
        let ended = pipe.run(client, viewer, controls).await;
        tracing::info!(node, viewer = who, "watch no longer passed on");
        ended
    }

    /// Answers a watch on the hub itself until the client goes. One that merely says no more goes on watching.
    async fn fleet(&self, id: u64, controls: &mut Streaming<Control>, out: &Out) {
        let mut is_there = out.try_send(Ok(self.shared.described(self.access))).is_ok();
        let mut pace = Pace::controls();
        while is_there {
            self.shared.wait(&mut pace).await;
            is_there = match controls.message().await {
                Ok(Some(Control { kind: Some(kind) })) => self.control(id, kind, out).await,
                Ok(Some(Control { kind: None })) => true,
                Ok(None) => return out.closed().await,
                Err(_) => false,
            };
        }
        // A desk that has stopped tells nobody any more.
        drop(self.shared.asks.send(Ask::Leave { viewer: id }).await);
    }

    /// Carries out a control; false when nobody listens any more.
    async fn control(&self, id: u64, kind: control::Kind, out: &Out) -> bool {
        let refused = match kind {
            control::Kind::Echo(echo) => {
                let wall_us = Some(self.shared.clock.now().0);
                let reply = self.shared.event(Kind::Echo(EchoReply { sent_us: echo.sent_us, wall_us }));
                // An echo that would answer late measures nothing.
                drop(out.try_send(Ok(reply)));
                return !out.is_closed();
            }
            control::Kind::Interest(interest) if interest.scope() == Scope::Cluster => {
                return self.shared.asks.send(Ask::Fleet { viewer: id, out: out.clone() }).await.is_ok();
            }
            // Who does not know yet that this is a hub asks for what agents have.
            control::Kind::Interest(_) | control::Kind::Stop(_) | control::Kind::Hello(_) => return true,
            control::Kind::Table(query) => query.id,
            control::Kind::Focus(focus) => focus.id,
            control::Kind::Trace(request) => request.id,
            control::Kind::Inspect(request) => request.id,
            control::Kind::Mark(_) | control::Kind::Budget(_) => None,
        };
        let reason = "this is a hub: what is asked of a node is asked on a watch that names it".to_owned();
        drop(out.try_send(Ok(self.shared.refusal(refused, reason, false))));
        !out.is_closed()
    }
}
