//! In which functions the active processes of a VM are: asked while its schedulers are busy, and only then.

use midair_beam::{
    Connection, Pid,
    watch::{
        ActiveReading, NodeTick, Vm, WatchError,
        active::{MOST_PROCESSES, active},
        node::SchedulerKind,
    },
};
use midair_proto::v1::{ActiveFunctions, FunctionCount};

use super::{processes::ours, vm::WITHIN};

/// Schedulers are busy that run something for more than this share of a tick.
const BUSY_MILLI: u64 = 900;

/// Between two looks, in ticks.
const EVERY: u64 = 10;

/// What was seen is told for so long after the schedulers were busy last, in ticks.
const STAYS: u64 = 60;

/// Functions that travel.
const MOST: u32 = 20;

/// Whether it is time to look.
#[derive(Debug, Default)]
pub(super) struct Functions {
    /// Time of the normal schedulers that are online, as of the last tick: active, and all.
    last: Option<(u64, u64)>,
    is_busy: bool,
    /// The tick at which they were busy last.
    busy_at: Option<u64>,
    /// The tick of the last look.
    looked_at: Option<u64>,
}

impl Functions {
    /// Takes a tick.
    pub(super) fn tick(&mut self, n: u64, tick: &NodeTick, vm: &Vm) {
        let now = times(tick, vm);
        let share = now.zip(self.last).and_then(|(now, before)| {
            let (active, all) = (now.0.checked_sub(before.0)?, now.1.checked_sub(before.1)?);
            active.saturating_mul(1000).checked_div(all)
        });
        self.last = now;
        self.is_busy = share.is_some_and(|milli| milli > BUSY_MILLI);
        if self.is_busy {
            self.busy_at = Some(n);
        }
    }

    /// Whether to look at this tick; then it is not asked again for a while.
    pub(super) fn is_due(&mut self, n: u64) -> bool {
        let is_due = self.is_busy && self.looked_at.is_none_or(|at| n >= at + EVERY);
        if is_due {
            self.looked_at = Some(n);
        }
        is_due
    }

    /// Whether what was seen is too old to be told.
    pub(super) fn is_over(&self, n: u64) -> bool {
        self.busy_at.is_none_or(|at| n > at + STAYS)
    }
}

/// `None` where the VM does not measure them.
fn times(tick: &NodeTick, vm: &Vm) -> Option<(u64, u64)> {
    let n_online = vm.schedulers.normal_online.unwrap_or(u64::MAX);
    let is_meant =
        |kind: Option<SchedulerKind>, id: u32| kind == Some(SchedulerKind::Normal) && u64::from(id) <= n_online;
    let meant = tick.schedulers.iter().filter(|one| is_meant(one.kind, one.id));
    meant.map(|one| (one.active, one.total)).reduce(|(a, b), (c, d)| (a.saturating_add(c), b.saturating_add(d)))
}

/// Looks once. On a VM with very many processes those that rank are looked at.
pub(super) async fn look(
    connection: &Connection,
    tick: &NodeTick,
    ranked: Vec<Pid>,
) -> Result<ActiveReading, WatchError> {
    let known = if tick.counts.processes > Some(MOST_PROCESSES) { ranked } else { Vec::new() };
    active(connection, &known, MOST, WITHIN).await
}

/// What was seen, as it travels.
pub(super) fn wire(reading: &ActiveReading, offset_us: i64) -> ActiveFunctions {
    let count = |n: u64| u32::try_from(n).ok(); // A few hundred.
    ActiveFunctions {
        mono_us: Some(ours(reading.at_us, offset_us)),
        n_looked: reading.n_answered.and_then(count),
        function: reading
            .functions
            .iter()
            .map(|(function, n)| FunctionCount { function: Some(function.clone()), n: count(*n) })
            .collect(),
    }
}

#[cfg(test)]
mod tests;
