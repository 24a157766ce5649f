//! A watch that is passed on: controls that the viewer may ask go to the agent, its events come back unread. A viewer that
//! stops reading stops this pipe alone; the agent then loses samples for it, says how many, and sends a key.

use midair_agent::{access::Access, pace::Pace};
use midair_proto::{
    CONTRACT,
    v1::{Control, Envelope, Hello, Version, agent_client::AgentClient, control},
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming, transport::Channel};

use super::{
    desk::Out,
    service::{PROGRAM, Shared},
};

/// Controls under way to an agent.
const CONTROLS_MAX: usize = 64;

/// What nobody may ask who is not known.
const INSECURE: &str =
    "this is for operators, and by --insecure nobody knows who you are; connect by TLS with an operator's certificate";

/// A viewer, and the node that it looks at.
pub(super) struct Pipe<'a> {
    pub(super) shared: &'a Shared,
    pub(super) access: Access,
    pub(super) node: &'a str,
    pub(super) out: &'a Out,
}

impl Pipe<'_> {
    /// Passes on until one side ends it.
    ///
    /// # Errors
    /// In words, where the agent cannot be watched, or no longer.
    pub(super) async fn run(
        &self,
        mut client: AgentClient<Channel>,
        viewer: String,
        controls: &mut Streaming<Control>,
    ) -> Result<(), String> {
        let (to_agent, outgoing) = mpsc::channel(CONTROLS_MAX);
        let version = Some(Version { contract: Some(CONTRACT), program: Some(PROGRAM.to_owned()) });
        let hello = control::Kind::Hello(Hello { version, viewer: Some(viewer), node: None });
        to_agent.try_send(Control { kind: Some(hello) }).expect("the channel was made with room for it");
        let lost = |status: &Status| format!("{} is no longer reached by this hub: {}", self.node, status.message());
        let opened = tokio::select! {
            opened = client.watch(ReceiverStream::new(outgoing)) => opened.map_err(|status| lost(&status))?,
            () = self.out.closed() => return Ok(()),
        };
        let mut events = opened.into_inner();
        let mut waiting: Option<Envelope> = None;
        let (mut says_more, mut pace) = (true, Pace::controls());
        loop {
            tokio::select! {
                event = events.message(), if waiting.is_none() => match event {
                    Ok(Some(envelope)) => waiting = Some(envelope),
                    Ok(None) => return Err(format!("the agent of {} has ended the watch", self.node)),
                    Err(status) => return Err(lost(&status)),
                },
                place = self.out.reserve(), if waiting.is_some() => match (place, waiting.take()) {
                    (Ok(place), Some(envelope)) => place.send(Ok(envelope)),
                    _ => return Ok(()),
                },
                control = controls.message(), if says_more => match control {
                    Ok(Some(control)) => {
                        self.shared.wait(&mut pace).await;
                        self.control(control, &to_agent)?;
                    }
                    Ok(None) => says_more = false,
                    Err(_) => return Ok(()),
                },
                () = self.out.closed() => return Ok(()),
            }
        }
    }

    fn control(&self, control: Control, to_agent: &mpsc::Sender<Control>) -> Result<(), String> {
        if let Some(Err(reason)) = control.kind.as_ref().map(|kind| self.may(kind)) {
            tracing::info!(node = self.node, reason, "control refused");
            let refusal = self.shared.refusal(number(&control), reason, false);
            // A viewer that lets events pile up learns of it by what does not happen.
            drop(self.out.try_send(Ok(refusal)));
            return Ok(());
        }
        to_agent.try_send(control).map_err(|_| format!("the agent of {} takes no more controls", self.node))
    }

    /// Whether the viewer may ask this of the agent, to which it is the hub that asks.
    fn may(&self, kind: &control::Kind) -> Result<(), String> {
        match kind {
            control::Kind::Hello(_)
            | control::Kind::Interest(_)
            | control::Kind::Table(_)
            | control::Kind::Focus(_)
            | control::Kind::Stop(_)
            | control::Kind::Echo(_) => Ok(()),
            control::Kind::Mark(_) => self.access.mark(),
            control::Kind::Budget(_) => self.access.operate("budgets", INSECURE),
            control::Kind::Trace(_) => self.access.operate("traces", INSECURE),
            control::Kind::Inspect(_) => self.access.operate("inspections", INSECURE),
        }
    }
}

/// The asker's number of what is asked.
fn number(control: &Control) -> Option<u32> {
    match control.kind.as_ref()? {
        control::Kind::Trace(request) => request.id,
        control::Kind::Inspect(request) => request.id,
        _ => None,
    }
}
