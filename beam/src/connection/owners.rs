//! Our processes, as the node sees them: each call and each helper has a pid of ours, and a process there linked to it.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot, watch},
    time::Instant,
};

use super::{
    ended::{CallError, HelperEnded},
    spawn::Mfa,
};
use crate::{
    handshake::Agreed,
    term::{DecodeError, Pid, Reference, Term, Words},
};

/// Tells our processes apart; never used twice in a connection.
pub(super) type Number = u64;

/// Our process that is the group leader of all of theirs.
pub(super) const GROUP_LEADER: Number = 1;

/// The end of a helper's mailbox that is handed out.
#[derive(Debug)]
pub(super) struct Mailbox {
    pub(super) inbox: mpsc::Receiver<Term>,
    pub(super) ended: watch::Receiver<Option<HelperEnded>>,
    pub(super) n_dropped: Arc<AtomicU64>,
}

/// The end that messages go into.
#[derive(Debug)]
struct Slot {
    inbox: mpsc::Sender<Term>,
    ended: watch::Sender<Option<HelperEnded>>,
    n_dropped: Arc<AtomicU64>,
}

/// Who waits for a process there.
#[derive(Debug)]
enum Waiting {
    Call(oneshot::Sender<Result<Term, CallError>>),
    Start(oneshot::Sender<Result<(Pid, Mailbox), CallError>>, Slot, Mailbox),
    Helper(Slot),
    /// Nobody any more; the process is killed as soon as its pid is known.
    Nobody,
}

#[derive(Debug)]
struct Owner {
    mfa: Mfa,
    within: Duration,
    deadline: Instant,
    process: Option<Pid>,
    waiting: Waiting,
}

/// All of ours.
///
/// INVARIANT: `deadlines` holds one entry for each call and each start that is awaited, and no other.
#[derive(Debug)]
pub(super) struct Owners {
    agreed: Arc<Agreed>,
    next: Number,
    owners: HashMap<Number, Owner>,
    deadlines: BTreeSet<(Instant, Number)>,
}

impl Owners {
    pub(super) fn new(agreed: Arc<Agreed>) -> Self {
        Self { agreed, next: GROUP_LEADER + 1, owners: HashMap::new(), deadlines: BTreeSet::new() }
    }

    /// A number for a new process of ours.
    pub(super) fn name(&mut self) -> Number {
        self.next += 1;
        self.next
    }

    /// The pid of a number: 28 bits of it and 13 more, as far as any node takes them.
    pub(super) fn pid(&self, number: Number) -> Pid {
        let Agreed { name, creation, .. } = &*self.agreed;
        let (id, serial) = (number & 0xfff_ffff, number >> 28 & 0x1fff);
        Pid { node: name.clone(), creation: *creation, id: id as u32, serial: serial as u32 }
    }

    /// The number of a pid, where it is one of this connection.
    pub(super) fn number(&self, pid: &Pid) -> Option<Number> {
        let is_ours = pid.node == self.agreed.name && pid.creation == self.agreed.creation;
        is_ours.then(|| Number::from(pid.id) | Number::from(pid.serial) << 28)
    }

    /// The reference of a number's request. The first word of a reference has 18 bits.
    pub(super) fn reference(&self, number: Number) -> Reference {
        let words = [(number & 0x3_ffff) as u32, (number >> 18) as u32, 0];
        let words = Words::new(&words).expect("three words are neither none nor too many");
        Reference { node: self.agreed.name.clone(), creation: self.agreed.creation, words }
    }

    /// A call was sent.
    pub(super) fn add_call(
        &mut self,
        number: Number,
        (mfa, within, now): (Mfa, Duration, Instant),
        answer: oneshot::Sender<Result<Term, CallError>>,
    ) {
        self.add(
            number,
            Owner { mfa, within, deadline: after(now, within), process: None, waiting: Waiting::Call(answer) },
        );
    }

    /// A helper was asked for, whose mailbox holds so many messages.
    pub(super) fn add_helper(
        &mut self,
        number: Number,
        (mfa, within, now): (Mfa, Duration, Instant),
        n_inbox: usize,
        started: oneshot::Sender<Result<(Pid, Mailbox), CallError>>,
    ) {
        let (sender, inbox) = mpsc::channel(n_inbox.max(1));
        let (end, ended) = watch::channel(None);
        let n_dropped = Arc::new(AtomicU64::new(0));
        let slot = Slot { inbox: sender, ended: end, n_dropped: n_dropped.clone() };
        let waiting = Waiting::Start(started, slot, Mailbox { inbox, ended, n_dropped });
        self.add(number, Owner { mfa, within, deadline: after(now, within), process: None, waiting });
    }

    fn add(&mut self, number: Number, owner: Owner) {
        self.deadlines.insert((owner.deadline, number));
        self.owners.insert(number, owner);
    }

