//! In which functions of a VM the processes are that are active: where they all are in one, they wait for one lock.

use std::time::Duration;

use super::{
    asked::WatchError,
    form::{self, Form},
};
use crate::{
    connection::{Connection, Priority, SpawnOptions},
    term::{Pid, Term},
};

const ACTIVE: Form = Form(include_bytes!("../../forms/active.etf"));

/// On a VM with more processes those alone are looked at that are given: to look at all would be dear.
pub const MOST_PROCESSES: u64 = 20_000;

/// Active processes that are asked for their function; of more, a run of this length, another one each time.
pub const MOST_ASKED: usize = 200;

/// They answer when their turn comes; who takes longer is left out.
const PATIENCE: Duration = Duration::from_secs(1);

/// What one look at the active processes says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActiveReading {
    /// When, by the VM's monotonic clock: us.
    pub at_us: i64,
    /// Time that the look took on the VM: us by its clock, without that for which it waited for answers.
    pub work_us: Option<u64>,
    /// Processes there are.
    pub n_processes: Option<u64>,
    /// Processes whose status was looked at.
    pub n_looked: Option<u64>,
    /// Of these, those that were running, or waited for a scheduler.
    pub n_active: Option<u64>,
    /// Of these, those that said in which function they were; our own helpers are not counted.
    pub n_answered: Option<u64>,
    /// The functions, `module:function/arity`, with how many were in each, the most frequent first.
    pub functions: Vec<(String, u64)>,
}

/// Looks once at all processes, on a VM with more than [`MOST_PROCESSES`] at those in `known` alone, and gives the `n`
/// functions in which most of the active ones are. Nobody is woken: who is asked runs anyway. A process stands where its
/// last turn ended, which is at a call: of those that wait for a lock inside of a BIF that is the BIF, or who calls it.
///
/// It goes before others, since it is there for VMs that are saturated; about 1 us for each process, and 20 us for each that
/// is active.
pub async fn active(
    connection: &Connection,
    known: &[Pid],
    n: u32,
    within: Duration,
) -> Result<ActiveReading, WatchError> {
    let known = Term::List(known.iter().cloned().map(Term::from).collect());
    let limits = [MOST_PROCESSES as i64, MOST_ASKED as i64, PATIENCE.as_millis() as i64];
    let args = ACTIVE.applied_to(vec![known, i64::from(n).into(), Term::tuple(limits.map(Term::from))]);
    let options = SpawnOptions { priority: Priority::High, ..SpawnOptions::default() };
    let returned = connection.call_with(form::INTERPRETER, args, options, within).await?;
    let said = form::value(returned);
    said.as_ref().and_then(reading).ok_or(WatchError::Garbage { what: "its active processes" })
}

/// Of `{At, Work, Processes, Looked, Active, Answered, Functions}`; `None` without a moment.
fn reading(said: &Term) -> Option<ActiveReading> {
    let [at, work, processes, looked, active, answered, functions] = said.as_tuple()? else { return None };
    Some(ActiveReading {
        at_us: at.as_int()?,
        work_us: work.as_count(),
        n_processes: processes.as_count(),
        n_looked: looked.as_count(),
        n_active: active.as_count(),
        n_answered: answered.as_count(),
        functions: functions.as_list().unwrap_or_default().iter().filter_map(function).collect(),
    })
}

/// Of `{Count, {Module, Function, Arity}}`.
fn function(counted: &Term) -> Option<(String, u64)> {
    let [n, function] = counted.as_tuple()? else { return None };
    let [module, name, arity] = function.as_tuple()? else { return None };
    Some((format!("{}:{}/{}", module.as_atom()?, name.as_atom()?, arity.as_count()?), n.as_count()?))
}

#[cfg(test)]
mod tests;
