//! The portable source: node and processes through the `sysinfo` crate, for systems without a kernel source of their own.
//!
//! It runs on Linux too, where it is tested, and where a task has the same identity as through the kernel source.

use std::{collections::HashMap, ffi::OsStr, sync::Arc};

use midair_vitals::{NodeReading, TaskId, TaskKind, TaskReading, TaskState};
use sysinfo::{
    NetworkData, Networks, Process, ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System, UpdateKind, Users,
};

use crate::{
    reading::{Health, Reading, Source, SourceState, Wants},
    secrets,
};

/// What the source says of itself: true on every system, so no measurement of this one stands in it.
const MISSING: &str = "run delay, threads and queues are not measured on this system";

/// This host through `sysinfo`.
pub struct Sysinfo {
    host: Result<Host, sysinfo::Error>,
    clock: Box<dyn Fn() -> u64 + Send>,
    known: HashMap<TaskId, Names>,
    show_args: bool,
}

/// The crate's own view of this host.
struct Host {
    system: System,
    /// Absent where the system does not say.
    networks: Option<Networks>,
    users: Option<Users>,
}

/// What does not change during the life of a process, or seldom.
struct Names {
    name: Arc<str>,
    command: Option<Arc<str>>,
    user: Option<Arc<str>>,
    is_seen: bool,
}

impl Sysinfo {
    /// A source for this host. `clock` is a monotonic clock in microseconds.
    pub fn new(clock: impl Fn() -> u64 + Send + 'static) -> Self {
        Self {
            host: System::new().map(|system| Host {
                system,
                // Without these two a few fields stay unknown, and the rest is still true.
                networks: Networks::new().ok(),
                users: Users::new_with_refreshed_list().ok(),
            }),
            clock: Box::new(clock),
            known: HashMap::new(),
            show_args: false,
        }
    }

    /// Shows whole command lines, with what looks like a secret masked.
    #[must_use]
    pub fn showing_args(mut self, show_args: bool) -> Self {
        self.show_args = show_args;
        self
    }
}

impl Host {
    fn read_node(&mut self, into: &mut NodeReading) {
        self.system.refresh_memory();
        let known = |n: u64| Some(n).filter(|n| *n > 0);
        into.mem_total_bytes = known(self.system.total_memory());
        into.mem_available_bytes = known(self.system.available_memory());
        into.mem_free_bytes = known(self.system.free_memory());
        into.swap_total_bytes = Some(self.system.total_swap());
        into.swap_free_bytes = Some(self.system.free_swap());
        // What the system does not say stays unknown.
        into.load1_milli = System::load_average().ok().map(|load| (load.one * 1000.0) as u64);
        into.up_us = System::uptime().ok().and_then(|seconds| seconds.checked_mul(1_000_000));
        let Some(networks) = &mut self.networks else { return };
        networks.refresh(true);
        let sum = |of: fn(&NetworkData) -> u64| {
            let outside = networks.iter().filter(|(name, _)| !is_loopback(name));
            outside.map(|(_, network)| of(network)).sum::<u64>()
        };
        into.net_rx_bytes = Some(sum(NetworkData::total_received));
        into.net_tx_bytes = Some(sum(NetworkData::total_transmitted));
    }

    fn read_tasks(
        &mut self,
        (known, show_args): (&mut HashMap<TaskId, Names>, bool),
        clock: &dyn Fn() -> u64,
        into: &mut Vec<TaskReading>,
    ) {
        let what = ProcessRefreshKind::nothing()
            .with_cpu()
            .with_memory()
            .with_user(UpdateKind::OnlyIfNotSet)
            .with_cmd(UpdateKind::OnlyIfNotSet)
            .without_tasks();
        self.system.refresh_processes_specifics(ProcessesToUpdate::All, true, what);
        for names in known.values_mut() {
            names.is_seen = false;
        }
        for process in self.system.processes().values().filter(|p| p.thread_kind().is_none()) {
            let Some(id) = task_id(process) else { continue };
            let names = known.entry(id).or_insert_with(|| Names::of(process, self.users.as_ref(), show_args));
            names.is_seen = true;
            into.push(row(id, process, names, clock()));
        }
        known.retain(|_, names| names.is_seen);
    }
}

