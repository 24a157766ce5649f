//! What the dashboard costs and how it feels, measured on the real binary in a real pseudo-terminal of 160x45:
//! first screen, key to screen, CPU and bytes at rest. `cargo bench --bench dashboard`
//!
//! Loads are made here and end with the program: S (about 150 processes, 300 threads, mostly idle) and T (one process of
//! 3,000 threads, a tenth of them waking twenty times a second, all shown as rows). `htop` is measured in the same
//! run where it is installed.

#![expect(clippy::disallowed_methods, reason = "a bench measures real time")]

#[path = "../tests/it/support/terminal.rs"]
#[expect(dead_code, reason = "the bench uses a part of what the tests use")]
mod terminal;

use std::{
    fs,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use terminal::Terminal;

const SIZE: (u16, u16) = (160, 45);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.get(1).map(String::as_str) == Some("--hold") {
        return hold(arguments[2].parse().expect("a number of threads"), arguments[3].parse().expect("seconds"));
    }
    let me = std::env::current_exe().expect("the bench knows itself");
    let midair = env!("CARGO_BIN_EXE_midair");
    println!("{:<34} first screen | at rest | key to screen", "program");
    {
        let _load = Load::processes(&me, 60, 4);
        report("midair, S", midair, &["--embedded"], &["j", "j", "k", ">", "<", "\r", "\x1b"]);
        if let Some(htop) = installed("htop") {
            report("htop, S", &htop, &["-d", "10"], &["\x1b[B", "\x1b[B", "\x1b[A", "P", "M"]);
        }
    }
    let _load = Load::processes(&me, 1, 3000);
    report("midair, T, rows of threads", midair, &["--embedded"], &["H", "j", "j", "k", ">", "<", "\r", "\x1b"]);
}

/// Prints one line of figures for a program.
fn report(name: &str, program: &str, arguments: &[&str], keys: &[&str]) {
    let mut first: Vec<f64> = (0..7).map(|_| first_screen(program, arguments)).collect();
    let mut terminal = Terminal::start(program, arguments, SIZE.0, SIZE.1);
    thread::sleep(Duration::from_secs(4));
    let rest = at_rest(&terminal, Duration::from_secs(20));
    // The first key of a list that starts with it switches the table to threads; it is not timed.
    let keys = match keys {
        ["H", rest @ ..] => {
            terminal.press("H");
            thread::sleep(Duration::from_secs(3));
            rest
        }
        all => all,
    };
    let timed: Vec<(&str, f64)> =
        (0..20).flat_map(|_| keys).filter_map(|key| key_to_screen(&mut terminal, key).map(|ms| (*key, ms))).collect();
    let mut latency: Vec<f64> = timed.iter().map(|(_, ms)| *ms).collect();
    // A key that changed nothing within a second is in no quantile: it must not go unnoticed.
    let (n, n_unanswered) = (latency.len(), 20 * keys.len() - latency.len());
    println!(
        "{name:<34} {:.0} ms | {:.2} % of a core, {:.1} KiB/s to the terminal | median {:.1} ms, p99 {:.1} ms of {n} keys, \
         {n_unanswered} without a change",
        quantile(&mut first, 0.5),
        rest.cpu_percent,
        rest.kib_per_second,
        quantile(&mut latency, 0.5),
        quantile(&mut latency, 0.99),
    );
    let mut by_key: Vec<&str> = keys.to_vec();
    by_key.dedup();
    for key in by_key {
        let mut of_key: Vec<f64> = timed.iter().filter(|(k, _)| *k == key).map(|(_, ms)| *ms).collect();
        let (median, worst) = (quantile(&mut of_key, 0.5), quantile(&mut of_key, 1.0));
        println!("    {key:<8?} median {median:.1} ms, worst {worst:.1} ms of {}", of_key.len());
    }
}

