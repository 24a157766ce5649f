//! The task of a connection: it alone reads and writes the socket, and knows who waits for what.

use std::{
    future::pending,
    io,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::BytesMut;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split},
    sync::{mpsc, oneshot, watch},
    time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until},
};

use super::{
    Counters, Limits,
    control::{self, Signal},
    ended::{CallError, Ended},
    owners::{GROUP_LEADER, Mailbox, Number, Owners},
    spawn::{Mfa, SpawnOptions},
    wire::{Frame, Incoming},
};
use crate::{
    handshake::Agreed,
    term::{Decoder, Pid, Term},
};

/// With so many bytes unwritten no commands are taken: callers wait.
const BUSY: usize = 1 << 20;
/// With so many the node does not read at all, while it makes us answer.
const DEAF: usize = 16 << 20;

/// What the handles ask of the task.
#[derive(Debug)]
pub(super) enum Command {
    Call {
        mfa: Mfa,
        args: Vec<Term>,
        options: SpawnOptions,
        within: Duration,
        answer: oneshot::Sender<Result<Term, CallError>>,
    },
    /// A pid of ours, before the process that is told of it.
    Name {
        named: oneshot::Sender<(Number, Pid)>,
    },
    Spawn {
        number: Number,
        mfa: Mfa,
        args: Vec<Term>,
        options: SpawnOptions,
        within: Duration,
        started: oneshot::Sender<Result<(Pid, Mailbox), CallError>>,
    },
    Kill(Number),
    TickTime(Duration),
    Frame(Vec<u8>),
}

pub(super) struct Core {
    owners: Owners,
    counters: Arc<Counters>,
    tick_time: Duration,
    limits: Limits,
    incoming: Incoming,
    outgoing: BytesMut,
    /// Bytes that the node made us answer since all was written: those that we wanted to send may be any number.
    owed: usize,
    /// Since the last look whether a tick is due.
    has_written: bool,
    /// TLS may keep a record back until it is flushed.
    is_unflushed: bool,
    heard: Instant,
}

impl Core {
    pub(super) fn new(agreed: Arc<Agreed>, counters: Arc<Counters>, tick_time: Duration, limits: Limits) -> Self {
        Self {
            owners: Owners::new(agreed),
            counters,
            tick_time: bounded(tick_time),
            limits,
            incoming: Incoming::new(Decoder::new(limits.bounds), limits.frame),
            outgoing: BytesMut::new(),
            owed: 0,
            has_written: false,
            is_unflushed: false,
            heard: Instant::now(),
        }
    }

    /// Runs until the connection ends. What waits then learns why, since `end` is told before the waiting are dropped.
    pub(super) async fn run<S: AsyncRead + AsyncWrite>(
        mut self,
        stream: S,
        mut commands: mpsc::Receiver<Command>,
        end: watch::Sender<Option<Ended>>,
    ) {
        let ended = self.serve(stream, &mut commands).await;
        end.send_replace(Some(ended));
        drop((commands, self));
    }

    async fn serve<S: AsyncRead + AsyncWrite>(&mut self, stream: S, commands: &mut mpsc::Receiver<Command>) -> Ended {
        let (mut reader, mut writer) = split(stream);
        let mut ticks = quarters(self.tick_time);
        loop {
            if ticks.period() != self.tick_time / 4 {
                ticks = quarters(self.tick_time);
            }
            let deadline = self.owners.deadline();
            // Each branch may be dropped half way: reading, writing and flushing have then moved nothing.
            let step = tokio::select! {
                read = reader.read_buf(self.incoming.room()) => match read {
                    Ok(0) => Err(Ended::Closed),
                    Ok(n) => self.received(n),
                    Err(error) => Err(broken(&error)),
                },
                written = put(&mut writer, &mut self.outgoing), if !self.outgoing.is_empty() || self.is_unflushed => {
                    written.map_err(|error| broken(&error)).map(|written| self.written(written))
                }
                command = commands.recv(), if self.outgoing.len() < BUSY => match command {
                    Some(command) => {
                        self.obey(command);
                        Ok(())
                    }
                    None => Err(Ended::Dropped),
                },
                _ = ticks.tick() => self.tick(),
                () = until(deadline) => {
                    self.expire();
                    Ok(())
                }
            };
            if let Err(ended) = step {
                return ended;
            }
        }
    }

