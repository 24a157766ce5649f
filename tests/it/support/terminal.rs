//! A program in a real pseudo-terminal, and the screen that a person would see.

use std::{
    io::{Read, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// A program in a pseudo-terminal. Killed when dropped.
pub(crate) struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    /// None after it has vanished.
    master: Option<Box<dyn MasterPty + Send>>,
    has_vanished: Arc<AtomicBool>,
    keys: Box<dyn Write + Send>,
    seen: Arc<Mutex<Seen>>,
}

struct Seen {
    parser: vt100::Parser,
    raw: Vec<u8>,
}

impl Seen {
    /// The emulator may stumble over bytes that were meant for the size before a resize. It starts anew then: programs
    /// paint the whole screen after a resize, and what was sent is in `raw` in any case.
    fn take(&mut self, bytes: &[u8]) {
        let parser = &mut self.parser;
        if catch_unwind(AssertUnwindSafe(|| parser.process(bytes))).is_err() {
            let (rows, columns) = self.parser.screen().size();
            self.parser = vt100::Parser::new(rows, columns, 0);
        }
    }
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

impl Terminal {
    /// Starts a program; the environment is the test's, with a plain terminal.
    pub(crate) fn start(program: &str, arguments: &[&str], columns: u16, rows: u16) -> Self {
        let pair = native_pty_system().openpty(size(columns, rows)).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env("TERM", "xterm-256color");
        command.env_remove("NO_COLOR");
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("its output can be read");
        let keys = pair.master.take_writer().expect("its input can be written");
        let seen = Arc::new(Mutex::new(Seen { parser: vt100::Parser::new(rows, columns, 0), raw: Vec::new() }));
        let sink = Arc::clone(&seen);
        let has_vanished = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&has_vanished);
        thread::spawn(move || {
            let mut buffer = [0; 16384];
            while let (false, Ok(n @ 1..)) = (is_over.load(Ordering::Relaxed), reader.read(&mut buffer)) {
                let mut seen = sink.lock().expect("no reader panicked");
                seen.raw.extend_from_slice(&buffer[..n]);
                seen.take(&buffer[..n]);
            }
        });
        Self { child, master: Some(pair.master), has_vanished, keys, seen }
    }

    /// Closes the terminal under the program, as a window that is closed or a connection that is lost. The last of its
    /// file descriptors goes with the next output.
    pub(crate) fn vanish(&mut self) {
        self.has_vanished.store(true, Ordering::Relaxed);
        self.keys = Box::new(std::io::sink());
        self.master = None;
    }

    /// What stands on the screen, a line each.
    pub(crate) fn screen(&self) -> String {
        self.seen.lock().expect("no reader panicked").parser.screen().contents()
    }

    /// All bytes that the program sent.
    pub(crate) fn raw(&self) -> Vec<u8> {
        self.seen.lock().expect("no reader panicked").raw.clone()
    }

    /// Types.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("the terminal takes keys");
        self.keys.flush().expect("the terminal takes keys");
    }

    /// Changes the size, as a person who drags the corner of a window.
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        self.seen.lock().expect("no reader panicked").parser.screen_mut().set_size(rows, columns);
        let master = self.master.as_ref().expect("it has not vanished");
        master.resize(size(columns, rows)).expect("the terminal can be resized");
    }

    /// Waits until the screen is as wanted, at most 20 s; gives the screen.
    pub(crate) fn until(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            let screen = self.screen();
            if wanted(&screen) {
                return screen;
            }
            let last = String::from_utf8_lossy(&self.raw()).chars().rev().take(400).collect::<Vec<_>>();
            let last: String = last.into_iter().rev().collect();
            assert!(Instant::now() < end, "waited in vain for {what}; the screen:\n{screen}\nlast sent: {last:?}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until a text stands on the screen.
    pub(crate) fn until_text(&self, text: &str) -> String {
        self.until(text, |screen| screen.contains(text))
    }

    /// Number of the process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.process_id().expect("it has a number")
    }

    /// Waits until the program ends, at most 10 s; gives its exit code.
    pub(crate) fn ended(&mut self) -> u32 {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            if let Some(status) = self.child.try_wait().expect("the program can be waited for") {
                // The last bytes may still be on their way through the terminal.
                thread::sleep(Duration::from_millis(100));
                return status.exit_code();
            }
            assert!(Instant::now() < end, "the program does not end; the screen:\n{}", self.screen());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Whether the terminal was left as it was found: alternate screen left, cursor shown, mouse off.
    pub(crate) fn is_restored(&self) -> bool {
        let raw = self.raw();
        let last = |sequence: &str| raw.windows(sequence.len()).rposition(|w| w == sequence.as_bytes());
        last("\x1b[?1049l") > last("\x1b[?1049h")
            && last("\x1b[?25h") >= last("\x1b[?25l")
            && last("\x1b[?1000l") >= last("\x1b[?1000h")
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // An error means that it has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
