//! Which Erlang VMs an overview tells of, and how little: enough to find the node whose VM is worst.

use std::cmp::Reverse;

use midair_proto::v1::{Vm, VmMemory, VmSweep};

use crate::reading::{Health, Reading};

/// Erlang VMs that an overview tells of.
const N_OVERVIEW: usize = 4;

/// A time that only grows is told in steps of so many microseconds: it need not travel each second.
const UP_STEP_US: u64 = 10_000_000;

/// Bytes of a text.
const TEXT_BYTES: usize = 120;

/// The worst, each with few values.
pub(super) fn overview(reading: &Reading) -> Vec<Vm> {
    let (ended, mut vms): (Vec<&Vm>, Vec<&Vm>) = reading.vms.iter().partition(|vm| vm.ended_us.is_some());
    // Of those that ended the last: they must not fill the places of all that run.
    vms.extend(ended.into_iter().filter(|vm| !runs_again(vm, reading)).max_by_key(|vm| vm.ended_us));
    vms.sort_by_cached_key(|vm| Reverse((is_in_trouble(vm, reading), trouble(vm), total_bytes(vm))));
    vms.into_iter().take(N_OVERVIEW).map(few).collect()
}

/// Whether it has ended or does not answer, though it could.
fn is_in_trouble(vm: &Vm, reading: &Reading) -> bool {
    let runtime = reading.runtimes.iter().find(|runtime| Some(runtime.id) == vm.runtime);
    let is_silent = runtime.is_some_and(|one| matches!(one.health, Health::Off(_)) && !one.is_undistributed);
    vm.ended_us.is_some() || is_silent
}

/// Whether one of its name runs now.
fn runs_again(ended: &Vm, reading: &Reading) -> bool {
    ended.name.is_some() && reading.vms.iter().any(|vm| vm.ended_us.is_none() && vm.name == ended.name)
}

/// How much waits in it, in coarse steps: what waits for a moment must not change the rank of all. Ten times as many messages
/// weigh as twice as much that is ready to run.
fn trouble(vm: &Vm) -> u32 {
    let ready = queued(vm).map_or(0, |n| n.checked_ilog2().map_or(0, |power| power + 1));
    let messages = n_messages(vm).map_or(0, |n| n.checked_ilog10().map_or(0, |power| power + 1));
    ready.max(messages)
}

fn queued(vm: &Vm) -> Option<u64> {
    vm.run_queue.max(vm.run_queue_dirty_cpu).max(vm.run_queue_dirty_io)
}

fn n_messages(vm: &Vm) -> Option<u64> {
    vm.sweep.as_ref()?.n_messages
}

fn total_bytes(vm: &Vm) -> Option<u64> {
    vm.memory.as_ref()?.total_bytes
}

fn few(vm: &Vm) -> Vm {
    let text = |text: &String| text[..text.floor_char_boundary(TEXT_BYTES)].to_owned();
    let n_messages = n_messages(vm).map(|n| VmSweep { n_messages: Some(n), ..VmSweep::default() });
    let total_bytes = total_bytes(vm).map(|bytes| VmMemory { total_bytes: Some(bytes), ..VmMemory::default() });
    Vm {
        runtime: vm.runtime,
        process: vm.process,
        name: vm.name.as_ref().map(text),
        creation: vm.creation,
        answered_us: vm.answered_us,
        mono_us: vm.mono_us,
        up_us: vm.up_us.map(|us| us - us % UP_STEP_US),
        run_queue: vm.run_queue,
        run_queue_dirty_cpu: vm.run_queue_dirty_cpu,
        run_queue_dirty_io: vm.run_queue_dirty_io,
        memory: total_bytes,
        sweep: n_messages,
        ended_us: vm.ended_us,
        ended_why: vm.ended_why.as_ref().map(text),
        ..Vm::default()
    }
}

#[cfg(test)]
mod tests;
