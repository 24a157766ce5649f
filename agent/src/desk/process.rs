//! Which Erlang process a request is about, and whether it can be asked at all: who asks for what cannot be is told at once.

use midair_proto::v1;
use midair_vitals::TaskId;

use super::Desk;
use crate::{encode, reading::Health};

/// The process of a number: serial and id have at most 28 bits each (`ERTS_MAX_PID_NUMBER`, erl_term.h). A VM that is sent
/// a pid that it cannot have drops the link.
const MOST_BITS: u32 = 28;

impl Desk {
    /// The Erlang process that something of this name is to be about.
    pub(super) fn process(&self, task: Option<&v1::TaskId>, what: &str) -> Result<TaskId, String> {
        let task = task.and_then(encode::task_id_from).filter(|task| task.runtime != 0);
        let task = task.ok_or_else(|| format!("{what} needs an Erlang process"))?;
        possible(task)?;
        let runtimes = self.tick.iter().flat_map(|tick| &tick.reading.runtimes);
        let Some(vm) = runtimes.into_iter().find(|runtime| runtime.id == task.runtime) else {
            return Err(format!("no Erlang VM here is runtime {}; it may have ended", task.runtime));
        };
        match &vm.health {
            Health::Ok | Health::Degraded(_) => Ok(task),
            Health::Off(why) => Err(format!("{} cannot be asked: {why}", vm.name)),
        }
    }
}

/// Refuses an Erlang process that no VM can have.
pub(super) fn possible(task: TaskId) -> Result<(), String> {
    let (id, serial) = (task.number & u64::from(u32::MAX), task.number >> 32);
    if task.runtime != 0 && (id >> MOST_BITS != 0 || serial >> MOST_BITS != 0) {
        return Err(format!("no Erlang process can be <0.{id}.{serial}>"));
    }
    Ok(())
}
