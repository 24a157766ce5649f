//! One VM: a thread that finds it, connects to it, and comes again when the connection has ended.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use midair_beam::{Backoff, Trouble};
use midair_proto::v1::Vm;
use midair_vitals::vm::NOT_ASKED_YET;

use super::{
    outside::{Dump, Found, There, Who, Whose},
    place::{self, Finder},
    reach::{self, Failed},
    requests::Served,
    vm,
};
use crate::{
    beam::said::{Ask, Inspection, SaidVm, Target, Trace},
    clock::Clock,
    config::BeamConfig,
};

/// Frames are decoded here, with bounded depth.
const STACK_BYTES: usize = 1 << 20;

/// An agent that has not asked for so long does not want to know: the VM is let go until it asks again. One that asks
/// seldom is given three times its time.
const ASKED_WITHIN_US: u64 = 15_000_000;

/// A VM that is said to answer and has not for so long: who watches it hangs itself, in a file of that VM for one.
const HANGS_AFTER_US: u64 = 60_000_000;

/// How often a thread that waits looks whether it is to end.
const STEP: Duration = Duration::from_millis(250);

/// The thread of one VM. Dropped, it ends within a moment, and its connection with it.
#[derive(Debug)]
pub(super) struct Guard {
    pub(super) target: Target,
    /// Nobody waits for it: it may be in a file system that hangs.
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
}

/// What the thread and who asks it share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) target: Target,
    pub(super) clock: Clock,
    is_over: AtomicBool,
    /// Its OS process is gone: what has it left behind?
    is_mourned: AtomicBool,
    asked_us: AtomicU64,
    /// Between the last two questions, microseconds.
    every_us: AtomicU64,
    asked: Mutex<Asked>,
    said: Mutex<SaidVm>,
}

/// What is wanted of the VM now.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    /// Numbers of the processes to look at.
    pub(super) looks: Vec<u64>,
    /// Traces to make.
    pub(super) traces: Vec<Trace>,
    /// Processes of which something is to be shown.
    pub(super) inspections: Vec<Inspection>,
}

impl Guard {
    pub(super) fn start(target: Target, config: Arc<BeamConfig>, clock: Clock) -> Self {
        let vm = Vm { runtime: Some(target.runtime), ..Vm::default() };
        let reason = Some(NOT_ASKED_YET.to_owned());
        let said = SaidVm { runtime: target.runtime, vm, reason, ..SaidVm::default() };
        let shared = Arc::new(Shared {
            target: target.clone(),
            asked_us: AtomicU64::new(clock.mono_us()),
            every_us: AtomicU64::new(0),
            clock,
            is_over: AtomicBool::new(false),
            is_mourned: AtomicBool::new(false),
            asked: Mutex::default(),
            said: Mutex::new(said),
        });
        let of_thread = Arc::clone(&shared);
        let thread = thread::Builder::new().name("midair-vm".into()).stack_size(STACK_BYTES);
        let thread = thread.spawn(move || run(&of_thread, &config));
        let failed = |error| shared.silent(format!("cannot start a thread for it: {error}"));
        Self { target, thread: thread.map_err(failed).ok(), shared }
    }

    /// Takes over what is wanted.
    pub(super) fn ask(&self, ask: &Ask) {
        let now_us = self.shared.clock.mono_us();
        let before_us = self.shared.asked_us.swap(now_us, Ordering::Relaxed);
        self.shared.every_us.store(now_us.saturating_sub(before_us), Ordering::Relaxed);
        let runtime = self.target.runtime;
        let looks = ask.looks.iter().filter(|which| which.runtime == runtime).map(|which| which.number).collect();
        let traces = ask.traces.iter().filter(|trace| trace.which.runtime == runtime).copied().collect();
        let inspections = ask.inspections.iter().filter(|one| one.which.runtime == runtime).copied().collect();
        *lock(&self.shared.asked) = Asked { looks, traces, inspections };
    }

    /// Its OS process has ended.
    pub(super) fn mourn(&self) {
        self.shared.is_mourned.store(true, Ordering::Relaxed);
    }

    /// What is known now; what is told once is taken.
    pub(super) fn said(&self) -> SaidVm {
        let mut said = lock(&self.shared.said);
        let is_old = |us: &u64| self.shared.clock.mono_us().saturating_sub(*us) > HANGS_AFTER_US;
        let is_left = self.thread.as_ref().is_none_or(JoinHandle::is_finished);
        if said.answers && (is_left || said.vm.answered_us.as_ref().is_some_and(is_old)) {
            said.silence();
            said.reason = Some("what watches it has stopped: the fault is ours, or one of its files hangs".into());
        }
        let told = said.clone();
        said.happened.clear();
        said.traces.clear();
        said.ended.clear();
        said.inspected.clear();
        told
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
    }
}

impl Shared {
    /// Whether somebody still wants to know.
    fn is_wanted(&self) -> bool {
        let idle_us = self.clock.mono_us().saturating_sub(self.asked_us.load(Ordering::Relaxed));
        let every_us = self.every_us.load(Ordering::Relaxed);
        !self.is_over() && !self.is_mourned() && idle_us < every_us.saturating_mul(3).max(ASKED_WITHIN_US)
    }

