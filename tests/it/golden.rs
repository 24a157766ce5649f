//! What an agent from before there were hubs said, kept as it wrote it: programs of today take it as theirs.
//!
//! `golden/before-hubs.midair` is a recording that `midair record` of then made of an agent of then.

use std::{path::Path, pin::Pin, sync::Arc};

use midair::{
    entry::{Entry, Item},
    event::{Event, Stamp},
    wire::Decoder,
};
use midair_proto::v1::{self, Envelope, Payload, agent_server};
use midair_recording::{Body, read_all};
use prost::Message as _;
use tokio_stream::{Stream, StreamExt as _, wrappers::TcpListenerStream};
use tonic::{Request, Response, Status, Streaming, transport::Server};

use crate::{
    network::{Hub, wait},
    support::viewer::Viewer,
};

/// All that the agent said, in bytes.
fn said() -> Vec<(u64, Vec<u8>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden/before-hubs.midair");
    let (entries, damage) = read_all(&std::fs::read(path).expect("it is kept")).expect("a recording");
    assert_eq!(damage, []);
    let envelope = |entry: midair_recording::Entry| match entry.body {
        Body::Envelope { bytes, .. } if !entry.is_standing => Some((entry.wall_us, bytes.to_vec())),
        _ => None,
    };
    entries.into_iter().filter_map(envelope).collect()
}

#[test]
fn what_an_agent_said_before_there_were_hubs_means_as_much_today() {
    let (mut decoder, mut n_samples, mut names) = (Decoder::default(), 0, Vec::new());
    for (at_us, bytes) in said() {
        let envelope = Envelope::decode(bytes.as_slice()).expect("an envelope");
        assert_eq!(envelope.encode_to_vec(), bytes, "no field of it is lost or has another number");
        let payload = envelope.payload.clone().expect("a payload");
        assert_eq!(Payload::decode(payload.clone()).expect("a payload").encode_to_vec(), payload);
        let item = Item::Envelope("old:7070".into(), Arc::new(envelope));
        for stamped in decoder.decode(&Entry { at: Stamp(at_us), item }) {
            match stamped.event {
                Event::Described(described) => names.push(described.name.to_string()),
                Event::Sample(sample) => {
                    assert!(sample.reading.mem_total_bytes.is_some() && !sample.tasks.is_empty());
                    n_samples += 1;
                }
                Event::Malformed { .. } | Event::Gap(_) => panic!("{:?}", stamped.event),
                _ => {}
            }
        }
    }
    assert!(n_samples >= 4 && names.iter().all(|name| name == "chat-0000"), "{n_samples} of {names:?}");
}

/// An agent that says what was said then.
struct Old;

type Events = Pin<Box<dyn Stream<Item = Result<Envelope, Status>> + Send>>;

#[tonic::async_trait]
impl agent_server::Agent for Old {
    type WatchStream = Events;
    type HistoryStream = Events;

    async fn describe(&self, _: Request<v1::DescribeRequest>) -> Result<Response<v1::Description>, Status> {
        Err(Status::unimplemented("nobody asks"))
    }

    async fn watch(&self, _: Request<Streaming<v1::Control>>) -> Result<Response<Events>, Status> {
        let envelopes = said().into_iter().map(|(_, bytes)| Envelope::decode(bytes.as_slice()));
        let envelopes = envelopes.map(|envelope| envelope.map_err(|error| Status::internal(error.to_string())));
        Ok(Response::new(Box::pin(tokio_stream::iter(envelopes).chain(tokio_stream::pending()))))
    }

    async fn history(&self, _: Request<v1::HistoryRequest>) -> Result<Response<Events>, Status> {
        Err(Status::unimplemented("it keeps none"))
    }
}

#[test]
fn a_hub_watches_an_agent_from_before_there_were_hubs() {
    let (listening, listens) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            listening.send(listener.local_addr().expect("an address").to_string()).expect("the test waits");
            let (service, incoming) = (agent_server::AgentServer::new(Old), TcpListenerStream::new(listener));
            Server::builder().serve_with_incoming(service, incoming).await.expect("it serves");
        });
    });
    let address = listens.recv().expect("it listens");
    let hub = Hub::start(&[&address], &["--insecure"]);
    let viewer = Viewer::start(&hub.address, None).expect("a viewer");
    wait(&viewer, "it is heard", |seen| seen.hearing("chat-0000") == Some(v1::Hearing::Live));
}
