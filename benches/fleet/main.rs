//! What a fleet costs and how soon it tells, with the real hub and the real dashboard over real agents of a demo, which run in
//! processes of their own and are not counted.
//!
//! `cargo bench --bench fleet -- [--nodes 10000] [--seconds 60] [--tls] [--program PATH] [--part rest|killed|reader|hot|dashboard|direct]`
//!
//! `rest`: a hub that records, watched by one viewer: time until all are connected, CPU, memory, bytes. `killed`: a thousand
//! agents of two thousand end, are cut off, and come back. `reader`: a viewer that stops reading. `hot`: from the sample that
//! shows a task to the hub's word of it. `dashboard`: first screen, key to screen, CPU and bytes at rest. `direct`: a dashboard
//! that watches 500 agents by itself. Without `--part` all of them.

#![expect(clippy::disallowed_methods, reason = "a bench measures real time")]

mod agents;
mod hub;
mod process;
mod sample;
mod screen;
#[path = "../../tests/it/support/terminal.rs"]
#[expect(dead_code, reason = "the bench uses a part of what the tests use")]
mod terminal;
#[path = "../../tests/it/support/viewer.rs"]
#[expect(dead_code, reason = "the bench uses a part of what the tests use")]
mod viewer;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use agents::Agents;
use hub::{Hub, Pki};
use midair_tls::Files;
use process::{cpu_us, rss_mib};
use viewer::{Seen, Viewer};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// Agents that are killed at once, and as many that are not.
const N_KILLED: usize = 1_000;

/// One of the measurements.
type Part = fn(&Asked) -> anyhow::Result<()>;

/// What is asked for.
struct Asked {
    n_nodes: usize,
    over: Duration,
    pki: Option<Pki>,
}

impl Asked {
    /// The certificates of who looks.
    fn viewer(&self) -> Option<Files> {
        self.pki.as_ref().map(|pki| pki.files("viewer"))
    }
}

fn main() -> anyhow::Result<()> {
    if agents::is_part() {
        return agents::serve();
    }
    let n_nodes = agents::argument("--nodes").unwrap_or(10_000);
    let over = Duration::from_secs(agents::argument("--seconds").unwrap_or(60));
    let pki = std::env::args().any(|argument| argument == "--tls").then(Pki::new).transpose()?;
    let (asked, only) = (Asked { n_nodes, over, pki }, agents::argument::<String>("--part"));
    let parts: [(&str, Part); 6] = [
        ("rest", rest),
        ("killed", killed),
        ("reader", reader),
        ("hot", hot),
        ("dashboard", screen::of_hub),
        ("direct", screen::direct),
    ];
    for (name, part) in parts.into_iter().filter(|(name, _)| only.as_ref().is_none_or(|only| only == name)) {
        println!("{name}, {}", if asked.pki.is_some() { "mutual TLS" } else { "no TLS" });
        part(&asked)?;
    }
    Ok(())
}

/// A fleet on which all is well, a hub over it and somebody who watches, all connected.
fn begin(asked: &Asked, n_nodes: usize, n_each: usize) -> anyhow::Result<(Agents, Hub, Viewer, Duration)> {
    let agents = Agents::start(n_nodes, "healthy", n_each, asked.pki.as_ref())?;
    let begun = Instant::now();
    let hub = Hub::start(&agents, asked.pki.as_ref())?;
    let viewer = Viewer::start(&hub.address, asked.viewer())?;
    viewer.until("all are live", PATIENCE, |seen| seen.n_live() == n_nodes)?;
    let took = begun.elapsed();
    Ok((agents, hub, viewer, took))
}

fn rest(asked: &Asked) -> anyhow::Result<()> {
    let (agents, hub, viewer, took) = begin(asked, asked.n_nodes, usize::MAX)?;
    println!("  all {} connected and heard: {:.1} s", asked.n_nodes, took.as_secs_f64());
    std::thread::sleep(Duration::from_secs(5));
    let figures = || -> anyhow::Result<[f64; 4]> {
        let n_bytes = viewer.look(|seen| seen.n_bytes) as f64;
        Ok([cpu_us(hub.pid())?, n_bytes, hub.recorded_bytes() as f64, agents.cpu_us()])
    };
    let (before, from) = (figures()?, Instant::now());
    std::thread::sleep(asked.over);
    let (after, over_s) = (figures()?, from.elapsed().as_secs_f64());
    let [hub_us, told, recorded, agents_us] = std::array::from_fn(|n| (after[n] - before[n]) / over_s);
    println!("  hub: {:.1} % of a core, {:.0} MiB", hub_us / 1e4, rss_mib(hub.pid())?);
    println!("  to one viewer: {:.1} KiB/s; recorded: {:.1} KiB/s", told / 1024.0, recorded / 1024.0);
    println!("  heard at the end: {} of {}", viewer.look(Seen::n_live), asked.n_nodes);
    println!("  agents, not counted: {:.1} us of CPU each a second", agents_us / asked.n_nodes as f64);
    viewer.look(|seen| println!("  batches: {} of which parts of keys {}", seen.n_batches, seen.n_key_parts));
    for line in hub.metrics() {
        println!("  {line}");
    }
    Ok(())
}

