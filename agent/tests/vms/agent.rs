//! The agent's binary, and what a watcher of it knows.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use hyper_util::rt::TokioIo;
use midair_proto::{
    CONTRACT,
    delta::Delta,
    v1::{
        Control, Details, Envelope, Focus, Hello, InspectRequest, Inspected, Interest, Keeps, Order, Payload, Refused,
        Rows, Runtime, Source, Stream, TableQuery, Task, TaskId, TaskKind, TraceRequest, Traced, Version, Vm,
        agent_client::AgentClient, control, payload,
    },
};
use prost::Message;
use tempfile::TempDir;
use tokio::{net::UnixStream, sync::mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Streaming, transport::Endpoint};

use crate::vm::LONG;

/// A running agent and a watch of it.
pub(crate) struct Watched {
    /// `None` where it is another watcher's.
    child: Option<Child>,
    folder: TempDir,
    controls: mpsc::Sender<Control>,
    events: Streaming<Envelope>,
    pub(crate) runtimes: Vec<Runtime>,
    pub(crate) sources: Vec<Source>,
    pub(crate) vms: BTreeMap<u32, Vm>,
    pub(crate) rows: Option<Rows>,
    pub(crate) names: BTreeMap<u32, String>,
    pub(crate) details: Option<Details>,
    pub(crate) traced: Option<Traced>,
    pub(crate) inspected: Option<Inspected>,
    pub(crate) refused: Option<Refused>,
    pub(crate) marks: Vec<String>,
}

