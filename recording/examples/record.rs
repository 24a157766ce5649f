//! Records what an agent says: `record SOCKET SECONDS FILE.midair`. The smallest program that uses the writer.

use std::{
    env,
    fs::File,
    io,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use anyhow::{Context, bail};
use hyper_util::rt::TokioIo;
use midair_proto::{
    CONTRACT,
    v1::{self, Control, Hello, Interest, RecordingHeader, Scope, Stream, Version, agent_client::AgentClient, control},
};
use midair_recording::{Options, Writer};
use prost::Message;
use tokio::{net::UnixStream, time::timeout};
use tonic::transport::{Channel, Endpoint};

const LINK: &str = "agent";

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [socket, seconds, file] = arguments.as_slice() else { bail!("record SOCKET SECONDS FILE.midair") };
    let seconds = Duration::from_secs(seconds.parse().context("a number of seconds")?);
    let file = File::create(file).with_context(|| format!("cannot make {file}"))?;
    let mut client = dial(socket.into()).await?;
    let (controls, receiver) = tokio::sync::mpsc::channel(4);
    for kind in opening() {
        controls.send(Control { kind: Some(kind) }).await?;
    }
    let mut events = client.watch(tokio_stream::wrappers::ReceiverStream::new(receiver)).await?.into_inner();
    let began_us = wall_us();
    let header = RecordingHeader {
        program: Some("record".into()),
        why: Some("an example".into()),
        wall_us: Some(began_us),
        ..RecordingHeader::default()
    };
    let mut writer = Writer::new(file, &header, began_us, Options::default())?;
    let listening = timeout(seconds, async {
        while let Some(envelope) = events.message().await? {
            take(&mut writer, &envelope)?;
        }
        Ok::<(), anyhow::Error>(())
    });
    // An agent that goes away ends it too, and what was recorded stays.
    if let Ok(ended) = listening.await {
        ended?;
    }
    println!("{} entries in {} bytes", writer.n_entries(), writer.n_bytes());
    writer.finish()?;
    Ok(())
}

/// A block begins with a key, and each sample is flushed.
fn take(writer: &mut Writer<File>, envelope: &v1::Envelope) -> anyhow::Result<()> {
    let now = wall_us();
    if envelope.key() && writer.needs_block(now + 500_000) {
        writer.begin_block(now, now, true)?;
    }
    writer.envelope(now, LINK, &envelope.encode_to_vec())?;
    writer.flush_chunk()?;
    Ok(())
}

fn opening() -> [control::Kind; 2] {
    let version = Version { contract: Some(CONTRACT), program: Some("record".into()) };
    let interest =
        Interest { scope: Some(Scope::Node.into()), stream: Some(Stream::Detail.into()), interval_ms: Some(1_000) };
    let hello = Hello { version: Some(version), viewer: Some("record".into()), node: None };
    [control::Kind::Hello(hello), control::Kind::Interest(interest)]
}

async fn dial(socket: PathBuf) -> anyhow::Result<AgentClient<Channel>> {
    let io = UnixStream::connect(&socket).await.with_context(|| format!("cannot reach {}", socket.display()))?;
    let mut once = Some(TokioIo::new(io));
    let connector = tower::service_fn(move |_| {
        let io = once.take().ok_or_else(|| io::Error::from(io::ErrorKind::ConnectionReset));
        async move { io }
    });
    let channel = Endpoint::from_static("http://midair").connect_with_connector(connector).await?;
    Ok(AgentClient::new(channel))
}

#[expect(clippy::disallowed_methods, reason = "an example is its own shell")]
fn wall_us() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_micros()).unwrap_or(u64::MAX)
}