/// Milliseconds from start until rows of real processes stand on the screen.
fn first_screen(program: &str, arguments: &[&str]) -> f64 {
    let start = Instant::now();
    let terminal = Terminal::start(program, arguments, SIZE.0, SIZE.1);
    let end = start + Duration::from_secs(10);
    while Instant::now() < end {
        // The bench itself and its parent are processes of this host, whatever else runs here.
        if terminal.screen().matches("dashboard-").count() > 0 {
            return start.elapsed().as_secs_f64() * 1e3;
        }
        thread::sleep(Duration::from_millis(1));
    }
    f64::NAN
}

/// Milliseconds from a key to the first changed cell; `None` when the key changed nothing within a second.
fn key_to_screen(terminal: &mut Terminal, key: &str) -> Option<f64> {
    // Away from the tick, so that what changes is the key's doing more often than the sample's.
    let mut before = terminal.raw().len();
    let quiet = Instant::now();
    while quiet.elapsed() < Duration::from_millis(500) {
        thread::sleep(Duration::from_millis(30));
        let now = terminal.raw().len();
        if now == before {
            break;
        }
        before = now;
    }
    let (screen, start) = (terminal.screen(), Instant::now());
    terminal.press(key);
    while start.elapsed() < Duration::from_secs(1) {
        if terminal.raw().len() != before && terminal.screen() != screen {
            return Some(start.elapsed().as_secs_f64() * 1e3);
        }
        thread::sleep(Duration::from_micros(200));
    }
    None
}

struct Rest {
    cpu_percent: f64,
    kib_per_second: f64,
}

/// CPU of all threads, and the median of the bytes sent in each second.
fn at_rest(terminal: &Terminal, over: Duration) -> Rest {
    let (cpu, start) = (cpu_ms(terminal.pid()), Instant::now());
    let mut sent = Vec::new();
    let mut before = terminal.raw().len();
    while start.elapsed() < over {
        thread::sleep(Duration::from_secs(1));
        let now = terminal.raw().len();
        sent.push((now - before) as f64 / 1024.0);
        before = now;
    }
    let cpu_percent = (cpu_ms(terminal.pid()) - cpu) / start.elapsed().as_secs_f64() / 10.0;
    Rest { cpu_percent, kib_per_second: quantile(&mut sent, 0.5) }
}

/// CPU time of all threads of a process in milliseconds, by schedstat.
fn cpu_ms(pid: u32) -> f64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("the program runs");
    let of = |path: std::path::PathBuf| {
        let text = fs::read_to_string(path.join("schedstat")).unwrap_or_default();
        text.split(' ').next().and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0)
    };
    tasks.flatten().map(|task| of(task.path())).sum::<f64>() / 1e6
}

fn quantile(values: &mut [f64], q: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values.get((last as f64 * q).round() as usize).copied().unwrap_or(f64::NAN)
}

fn installed(program: &str) -> Option<String> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.exists())?;
    found.to_str().map(str::to_owned)
}

/// Idle processes, ended when dropped.
struct Load(Vec<Child>);

impl Load {
    fn processes(me: &std::path::Path, n: usize, threads: usize) -> Self {
        let start = || {
            let mut command = Command::new(me);
            command.args(["--hold", &threads.to_string(), "300"]).stdin(Stdio::null());
            command.spawn().expect("the load starts")
        };
        let load = Self((0..n).map(|_| start()).collect());
        thread::sleep(Duration::from_secs(2));
        load
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // An error means that it has ended already, which is what is wanted.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Holds threads for some seconds, a tenth of them waking twenty times a second where there are many.
fn hold(threads: usize, seconds: u64) {
    let end = Instant::now() + Duration::from_secs(seconds);
    let wakes = move |n: usize| if threads >= 100 && n.is_multiple_of(10) { 50 } else { 5_000 };
    let sleep = move |n: usize| {
        while Instant::now() < end {
            thread::sleep(Duration::from_millis(wakes(n)));
        }
    };
    let held: Vec<_> = (1..threads)
        .map(|n| thread::Builder::new().stack_size(64 * 1024).spawn(move || sleep(n)).expect("a thread"))
        .collect();
    sleep(1);
    held.into_iter().for_each(|thread| thread.join().expect("sleeping does not panic"));
}
