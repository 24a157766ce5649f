//! A VM of a test: started on a free port without epmd, ended by its pid when dropped.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, channel},
    },
    time::Duration,
};

use midair_beam::{Address, Connection, Cookie, Mfa, Options, Term, connect};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::sync::{Mutex as AsyncMutex, MutexGuard};

/// No test waits longer for anything.
pub(crate) const LONG: Duration = Duration::from_secs(60);

static ALONE: AsyncMutex<()> = AsyncMutex::const_new(());

/// Nobody else has VMs on this host meanwhile.
pub(crate) async fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().await
}

pub(crate) struct Vm {
    pub(crate) name: String,
    pub(crate) port: u16,
    process: Child,
    home: TempDir,
    /// What it has printed and logged.
    pub(crate) said: Arc<Mutex<Vec<String>>>,
}

impl Vm {
    /// One that evaluates this first.
    pub(crate) fn start(name: &str, expressions: &str) -> Self {
        Self::start_with(name, expressions, &["-setcookie", "secret"], &[])
    }

    /// With these arguments, and below this command.
    pub(crate) fn start_with(name: &str, expressions: &str, args: &[&str], below: &[&str]) -> Self {
        for _ in 0..3 {
            // Somebody else may take the port before it does.
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            if let Some(vm) = Self::try_start(name, expressions, args, below, port) {
                return vm;
            }
        }
        panic!("erl does not start: is erlang-base installed?");
    }

    fn try_start(name: &str, expressions: &str, args: &[&str], below: &[&str], port: u16) -> Option<Self> {
        let home = tempfile::tempdir().unwrap();
        let full = format!("{name}@127.0.0.1");
        let words: Vec<&str> = below.iter().copied().chain(["erl"]).collect();
        let mut process = Command::new(words[0])
            .args(&words[1..])
            .args(["-noinput", "-name", &full, "+S", "2:2", "+sbwt", "none"])
            .args(["-start_epmd", "false", "-erl_epmd_port", &port.to_string()])
            .args(["-kernel", "inet_dist_use_interface", "{127,0,0,1}"])
            .args(args)
            .args(["-eval", &format!("{expressions} io:format(\"up~n\").")])
            .env("HOME", home.path())
            .env("ERL_CRASH_DUMP_SECONDS", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let said = Arc::<Mutex<Vec<String>>>::default();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (up, is_up) = channel();
        let of_thread = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if line == "up" {
                    // Nobody may wait any more.
                    up.send(()).unwrap_or(());
                }
                of_thread.lock().unwrap().push(line);
            }
        });
        let vm = Self { name: full, port, process, home, said };
        vm.waits_for(&is_up).then_some(vm)
    }

    /// One without a name, and so without distribution.
    pub(crate) fn unnamed() -> Self {
        let home = tempfile::tempdir().unwrap();
        let process = Command::new("erl")
            .args(["-noinput", "+S", "2:2", "+sbwt", "none"])
            .env("HOME", home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { name: String::new(), port: 0, process, home, said: Arc::default() }
    }

    fn waits_for(&self, is_up: &Receiver<()>) -> bool {
        is_up.recv_timeout(LONG).is_ok()
    }

    /// Its OS process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }

    /// Another life of the same node.
    pub(crate) fn restarted(mut self, expressions: &str) -> Self {
        self.end();
        let name = self.name.split_once('@').unwrap().0.to_owned();
        Self::try_start(&name, expressions, &["-setcookie", "secret"], &[], self.port).expect("its port is free again")
    }

    /// A connection beside that of the agent.
    pub(crate) async fn connect(&self) -> Connection {
        let mut options = Options::new(Cookie::from_text("secret").unwrap());
        options.within = LONG;
        connect(&Address::Direct(format!("127.0.0.1:{}", self.port)), &options).await.expect("the VM takes us")
    }

    pub(crate) fn home(&self) -> &std::path::Path {
        self.home.path()
    }

    fn end(&mut self) {
        drop((self.process.kill(), self.process.wait()));
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        self.end();
    }
}

/// Calls a function there.
pub(crate) async fn call(of: &Connection, module: &'static str, function: &'static str, args: Vec<Term>) -> Term {
    of.call(Mfa::new(module, function), args, LONG).await.unwrap_or_else(|error| panic!("{module}:{function}: {error}"))
}
