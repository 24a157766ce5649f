//! The real dashboard in a pseudo-terminal of 160x45, before a hub and before agents.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    Asked, PATIENCE,
    agents::Agents,
    begin,
    hub::{agents_file, midair, words},
    process::{cpu_us, rss_mib},
    terminal::Terminal,
};

const SIZE: (u16, u16) = (160, 45);

/// Agents that a dashboard watches by itself.
const N_DIRECT: usize = 500;

/// Keys that change what is shown, each followed by one that changes it back.
const KEYS: [&str; 8] = ["1", "0", "j", "k", "2", "0", ">", "<"];

/// A dashboard before a hub.
pub(crate) fn of_hub(asked: &Asked) -> anyhow::Result<()> {
    let (_agents, hub, _viewer, _) = begin(asked, asked.n_nodes, usize::MAX)?;
    thread::sleep(Duration::from_secs(3));
    let relay = Relay::start(&hub.address)?;
    let more = words(asked.pki.as_ref(), "viewer");
    let arguments: Vec<&str> = std::iter::once(relay.address.as_str()).chain(more.iter().map(String::as_str)).collect();
    let begun = Instant::now();
    let terminal = Terminal::start(&midair(), &arguments, SIZE.0, SIZE.1);
    let total = grouped(asked.n_nodes);
    let is_full = |screen: &str| screen.contains(&total) && screen.contains("LIVE");
    first_screen(&terminal, begun, is_full)?;
    let hub_before = cpu_us(hub.pid())?;
    let from = Instant::now();
    report(terminal, asked.over, Some(&relay))?;
    println!(
        "  hub meanwhile: {:.1} % of a core",
        (cpu_us(hub.pid())? - hub_before) / from.elapsed().as_secs_f64() / 1e4
    );
    Ok(())
}

/// A dashboard before agents.
pub(crate) fn direct(asked: &Asked) -> anyhow::Result<()> {
    let agents = Agents::start(asked.n_nodes.min(N_DIRECT), "healthy", usize::MAX, asked.pki.as_ref())?;
    let folder = tempfile::tempdir()?;
    let list = agents_file(&agents, folder.path())?;
    let more = words(asked.pki.as_ref(), "viewer");
    let mut arguments = vec!["--agents-file", list.to_str().unwrap_or_default()];
    arguments.extend(more.iter().map(String::as_str));
    let begun = Instant::now();
    let terminal = Terminal::start(&midair(), &arguments, SIZE.0, SIZE.1);
    let total = grouped(agents.n_nodes);
    first_screen(&terminal, begun, |screen| screen.contains(&total) && screen.contains("LIVE"))?;
    report(terminal, asked.over, None)
}

fn first_screen(terminal: &Terminal, begun: Instant, is_full: impl Fn(&str) -> bool) -> anyhow::Result<()> {
    while !is_full(&terminal.screen()) {
        anyhow::ensure!(begun.elapsed() < PATIENCE, "the screen does not fill:\n{}", terminal.screen());
        thread::sleep(Duration::from_millis(2));
    }
    println!("  first full screen: {:.2} s (bar 1 s)", begun.elapsed().as_secs_f64());
    Ok(())
}

/// At rest, then key by key.
fn report(mut terminal: Terminal, over: Duration, relay: Option<&Relay>) -> anyhow::Result<()> {
    thread::sleep(Duration::from_secs(10));
    let figures = |terminal: &Terminal| -> anyhow::Result<[f64; 3]> {
        let came = relay.map_or(0, |relay| relay.n_bytes.load(Ordering::Relaxed));
        Ok([cpu_us(terminal.pid())?, terminal.raw().len() as f64, came as f64])
    };
    let (before, from) = (figures(&terminal)?, Instant::now());
    thread::sleep(over);
    let (after, over_s) = (figures(&terminal)?, from.elapsed().as_secs_f64());
    let [cpu, sent, came] = std::array::from_fn(|n| (after[n] - before[n]) / over_s);
    println!("  at rest: {:.1} % of a core, {:.0} MiB", cpu / 1e4, rss_mib(terminal.pid())?);
    println!("  to the terminal: {:.1} KiB/s; from the hub: {:.0} KiB/s", sent / 1024.0, came / 1024.0);
    let mut took: Vec<f64> = (0..10).flat_map(|_| KEYS).filter_map(|key| key_ms(&mut terminal, key)).collect();
    took.sort_by(f64::total_cmp);
    let at = |part: f64| took.get(((took.len().max(1) - 1) as f64 * part) as usize).copied().unwrap_or(f64::NAN);
    println!(
        "  key to screen: median {:.0} ms, p90 {:.0} ms, worst {:.0} ms of {}",
        at(0.5),
        at(0.9),
        at(1.0),
        took.len()
    );
    println!("  after the keys: {:.0} MiB", rss_mib(terminal.pid())?);
    terminal.press("q");
    Ok(())
}

/// Milliseconds from a key to the first changed cell; `None` where it changed nothing within a second.
fn key_ms(terminal: &mut Terminal, key: &str) -> Option<f64> {
    let quiet = Instant::now();
    let mut before = terminal.raw().len();
    while quiet.elapsed() < Duration::from_millis(800) {
        thread::sleep(Duration::from_millis(30));
        let now = terminal.raw().len();
        if std::mem::replace(&mut before, now) == now {
            break;
        }
    }
    let (screen, start) = (terminal.screen(), Instant::now());
    terminal.press(key);
    while start.elapsed() < Duration::from_secs(1) {
        if terminal.raw().len() != before && terminal.screen() != screen {
            return Some(start.elapsed().as_secs_f64() * 1e3);
        }
        thread::sleep(Duration::from_micros(500));
    }
    None
}

/// 10000 as 10,000.
fn grouped(n: usize) -> String {
    if n >= 1_000 { format!("{},{:03}", n / 1_000, n % 1_000) } else { n.to_string() }
}

/// Stands between the dashboard and the hub, and counts what comes from the hub.
struct Relay {
    address: String,
    n_bytes: Arc<AtomicU64>,
}

impl Relay {
    fn start(hub: &str) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (address, n_bytes) = (listener.local_addr()?.to_string(), Arc::new(AtomicU64::new(0)));
        let (hub, counted) = (hub.to_owned(), Arc::clone(&n_bytes));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(&hub) else { continue };
                let there = (client.try_clone(), server.try_clone());
                let (Ok(client_too), Ok(server_too)) = there else { continue };
                let (up, down) = (Arc::default(), Arc::clone(&counted));
                thread::spawn(move || pass(client, server, &up));
                thread::spawn(move || pass(server_too, client_too, &down));
            }
        });
        Ok(Self { address, n_bytes })
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, counted: &AtomicU64) {
    drop(to.set_nodelay(true));
    let mut buffer = [0; 64 << 10];
    while let Ok(n @ 1..) = from.read(&mut buffer) {
        counted.fetch_add(n as u64, Ordering::Relaxed);
        if to.write_all(&buffer[..n]).is_err() {
            break;
        }
    }
    drop(to.shutdown(Shutdown::Both));
}
