//! What watching a VM costs it: `MIDAIR_COOKIE=... cargo run --release --example watch_cost HOST:PORT [ROUNDS]`.
//!
//! For each kind of look: bytes to and from the VM, its own time as the helper has it, and the CPU time of all threads of its
//! process (`/proc/PID/task/*/schedstat`, proc(5)), for which it must run on this host; less what it takes at rest meanwhile.
//! ROUNDS looks of each kind, 50 ms apart.

use std::{fs, time::Duration};

use midair_beam::{
    Address, Connection, Cookie, Options, connect,
    watch::{DistWatch, EventOptions, EventWatch, NodeWatch, PortWatch, Vm, allocation, sockets, tables},
};
use tokio::time::sleep;

type Failure = Box<dyn std::error::Error>;

const WITHIN: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

/// CPU time of all threads: us.
fn cpu_us(pid: u32) -> Result<u64, Failure> {
    let mut ns = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let text = fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default(); // A thread that has just ended.
        ns += text.split_whitespace().next().map_or(Ok(0), str::parse)?;
    }
    Ok(ns / 1000)
}

struct Bill {
    connection: Connection,
    pid: u32,
    rounds: u32,
    rest_us: f64,
}

impl Bill {
    /// Looks again and again; each look gives the time that its helper has on its own account.
    async fn of(&self, what: &str, mut look: impl AsyncFnMut() -> Result<Option<u64>, Failure>) -> Result<(), Failure> {
        let first = look().await?;
        let (before, cpu) = (self.connection.traffic(), cpu_us(self.pid)?);
        let mut last = first;
        for _ in 0..self.rounds {
            last = look().await?;
            sleep(PAUSE).await;
        }
        let (after, rounds) = (self.connection.traffic(), f64::from(self.rounds));
        let each = |a: u64, b: u64| (b - a) as f64 / rounds;
        println!(
            "{what:12} {:6.0} B to it, {:6.0} B from it, own {:6.0} us, CPU {:6.0} us",
            each(before.sent, after.sent),
            each(before.received, after.received),
            first.zip(last).map_or(f64::NAN, |(first, last)| each(first, last)),
            each(cpu, cpu_us(self.pid)?) - self.rest_us,
        );
        Ok(())
    }

    /// A sum of the times that single looks took.
    async fn of_single(
        &self,
        what: &str,
        mut look: impl AsyncFnMut() -> Result<Option<u64>, Failure>,
    ) -> Result<(), Failure> {
        let mut sum = Some(0);
        self.of(what, async || {
            let took = look().await?;
            sum = sum.zip(took).map(|(sum, took)| sum + took);
            Ok(sum)
        })
        .await
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let mut args = std::env::args().skip(1);
    let at = args.next().ok_or("watch_cost HOST:PORT [ROUNDS]")?;
    let rounds: u32 = args.next().map_or(Ok(100), |rounds| rounds.parse())?;
    let options = Options::new(Cookie::from_env("MIDAIR_COOKIE")?);
    let connection = connect(&Address::Direct(at), &options).await?;
    let vm = Vm::read(&connection, WITHIN).await?;
    let pid = vm.os_pid.ok_or("the VM does not say its pid")?;
    println!("{} OTP {} pid {pid}, {rounds} rounds", vm.name, vm.otp_release.unwrap_or_default());
    let cpu = cpu_us(pid)?;
    sleep(PAUSE * rounds).await;
    let rest_us = (cpu_us(pid)? - cpu) as f64 / f64::from(rounds);
    let bill = Bill { connection: connection.clone(), pid, rounds, rest_us };

    let mut node = NodeWatch::start(&connection, &vm, WITHIN).await?;
    bill.of("tick", async || Ok(node.tick().await?.helper_us)).await?;
    let mut links = DistWatch::start(&connection, WITHIN).await?;
    bill.of("links", async || Ok(links.read().await?.helper_us)).await?;
    let mut events = EventWatch::start(&connection, &vm, EventOptions::default(), WITHIN).await?;
    bill.of("events", async || Ok(events.read().await?.helper_us)).await?;
    let mut ports = PortWatch::start(&connection, 20, WITHIN).await?;
    bill.of("ports", async || Ok(ports.read().await?.helper_us)).await?;
    bill.of_single("tables", async || Ok(tables(&connection, &vm, 20, WITHIN).await?.took_us)).await?;
    bill.of_single("sockets", async || Ok(sockets(&connection, 20, WITHIN).await?.took_us)).await?;
    bill.of_single("allocation", async || Ok(allocation(&connection, WITHIN).await?.took_us)).await?;
    Ok(())
}