    fn received(&mut self, n: usize) -> Result<(), Ended> {
        self.counters.received.fetch_add(n as u64, Ordering::Relaxed);
        self.heard = Instant::now();
        let unwritten = self.outgoing.len();
        while let Some(frame) = self.incoming.next()? {
            match frame {
                // An answer to each tick holds the link whatever tick time the node has.
                Frame::Tick if self.outgoing.is_empty() => self.outgoing.extend_from_slice(&[0; 4]),
                Frame::Tick => {}
                Frame::Message(control, payload) => self.hear(control::signal(control, payload)),
            }
        }
        self.owed += self.outgoing.len() - unwritten;
        if self.owed > DEAF { Err(Ended::Deaf(self.owed)) } else { Ok(()) }
    }

    fn written(&mut self, written: Written) {
        match written {
            Written::Bytes(n) => {
                self.counters.sent.fetch_add(n as u64, Ordering::Relaxed);
                (self.has_written, self.is_unflushed) = (true, true);
            }
            Written::All => (self.is_unflushed, self.owed) = (false, 0),
        }
    }

    fn tick(&mut self) -> Result<(), Ended> {
        let silent = self.heard.elapsed();
        // As Erlang does: it may take a quarter more than the tick time until it is seen.
        if silent > self.tick_time + self.tick_time / 4 {
            return Err(Ended::Silent(silent));
        }
        if !std::mem::take(&mut self.has_written) && self.outgoing.is_empty() {
            self.outgoing.extend_from_slice(&[0; 4]);
        }
        for number in self.owners.unheard() {
            self.kill(number);
        }
        Ok(())
    }

    fn expire(&mut self) {
        for (number, process) in self.owners.expire(Instant::now()) {
            self.say(&control::kill(self.owners.pid(number), process));
        }
    }

    fn kill(&mut self, number: Number) {
        if let Some((number, process)) = self.owners.give_up(number) {
            self.say(&control::kill(self.owners.pid(number), process));
        }
    }

    /// Sends a control message of ours: a handful of words, which always can be said.
    fn say(&mut self, control: &Term) {
        self.say_with(control, None);
    }

    fn say_with(&mut self, control: &Term, payload: Option<&Term>) {
        let frame = control::frame(control, payload).expect("what we say of ourselves is short");
        self.outgoing.extend_from_slice(&frame);
    }

    fn obey(&mut self, command: Command) {
        match command {
            // It waited here for so long that nobody waits for its result.
            Command::Call { answer, .. } if answer.is_closed() => {}
            Command::Spawn { started, .. } if started.is_closed() => {}
            Command::Call { mfa, args, options, within, answer } => {
                let number = self.owners.name();
                let (module, function) = mfa.atoms();
                let reference = self.owners.reference(number).into();
                let args = Term::list([reference, module.into(), function.into(), Term::List(args)]);
                match self.request(number, Mfa::new("erpc", "execute_call"), args, options) {
                    Ok(()) => self.owners.add_call(number, (mfa, within, Instant::now()), answer),
                    Err(error) => drop(answer.send(Err(error))), // Whoever asked may have gone.
                }
            }
            Command::Name { named } => {
                let number = self.owners.name();
                drop(named.send((number, self.owners.pid(number)))); // Whoever asked may have gone.
            }
            Command::Spawn { number, mfa, args, options, within, started } => {
                match self.request(number, mfa, Term::List(args), options) {
                    Ok(()) => {
                        let n_inbox = self.limits.inbox;
                        self.owners.add_helper(number, (mfa, within, Instant::now()), n_inbox, started);
                    }
                    Err(error) => drop(started.send(Err(error))), // Whoever asked may have gone.
                }
            }
            Command::Kill(number) => self.kill(number),
            Command::TickTime(tick_time) => self.tick_time = bounded(tick_time),
            Command::Frame(frame) => self.outgoing.extend_from_slice(&frame),
        }
    }

