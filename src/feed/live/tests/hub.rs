//! A hub that is played, and nodes that are followed through it.

use super::*;
use crate::{
    event::{self, Event},
    wire::fleet::script,
};

/// A hub on a connection in memory: it tells of three nodes once it is asked for all, and plays the agent of each.
#[derive(Clone)]
struct Hub {
    heard: mpsc::Sender<(Option<String>, v1::Control)>,
    /// Told to end all that it serves.
    ends: watch::Receiver<u32>,
}

impl Hub {
    async fn converse(self, mut controls: Streaming<v1::Control>, events: mpsc::Sender<Result<v1::Envelope, Status>>) {
        let Some(Ok(v1::Control { kind: Some(v1::control::Kind::Hello(hello)) })) = controls.next().await else {
            return;
        };
        let first = match &hello.node {
            None => script::envelope(Kind::Described(script::description())),
            Some(node) => v1::Envelope {
                node: Some(node.clone()),
                ..script::envelope(Kind::Described(v1::Description {
                    version: Some(v1::Version { contract: Some(CONTRACT), program: None }),
                    ..v1::Description::default()
                }))
            },
        };
        events.send(Ok(first)).await.unwrap();
        let mut ends = self.ends.clone();
        ends.mark_unchanged();
        loop {
            let control = tokio::select! {
                control = controls.next() => control,
                _ = ends.changed() => return,
            };
            let Some(Ok(control)) = control else { return };
            let is_all =
                matches!(&control.kind, Some(v1::control::Kind::Interest(i)) if i.scope() == v1::Scope::Cluster);
            if is_all {
                for part in script::key(1, &[0, 500, 0]) {
                    events.send(Ok(part)).await.unwrap();
                }
            }
            if self.heard.send((hello.node.clone(), control)).await.is_err() {
                return;
            }
        }
    }
}

#[tonic::async_trait]
impl agent_server::Agent for Hub {
    type WatchStream = Pin<Box<dyn Events<Item = Result<v1::Envelope, Status>> + Send>>;
    type HistoryStream = Self::WatchStream;

    async fn describe(&self, _: Request<v1::DescribeRequest>) -> Result<Response<v1::Description>, Status> {
        Ok(Response::new(script::description()))
    }

    async fn watch(&self, request: Request<Streaming<v1::Control>>) -> Result<Response<Self::WatchStream>, Status> {
        let (events, stream) = mpsc::channel(16);
        tokio::spawn(self.clone().converse(request.into_inner(), events));
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }

    async fn history(&self, request: Request<v1::HistoryRequest>) -> Result<Response<Self::HistoryStream>, Status> {
        let rollup = Kind::Rollup(v1::Rollup::default());
        let told = v1::Envelope { node: request.into_inner().node, ..script::envelope(rollup) };
        Ok(Response::new(Box::pin(tokio_stream::once(Ok(told)))))
    }
}

struct Scene {
    feed: Feed,
    heard: mpsc::Receiver<(Option<String>, v1::Control)>,
    end: watch::Sender<u32>,
}

impl Scene {
    fn new() -> Self {
        let (heard, hears) = mpsc::channel(1_024);
        let (end, ends) = watch::channel(0);
        let hub = Hub { heard, ends };
        let connect: Connect = Arc::new(move || {
            let (near, far) = tokio::io::duplex(1 << 20);
            let service = agent_server::AgentServer::new(hub.clone());
            let connection = tokio_stream::once(Ok::<_, std::io::Error>(far));
            tokio::spawn(Server::builder().serve_with_incoming(service, connection));
            near
        });
        let target = Target { address: "hub".into(), reach: Reach::Memory(connect), note: "".into() };
        Self { feed: watch(vec![target]), heard: hears, end }
    }

    /// The next control that the hub gets for a node and that this is.
    async fn heard(&mut self, node: &str, is_it: impl Fn(&v1::control::Kind) -> bool) {
        loop {
            let (to, control) = soon(self.heard.recv()).await;
            if to.as_deref() == Some(node) && control.kind.as_ref().is_some_and(&is_it) {
                return;
            }
        }
    }

    async fn fleet(&mut self) -> event::Fleet {
        let mut decoder = Decoder::default();
        loop {
            let entry = next(&mut self.feed).await;
            for told in decoder.decode(&entry) {
                if let Event::Fleet(fleet) = told.event {
                    return *fleet;
                }
            }
        }
    }

    fn follow(&self) -> NodeId {
        let (node, hub) = (NodeId::new("node-1"), "hub".into());
        let interest = Control::Interest { node: node.clone(), stream: Stream::Detail, interval_ms: 500 };
        assert!(self.feed.controls(vec![Control::Follow { node: node.clone(), hub }, interest]));
        node
    }
}

const FOLLOWED: &str = "hub > node-1";

fn is_detail(kind: &v1::control::Kind) -> bool {
    matches!(kind, v1::control::Kind::Interest(i) if i.stream() == v1::Stream::Detail && i.scope() == v1::Scope::Node)
}

#[tokio::test]
async fn a_hub_is_asked_for_all_nodes_and_a_node_is_followed_on_the_same_connection() {
    let mut scene = Scene::new();
    let fleet = scene.fleet().await;
    assert_eq!((fleet.nodes.len(), fleet.begins, fleet.ends), (3, true, true));
    let node = scene.follow();
    assert!(matches!(link(&mut scene.feed, FOLLOWED).await, LinkState::Up { .. }));
    scene.heard("node-1", is_detail).await;
    assert!(scene.feed.control(Control::Leave { node, hub: "hub".into() }));
    let (cause, _) = down(&mut scene.feed, FOLLOWED).await;
    assert_eq!(cause, Cause::Left);
    scene.follow();
    assert!(matches!(link(&mut scene.feed, FOLLOWED).await, LinkState::Up { .. }), "again, after it was left");
    scene.heard("node-1", is_detail).await;
}

#[tokio::test]
async fn when_a_hub_comes_back_who_is_followed_is_followed_on_and_what_was_asked_stands() {
    let mut scene = Scene::new();
    scene.fleet().await;
    scene.follow();
    assert!(matches!(link(&mut scene.feed, FOLLOWED).await, LinkState::Up { .. }));
    scene.heard("node-1", is_detail).await;
    scene.end.send(1).unwrap();
    let (cause, _) = down(&mut scene.feed, FOLLOWED).await;
    assert_eq!(cause, Cause::Reset);
    assert!(matches!(link(&mut scene.feed, FOLLOWED).await, LinkState::Up { .. }));
    scene.heard("node-1", is_detail).await;
}

#[tokio::test]
async fn the_past_of_a_node_that_is_not_followed_is_asked_of_the_hub() {
    let mut scene = Scene::new();
    scene.fleet().await;
    let node = NodeId::new("node-2");
    assert!(scene.feed.control(Control::History { node, id: 7, from_us: 1, to_us: 2, max_points: Some(9) }));
    loop {
        if let Item::Page(page) = next(&mut scene.feed).await.item {
            let crate::entry::Part::Told(told) = page.part else { panic!("told first: {page:?}") };
            assert_eq!((&*page.address, page.id, told[0].node.as_deref()), ("hub > node-2", 7, Some("node-2")));
            return;
        }
    }
}
