//! Loads made for a number that must be seen: threads that burn, sockets that wait. Each ends when it is dropped.

use std::{
    fs,
    io::Write,
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// A thread that keeps a CPU busy.
pub(crate) struct Burner {
    /// Its tid.
    pub(crate) tid: u64,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Burner {
    /// Burns on any CPU, or on one alone. Bounded: gives up by itself after two minutes.
    pub(crate) fn start(cpu: Option<usize>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let (tid_out, tid_in) = mpsc::channel();
        let burn = move || {
            if let Some(cpu) = cpu {
                let mut set = rustix::thread::CpuSet::new();
                set.set(cpu);
                rustix::thread::sched_setaffinity(None, &set).expect("a thread can be bound to a CPU");
            }
            let tid = rustix::thread::gettid().as_raw_nonzero().get() as u64;
            tid_out.send(tid).expect("the starter waits");
            let end = Instant::now() + Duration::from_secs(120);
            while !told.load(Ordering::Relaxed) && Instant::now() < end {
                for _ in 0..10_000 {
                    std::hint::spin_loop();
                }
            }
        };
        let thread = thread::Builder::new().name("midair-burner".into()).spawn(burn).expect("a thread");
        Self { tid: tid_in.recv().expect("the thread runs"), stop, thread: Some(thread) }
    }
}

impl Drop for Burner {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().expect("joined once").join().expect("burning does not panic");
    }
}

/// CPU time and run delay of a thread of this process in microseconds, as the kernel says now.
pub(crate) fn schedstat(tid: u64) -> (u64, u64) {
    let text = fs::read_to_string(format!("/proc/self/task/{tid}/schedstat")).expect("schedstat is there");
    let mut fields = text.split_ascii_whitespace().map(|f| f.parse::<u64>().expect("a number") / 1000);
    (fields.next().expect("CPU time"), fields.next().expect("run delay"))
}

/// A TCP connection over loopback on whose reading end bytes wait.
pub(crate) struct Unread {
    /// The end that does not read.
    pub(crate) reader: TcpStream,
    pub(crate) _writer: TcpStream,
}

impl Unread {
    /// `n` bytes wait until this is dropped.
    pub(crate) fn start(n: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let mut writer = TcpStream::connect(listener.local_addr().expect("an address")).expect("a connection");
        let (reader, _) = listener.accept().expect("a connection");
        writer.write_all(&vec![b'x'; n]).expect("it fits the buffers");
        Self { reader, _writer: writer }
    }
}
