//! What moves: counted by the load itself.

use midair_agent::reading::Wants;
use midair_vitals::QueueKind;

use crate::{
    host::{Host, collectors, queue_at, row, state},
    role::Working,
};

/// Messages that go there and back at each step, one at a time: each is one segment with data.
const N_ROUNDS: u64 = 2_000;

#[test]
fn segments_of_a_process_are_those_that_were_sent() {
    for collector in collectors() {
        let (mut load, near) = Working::start(&format!("ping {N_ROUNDS}"));
        let near = near.parse().unwrap();
        let mut host = Host::new(collector);
        let told = |reading: &_| {
            let flow = *row(reading, load.pid())?.flows.as_ref()?.first()?;
            Some((flow.n_in.unwrap(), flow.n_out.unwrap()))
        };
        let (in_before, out_before) = host.until("the process", told);
        let pid = load.pid();
        let data = |host: &mut Host| {
            host.close_until(pid, "the connection", |close| queue_at(close, QueueKind::TcpSend, near)?.segments_out)
        };
        let data_before = data(&mut host);
        for _ in 0..3 {
            load.go_on();
        }
        let n = 3 * N_ROUNDS;
        let sent = data(&mut host) - data_before;
        assert!(sent >= n && sent <= n + n / 20, "{collector:?}: {sent} of {n} segments with data");
        // Both ends are of this process; what a longer round has found is told over the next.
        let told = |reading: &_| {
            let flow = *row(reading, pid)?.flows.as_ref()?.first()?;
            let moved = (flow.n_in.unwrap() - in_before, flow.n_out.unwrap() - out_before);
            (moved.0 >= 2 * n && moved.1 >= 2 * n).then_some(moved)
        };
        let moved = host.until("what was moved", told);
        for moved in [moved.0, moved.1] {
            assert!(moved <= 2 * n + n / 10, "{collector:?}: {moved} of {} segments", 2 * n);
        }
    }
}

#[test]
fn what_a_process_moved_never_goes_back_when_the_collector_changes() {
    let (mut load, _) = Working::start("ping 100");
    for collector in collectors() {
        let mut host = Host::new(collector);
        let mut last = 0;
        for _ in 0..20 {
            load.go_on();
            let reading = host.read(&Wants::default());
            assert!(state(&reading).cpu_us.is_some());
            let Some(flow) = row(&reading, load.pid()).and_then(|row| row.flows.as_ref()?.first().copied()) else {
                continue;
            };
            assert!(flow.n_in >= Some(last), "{flow:?} after {last}");
            last = flow.n_in.unwrap();
        }
    }
}
