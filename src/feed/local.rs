//! This host: through its agent's socket where one answers at once, else through an agent inside this program.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use midair_agent::{Agent, Config, listen::default_sockets};
use midair_proto::v1;
use midair_tls::Connector;
use tokio::time::timeout;

use crate::{clock::Clock, event::INSECURE, wire};

use super::live::{Reach, Secured, Target, dial};

/// An agent that has not answered by then is not waited for.
const AT_ONCE: Duration = Duration::from_millis(50);

/// The way to this host, and why it is this one.
pub async fn this_host(config: Config, is_embedded: bool) -> anyhow::Result<Target> {
    if is_embedded {
        return embedded(config, "embedded agent (asked for)");
    }
    match answering(default_sockets()).await {
        Some(path) => Ok(socket(path)),
        None => embedded(config, "embedded agent (no local agent answers)"),
    }
}

/// The agent of this host that runs by itself, where one answers.
pub async fn agent() -> Option<Target> {
    answering(default_sockets()).await.map(socket)
}

/// Who uses this program, as others are told.
pub fn user() -> String {
    std::env::var("USER").unwrap_or_else(|_| "somebody".to_owned())
}

/// An agent behind a socket.
pub fn socket(path: PathBuf) -> Target {
    let address: Arc<str> = format!("unix:{}", path.display()).into();
    Target { note: address.clone(), address, reach: Reach::Unix(path) }
}

/// An agent behind a TCP address, whom nobody vouches for.
pub fn tcp(address: String) -> Target {
    Target { address: address.as_str().into(), note: INSECURE.into(), reach: Reach::Tcp(address) }
}

/// An agent behind a TCP address, who shows a certificate and is shown ours.
pub fn tls(address: String, connector: Connector, clock: Clock) -> Target {
    let reach = Reach::Tls(Secured { address: address.clone(), connector, clock });
    Target { address: address.into(), note: "tls".into(), reach }
}

/// An agent inside this program. It lives as long as its target: the way to it holds it.
pub fn embedded(config: Config, note: &str) -> anyhow::Result<Target> {
    let agent = Agent::start(config).context("cannot start the embedded agent")?;
    Ok(Target {
        address: "embedded".into(),
        note: note.into(),
        reach: Reach::Memory(Arc::new(move || agent.connect())),
    })
}

/// The first socket behind which an agent answers at once and lets us in.
async fn answering(paths: Vec<PathBuf>) -> Option<PathBuf> {
    for path in paths {
        if path.exists() && timeout(AT_ONCE, answers(Reach::Unix(path.clone()))).await.unwrap_or(false) {
            return Some(path);
        }
    }
    None
}

async fn answers(reach: Reach) -> bool {
    let Ok(mut dialled) = dial::dial(&reach).await else { return false };
    dialled.client.describe(v1::DescribeRequest { version: Some(wire::version()) }).await.is_ok()
}
