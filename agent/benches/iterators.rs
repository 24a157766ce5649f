//! What reading threads and descriptors through BPF costs, each by each: `cargo bench -p midair-agent --bench iterators`,
//! as root.
//!
//! Figures are this thread's CPU time, the kernel's part in it included: the least of several looks, in nanoseconds.

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("there are no BPF iterators here");
}

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    match midair_agent::bpf_child() {
        Some(ended) => ended,
        None => linux::measure(),
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{
        fs::File,
        net::{TcpListener, TcpStream},
        os::unix::net::UnixDatagram,
        process::ExitCode,
        sync::Barrier,
    };

    use midair_agent::{
        Clock,
        kernel::bpf::{Bpf, Choice, Say, Thread},
    };

    const LOOKS: usize = 9;

    pub(super) fn measure() -> ExitCode {
        let clock = &Clock::system();
        let (wall_us, before_us) = (clock.mono_us(), clock.thread_cpu_us());
        let mut bpf = match Bpf::open(&Choice { pinned: Vec::new(), ..Choice::default() }) {
            Ok(bpf) => bpf,
            Err(why) => {
                eprintln!("{why}");
                return ExitCode::FAILURE;
            }
        };
        let waited_ms = (clock.mono_us() - wall_us) / 1000;
        println!("opened after {waited_ms} ms, {} us of its own CPU", clock.thread_cpu_us() - before_us);
        threads(&mut bpf, clock);
        files(&bpf, clock);
        exits(&bpf);
        ExitCode::SUCCESS
    }

    /// The least of several looks, in nanoseconds of CPU for each of what was looked at.
    fn least(clock: &Clock, name: &str, mut look: impl FnMut() -> u64) {
        let mut least_ns = f64::INFINITY;
        let mut n = 0;
        for _ in 0..LOOKS {
            let before_us = clock.thread_cpu_us();
            n = look();
            least_ns = least_ns.min((clock.thread_cpu_us() - before_us) as f64 * 1000.0 / n.max(1) as f64);
        }
        println!("{name:44} {n:8} {least_ns:8.0} ns each");
    }

    fn threads(bpf: &mut Bpf, clock: &Clock) {
        let end = Barrier::new(2_001);
        std::thread::scope(|scope| {
            for _ in 0..2_000 {
                let thread = std::thread::Builder::new().stack_size(64 * 1024);
                if thread.spawn_scoped(scope, || end.wait()).is_err() {
                    eprintln!("no room for 2,000 threads");
                    std::process::exit(1);
                }
            }
            least(clock, "threads, in full", || {
                let mut n = 0;
                bpf.tasks(Say::All, &mut |_| n += 1).map_or(0, |_| n)
            });
            // Then they have slept for long enough to be told in short.
            std::thread::sleep(std::time::Duration::from_secs(11));
            let mut n_sleepers = 0;
            least(clock, "threads, most of them sleepers in short", || {
                let mut n = 0;
                n_sleepers = 0;
                let mut count = |thread: Thread<'_>| {
                    n += 1;
                    n_sleepers += u64::from(matches!(thread, Thread::Sleeper(_)));
                };
                bpf.tasks(Say::Brief, &mut count).map_or(0, |_| n)
            });
            println!("{:44} {n_sleepers:8}", "  of them sleepers");
            end.wait();
        });
    }

    /// What counting short-lived processes takes from each that ends, as the programs measure it themselves.
    fn exits(bpf: &Bpf) {
        let Some(exits) = bpf.exits() else {
            println!("this kernel does not count short-lived processes");
            return;
        };
        let counting = match exits.count() {
            Ok(counting) => counting,
            Err(why) => return println!("{why}"),
        };
        for _ in 0..LOOKS {
            let Ok(before) = counting.totals() else { return };
            for _ in 0..500 {
                if let Err(error) = std::process::Command::new("true").status() {
                    return println!("true cannot be run: {error}");
                }
            }
            let Ok(after) = counting.totals() else { return };
            let (n, cost_ns) = (after.n - before.n, (after.cost_ns - before.cost_ns) as f64);
            let each_ns = cost_ns * 2.0 / (after.n_runs - before.n_runs).max(1) as f64;
            println!(
                "{:44} {n:8} {each_ns:8.0} ns each, its end and its freeing",
                "short-lived processes, counted by name"
            );
        }
    }

    fn files(bpf: &Bpf, clock: &Clock) {
        let Some(mut walk) = bpf.walk_of(std::process::id()) else {
            println!("this kernel walks over all descriptors alone");
            return;
        };
        let mut look = |name: &str| {
            least(clock, name, || walk.slice(u64::MAX, &mut |_| ()).map_or(0, |progress| progress.n_files));
        };
        let files: Vec<_> = (0..4_000).flat_map(|_| File::open("/dev/null")).collect();
        look("descriptors, no queues");
        drop(files);
        let pipes: Vec<_> = (0..2_000).flat_map(|_| std::io::pipe()).collect();
        look("descriptors, pipes that are empty");
        drop(pipes);
        let pairs: Vec<_> = (0..2_000).flat_map(|_| UnixDatagram::pair()).collect();
        look("descriptors, unix sockets");
        drop(pairs);
        let Ok(listener) = TcpListener::bind("127.0.0.1:0") else { return };
        let Ok(address) = listener.local_addr() else { return };
        let connections: Vec<_> = (0..2_000)
            .flat_map(|_| TcpStream::connect(address))
            .flat_map(|near| listener.accept().map(|(far, _)| (near, far)))
            .collect();
        look("descriptors, TCP connections");
        drop(connections);
        let mut one = bpf.walk_of(std::process::id());
        least(clock, "walks over one process with few", || {
            one = bpf.walk_of(std::process::id());
            one.as_mut().map_or(0, |walk| walk.slice(u64::MAX, &mut |_| ()).map_or(0, |_| 1))
        });
    }
}
