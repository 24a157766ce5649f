//! What tests plant in a VM, and sweeps of it.

use std::time::Duration;

use midair_beam::{
    Connection, Pid, Term,
    watch::sweep::{Early, Found, Pass, Sweep, SweepBudget, SweepOptions},
};
use tokio::time::timeout;

use crate::node::{LONG, eval};

/// Passes as fast as they can be: a second each, whatever they cost.
pub(crate) fn fast() -> SweepOptions {
    let budget =
        SweepBudget { share: 0.5, share_beyond: 0.9, least: Duration::from_millis(500), ..SweepBudget::default() };
    SweepOptions { budget, ..SweepOptions::default() }
}

pub(crate) async fn sweep(connection: &Connection, options: SweepOptions) -> Sweep {
    Sweep::start(connection, options, LONG).await.expect("the sweep starts")
}

pub(crate) async fn pass(sweep: &mut Sweep) -> Pass {
    pass_and_early(sweep).await.0
}

/// The next pass, and what was told before it ended.
pub(crate) async fn pass_and_early(sweep: &mut Sweep) -> (Pass, Vec<Early>) {
    let mut told = Vec::new();
    loop {
        match timeout(LONG, sweep.next()).await.expect("passes end").expect("the sweep goes on") {
            Found::Pass(pass) => return (*pass, told),
            Found::Early(early) => told.push(early),
        }
    }
}

/// The pid that an expression ends with.
pub(crate) async fn planted(connection: &Connection, expression: &str) -> Pid {
    eval(connection, expression).await.as_pid().expect("a pid").clone()
}

/// Idle processes, as many.
pub(crate) async fn crowd(connection: &Connection, n: u32) {
    let spawn = format!("lists:foreach(fun(_) -> spawn(timer, sleep, [infinity]) end, lists:seq(1, {n})), done.");
    assert_eq!(eval(connection, &spawn).await, Term::atom("done"));
}
