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

#[test]
fn links_are_names_but_for_those_that_fill() {
    let link = |n: u64, pending: u64, is_busy: bool| midair_proto::v1::DistLink {
        peer: Some(format!("peer-{n}@host")),
        is_hidden: Some(false),
        pending_bytes: Some(pending),
        in_bytes: Some(n * 1_000),
        is_busy: Some(is_busy),
        address: Some("10.0.0.7:9100".into()),
        ..Default::default()
    };
    let told = |all: Vec<DistLink>| {
        let links = Some(DistLinks { n_total: Some(all.len() as u32), link: all, mono_us: Some(7) });
        let vm = Vm { links, dist_busy_bytes: Some(1_000), ..vm(1, 0) };
        overview(&Reading { vms: vec![vm], ..Reading::default() }).remove(0)
    };
    let well = told((1..=3).map(|n| link(n, 10, false)).collect());
    assert_eq!(
        well,
        told((1..=3).map(|n| link(n, 90 * n, false)).collect()),
        "what is well does not travel each second"
    );
    let links = well.links.expect("they are told");
    assert_eq!((links.link.len(), links.link[0].pending_bytes, well.dist_busy_bytes), (3, None, None));
    let ill = told((1..=100).map(|n| link(n, if n == 50 { 2_000 } else { 0 }, n == 50)).collect());
    let links = ill.links.expect("they are told");
    assert_eq!((links.link.len(), links.n_total, ill.dist_busy_bytes), (N_LINKS, Some(100), Some(1_000)));
    let first = &links.link[0];
    assert_eq!(
        (first.peer.as_deref(), first.pending_bytes, first.is_busy),
        (Some("peer-50@host"), Some(2_000), Some(true))
    );
    assert!(links.link[1..].iter().all(|link| link.pending_bytes.is_none() && link.address.is_none()));
}
