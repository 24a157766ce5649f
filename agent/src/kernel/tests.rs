//! The source against this very kernel; below it, against trees of files with the oddities of kernels.

mod churn;
mod dear;
mod fixtures;
mod nobody;
mod queues;

use std::{sync::Arc, time::Duration};

use rustix::time::{ClockId, clock_gettime};

use super::*;

fn now_us() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000 + now.tv_nsec as u64 / 1000
}

fn kernel() -> Kernel {
    Kernel::new("/proc".into(), now_us)
}

fn read(kernel: &mut Kernel, wants: &Wants) -> Reading {
    let mut reading = Reading::default();
    kernel.read(wants, &mut reading);
    reading
}

fn own_row(reading: &Reading) -> &midair_vitals::TaskReading {
    let own = u64::from(std::process::id());
    reading.tasks.iter().find(|row| row.id.number == own && row.process.is_none()).expect("this process runs")
}

#[test]
fn this_node_has_values() {
    let reading = read(&mut kernel(), &Wants::default());
    let node = &reading.node;
    assert!(node.cpu.busy_us().unwrap() > 0 && !node.cpus.is_empty());
    assert!(node.mem_total_bytes.unwrap() > node.mem_available_bytes.unwrap());
    assert!(node.up_us.unwrap() > 0 && node.n_processes.unwrap() > 0 && node.n_threads >= node.n_processes);
    assert!(node.tcp_in.is_some() && node.udp_drops.is_some() && node.listen_drops.is_some());
}

#[test]
fn a_busy_thread_reads_as_its_own_schedstat_says() {
    beside_a_busy_thread(|tid| {
        let mut kernel = kernel();
        let own_pid = std::process::id();
        let own_schedstat = || {
            let line = std::fs::read(format!("/proc/{own_pid}/task/{tid}/schedstat")).unwrap();
            parse_schedstat(&line).unwrap()
        };
        let mut rows = Vec::new();
        // Beside very many threads a thread is read for the first time in turn.
        let is_seen = |reading: &Reading| reading.threads.iter().any(|thread| thread.number == tid);
        assert!((0..60).any(|_| is_seen(&read(&mut kernel, &Wants::default()))), "the thread runs");
        let own = own_row(&read(&mut kernel, &Wants::default())).id;
        let wants = Wants { hot: vec![own], ..Wants::default() };
        for _ in 0..2 {
            let before = own_schedstat();
            let reading = read(&mut kernel, &wants);
            let after = own_schedstat();
            let row = fixtures::row(&reading, u64::from(tid));
            let cpu_us = row.cpu_us.unwrap();
            assert!((before.cpu_ns / 1000..=after.cpu_ns / 1000).contains(&cpu_us), "{before:?} {cpu_us} {after:?}");
            assert!(row.run_delay_us.unwrap() >= before.run_delay_ns / 1000);
            assert!(row.run_delay_us.unwrap() <= after.run_delay_ns / 1000);
            assert_eq!((row.process, row.kind), (Some(u64::from(own_pid)), midair_vitals::TaskKind::Thread));
            let process = own_row(&reading).clone();
            assert!(process.cpu_us.unwrap() >= cpu_us && process.n_threads.unwrap() > 1);
            rows.push((row, process));
            std::thread::sleep(Duration::from_millis(200));
        }
        let [(a, pa), (b, pb)] = &rows[..] else { unreachable!("two readings were made") };
        let wanted = (b.cpu_us.unwrap() + b.run_delay_us.unwrap()) - (a.cpu_us.unwrap() + a.run_delay_us.unwrap());
        let elapsed = b.at_us - a.at_us;
        // The kernel brings both counters up to date at its ticks and when the thread gets a CPU, so that a short
        // interval on a loaded machine cannot be exact.
        assert!((elapsed / 4..elapsed * 3 / 2).contains(&wanted), "wanted {wanted} of {elapsed} us");
        // One microsecond may be lost to rounding.
        assert!(pb.cpu_us.unwrap() - pa.cpu_us.unwrap() + 1 >= b.cpu_us.unwrap() - a.cpu_us.unwrap());
        assert!(pb.worst_thread.unwrap().over_us >= elapsed / 2);
    });
}

#[test]
fn each_identity_stands_once() {
    let reading = read(&mut kernel(), &Wants::default());
    let threads = reading.threads.rows().map(|thread| thread.id());
    let mut ids: Vec<_> = reading.tasks.iter().map(|row| row.id).chain(threads).collect();
    let n_tasks = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), n_tasks);
}

/// Runs `body` beside a thread that burns CPU until `body` ends, well or not; gives it the tid of that thread.
fn beside_a_busy_thread(body: impl FnOnce(u32)) {
    let running = Arc::new(());
    let is_running = Arc::downgrade(&running);
    let (tell, told) = std::sync::mpsc::sync_channel(1);
    let busy = std::thread::spawn(move || {
        let own = std::fs::read_link("/proc/thread-self").unwrap();
        tell.send(own.file_name().unwrap().to_str().unwrap().parse::<u32>().unwrap()).unwrap();
        while is_running.strong_count() > 0 {
            std::hint::spin_loop();
        }
    });
    body(told.recv().unwrap());
    drop(running);
    busy.join().unwrap();
}
