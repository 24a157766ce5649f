//! Which Erlang VMs an overview tells of, and how little: enough to find the node whose VM is worst.

use std::cmp::Reverse;

use midair_proto::v1::{DistLink, DistLinks, Vm, VmMemory, VmSweep};

use crate::reading::{Health, Reading};

/// Erlang VMs that an overview tells of.
const N_OVERVIEW: usize = 4;

/// Links that an overview tells of: those that fill first, then by name. Of most their names alone: who has a link to whom
/// says whether a node that is not heard is up, and names travel with keys and changes only.
const N_LINKS: usize = 64;

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
    let links = vm.links.as_ref().map(|links| few_links(links, vm.dist_busy_bytes));
    let is_filling = links.as_ref().is_some_and(|links| links.link.iter().any(|link| link.pending_bytes.is_some()));
    let n_suspended = vm.sweep.as_ref().and_then(|sweep| sweep.n_suspended).filter(|n| *n > 0);
    let sweep = n_messages(vm).map(|n| VmSweep { n_messages: Some(n), n_suspended, ..VmSweep::default() });
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
        sweep,
        links,
        dist_busy_bytes: vm.dist_busy_bytes.filter(|_| is_filling),
        ended_us: vm.ended_us,
        ended_why: vm.ended_why.as_ref().map(text),
        ..Vm::default()
    }
}

fn few_links(links: &DistLinks, busy_bytes: Option<u64>) -> DistLinks {
    let is_filling = |link: &DistLink| {
        let is_half = link.pending_bytes.zip(busy_bytes).is_some_and(|(pending, most)| pending >= most / 2);
        link.is_busy == Some(true) || is_half
    };
    let mut few: Vec<&DistLink> = links.link.iter().collect();
    few.sort_by_cached_key(|link| (!is_filling(link), link.peer.clone()));
    let one = |link: &&DistLink| {
        let named =
            DistLink { peer: link.peer.clone(), is_hidden: link.is_hidden.filter(|is| *is), ..DistLink::default() };
        match is_filling(link) {
            true => DistLink { pending_bytes: link.pending_bytes, is_busy: link.is_busy, ..named },
            false => named,
        }
    };
    let n_total = links.n_total.or(u32::try_from(links.link.len()).ok());
    DistLinks { link: few.iter().take(N_LINKS).map(one).collect(), n_total, mono_us: None }
}

#[cfg(test)]
mod tests;