impl Source for Sysinfo {
    fn name(&self) -> &'static str {
        "sysinfo"
    }

    fn read(&mut self, _wants: &Wants, into: &mut Reading) {
        into.node.at_us = (self.clock)();
        let health = match &mut self.host {
            Ok(host) => {
                host.read_node(&mut into.node);
                let before = into.tasks.len();
                host.read_tasks((&mut self.known, self.show_args), &*self.clock, &mut into.tasks);
                into.node.n_processes = Some((into.tasks.len() - before) as u64);
                Health::Degraded(MISSING.into())
            }
            Err(error) => Health::Off(format!("sysinfo does not work here: {error}").into()),
        };
        into.sources.push(SourceState::new("sysinfo", health));
    }
}

impl Names {
    fn of(process: &Process, users: Option<&Users>, show_args: bool) -> Self {
        let mut line = Vec::new();
        for arg in process.cmd() {
            line.extend_from_slice(arg.as_encoded_bytes());
            line.push(0);
        }
        let command = if show_args { secrets::masked(&line) } else { secrets::command_line(&line) };
        let uid = process.effective_user_id().or(process.user_id());
        let user = uid.map(|uid| {
            let known = users.as_ref().and_then(|users| users.get_user_by_id(uid));
            known.map_or_else(|| uid.to_string().into(), |user| user.name().into())
        });
        Self {
            name: secrets::short_name(&process.name().to_string_lossy()).into(),
            command: (!command.is_empty()).then(|| command.into()),
            user,
            is_seen: true,
        }
    }
}

fn row(id: TaskId, process: &Process, names: &Names, at_us: u64) -> TaskReading {
    let is_kernel_thread = cfg!(target_os = "linux") && process.cmd().is_empty() && process.memory() == 0;
    let is_zombie = process.status() == ProcessStatus::Zombie;
    let kind = if is_kernel_thread && !is_zombie { TaskKind::KernelThread } else { TaskKind::Process };
    let mut row = TaskReading::unknown(id, kind, at_us);
    row.parent = process.parent().map(|pid| u64::from(pid.as_u32())).filter(|pid| *pid != 0);
    row.name = Some(names.name.clone());
    row.command = names.command.clone();
    row.user = names.user.clone();
    row.state = state(process.status());
    row.cpu_us = process.accumulated_cpu_time().checked_mul(1000);
    row.rss_bytes = Some(process.memory());
    row
}

fn state(status: ProcessStatus) -> Option<TaskState> {
    match status {
        ProcessStatus::Run | ProcessStatus::Waking => Some(TaskState::Running),
        ProcessStatus::Sleep => Some(TaskState::Sleeping),
        ProcessStatus::UninterruptibleDiskSleep | ProcessStatus::LockBlocked => Some(TaskState::Blocked),
        ProcessStatus::Stop | ProcessStatus::Tracing | ProcessStatus::Suspended => Some(TaskState::Stopped),
        ProcessStatus::Zombie | ProcessStatus::Dead => Some(TaskState::Zombie),
        ProcessStatus::Idle | ProcessStatus::Parked | ProcessStatus::Wakekill => Some(TaskState::Idle),
        ProcessStatus::Unknown(_) => None,
    }
}

fn is_loopback(interface: &OsStr) -> bool {
    interface == "lo" || interface == "lo0"
}

/// On Linux the start is read exactly: the crate rounds it to seconds of wall time, and a task must have the same
/// identity through every collector.
#[cfg(target_os = "linux")]
fn task_id(process: &Process) -> Option<TaskId> {
    let number = u64::from(process.pid().as_u32());
    let line = std::fs::read(format!("/proc/{number}/stat")).ok()?;
    let start = crate::kernel::parse_stat(&line).ok()?.start;
    Some(TaskId { runtime: 0, number, start })
}

/// Elsewhere it is the second of its start: a number given away twice within one second would be taken for one task.
#[cfg(not(target_os = "linux"))]
fn task_id(process: &Process) -> Option<TaskId> {
    Some(TaskId { runtime: 0, number: u64::from(process.pid().as_u32()), start: process.start_time() })
}

#[cfg(test)]
mod tests;
