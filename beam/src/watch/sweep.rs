//! The rolling sweep: passes over all processes of a VM that wake none of them, reported pass by pass.
//!
//! A helper on the target (`forms/sweep.erl`, `forms/sweep_passes.erl`) keeps what it knows of each process there, in a table that dies with it,
//! and sends the first of each order alone.

mod history;
mod pass;
mod read;

use std::{fmt, time::Duration};

use tokio::sync::watch;

pub use self::{
    history::Looks,
    pass::{Early, Look, Order, Pass, Row, Size, Status, Statuses},
};
use crate::{
    connection::{CallError, Connection, Helper, HelperEnded, SpawnOptions},
    term::{Pid, Term},
    watch::form::{Form, INTERPRETER},
};

const KEEPER: Form = Form(include_bytes!("../../forms/sweep.etf"));
const PASSES: Form = Form(include_bytes!("../../forms/sweep_passes.etf"));
/// Milliseconds without a look: until it is found out who holds it up, and until it goes on without them.
const PATIENCE: [i64; 2] = [1500, 3000];
const BORN: Form = Form(include_bytes!("../../forms/sweep_born.etf"));

/// What passes may cost the VM: their period follows from the number of processes and the work that was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SweepBudget {
    /// Share of one core, as long as the period stays within `slow`.
    pub share: f64,
    /// Share of one core that is taken so that the period does not grow beyond `slow`.
    pub share_beyond: f64,
    /// The period from which on the second share is taken.
    pub slow: Duration,
    /// The shortest period, however few processes there are.
    pub least: Duration,
}

impl Default for SweepBudget {
    /// 2 % of a core up to a period of 10 s, at most 6 % beyond, and a pass each 2 s on small nodes. What is measured is
    /// the work itself; the schedulers that it wakes up add to it, so a part is left to them.
    fn default() -> Self {
        Self { share: 0.015, share_beyond: 0.055, slow: Duration::from_secs(10), least: Duration::from_secs(2) }
    }
}

impl SweepBudget {
    fn term(self) -> Term {
        let per_100_000 = |share: f64| Term::Int((share * 100_000.0).clamp(1.0, 100_000.0) as i64);
        let us = |time: Duration| Term::Int(i64::try_from(time.as_micros()).unwrap_or(i64::MAX));
        Term::tuple([per_100_000(self.share), per_100_000(self.share_beyond), us(self.slow), us(self.least)])
    }
}

/// How to sweep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SweepOptions {
    /// What it may cost.
    pub budget: SweepBudget,
    /// How many processes of each [`Order`] are reported.
    pub rows: u16,
}

impl Default for SweepOptions {
    /// The budget by default, and 20 rows.
    fn default() -> Self {
        Self { budget: SweepBudget::default(), rows: 20 }
    }
}

/// Who holds the sweep up: whoever asks a process inside of a long BIF waits until that returns. After a deadline the
/// sweep goes on without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// Those that did not answer a look of their own: at most 3.
    pub behind: Vec<Pid>,
    /// For how long nothing was looked at.
    pub lasting: Duration,
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stuck behind ")?;
        for (i, pid) in self.behind.iter().enumerate() {
            write!(f, "{}{pid}", if i > 0 { ", " } else { "" })?;
        }
        write!(f, " for {} s", self.lasting.as_secs())
    }
}

/// What a sweep has found.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// All of a pass, at its end.
    Pass(Box<Pass>),
    /// Mailboxes that cannot wait for the end of the pass.
    Early(Early),
}

/// How a sweep ended.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SweepEnded {
    /// Its helper ended, or the connection.
    #[error("the sweep ended: {0}")]
    Helper(#[from] HelperEnded),
    /// A report that is none.
    #[error("the sweep reported what cannot be read: {0}")]
    Unreadable(Box<Term>),
}

/// A sweep that runs. Dropped, it ends, and leaves nothing on the target.
#[derive(Debug)]
pub struct Sweep {
    helper: Helper,
    rows: u16,
    stuck: watch::Sender<Option<Stuck>>,
    seconds: tokio::time::Interval,
}

impl Sweep {
    /// Starts passes, one after the other.
    pub async fn start(connection: &Connection, options: SweepOptions, within: Duration) -> Result<Self, CallError> {
        let SweepOptions { budget, rows } = options;
        let args = |us: &Pid| {
            let [idle, active] = history::shares();
            let us = Term::from(us.clone());
            // 0: what the one that starts it knows alone.
            let born = Term::List(BORN.applied_to(vec![Term::Int(0), Term::Int(0)]));
            let passes = vec![us.clone(), Term::Int(rows.into()), idle, active, born, Term::Int(0)];
            let patience = PATIENCE.map(|ms| Term::Int(ms * 1000));
            KEEPER.applied_to(vec![us, budget.term(), Term::List(PASSES.applied_to(passes)), Term::tuple(patience)])
        };
        let helper = connection.spawn_linked(INTERPRETER, args, SpawnOptions::default(), within).await?;
        let mut seconds = tokio::time::interval(Duration::from_secs(1));
        seconds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        Ok(Self { helper, rows, stuck: watch::Sender::new(None), seconds })
    }

    /// Waits for the report of the next pass, or for mailboxes found before. While it waits, it has the target watch over
    /// its looks.
    pub async fn next(&mut self) -> Result<Found, SweepEnded> {
        loop {
            let message = tokio::select! {
                biased;
                message = self.helper.next() => message?,
                _ = self.seconds.tick() => {
                    // Where it cannot be sent, the helper's end is told next.
                    drop(self.helper.send(Term::atom("timeout")).await);
                    continue;
                }
            };
            if let Some(stuck) = read::stuck(&message) {
                self.stuck.send_replace(stuck);
                continue;
            }
            if let Some(early) = read::early(&message) {
                return Ok(Found::Early(early));
            }
            let pass = read::pass(&message, self.rows.into());
            return pass.map(Box::new).map(Found::Pass).ok_or_else(|| SweepEnded::Unreadable(Box::new(message)));
        }
    }

    /// Whether somebody holds it up, as far as [`Sweep::next`] has heard while it waited.
    pub fn stuck(&self) -> watch::Receiver<Option<Stuck>> {
        self.stuck.subscribe()
    }

    /// From the next pass on it may cost this much.
    pub async fn set_budget(&self, budget: SweepBudget) -> Result<(), CallError> {
        self.helper.send(Term::tuple([Term::atom("limit"), budget.term()])).await
    }

    /// The process on the target that keeps the sweep going.
    pub fn process(&self) -> &Pid {
        self.helper.process()
    }
}
