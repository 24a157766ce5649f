//! Two VMs that know each other, with an epmd of their own.

use midair_beam::{Address, Connection, Term, connect};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::{
    mapper::Mapper,
    node::{eval, launch, options},
    subject::{compiled, release_of},
};

pub(crate) struct Pair {
    pub(crate) one: Connection,
    pub(crate) two: Connection,
    pub(crate) release: u32,
    _first: (Child, TempDir),
    second: (Child, TempDir),
    _code: TempDir,
    _mapper: Mapper,
}

impl Pair {
    pub(crate) async fn start() -> Self {
        let mapper = Mapper::start().await;
        let (at, port) = (mapper.at.clone(), Some(mapper.port));
        let code = compiled();
        let args = ["-pa", code.path().to_str().unwrap()];
        let first = launch("one", &args, port).await.expect("a node with epmd starts");
        let second = launch("two", &args, port).await.expect("a node with epmd starts");
        let join = async |name: &str| {
            let address = Address::Epmd { epmd: at.clone(), name: name.into() };
            let connection = connect(&address, &options()).await.unwrap();
            eval(&connection, "code:ensure_loaded(subject).").await;
            connection
        };
        let (one, two) = (join("one").await, join("two").await);
        assert_eq!(eval(&one, "net_adm:ping('two@127.0.0.1').").await, Term::atom("pong"));
        let release = release_of(&one).await;
        Self { one, two, release, _first: first, second, _code: code, _mapper: mapper }
    }

    /// Stops the second VM, so that it reads no more, or lets it go on.
    pub(crate) async fn signal_second(&self, signal: &str) {
        let pid = self.second.0.id().unwrap().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().await.unwrap().success());
    }
}