    /// When the next one has waited long enough.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// A process was started, or not. Returned is the process if nobody wants it any more: to be killed.
    pub(super) fn spawned(&mut self, number: Number, result: Result<Pid, Term>) -> Option<Pid> {
        let mut owner = self.owners.remove(&number)?;
        let process = match result {
            Ok(process) => process,
            Err(reason) => {
                self.deadlines.remove(&(owner.deadline, number));
                owner.fail(CallError::NotStarted { mfa: owner.mfa, reason: Box::new(reason) });
                return None;
            }
        };
        owner.waiting = match owner.waiting {
            Waiting::Start(started, slot, mailbox) => {
                self.deadlines.remove(&(owner.deadline, number));
                if started.send(Ok((process.clone(), mailbox))).is_err() {
                    return Some(process);
                }
                Waiting::Helper(slot)
            }
            Waiting::Nobody => return Some(process),
            waiting @ (Waiting::Call(_) | Waiting::Helper(_)) => waiting,
        };
        owner.process = Some(process);
        self.owners.insert(number, owner);
        None
    }

    /// A process linked to one of ours ended.
    pub(super) fn exited(&mut self, number: Number, from: &Pid, reason: Result<Term, DecodeError>) {
        if self.owners.get(&number).is_none_or(|owner| owner.process.as_ref() != Some(from)) {
            return;
        }
        let Some(owner) = self.owners.remove(&number) else { return };
        self.deadlines.remove(&(owner.deadline, number));
        let reference = self.reference(number);
        match owner.waiting {
            Waiting::Call(answer) => {
                // Whoever asked may have gone.
                drop(answer.send(result(owner.mfa, &reference, reason)));
            }
            Waiting::Helper(slot) => {
                slot.ended.send_replace(Some(reason.map_or_else(HelperEnded::Unreadable, HelperEnded::Exited)));
            }
            Waiting::Start(..) | Waiting::Nobody => {}
        }
    }

    /// A message for one of ours. It is dropped and counted where nobody takes those before it: a queue of any length
    /// would only make what is read older.
    pub(super) fn deliver(&self, number: Number, message: Result<Term, DecodeError>) {
        let slot = match self.owners.get(&number).map(|owner| &owner.waiting) {
            Some(Waiting::Helper(slot) | Waiting::Start(_, slot, _)) => slot,
            Some(Waiting::Call(_) | Waiting::Nobody) | None => return,
        };
        if message.ok().is_none_or(|message| slot.inbox.try_send(message).is_err()) {
            slot.n_dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether one of ours is there.
    pub(super) fn is_known(&self, number: Number) -> bool {
        number == GROUP_LEADER || self.owners.contains_key(&number)
    }

    /// Gives up those that have waited long enough. Returned are their processes: to be killed.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<(Number, Pid)> {
        let mut killed = Vec::new();
        while let Some((deadline, number)) = self.deadlines.first().copied().filter(|(deadline, _)| *deadline <= now) {
            self.deadlines.remove(&(deadline, number));
            let Some(owner) = self.owners.get_mut(&number) else { continue };
            owner.fail(CallError::Timeout { mfa: owner.mfa, within: owner.within });
            killed.extend(self.give_up(number));
        }
        killed
    }

    /// Nobody waits for this one any more. Returned is its process, where it is known: to be killed.
    pub(super) fn give_up(&mut self, number: Number) -> Option<(Number, Pid)> {
        let owner = self.owners.get_mut(&number)?;
        self.deadlines.remove(&(owner.deadline, number));
        owner.waiting = Waiting::Nobody;
        let process = owner.process.take()?;
        self.owners.remove(&number);
        Some((number, process))
    }

    /// Helpers whose handle was dropped.
    pub(super) fn unheard(&self) -> Vec<Number> {
        let is_unheard = |owner: &Owner| matches!(&owner.waiting, Waiting::Helper(slot) if slot.inbox.is_closed());
        self.owners.iter().filter(|(_, owner)| is_unheard(owner)).map(|(number, _)| *number).collect()
    }
}

impl Owner {
    /// Whoever waits gets an error; helpers that run do not wait.
    fn fail(&mut self, error: CallError) {
        match std::mem::replace(&mut self.waiting, Waiting::Nobody) {
            // Whoever asked may have gone.
            Waiting::Call(answer) => drop(answer.send(Err(error))),
            Waiting::Start(started, ..) => drop(started.send(Err(error))),
            waiting @ (Waiting::Helper(_) | Waiting::Nobody) => self.waiting = waiting,
        }
    }
}

/// A deadline beyond what clocks count is one in a year.
fn after(now: Instant, within: Duration) -> Instant {
    now + within.min(Duration::from_secs(365 * 86_400))
}

/// What `erpc:execute_call/4` ended with: `{Ref, return, Result}` or `{Ref, Class, Reason}`, the stack after it.
fn result(mfa: Mfa, reference: &Reference, reason: Result<Term, DecodeError>) -> Result<Term, CallError> {
    let reason = reason.map_err(|source| CallError::Unreadable { mfa, source })?;
    let Term::Tuple(items) = reason else { return Err(CallError::Exited { mfa, reason: Box::new(reason) }) };
    let is_answer = matches!(&items[..], [Term::Reference(r), Term::Atom(_), _, ..] if **r == *reference);
    if !is_answer {
        return Err(CallError::Exited { mfa, reason: Box::new(Term::Tuple(items)) });
    }
    let mut items = items.into_iter().skip(1);
    match (items.next(), items.next()) {
        (Some(Term::Atom(class)), Some(value)) if class.as_str() == "return" => Ok(value),
        (Some(class), Some(reason)) => {
            Err(CallError::Failed { mfa, class: class.to_string(), reason: Box::new(reason) })
        }
        _ => Err(CallError::Exited { mfa, reason: Box::new(Term::atom("undefined")) }),
    }
}
