//! What a sweep costs a VM, beside the ways of other tools, in one run:
//! `cargo bench -p midair-beam --bench sweep -- [PROCESSES [WINDOWS]]`, 100,000 and 10 where nothing is said. With 1,000,000 it
//! takes about ten minutes and 3 GB of memory.
//!
//! It starts a VM with so many processes, of which 30 do something. Costs are CPU time of the VM's threads, less what it takes at
//! rest: on a machine where others work, times say little and shares of CPU more.

#![expect(clippy::disallowed_methods, reason = "a bench measures real time")]
#![expect(clippy::unwrap_used, reason = "what starts the VM is that of the tests")]

mod bill;
#[path = "../../tests/nodes/node.rs"]
#[expect(dead_code, reason = "some of it is for tests")]
mod node;

use std::time::Duration;

use midair_beam::{
    Pid, Term,
    watch::{
        hot::Hot,
        sweep::{Found, Order, Pass, Sweep, SweepOptions},
    },
};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};

use crate::{
    bill::{Rates, Target},
    node::{Node, eval},
};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Nothing takes longer, not even a pass.
pub(crate) const LONG: Duration = Duration::from_secs(180);
const REST: Duration = Duration::from_secs(10);
const WINDOW: Duration = Duration::from_secs(3);
/// How many are read each second beside the sweep.
const HOT: u64 = 200;

/// Of so many processes on, bars are those of large nodes, and what takes a pass or more is done less often.
const LARGE: u64 = 300_000;

/// Times that something is measured which takes long.
struct Times {
    /// Passes of which the cost is taken.
    passes: u32,
    /// Mailboxes that are planted.
    planted: u64,
    /// Collections of each other way.
    rounds: u32,
}

impl Times {
    fn of(n: u64) -> Self {
        if n > LARGE { Self { passes: 2, planted: 1, rounds: 1 } } else { Self { passes: 4, planted: 3, rounds: 3 } }
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut numbers = std::env::args().skip(1).filter_map(|arg| arg.parse::<u64>().ok());
    let (n, windows) = (numbers.next().unwrap_or(100_000), numbers.next().unwrap_or(10));
    let limit = (2 * n + 10_000).to_string();
    let node = Node::start_with(&["+P", &limit]).await;
    let target = prepared(&node, n).await?;
    println!("{n} processes, 30 of them at work; {} MB", target.rss_mb()?.round());
    let rest = at_rest(&target).await?;
    println!("at rest: {:.2} % of a core, {:.0} switches/s", rest.cpu * 100.0, rest.switches);
    let mut bars = swept(&target, rest, windows).await?;
    bars.sort_by_key(|bar| bar.is_reached());
    for (what, function) in [("per process (recon, observer_cli)", "per_process"), ("etop_collect", "etop")] {
        other_way(&target, rest, what, function).await?;
    }
    for bar in &bars {
        println!("{}", bar.line());
    }
    Ok(())
}

/// A bar, and how far it was.
struct Bar {
    what: &'static str,
    most: f64,
    measured: f64,
    unit: &'static str,
}

impl Bar {
    fn is_reached(&self) -> bool {
        self.measured <= self.most
    }

