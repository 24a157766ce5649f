//! What one sample costs: CPU time of reading this host once and of deriving and encoding it for one watcher, beside loads
//! that are made here and end with the program. `cargo bench -p midair-agent --bench sample -- [S] [M] [L] [sysinfo]`;
//! with `whole` instead what the real agent costs with one watcher, thread by thread. `unshare -pfn --mount-proc` keeps the
//! loads of others out of it.
//!
//! Figures are CPU time of the thread that does it: what the kernel does for it counts, what others do meanwhile does not.

mod whole;

use std::{
    pin::pin,
    process::{Child, Command, ExitCode, Stdio},
    sync::Arc,
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use midair_agent::{
    Clock, Collector, Config,
    access::Access,
    cost::ThreadTimes,
    desk::{self, Desk, WatcherId},
    identity::Identity,
    outbox::{Outgoing, outbox},
    reading::{Reading, Source},
    sampler::SharedWants,
    sysinfo::Sysinfo,
};
use midair_proto::v1::{Interest, Stream, control};
use tokio_stream::Stream as _;

/// A load ends by itself after this time, whatever became of the bench.
const LOAD_SECONDS: u64 = 180;

/// Readings per figure, and the time between two.
const READINGS: usize = 15;
const PAUSE: Duration = Duration::from_secs(1);

/// The first readings fill what is read once.
const WARM_UP: usize = 6;

/// A tenth of the threads of a load wakes so often.
const WAKE_EVERY: Duration = Duration::from_millis(50);

/// Name, processes, and threads of each.
const PROFILES: [(&str, usize, usize); 3] = [("S", 60, 4), ("M", 440, 6), ("L", 1_900, 10)];

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    if let Some(code) = midair_agent::kernel::bpf::bpf_child() {
        return code;
    }
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if let [hold, number, threads] = &arguments[..]
        && hold == "--hold"
    {
        hold_threads(number.parse().expect("a number"), threads.parse().expect("a number of threads"));
        return ExitCode::SUCCESS;
    }
    println!("{:<28} {:>9} {:>8} | CPU per sample, median and most", "source", "processes", "threads");
    let is_named = |name: &str| arguments.iter().any(|a| a == name);
    let is_asked = |name: &str| is_named(name) || !PROFILES.iter().any(|(profile, ..)| is_named(profile));
    for (name, processes, threads) in PROFILES.into_iter().filter(|(name, ..)| is_asked(name)) {
        let _load = Load::start(processes, threads);
        if is_named("whole") {
            for collector in ["bpf", "proc"] {
                whole::figures(name, collector, false);
                whole::figures(name, collector, true);
            }
        } else {
            report(name, is_named("sysinfo"));
        }
    }
    ExitCode::SUCCESS
}

fn report(profile: &str, has_sysinfo: bool) {
    let clock = Clock::system();
    let now = clock.clone();
    #[cfg(target_os = "linux")]
    {
        for (name, collector) in [("bpf", Collector::Bpf), ("/proc", Collector::Proc)] {
            let clock = clock.clone();
            let now = clock.clone();
            let kernel = midair_agent::kernel::Kernel::new("/proc".into(), move || now.mono_us());
            figures(&format!("{profile} kernel {name}"), &mut kernel.reading_through(collector), &clock);
        }
    }
    if has_sysinfo {
        figures(&format!("{profile} sysinfo"), &mut Sysinfo::new(move || now.mono_us()), &clock);
    }
}

