//! Real agents in this process, each at a socket of its own.

use std::{net::SocketAddr, path::Path, sync::Arc, thread::JoinHandle, time::Duration};

use midair_agent::{Agent, Config, config::Place, listen};
use midair_tls::{Acceptor, Credentials, Files, Roles};
use tokio::sync::oneshot;

/// An agent that is served until this is dropped.
pub(crate) struct Served {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    /// Serves an agent of this name at a socket; its black box is a folder.
    pub(crate) fn start(node: &str, labels: &[(&str, &str)], socket: &Path, black_box: &Path) -> Self {
        let mut config = Config {
            labels: labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            ..config(node)
        };
        config.black_box.place = Place::Directory(black_box.to_owned());
        let (stop, stopped) = oneshot::channel();
        let (listening, listens) = std::sync::mpsc::channel();
        let path = socket.to_owned();
        let serve = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let socket = listen::Socket::open(&path, None).await.expect("a socket");
                let agent = Agent::start(config).expect("the agent starts");
                listening.send(()).expect("the test waits");
                // That the sender is gone is a stop, too.
                let until = async { drop(stopped.await) };
                drop(listen::serve_unix(agent.door(), socket, until).await);
                agent.stop();
            });
        };
        let thread = std::thread::spawn(serve);
        listens.recv().expect("the agent listens");
        Self { stop: Some(stop), thread: Some(thread) }
    }
}

/// Four samples a second, whatever that costs in a debug build.
fn config(node: &str) -> Config {
    let interval = Duration::from_millis(250);
    Config { node: Some(node.to_owned()), interval, budget_milli: None, ..Config::default() }
}

impl Served {
    /// Serves an agent of this name on loopback by mutual TLS; also gives its address.
    pub(crate) fn start_tls(node: &str, files: Files, roles: Roles) -> (Self, SocketAddr) {
        let mut config = config(node);
        config.black_box.place = Place::Off;
        let (stop, stopped) = oneshot::channel();
        let (listening, listens) = std::sync::mpsc::channel();
        let serve = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = listen::open_tcp("127.0.0.1:0").await.expect("a port");
                let agent = Agent::start(config).expect("the agent starts");
                let credentials = Credentials::load(files, roles, agent.door().clock().mono_us()).expect("good files");
                listening.send(listener.local_addr().expect("an address")).expect("the test waits");
                let until = async { drop(stopped.await) };
                drop(listen::serve_tls(agent.door(), listener, Acceptor::new(Arc::new(credentials)), until).await);
                agent.stop();
            });
        };
        let thread = std::thread::spawn(serve);
        let address = listens.recv().expect("the agent listens");
        (Self { stop: Some(stop), thread: Some(thread) }, address)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
