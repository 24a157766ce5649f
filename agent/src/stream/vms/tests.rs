use prost::Message;

use super::*;
use crate::reading::RuntimeState;

/// A VM of which all is known, with so much in its run queue.
fn vm(runtime: u32, run_queue: u64) -> Vm {
    Vm {
        runtime: Some(runtime),
        name: Some(format!("a-node-with-a-long-name-{runtime}@host.example.org")),
        up_us: Some(86_400_000_000 + u64::from(runtime)),
        mono_us: Some(90_000_000_000),
        answered_us: Some(90_000_000_000),
        run_queue: Some(run_queue),
        memory: Some(VmMemory { total_bytes: Some(8 << 30), ets_bytes: Some(1 << 30), ..VmMemory::default() }),
        sweep: Some(VmSweep { n_messages: Some(1 << 30), period_ms: Some(10), ..VmSweep::default() }),
        otp_release: Some("27".into()),
        ..Vm::default()
    }
}

fn runtime(id: u32, health: Health, is_undistributed: bool) -> RuntimeState {
    RuntimeState { id, kind: "beam", name: "n".into(), health, n_tasks: None, is_undistributed }
}

fn told(reading: &Reading) -> Vec<u32> {
    overview(reading).iter().filter_map(|vm| vm.runtime).collect()
}

#[test]
fn the_worst_are_the_last_that_ended_and_those_that_are_silent_then_those_with_most_waiting() {
    let mut vms: Vec<Vm> = (1..=6).map(|n| vm(n, 1 << (n + 12))).collect();
    vms[0].ended_us = Some(1);
    vms.extend([7, 8].map(|n| Vm { ended_us: Some(2), ..vm(n, 0) }));
    vms[7].name = vms[3].name.clone();
    let off = || Health::Off("no answer".into());
    let runtimes = vec![runtime(2, off(), false), runtime(3, off(), true), runtime(6, Health::Ok, false)];
    let reading = Reading { vms, runtimes, ..Reading::default() };
    assert_eq!(told(&reading), [2, 7, 6, 5], "nobody is troubled by one that nobody can ask, or that runs again");
}

#[test]
fn many_messages_rank_before_one_process_that_is_ready() {
    let mut vms: Vec<Vm> = (1..=6).map(|n| vm(n, 1)).collect();
    for (n, vm) in vms.iter_mut().enumerate() {
        vm.sweep = Some(VmSweep { n_messages: Some(if n == 5 { 5_000_000 } else { 0 }), ..VmSweep::default() });
    }
    assert_eq!(told(&Reading { vms, ..Reading::default() })[0], 6);
}

#[test]
fn four_vms_are_few_bytes_in_a_key_and_fewer_in_a_delta() {
    use midair_proto::delta::Delta;
    let mut vms: Vec<Vm> = (1..=8).map(|n| vm(n, 3)).collect();
    vms[0].ended_why = Some("\u{e4}".repeat(1000));
    let size = |vms: &[Vm]| vms.iter().map(|vm| vm.encoded_len() + 3).sum::<usize>();
    let first = overview(&Reading { vms: vms.clone(), ..Reading::default() });
    assert!(first.len() == N_OVERVIEW && size(&first) < 700, "{}", size(&first));
    for vm in &mut vms {
        vm.mono_us = vm.mono_us.map(|us| us + 1_000_000);
        vm.answered_us = vm.mono_us;
        vm.up_us = vm.up_us.map(|us| us + 1_000_000);
    }
    let second = overview(&Reading { vms, ..Reading::default() });
    let deltas: Vec<Vm> = second.iter().zip(&first).filter_map(|(now, before)| now.since(before)).collect();
    assert!(deltas.len() == N_OVERVIEW && size(&deltas) < 160, "{}", size(&deltas));
    assert!(deltas.iter().all(|vm| vm.up_us.is_none()), "how long it runs need not be said each second");
}