impl Watched {
    /// With these arguments more.
    pub(crate) async fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("agent.sock");
        let child = Command::new(env!("CARGO_BIN_EXE_midair-agent"))
            .args(["--node", "node-1", "--budget", "off", "--black-box", "off", "--socket"])
            .arg(&socket)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let start = Instant::now();
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            assert!(start.elapsed() < LONG, "the agent listens");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Self::watch(Some(child), folder).await
    }

    /// Somebody else who comes to watch the same agent, which goes on for as long as the first one does.
    pub(crate) async fn another(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(self.folder.path().join("agent.sock"), folder.path().join("agent.sock")).unwrap();
        Self::watch(None, folder).await
    }

    async fn watch(child: Option<Child>, folder: TempDir) -> Self {
        let (controls, events) = watch(folder.path().join("agent.sock")).await;
        let mut watched = Self {
            child,
            folder,
            controls,
            events,
            runtimes: Vec::new(),
            sources: Vec::new(),
            vms: BTreeMap::new(),
            rows: None,
            names: BTreeMap::new(),
            details: None,
            traced: None,
            inspected: None,
            refused: None,
            marks: Vec::new(),
        };
        let interest = Interest { stream: Some(Stream::Detail.into()), interval_ms: Some(1000), ..Interest::default() };
        watched.ask(control::Kind::Interest(interest)).await;
        let kinds = vec![TaskKind::Erlang.into()];
        let order = Some(Order::Severity.into());
        let query = TableQuery { id: Some(1), kinds, order, limit: Some(400), ..TableQuery::default() };
        watched.ask(control::Kind::Table(query)).await;
        watched
    }

    pub(crate) async fn ask(&mut self, kind: control::Kind) {
        self.controls.send(Control { kind: Some(kind) }).await.unwrap();
    }

    /// Looks closely at a process from now on.
    pub(crate) async fn focus(&mut self, task: TaskId) {
        self.details = None;
        self.ask_focus(task).await;
    }

    pub(crate) async fn ask_focus(&mut self, task: TaskId) {
        self.ask(control::Kind::Focus(Focus { id: Some(2), task: Some(task) })).await;
    }

    /// Traces a process.
    pub(crate) async fn trace(&mut self, task: TaskId) {
        let request = TraceRequest { id: Some(3), task: Some(task), seconds: Some(1), most: Some(5000) };
        self.ask(control::Kind::Trace(request)).await;
    }

    /// Inspects a process.
    pub(crate) async fn inspect(&mut self, task: TaskId, what: Keeps) {
        let request = InspectRequest { id: Some(4), task: Some(task), what: Some(what.into()) };
        self.ask(control::Kind::Inspect(request)).await;
    }

    /// The next refusal, in words.
    pub(crate) async fn refusal(&mut self) -> String {
        let refused = self.until("a refusal", |w| w.refused.clone()).await;
        self.refused = None;
        refused.reason.unwrap()
    }

    /// Folds events until something is so.
    pub(crate) async fn until<T>(&mut self, what: &str, found: impl Fn(&Self) -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            if let Some(found) = found(self) {
                return found;
            }
            assert!(start.elapsed() < LONG, "not seen: {what}; {:?}, marks {:?}", self.runtimes, self.marks);
            let event = tokio::time::timeout(LONG, self.events.message()).await.expect("events come");
            self.fold(&event.unwrap().expect("the watch goes on"));
        }
    }

    fn fold(&mut self, envelope: &Envelope) {
        match Payload::decode(envelope.payload.clone().unwrap()).unwrap().kind.unwrap() {
            payload::Kind::Sample(sample) => {
                if envelope.key == Some(true) {
                    self.vms.clear();
                }
                if let Some(node) = sample.node {
                    self.runtimes = node.runtimes.map_or_else(|| std::mem::take(&mut self.runtimes), |all| all.runtime);
                    self.sources = node.sources.map_or_else(|| std::mem::take(&mut self.sources), |all| all.source);
                }
                for vm in sample.vms {
                    let runtime = vm.runtime.unwrap();
                    match self.vms.get_mut(&runtime) {
                        Some(known) => known.apply(vm),
                        None => drop(self.vms.insert(runtime, vm)),
                    }
                }
                self.vms.retain(|runtime, _| !sample.vms_left.contains(runtime));
            }
            payload::Kind::Rows(rows) => {
                self.names = rows.names.iter().map(|name| (name.id.unwrap(), name.text.clone().unwrap())).collect();
                self.rows = Some(rows);
            }
            payload::Kind::Details(details) => self.details = Some(details),
            payload::Kind::Traced(traced) => self.traced = Some(traced),
            payload::Kind::Inspected(inspected) => self.inspected = Some(inspected),
            payload::Kind::Refused(refused) => self.refused = Some(refused),
            payload::Kind::Mark(mark) => self.marks.push(mark.text.unwrap()),
            _ => {}
        }
    }

    /// What is said of a VM, by its name.
    pub(crate) fn vm(&self, name: &str) -> Option<&Vm> {
        self.vms.values().find(|vm| vm.name.as_deref() == Some(name))
    }

    /// Its runtime.
    pub(crate) fn runtime(&self, name: &str) -> Option<&Runtime> {
        self.runtimes.iter().find(|runtime| runtime.name.as_deref() == Some(name))
    }

    /// The row of an Erlang process, by its registered name.
    pub(crate) fn row(&self, name: &str) -> Option<&Task> {
        let is_it = |task: &&Task| task.name.and_then(|id| self.names.get(&id)).is_some_and(|text| text == name);
        self.rows.as_ref()?.tasks.iter().find(is_it)
    }

    /// The process of the agent.
    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Ends it without a word.
    pub(crate) fn kill(&mut self) {
        if let Some(child) = &mut self.child {
            drop((child.kill(), child.wait()));
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn watch(socket: PathBuf) -> (mpsc::Sender<Control>, Streaming<Envelope>) {
    let connect = move |_| {
        let socket = socket.clone();
        async move { UnixStream::connect(socket).await.map(TokioIo::new) }
    };
    let endpoint = Endpoint::from_static("http://unix.invalid");
    let mut client = AgentClient::new(endpoint.connect_with_connector(tower::service_fn(connect)).await.unwrap());
    let (controls, receiver) = mpsc::channel(16);
    let version = Version { contract: Some(CONTRACT), program: Some("test 1.0".into()) };
    let hello = control::Kind::Hello(Hello { version: Some(version), viewer: Some("ann@test".into()), node: None });
    controls.send(Control { kind: Some(hello) }).await.unwrap();
    let events = client.watch(ReceiverStream::new(receiver)).await.unwrap().into_inner();
    (controls, events)
}