    /// Until nobody wants to know any more.
    async fn unwanted(&self) {
        while self.is_wanted() {
            tokio::time::sleep(STEP).await;
        }
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    fn until_us(&self, pause: Duration) -> u64 {
        self.clock.mono_us() + u64::try_from(pause.as_micros()).unwrap_or(u64::MAX / 2)
    }

    fn is_mourned(&self) -> bool {
        self.is_mourned.load(Ordering::Relaxed)
    }

    pub(super) fn asked(&self) -> Asked {
        lock(&self.asked).clone()
    }

    /// Changes what is said.
    pub(super) fn say(&self, change: impl FnOnce(&mut SaidVm)) {
        change(&mut lock(&self.said));
    }

    /// Looks for the crash dump of a VM that does not answer, or has ended.
    pub(super) fn look_for(&self, dump: &mut Dump) {
        let (name, has_answered) = {
            let said = lock(&self.said);
            (said.vm.name.clone(), said.vm.answered_us.is_some())
        };
        let (who, has_ended) = (Who { name: name.as_deref(), has_answered }, self.is_mourned());
        let found = if has_ended { dump.look_now(who) } else { dump.look(self.clock.mono_us(), who) };
        // Of one that may come back only what is surely its own is told.
        if let Some(Found { dump, whose, slogan }) = found.filter(|one| one.whose == Whose::Own || has_ended) {
            self.say(|said| {
                said.is_dump_unsure = whose == Whose::Unknown;
                said.vm.crash_dump = (whose == Whose::Own).then_some(dump);
                said.slogan = slogan.or(said.slogan.take());
            });
        }
    }

    /// It has answered: what there was before in its folder is not its crash dump.
    pub(super) fn answered(&self, dump: &mut Dump, there: Option<There>) {
        dump.answered(there);
        self.say(|said| {
            (said.vm.crash_dump, said.slogan, said.hung_up_us) = (None, None, None);
        });
    }

    /// It has closed its connection.
    pub(super) fn hung_up(&self) {
        let now_us = self.clock.mono_us();
        self.say(|said| said.hung_up_us = Some(now_us));
    }

    /// It does not answer: what it said stays, its rows do not.
    pub(super) fn silent(&self, reason: String) {
        self.say(|said| {
            said.silence();
            said.reason = Some(reason);
        });
    }
}

fn lock<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn run(shared: &Arc<Shared>, config: &BeamConfig) {
    // While it is there: later nobody can tell where its dump would be.
    let mut dump = Dump::new(shared.target.pid);
    // Before anything is opened: sockets belong to the network in which they were made.
    let mut pauses = Backoff::default();
    while let Err(why) = place::enter_network(shared.target.pid) {
        shared.silent(why.clone());
        let until_us = shared.until_us(pauses.failed(Trouble::Absent, why, jitter(shared)));
        while shared.clock.mono_us() < until_us {
            if shared.is_over() {
                return;
            }
            shared.look_for(&mut dump);
            thread::sleep(STEP);
        }
    }
    // How it is called though it may never let us in.
    if let Some(name) = place::Arguments::of(shared.target.pid).full_name() {
        shared.say(|said| said.vm.name = Some(name));
    }
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(keep(shared, config, dump)),
        Err(error) => shared.silent(format!("cannot start tokio: {error}")),
    }
}

/// Connects again and again, without hammering.
async fn keep(shared: &Arc<Shared>, config: &BeamConfig, mut dump: Dump) {
    let (mut backoff, mut finder) = (Backoff::default(), Finder::new(shared.target.pid));
    let mut served = Served::default();
    while !shared.is_over() {
        if shared.is_mourned() {
            shared.look_for(&mut dump);
            tokio::time::sleep(STEP).await;
            continue;
        }
        if !shared.is_wanted() {
            tokio::time::sleep(STEP).await;
            continue;
        }
        let began_us = shared.clock.mono_us();
        let tried = tokio::select! {
            tried = attempt(shared, config, &mut finder, (&mut served, &mut dump)) => tried,
            () = shared.unwanted() => {
                shared.silent("nobody asks".into());
                continue;
            }
        };
        let pause = match tried {
            Err(Failed { trouble, why: reason, is_undistributed }) => {
                shared.say(|said| said.is_undistributed = is_undistributed);
                let pause = backoff.failed(trouble, &reason, jitter(shared));
                let reason = match trouble {
                    // A target logs each of these, so that the next try is far.
                    Trouble::Refused => format!("{reason}; next try in {} min", pause.as_secs().div_ceil(60)),
                    Trouble::Absent | Trouble::NameInUse => reason,
                };
                shared.silent(reason);
                pause
            }
            Ok(reason) => {
                backoff.connected();
                let held = Duration::from_micros(shared.clock.mono_us().saturating_sub(began_us));
                shared.silent(reason.clone());
                backoff.ended(held, reason, jitter(shared))
            }
        };
        wait(shared, pause, &mut dump).await;
    }
}

/// Reaches it and watches it until that ends; answers why it did.
async fn attempt(
    shared: &Arc<Shared>,
    config: &BeamConfig,
    finder: &mut Finder,
    (served, dump): (&mut Served, &mut Dump),
) -> Result<String, Failed> {
    let reached = reach::reach(&shared.target, config, finder, shared.clock.mono_us()).await?;
    shared.say(|said| said.is_undistributed = false);
    Ok(vm::watch(reached, shared, config, (served, dump)).await)
}

async fn wait(shared: &Shared, pause: Duration, dump: &mut Dump) {
    let until_us = shared.until_us(pause);
    while !shared.is_over() && !shared.is_mourned() && shared.clock.mono_us() < until_us {
        shared.look_for(dump);
        tokio::time::sleep(STEP).await;
    }
}

/// Something between 0 and 1 that differs from VM to VM and from time to time.
fn jitter(shared: &Shared) -> f64 {
    ((shared.clock.mono_us() / 7 + u64::from(shared.target.pid)) % 1000) as f64 / 1000.0
}