fn killed(asked: &Asked) -> anyhow::Result<()> {
    let (mut agents, _hub, viewer, _) = begin(asked, 2 * N_KILLED, N_KILLED)?;
    let (gone, others) = (agents.names(0..N_KILLED), agents.names(N_KILLED..2 * N_KILLED));
    std::thread::sleep(Duration::from_secs(5));
    viewer.change(Seen::forget_troubles);
    let timed = |what: &str, bar: &str, wanted: &dyn Fn(&Seen) -> bool| -> anyhow::Result<()> {
        let begun = Instant::now();
        viewer.until(what, PATIENCE, wanted)?;
        println!("  {what}: {:.1} s ({bar})", begun.elapsed().as_secs_f64());
        Ok(())
    };
    let are_silent = |seen: &Seen| seen.n_silent_of(&gone) == gone.len();
    let are_live = |seen: &Seen| seen.n_live_of(&gone) == gone.len();
    agents.fleet.kill(0)?;
    timed("killed: all silent after", "bar 3 s", &are_silent)?;
    std::thread::sleep(Duration::from_secs(3));
    agents.fleet.start_again(0)?;
    timed("started again: all back after", "bar 6 s", &are_live)?;
    std::thread::sleep(Duration::from_secs(3));
    agents.stop(0)?;
    timed("cut off: all silent after", "bar 5 s", &are_silent)?;
    std::thread::sleep(Duration::from_secs(3));
    agents.go_on(0)?;
    timed("whole again: all back after", "bar 6 s", &are_live)?;
    let (n_troubled, n_lost) = viewer.look(|seen| (seen.n_troubled(&others), seen.n_lost_of(&others)));
    println!("  of the other {}: {n_troubled} were ever late or silent, {n_lost} samples lost (bar 0)", others.len());
    Ok(())
}

fn reader(asked: &Asked) -> anyhow::Result<()> {
    let (_agents, hub, viewer, _) = begin(asked, asked.n_nodes.min(2_000), usize::MAX)?;
    let stopped = Viewer::start(&hub.address, asked.viewer())?;
    stopped.until("it has a key", PATIENCE, |seen| seen.n_live() > 0)?;
    std::thread::sleep(Duration::from_secs(3));
    viewer.change(Seen::forget_troubles);
    let (cpu_before, begun) = (cpu_us(hub.pid())?, Instant::now());
    stopped.pause();
    std::thread::sleep(asked.over.min(Duration::from_secs(60)));
    let hub_percent = (cpu_us(hub.pid())? - cpu_before) / begun.elapsed().as_secs_f64() / 1e4;
    let (n_gaps, pause) = viewer.look(|seen| (seen.n_gaps, seen.longest_pause));
    println!("  the other viewer: {n_gaps} batches missed, longest pause {:.2} s", pause.as_secs_f64());
    println!("  hub: {hub_percent:.1} % of a core, {:.0} MiB", rss_mib(hub.pid())?);
    let n_keys = stopped.look(|seen| seen.n_key_parts);
    stopped.go_on();
    stopped.until("it is told and gets a key", PATIENCE, |seen| seen.n_told_lost > 0 && seen.n_key_parts > n_keys)?;
    println!("  the one that did not read was told of {} lost", stopped.look(|seen| seen.n_told_lost));
    Ok(())
}

fn hot(asked: &Asked) -> anyhow::Result<()> {
    let agents = Agents::start(asked.n_nodes.min(2_000), "mailbox", usize::MAX, asked.pki.as_ref())?;
    let hub = Hub::start(&agents, asked.pki.as_ref())?;
    let viewer = Viewer::start(&hub.address, asked.viewer())?;
    // Half a minute before the incident ends: it begins seconds after the start, on one node.
    let shown = sample::shown_by(&agents, asked.pki.as_ref())?;
    let name: Arc<str> = shown.node.clone();
    viewer.until("the hub names its node", PATIENCE, |seen| seen.is_hot(&name))?;
    let first = viewer.look(|seen| seen.hot_since(&name));
    let late = first.map_or(f64::NAN, |first| {
        if first >= shown.at { (first - shown.at).as_secs_f64() } else { -(shown.at - first).as_secs_f64() }
    });
    println!("  {name}: the hub named it {late:+.2} s after the sample with {} messages came (bar 2 s)", shown.depth);
    Ok(())
}
