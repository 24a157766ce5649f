//! A VM of a test: started on a free port, ended by its pid when dropped.

use std::{
    net::TcpListener,
    process::Stdio,
    time::{Duration, Instant},
};

use midair_beam::{Address, ConnectError, Connection, Cookie, Mfa, Options, Term, connect};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::{sleep, timeout},
};

/// No test waits longer for anything.
pub(crate) const LONG: Duration = Duration::from_secs(40);

pub(crate) struct Node {
    port: u16,
    pub(crate) name: String,
    _process: Child,
    _home: TempDir,
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Node {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// A node without epmd, with these arguments more. Somebody else may take its port before it does: then once more.
    pub(crate) async fn start_with(args: &[&str]) -> Self {
        for _ in 0..3 {
            let port = free_port();
            let fixed = ["-start_epmd", "false", "-erl_epmd_port", &port.to_string()].map(str::to_owned);
            let fixed = [&fixed.each_ref().map(String::as_str)[..], args].concat();
            if let Some((process, home)) = launch("target", &fixed, None).await {
                return Self { port, name: "target@127.0.0.1".into(), _process: process, _home: home };
            }
        }
        panic!("erl does not start: is erlang-base installed, and what TLS needs (erlang-ssl)?");
    }

    pub(crate) fn address(&self) -> Address {
        Address::Direct(format!("127.0.0.1:{}", self.port))
    }

    pub(crate) async fn try_connect(&self, options: &Options) -> Result<Connection, ConnectError> {
        timeout(LONG, connect(&self.address(), options)).await.expect("connecting is bounded")
    }

    pub(crate) async fn connect(&self) -> Connection {
        self.try_connect(&options()).await.expect("the node takes us")
    }
}

pub(crate) fn options() -> Options {
    let mut options = Options::new(Cookie::from_text("secret").unwrap());
    // The machine may be busy with other tests.
    options.within = Duration::from_secs(20);
    options
}

/// Starts `erl`, and waits until it says that it is up.
pub(crate) async fn launch(name: &str, args: &[&str], epmd: Option<u16>) -> Option<(Child, TempDir)> {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new("erl");
    command
        .args(["-noinput", "-name", &format!("{name}@127.0.0.1"), "-setcookie", "secret"])
        .args(["+S", "2:2", "+sbwt", "none", "-kernel", "inet_dist_use_interface", "{127,0,0,1}"])
        .args(args)
        .args(["-eval", "io:format(\"up~n\")."])
        .env("HOME", home.path())
        .env("ERL_CRASH_DUMP_SECONDS", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    if let Some(port) = epmd {
        command.env("ERL_EPMD_PORT", port.to_string());
    }
    let mut process = command.spawn().expect("erl is there: install erlang-base");
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let up = timeout(LONG, async {
        while let Ok(Some(line)) = lines.next_line().await {
            if line == "up" {
                return true;
            }
            eprintln!("erl: {line}");
        }
        false
    });
    let is_up = up.await.unwrap_or(false);
    // What it logs later is read on, or it would wait for us.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    is_up.then_some((process, home))
}

pub(crate) async fn call(
    connection: &Connection,
    module: &'static str,
    function: &'static str,
    args: Vec<Term>,
) -> Term {
    let result = connection.call(Mfa::new(module, function), args, LONG).await;
    result.unwrap_or_else(|error| panic!("{module}:{function}: {error}"))
}

/// The value of an expression there.
pub(crate) async fn eval(connection: &Connection, expression: &str) -> Term {
    let tokens = call(connection, "erl_scan", "string", vec![Term::string(expression)]).await;
    let tokens = tokens.as_tuple().expect("{ok, Tokens, End}")[1].clone();
    let forms = call(connection, "erl_parse", "parse_exprs", vec![tokens]).await;
    let forms = forms.as_tuple().expect("{ok, Forms}")[1].clone();
    let value = call(connection, "erl_eval", "exprs", vec![forms, Term::List(vec![])]).await;
    value.as_tuple().expect("{value, Value, Bindings}")[1].clone()
}

pub(crate) fn names(nodes: &Term) -> Vec<String> {
    nodes.as_list().unwrap().iter().map(|name| name.as_atom().unwrap().to_owned()).collect()
}

/// Waits, in steps and not for ever, until an expression is true there.
pub(crate) async fn until(
    connection: &Connection,
    module: &'static str,
    function: &'static str,
    args: &[Term],
    value: &Term,
) {
    let start = Instant::now();
    loop {
        let now = call(connection, module, function, args.to_vec()).await;
        if now == *value {
            return;
        }
        assert!(start.elapsed() < LONG, "{module}:{function} stays {now}, and not {value}");
        sleep(Duration::from_millis(20)).await;
    }
}