    fn line(&self) -> String {
        let Self { what, most, measured, unit } = self;
        let reached = if self.is_reached() { "reached" } else { "NOT REACHED" };
        format!("{what:44} at most {most:7.1} {unit:14} measured {measured:8.2}  {reached}")
    }
}

async fn prepared(node: &Node, n: u64) -> Result<Target, Failure> {
    let connection = node.connect().await;
    // Nobody else comes in: an agent on this machine that knows the cookie of tests would sweep it as well.
    let cookie = format!("erlang:set_cookie(node(), list_to_atom(\"bench{}\")).", std::process::id());
    eval(&connection, &cookie).await;
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/sweep/target.erl");
    let load = format!("{{ok, M, B}} = compile:file({source:?}, [binary]), code:load_binary(M, \"target\", B).");
    eval(&connection, &load).await;
    let os_pid = eval(&connection, "list_to_integer(os:getpid()).").await.as_count().ok_or("no pid")?;
    let target = Target { connection, os_pid: u32::try_from(os_pid)?, n };
    target.call("crowd", vec![Term::Int(n as i64)]).await?;
    sleep(Duration::from_secs(3)).await;
    Ok(target)
}

/// What it takes when it has settled: a million that were just started keep it at work for a while.
async fn at_rest(target: &Target) -> Result<Rates, Failure> {
    let mut last = Rates { cpu: f64::INFINITY, ..Rates::default() };
    for _ in 0..6 {
        let before = target.meter().await?;
        sleep(REST).await;
        let rates = target.since(before).await?;
        let has_settled = rates.cpu > last.cpu * 0.7 || rates.cpu < 0.02;
        last = rates;
        if has_settled {
            break;
        }
    }
    Ok(last)
}

/// The sweep as it is by default, with its hot set.
async fn swept(target: &Target, rest: Rates, windows: u64) -> Result<Vec<Bar>, Failure> {
    let times = Times::of(target.n);
    let rss = target.rss_mb()?;
    let sweep = Sweep::start(&target.connection, SweepOptions::default(), LONG).await?;
    let keeper = sweep.process().clone();
    let mut passes = passes_of(sweep);
    let hot = hot_of(target).await?;
    // The first has all to find; the second has none to compare its sizes with.
    let mut periods = Vec::new();
    for _ in 0..2 {
        periods.push(said(&next(&mut passes).await?, target)?);
    }
    let before = target.meter().await?;
    let mut n_swept = 0;
    let mut grown: f64 = 0.0;
    for _ in 0..times.passes {
        let pass = next(&mut passes).await?;
        periods.push(said(&pass, target)?);
        n_swept += pass.n_swept;
        grown = grown.max(target.rss_mb()? - rss);
    }
    let rates = target.since(before).await?.beyond(rest);
    let (cpu_s, switches) = (rates.cpu * rates.seconds, rates.switches * rates.seconds);
    println!(
        "midair: {:.0} ms of CPU a pass, {:.2} us a process; at most {:.0} MB more at any time",
        cpu_s / f64::from(times.passes) * 1000.0,
        cpu_s * 1e6 / n_swept as f64,
        (target.peak_mb()? - rss).max(0.0)
    );
    let ratio = ratio_of_p99(target, &keeper, windows).await?;
    let planted = planted(target, &mut passes, times.planted).await?;
    hot.abort();
    let longest = periods.iter().skip(1).copied().fold(0.0, f64::max);
    let per_100_000 = switches * 100_000.0 / n_swept as f64;
    let is_large = target.n > LARGE;
    Ok(vec![
        Bar {
            what: "CPU of the target",
            most: if is_large { 6.0 } else { 2.0 },
            measured: rates.cpu * 100.0,
            unit: "% of a core",
        },
        Bar {
            what: "longest period from the second pass on",
            most: if is_large { 40.0 } else { 10.0 },
            measured: longest,
            unit: "s",
        },
        Bar { what: "context switches per 100,000 swept", most: 1000.0, measured: per_100_000, unit: "" },
        Bar {
            what: "on the wire, with a hot set of 200",
            most: 10.0,
            measured: rates.wire_bytes / 1024.0,
            unit: "KiB/s",
        },
        Bar { what: "memory of the target", most: 100.0, measured: grown, unit: "MB" },
        Bar { what: "p99 of a ping-pong, sweep on/off (median)", most: 1.5, measured: ratio, unit: "" },
        Bar { what: "a planted mailbox is told after (longest)", most: 1.0, measured: planted, unit: "periods" },
    ])
}

/// A sweep must be waited for all the time. Eight passes wait to be read; then it is not read on.
fn passes_of(mut sweep: Sweep) -> mpsc::Receiver<Found> {
    let (sender, passes) = mpsc::channel(8);
    tokio::spawn(async move {
        while let Ok(found) = sweep.next().await {
            if sender.send(found).await.is_err() {
                return;
            }
        }
    });
    passes
}

async fn found(passes: &mut mpsc::Receiver<Found>) -> Result<Found, Failure> {
    Ok(timeout(LONG, passes.recv()).await?.ok_or("the sweep ended")?)
}

async fn next(passes: &mut mpsc::Receiver<Found>) -> Result<Pass, Failure> {
    loop {
        if let Found::Pass(pass) = found(passes).await? {
            return Ok(*pass);
        }
    }
}

/// Its period, in seconds.
fn said(pass: &Pass, target: &Target) -> Result<f64, Failure> {
    let period = pass.period_us as f64 / 1e6;
    println!(
        "pass {}: {} processes, own work {} ms, period {period:.2} s, took {:.2} s; {:.0} MB",
        pass.number,
        pass.n_swept,
        pass.own_work_us / 1000,
        (pass.ended_us - pass.began_us) as f64 / 1e6,
        target.rss_mb()?
    );
    Ok(period)
}

async fn hot_of(target: &Target) -> Result<tokio::task::JoinHandle<()>, Failure> {
    let pids = target.call("pids", vec![Term::Int(HOT as i64)]).await?;
    let pids: Vec<Pid> = pids.as_list().ok_or("no pids")?.iter().filter_map(Term::as_pid).cloned().collect();
    let mut hot = Hot::start(&target.connection, LONG).await?;
    Ok(tokio::spawn(async move {
        while hot.read(&pids).await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    }))
}

/// Windows in which the sweep goes on, by turns with windows in which it is held; the hot set goes on in both.
async fn ratio_of_p99(target: &Target, keeper: &Pid, windows: u64) -> Result<f64, Failure> {
    target.call("ping", vec![]).await?;
    sleep(WINDOW).await;
    let mut ratios = Vec::new();
    let mut taken = [Vec::new(), Vec::new()];
    for i in 0..windows {
        let mut p99 = [0.0; 2];
        // Which of them is first changes each time.
        for is_held in [i % 2 == 0, i % 2 == 1] {
            if is_held {
                target.call("held", vec![keeper.clone().into(), Term::atom("true")]).await?;
            }
            target.p99_us().await?;
            sleep(WINDOW).await;
            p99[usize::from(is_held)] = target.p99_us().await?;
            if is_held {
                target.call("held", vec![keeper.clone().into(), Term::atom("false")]).await?;
            }
        }
        ratios.push(p99[0] / p99[1]);
        taken[0].push(p99[0]);
        taken[1].push(p99[1]);
    }
    let [on, off] = taken.map(median);
    println!(
        "p99 of a ping-pong: {on:.0} us on, {off:.0} us off (medians of windows of {} s: each has its part of the looks of a pass, few of them the search for the newly born); ratios {}",
        WINDOW.as_secs(),
        ratios.iter().map(|ratio| format!("{ratio:.2}")).collect::<Vec<_>>().join(" ")
    );
    Ok(median(ratios))
}

/// Periods from a mailbox that is hotter than all others until it is told: early, or in the report in which it is first.
async fn planted(target: &Target, passes: &mut mpsc::Receiver<Found>, times: u64) -> Result<f64, Failure> {
    let mut took = Vec::new();
    for i in 1..=times {
        while passes.try_recv().is_ok() {}
        let pass = next(passes).await?;
        // At another moment of the pass each time.
        sleep(Duration::from_micros(pass.period_us * (2 * i - 1) / (2 * times))).await;
        let planted = target.call("plant", vec![Term::Int(1000 * i as i64)]).await?;
        let start = tokio::time::Instant::now();
        let mut period_us = pass.period_us;
        loop {
            let found = found(passes).await?;
            let pids: Vec<&Pid> = match &found {
                Found::Early(early) => early.rows.iter().map(|row| &row.pid).collect(),
                Found::Pass(pass) => {
                    period_us = pass.period_us;
                    pass.first(Order::Mailbox).first().iter().map(|row| &row.pid).collect()
                }
            };
            if pids.into_iter().any(|pid| Some(pid) == planted.as_pid()) {
                break;
            }
        }
        took.push(start.elapsed().as_micros() as f64 / period_us as f64);
    }
    println!(
        "planted mailboxes: {} periods",
        took.iter().map(|took| format!("{took:.2}")).collect::<Vec<_>>().join(" ")
    );
    Ok(took.into_iter().fold(0.0, f64::max))
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    let n = of.len();
    if n == 0 { f64::NAN } else { (of[(n - 1) / 2] + of[n / 2]) / 2.0 }
}

/// Collections as another tool makes them, one after the other.
async fn other_way(target: &Target, rest: Rates, what: &str, function: &'static str) -> Result<(), Failure> {
    let rss = target.rss_mb()?;
    let before = target.meter().await?;
    let mut bytes = 0;
    let mut most_mb = rss;
    let rounds = Times::of(target.n).rounds;
    for _ in 0..rounds {
        let found = target.call(function, vec![]).await?;
        let Some([_, size]) = found.as_tuple() else {
            println!("{what}: not measured, for runtime_tools is missing there");
            return Ok(());
        };
        bytes = size.as_count().unwrap_or(0);
        most_mb = most_mb.max(target.rss_mb()?);
        sleep(Duration::from_secs(1)).await;
    }
    let rates = target.since(before).await?.beyond(rest);
    let period = if target.n > LARGE { 40 } else { 10 };
    let each = rates.seconds / f64::from(rounds);
    println!(
        "{what}: {:.0} ms of CPU a collection, {:.2} % of a core each {period} s, {:.0} switches per 100,000, {:.1} MB collected, {:.0} MB more",
        rates.cpu * each * 1000.0,
        rates.cpu * each * 100.0 / f64::from(period),
        rates.switches * each * 100_000.0 / target.n as f64,
        bytes as f64 / 1e6,
        most_mb - rss
    );
    Ok(())
}
