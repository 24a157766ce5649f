//! The process that watches VMs, as the agent sees it: asked at each tick, never waited for.
//!
//! It is this same program, started anew with an argument that nobody types. It holds the cookies and listens nowhere;
//! the agent, which listens, holds none.

use std::{
    env,
    io::{self, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::Duration,
};

use super::{
    FLAG,
    said::{Ask, Said, read_frame, write_frame},
};
use crate::config::COOKIE_VARIABLE;

/// A watcher that has not answered for so long hangs, and is started anew.
const ANSWERS_WITHIN_US: u64 = 30_000_000;

/// The reader copies frames, nothing more.
const STACK_BYTES: usize = 128 * 1024;

/// How often is looked whether one that was ended is gone.
const REAPED_EVERY: Duration = Duration::from_millis(50);

/// A running watcher. Dropped, it is ended, which nobody waits for: it may be in a file system that hangs.
#[derive(Debug)]
pub(crate) struct Handle {
    child: Arc<Mutex<Child>>,
    stdin: ChildStdin,
    answers: Arc<Mutex<Answers>>,
    /// When the question was asked that has no answer yet.
    asked_us: Option<u64>,
}

#[derive(Debug, Default)]
struct Answers {
    last: Option<Said>,
    is_over: bool,
}

/// Whether a watcher is still there that was ended.
#[derive(Debug, Default)]
pub(crate) struct Remains(Weak<Mutex<Child>>);

impl Remains {
    /// Whether its process is.
    pub(crate) fn is_there(&self) -> bool {
        self.0.strong_count() > 0
    }
}

impl Handle {
    /// Starts one.
    pub(crate) fn start() -> io::Result<Self> {
        let mut command = Command::new("/proc/self/exe");
        // Nothing of the environment may change what it does, but the cookie that an operator gave.
        command.arg(FLAG).env_clear().envs(env::var_os(COOKIE_VARIABLE).map(|cookie| (COOKIE_VARIABLE, cookie)));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("it was started without pipes"));
        };
        let answers = Arc::<Mutex<Answers>>::default();
        let child = Arc::new(Mutex::new(child));
        let of_reader = (Arc::clone(&child), Arc::clone(&answers));
        let reader = thread::Builder::new().name("midair-beam".into()).stack_size(STACK_BYTES);
        let reader = reader.spawn(move || {
            read_on(stdout, &of_reader.1);
            reap(&of_reader.0);
        });
        if let Err(error) = reader {
            let mut child = lock(&child);
            drop((child.kill(), child.wait()));
            return Err(error);
        }
        Ok(Self { child, stdin, answers, asked_us: None })
    }

    /// What stays until its process is gone.
    pub(crate) fn remains(&self) -> Remains {
        Remains(Arc::downgrade(&self.child))
    }

    /// Takes the answer to the last question, where it has come, and asks the next then. An error where it has ended or
    /// hangs.
    pub(crate) fn ask(&mut self, ask: &Ask, now_us: u64) -> io::Result<Option<Said>> {
        let (said, is_over) = {
            let mut answers = lock(&self.answers);
            (answers.last.take(), answers.is_over)
        };
        if is_over {
            return Err(io::Error::other("it has ended"));
        }
        if said.is_some() {
            self.asked_us = None;
        }
        match self.asked_us {
            Some(asked_us) if now_us.saturating_sub(asked_us) > ANSWERS_WITHIN_US => {
                return Err(io::Error::other("it does not answer"));
            }
            Some(_) => {}
            None => {
                // The pipe is empty, since it has answered what was in it; so this waits for nobody.
                write_frame(&mut self.stdin, ask)?;
                self.asked_us = Some(now_us);
            }
        }
        Ok(said)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Err(error) = lock(&self.child).kill() {
            tracing::warn!("the watcher of Erlang VMs cannot be ended: {error}");
        }
    }
}

fn read_on(stdout: ChildStdout, answers: &Mutex<Answers>) {
    let mut from = BufReader::new(stdout);
    while let Ok(said) = read_frame(&mut from) {
        lock(answers).last = Some(said);
    }
    lock(answers).is_over = true;
}

/// Waits until it is gone, which is when it no longer counts as [`Handle::remains`].
fn reap(child: &Mutex<Child>) {
    while matches!(lock(child).try_wait(), Ok(None)) {
        thread::sleep(REAPED_EVERY);
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