    /// Asks for a process that runs a function. Nothing but a link: the last reason comes through it, once.
    fn request(&mut self, number: Number, mfa: Mfa, args: Term, options: SpawnOptions) -> Result<(), CallError> {
        let (module, function) = mfa.atoms();
        let arity = args.as_list().map_or(0, <[Term]>::len) as i64;
        let (from, group_leader) = (self.owners.pid(number), self.owners.pid(GROUP_LEADER));
        let reference = self.owners.reference(number);
        let mfa = (module, function, arity);
        let control = control::spawn_request(reference, from, group_leader, mfa, options.terms());
        let frame = control::frame(&control, Some(&args))?;
        self.outgoing.extend_from_slice(&frame);
        Ok(())
    }

    fn hear(&mut self, signal: Signal) {
        match signal {
            Signal::Send { to, message } => self.deliver(&to, message),
            Signal::Exit { from, to, reason } => {
                if let Some(number) = self.owners.number(&to) {
                    self.owners.exited(number, &from, reason);
                }
            }
            Signal::Spawned { request, result } => self.spawned(&request, result),
            Signal::Link { from, to } => {
                if self.owners.number(&to).is_none_or(|number| !self.owners.is_known(number)) {
                    self.say(&control::no_process_to_link(to, from));
                }
            }
            Signal::Unlink { id, from, to } => self.say(&control::unlinked(id, to, from)),
            Signal::Monitor { from, to, reference } => {
                let number = to.as_pid().and_then(|pid| self.owners.number(pid));
                if number.is_none_or(|number| !self.owners.is_known(number)) {
                    self.say(&control::no_process_to_monitor(to, from, reference));
                }
            }
            Signal::Other => {}
        }
    }

    fn spawned(&mut self, request: &crate::term::Reference, result: Result<Pid, Term>) {
        let [low, high, ..] = request.words.as_slice() else { return };
        let number = Number::from(*low) | Number::from(*high) << 18;
        if *request != self.owners.reference(number) {
            return;
        }
        if let Some(process) = self.owners.spawned(number, result) {
            self.say(&control::kill(self.owners.pid(number), process));
        }
    }

    fn deliver(&mut self, to: &Pid, message: control::Payload) {
        match self.owners.number(to) {
            Some(GROUP_LEADER) => {
                if let Some((asker, reply)) = message.ok().as_ref().and_then(io_reply) {
                    self.say_with(&control::send(asker), Some(&reply));
                }
            }
            Some(number) => self.owners.deliver(number, message),
            None => {}
        }
    }
}

fn bounded(tick_time: Duration) -> Duration {
    tick_time.clamp(Duration::from_millis(40), Duration::from_secs(86_400))
}

fn quarters(of: Duration) -> Interval {
    let mut ticks = interval_at(Instant::now() + of / 4, of / 4);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Answers `io:format` of our processes, so that they do not wait: what they print goes nowhere.
fn io_reply(message: &Term) -> Option<(Pid, Term)> {
    let [tag, asker, reply_as, request] = message.as_tuple()? else { return None };
    if tag.as_atom() != Some("io_request") {
        return None;
    }
    let kind = request.as_tuple().and_then(|items| items.first()?.as_atom());
    let result = match kind {
        Some("put_chars" | "requests") => Term::atom("ok"),
        _ => Term::tuple([Term::atom("error"), Term::atom("enotsup")]),
    };
    Some((asker.as_pid()?.clone(), Term::tuple([Term::atom("io_reply"), reply_as.clone(), result])))
}

enum Written {
    Bytes(usize),
    All,
}

/// Writes what there is, as much as is taken; and when nothing is left, flushes.
async fn put<S: AsyncWrite + Unpin>(writer: &mut S, outgoing: &mut BytesMut) -> io::Result<Written> {
    if outgoing.is_empty() {
        return writer.flush().await.map(|()| Written::All);
    }
    match writer.write_buf(outgoing).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        n => Ok(Written::Bytes(n)),
    }
}

fn broken(error: &io::Error) -> Ended {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Ended::Closed,
        _ => Ended::Broken(error.to_string()),
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => pending().await,
    }
}