/// Reads a source as a sampler does, hands it to a desk with one watcher, and prints a line of what that costs.
fn figures(name: &str, source: &mut dyn Source, clock: &Clock) {
    let mut watched = Watched::start(clock);
    let mut parts: Vec<(&'static str, Vec<u64>)> = Vec::new();
    let (mut all_us, mut desk_us, mut first_us) = (Vec::new(), Vec::new(), 0);
    let (mut n_processes, mut n_threads, mut n_bytes) = (0, 0, 0);
    for n in 0..READINGS + WARM_UP {
        let mut reading = Reading::default();
        let before_us = clock.thread_cpu_us();
        source.read(&watched.wants.copy(), &mut reading);
        let read_us = clock.thread_cpu_us() - before_us;
        let node = &reading.node;
        (n_processes, n_threads) = (node.n_processes.unwrap_or(0), node.n_threads.unwrap_or(0));
        let costs: Vec<_> = reading.sources.iter().map(|state| (state.name, state.cpu_us.unwrap_or(0))).collect();
        watched.desk.handle(desk::Command::Read(Box::new(reading), 0));
        let both_us = clock.thread_cpu_us() - before_us;
        let n_sent = watched.drain();
        if n == 0 {
            first_us = both_us;
        }
        if n >= WARM_UP {
            all_us.push(read_us);
            desk_us.push(both_us - read_us);
            n_bytes += n_sent;
            for (part, us) in costs {
                match parts.iter_mut().find(|(name, _)| *name == part) {
                    Some((_, all)) => all.push(us),
                    None => parts.push((part, vec![us])),
                }
            }
        }
        thread::sleep(PAUSE);
    }
    let (all, desk) = (median_ms(&mut all_us), median_ms(&mut desk_us));
    let parts = parts.into_iter().filter(|(_, us)| us.iter().any(|us| *us > 0));
    let parts: Vec<String> = parts.map(|(part, mut us)| format!("{part} {:.2}", median_ms(&mut us))).collect();
    println!(
        "{name:<28} {n_processes:>9} {n_threads:>8} | source {all:.2} ms ({:.2}){}; desk {desk:.2} ms ({:.2}); first {:.1} ms; \
         {} B per sample; {} MB resident",
        all_us.last().map_or(0.0, |us| *us as f64 / 1e3),
        if parts.is_empty() { String::new() } else { format!(" [{}]", parts.join(", ")) },
        desk_us.last().map_or(0.0, |us| *us as f64 / 1e3),
        first_us as f64 / 1e3,
        n_bytes / READINGS,
        resident_mb(),
    );
}

/// A desk with one watcher of the detail stream.
struct Watched {
    desk: Desk,
    wants: SharedWants,
    outgoing: Outgoing,
}

impl Watched {
    fn start(clock: &Clock) -> Self {
        let config = Config { node: Some("bench".into()), ..Config::default() };
        let identity = Arc::new(Identity::read(&config).expect("this host has a name"));
        let wants = SharedWants::default();
        let mut desk = Desk::new(&config, identity, clock.clone(), wants.clone(), ThreadTimes::default());
        let (outbox, outgoing) = outbox();
        let id = WatcherId(1);
        desk.handle(desk::Command::Join { id, outbox, viewer: "bench".into(), access: Access::Local });
        let interest = Interest { scope: None, stream: Some(Stream::Detail.into()), interval_ms: Some(1_000) };
        desk.handle(desk::Command::Control(id, control::Kind::Interest(interest)));
        Self { desk, wants, outgoing }
    }

    /// Takes what was sent; says how many bytes of payload that was.
    fn drain(&mut self) -> usize {
        let mut context = Context::from_waker(Waker::noop());
        let mut n_bytes = 0;
        while let Poll::Ready(Some(Ok(envelope))) = pin!(&mut self.outgoing).poll_next(&mut context) {
            n_bytes += envelope.payload.as_ref().map_or(0, |payload| payload.len());
        }
        n_bytes
    }
}

fn median_ms(us: &mut [u64]) -> f64 {
    us.sort_unstable();
    us.get(us.len() / 2).map_or(0.0, |us| *us as f64 / 1e3)
}

fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// Processes of sleeping threads, a tenth of which wake; they end when this is dropped, or with this program.
struct Load(Vec<Child>);

impl Load {
    fn start(processes: usize, threads: usize) -> Self {
        let me = std::env::current_exe().expect("the bench knows itself");
        let start = |number: usize| {
            let mut command = Command::new(&me);
            command.args(["--hold", &number.to_string(), &threads.to_string()]);
            command.stdin(Stdio::piped()).stdout(Stdio::null());
            command.spawn().expect("the bench starts itself")
        };
        let load = Self((0..processes).map(start).collect());
        thread::sleep(Duration::from_secs(2));
        load
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // One that has ended already is as good.
            if child.kill().is_ok() && child.wait().is_err() {
                eprintln!("a child of the load could not be waited for");
            }
        }
    }
}

/// A process of sleeping threads, of which each tenth over all processes wakes. It ends with its standard input.
fn hold_threads(number: usize, threads: usize) {
    for n in 2..threads {
        let wakes = (number * threads + n).is_multiple_of(10);
        let pause = if wakes { WAKE_EVERY } else { Duration::from_secs(LOAD_SECONDS) };
        let sleeper = thread::Builder::new().stack_size(16 * 1024);
        sleeper
            .spawn(move || {
                loop {
                    thread::sleep(pause)
                }
            })
            .expect("a thread can be started");
    }
    thread::spawn(|| {
        thread::sleep(Duration::from_secs(LOAD_SECONDS));
        std::process::exit(0);
    });
    let end = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
    end.map(drop).expect("standard input can be read");
}
