//! An Erlang VM beside the load: a crowd of processes that wait, and 30 among them that work ten times a second.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    process::{Child, Command, Stdio},
};

use anyhow::Context;
use tempfile::TempDir;

/// How many processes it has.
pub(crate) const N_PROCESSES: u32 = 100_000;

/// What it runs: the same crowd as in the bench of the sweep.
const CROWD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../beam/benches/sweep/target.erl");

/// A running VM; it ends when this is dropped.
pub(crate) struct Vm {
    process: Child,
    _home: TempDir,
}

impl Vm {
    /// Starts one with its crowd.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let home = tempfile::tempdir()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port().to_string();
        let load = format!(
            "{{ok, M, B}} = compile:file({CROWD:?}, [binary]), code:load_binary(M, \"target\", B), \
             target:crowd({N_PROCESSES}), io:format(\"up~n\")."
        );
        let process = Command::new("erl")
            .args(["-noinput", "-name", "crowd@127.0.0.1", "-setcookie", "bench", "+P", "262144", "+sbwt", "none"])
            .args(["-start_epmd", "false", "-erl_epmd_port", &port])
            .args(["-kernel", "inet_dist_use_interface", "{127,0,0,1}", "-eval", &load])
            .env("HOME", home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("erl does not start: is erlang-base installed?")?;
        let mut vm = Self { process, _home: home };
        let said = vm.process.stdout.take().context("its output was asked for")?;
        let is_up = BufReader::new(said).lines().map_while(Result::ok).any(|line| line == "up");
        anyhow::ensure!(is_up, "the VM ended before its crowd stood");
        Ok(vm)
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
