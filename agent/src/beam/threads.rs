//! The schedulers of a VM and the OS threads that they are: by the names that the emulator gives its threads.

use midair_proto::v1::{Scheduler, SchedulerKind, Schedulers};
use midair_vitals::TaskId;

use super::wire_id;
use crate::reading::{ThreadReading, Threads};

/// Schedulers with what the kernel says of their threads; where the VM says nothing, those that its threads are.
pub(super) fn joined(said: Option<Schedulers>, process: TaskId, threads: &Threads) -> Option<Schedulers> {
    let mut schedulers = said.unwrap_or_default().scheduler;
    let mut threads_mono_us = None;
    for thread in threads.of(process) {
        let Some((kind, number)) = scheduler(&thread.comm.text()) else { continue };
        threads_mono_us = threads_mono_us.max(Some(thread.now.at_us));
        let is_it = |one: &Scheduler| one.kind == Some(kind.into()) && one.number == Some(number);
        match schedulers.iter_mut().find(|one| is_it(one)) {
            Some(one) => add(one, thread),
            None => {
                let mut one = Scheduler { kind: Some(kind.into()), number: Some(number), ..Scheduler::default() };
                add(&mut one, thread);
                schedulers.push(one);
            }
        }
    }
    schedulers.sort_by_key(|one| (one.kind, one.number));
    (!schedulers.is_empty()).then_some(Schedulers { scheduler: schedulers, threads_mono_us })
}

fn add(scheduler: &mut Scheduler, thread: &ThreadReading) {
    scheduler.thread = Some(wire_id(thread.id()));
    scheduler.cpu_us = Some(thread.now.cpu_ns / 1000);
    scheduler.run_delay_us = thread.knows_delay.then_some(thread.now.run_delay_ns / 1000);
    scheduler.n_runs = thread.knows_delay.then_some(thread.now.n_runs);
}

/// Which scheduler a thread is, by its name: `2_scheduler`, `1_dirty_cpu_sch`, `1_dirty_io_sche` up to OTP 25 or so,
/// `erts_sched_2`, `erts_dcpus_1`, `erts_dios_1` since (erl_process.c and ethread.c; names are cut to 15 bytes).
fn scheduler(comm: &str) -> Option<(SchedulerKind, u32)> {
    let (kind, number) = if let Some((kind, number)) = comm.strip_prefix("erts_").and_then(|name| name.rsplit_once('_'))
    {
        let kind = match kind {
            "sched" => SchedulerKind::Normal,
            "dcpus" => SchedulerKind::DirtyCpu,
            "dios" => SchedulerKind::DirtyIo,
            _ => return None,
        };
        (kind, number)
    } else {
        let (number, name) = comm.split_once('_')?;
        let kind = match name {
            // A number of four digits leaves less room for the name.
            _ if name.starts_with("sched") => SchedulerKind::Normal,
            _ if name.starts_with("dirty_cpu") => SchedulerKind::DirtyCpu,
            _ if name.starts_with("dirty_io") => SchedulerKind::DirtyIo,
            _ => return None,
        };
        (kind, number)
    };
    Some((kind, number.parse().ok()?)) // What has no number is no scheduler.
}

#[cfg(test)]
mod tests;
