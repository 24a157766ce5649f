//! What one sample costs: CPU time of reading this host once, beside loads of many idle tasks that are made here and end
//! with the program. `cargo bench -p midair-agent --bench sample`; with `-- --whole` what
//! the agent costs as a whole, with one watcher, thread by thread; `unshare -pfn --mount-proc` keeps other loads out of it.
//!
//! Figures are CPU time of the reading thread: what the kernel does for it counts, what others do meanwhile does not.

mod whole;

use std::{
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use midair_agent::{
    Clock,
    reading::{Reading, Source, Wants},
    sysinfo::Sysinfo,
};
use midair_vitals::TaskId;

/// A load ends by itself after this time, whatever became of the bench.
const LOAD_SECONDS: u64 = 120;

/// Readings per figure, and the time between two.
const READINGS: usize = 20;
const PAUSE: Duration = Duration::from_millis(250);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.get(1).map(String::as_str) == Some("--hold") {
        return hold(arguments[2].parse().expect("a number of threads"));
    }
    println!("{:<56} {:>9} {:>9} | CPU per reading", "source, beside", "processes", "threads");
    let is_whole = arguments.iter().any(|argument| argument == "--whole");
    let loads: &[(usize, usize)] = if is_whole { &[(150, 2), (440, 6)] } else { &[(0, 0), (60, 4), (440, 6)] };
    for (processes, threads) in loads.iter().copied() {
        let _load = Load::start(processes, threads);
        let beside = match processes {
            0 => "this host as it is".to_owned(),
            n => format!("{n} idle processes of {threads} threads"),
        };
        if is_whole {
            whole::figures(&beside, false);
            whole::figures(&beside, true);
        } else {
            report(&beside);
        }
    }
}

fn report(beside: &str) {
    let clock = Clock::system();
    let now = clock.clone();
    #[cfg(target_os = "linux")]
    {
        let mut kernel = midair_agent::kernel::Kernel::new("/proc".into(), {
            let clock = clock.clone();
            move || clock.mono_us()
        });
        figures("kernel", beside, &mut kernel, &clock, 0);
        figures("kernel, 200 hot", beside, &mut kernel, &clock, 200);
    }
    figures("sysinfo", beside, &mut Sysinfo::new(move || now.mono_us()), &clock, 0);
}

/// Reads a source as a sampler does and prints a line of what that costs.
fn figures(name: &str, beside: &str, source: &mut dyn Source, clock: &Clock, n_hot: usize) {
    let mut wants = Wants::default();
    let (mut all_us, mut sockets_us) = (Vec::new(), Vec::new());
    let mut last = Reading::default();
    for n in 0..READINGS + 3 {
        thread::sleep(PAUSE);
        let mut reading = Reading::default();
        let before_us = clock.thread_cpu_us();
        source.read(&wants, &mut reading);
        let us = clock.thread_cpu_us() - before_us;
        wants.hot = hot(&reading, n_hot);
        // The first ones read what is read once.
        if n >= 3 {
            all_us.push(us);
            let sockets = reading.sources.iter().find(|state| state.name == "sockets");
            sockets_us.extend(sockets.and_then(|state| state.cpu_us));
        }
        last = reading;
    }
    let (all, sockets) = (median_ms(&mut all_us), median_ms(&mut sockets_us));
    println!(
        "{:<56} {:>9} {:>9} | median {:.2} ms, most {:.2} ms{}",
        format!("{name}, {beside}"),
        last.node.n_processes.unwrap_or(0),
        last.node.n_threads.unwrap_or(0),
        all.unwrap_or(0.0),
        all_us.last().map_or(0.0, |us| *us as f64 / 1e3),
        sockets.map(|ms| format!(", {ms:.2} ms of it for sockets")).unwrap_or_default(),
    );
}

/// The busiest tasks, as the streams choose them.
fn hot(reading: &Reading, n: usize) -> Vec<TaskId> {
    let mut tasks: Vec<_> = reading.tasks.iter().collect();
    tasks.sort_by_key(|task| std::cmp::Reverse(task.cpu_us));
    tasks.iter().take(n).map(|task| task.id).collect()
}

fn median_ms(us: &mut [u64]) -> Option<f64> {
    us.sort_unstable();
    us.get(us.len() / 2).map(|us| *us as f64 / 1e3)
}

/// Idle processes; they end when this is dropped, or with this program.
struct Load(Vec<Child>);

impl Load {
    fn start(processes: usize, threads: usize) -> Self {
        let me = std::env::current_exe().expect("the bench knows itself");
        let start = || {
            let mut command = Command::new(&me);
            command.args(["--hold", &threads.to_string()]).stdin(Stdio::piped()).stdout(Stdio::null());
            command.spawn().expect("the bench starts itself")
        };
        let load = Self((0..processes).map(|_| start()).collect());
        thread::sleep(Duration::from_secs(1));
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

/// A process of mostly idle threads: one wakes twice a second, the others sleep. It ends with its standard input.
fn hold(threads: usize) {
    for n in 1..threads {
        thread::spawn(move || {
            loop {
                thread::sleep(Duration::from_millis(if n == 1 { 500 } else { LOAD_SECONDS * 1000 }));
            }
        });
    }
    thread::spawn(|| {
        thread::sleep(Duration::from_secs(LOAD_SECONDS));
        std::process::exit(0);
    });
    let end = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
    end.map(drop).expect("standard input can be read");
}
