use super::*;
use crate::{
    event::{Sample, Stamped},
    model::script::*,
};
use midair_vitals::{CgroupReading, TaskId, TaskReading};

/// Why task 7 of node `a` does not get on, amounts written plainly; and how bad that is.
fn answer(events: &[Stamped]) -> (u32, String) {
    let model = told(events);
    let node = model.node(&id("a")).unwrap();
    let task = node.task(task(7, 0.0, 0.0, 0.0).id).expect("the task is there");
    let why = why(node, task, node.focus_on(task.id())).expect("there is an answer");
    (why.severity.per_mille(), why.parts.iter().map(part).collect())
}

pub(in crate::model::why) fn part(part: &Part) -> String {
    match part {
        Part::Words(words) => (*words).to_owned(),
        Part::Name(name) => name.to_string(),
        Part::Amount(n, unit) => format!("{n} {unit:?}"),
        Part::Growth(n, _) => format!("{n:+}/s"),
        Part::Count(n) => n.to_string(),
        Part::Number(n) => n.to_string(),
        Part::Cores(n) => format!("{n} cores"),
        Part::Share(share) => format!("{:.0} %", share * 100.0),
        Part::Delay(delay) => format!("{:.0} ms/s", delay * 1000.0),
        Part::Time(us) => format!("{} ms", us / 1000),
        Part::Latency(s) => format!("{:.0} ms", s * 1000.0),
    }
}

fn sleeping(channel: &str) -> TaskReading {
    let reading = task(7, 1.0, 0.0, 0.0);
    TaskReading { state: Some(TaskState::Sleeping), wait_channel: Some(channel.into()), ..reading }
}

fn postgres() -> (Option<TaskId>, Option<std::sync::Arc<str>>) {
    (Some(task(4121, 0.0, 0.0, 0.0).id), Some("postgres".into()))
}

fn pipe(depth: u64) -> Queue {
    let (peer, peer_name) = postgres();
    let limit = Some(65_536);
    Queue {
        depth: Some(depth),
        limit,
        number: Some(9),
        peer,
        peer_name,
        ..Queue::unknown(QueueKind::Pipe, Unit::Bytes)
    }
}

/// The close look at a task, told once.
fn looked_at(reading: TaskReading) -> Vec<Stamped> {
    vec![described(0.0, "a"), details(1.0, "a", Some(reading), vec![])]
}

#[test]
fn who_writes_into_a_full_pipe_learns_who_does_not_read() {
    for channel in ["pipe_write", "anon_pipe_write"] {
        let writer = TaskReading { queues: Some([pipe(65_536)].into()), ..sleeping(channel) };
        let expected = "postgres (4121) does not read: pipe 65536 Bytes of 65536 Bytes, so this waits for room";
        assert_eq!(answer(&looked_at(writer)), (1000, expected.to_owned()));
    }
}

#[test]
fn a_thread_that_waits_for_room_speaks_for_its_process() {
    let process = TaskReading { queues: Some([pipe(65_536)].into()), ..sleeping("futex_wait_queue") };
    let thread = TaskReading { kind: TaskKind::Thread, ..sleeping("pipe_write") };
    let thread = TaskReading { id: TaskId { number: 8, ..thread.id }, ..thread };
    let story = [described(0.0, "a"), details(1.0, "a", Some(process), vec![thread])];
    assert!(answer(&story).1.starts_with("postgres (4121) does not read"), "{:?}", answer(&story));
}

#[test]
fn who_does_not_read_learns_what_it_does_instead() {
    let reader = TaskReading { queues: Some([pipe(60_000)].into()), ..sleeping("futex_wait_queue") };
    let expected = "does not read: pipe 60000 Bytes of 65536 Bytes from postgres (4121); \
                    it waits for another thread (a lock or a condition) in futex_wait_queue";
    assert_eq!(answer(&looked_at(reader)), (916, expected.to_owned()));
}

#[test]
fn what_was_sent_and_not_taken_is_the_other_ends_affair() {
    let (peer, peer_name) = postgres();
    let sent = |peer, peer_name| Queue {
        depth: Some(900),
        limit: Some(1_000),
        label: Some("10.0.0.7:5432 > 10.0.0.9:41022".into()),
        peer,
        peer_name,
        ..Queue::unknown(QueueKind::TcpSend, Unit::Bytes)
    };
    let of = |queue| answer(&looked_at(TaskReading { queues: Some([queue].into()), ..sleeping("ep_poll") }));
    assert_eq!(of(sent(peer, peer_name)).1, "postgres (4121) does not read: tcp unsent 900 Bytes of 1000 Bytes");
    let expected = "the other end does not read: tcp unsent 900 Bytes of 1000 Bytes at 10.0.0.7:5432 > 10.0.0.9:41022";
    assert_eq!(of(sent(None, None)).1, expected);
}

#[test]
fn a_task_that_is_never_put_on_a_cpu_says_since_when() {
    let starving = TaskReading { waiting_us: Some(340_000), ..task(7, 1.0, 0.0, 0.0) };
    assert_eq!(answer(&looked_at(starving)), (600, "waits for a CPU since 340 ms".to_owned()));
    let for_long = TaskReading { waiting_us: Some(4_000_000), ..task(7, 1.0, 0.0, 0.0) };
    assert_eq!(answer(&looked_at(for_long)).0, 900);
}

/// Task 7 waits beside a backup that takes the CPUs, in a cgroup of its own.
fn beside_a_backup(own: &str) -> Vec<Stamped> {
    let at = |n: u64| {
        let seconds = n as f64;
        let backup = CgroupReading {
            path: "/backup.slice".into(),
            at_us: n * S,
            cpu_us: Some(n * 31 * S),
            caused_delay_us: Some(n * 300_000),
            ..CgroupReading::default()
        };
        let mine = TaskReading { cgroup: Some(own.into()), ..task(7, seconds, 0.1 * seconds, 0.34 * seconds) };
        sample_with(seconds, "a", |sample: &mut Sample| {
            sample.reading.run_delay_us = Some(n * 340_000);
            sample.reading.delay_neighbour_us = Some(n * 300_000);
            sample.cgroups = vec![backup];
            sample.tasks = vec![mine];
        })
    };
    vec![described(0.0, "a"), at(1), at(2)]
}

#[test]
fn a_noisy_neighbour_is_named_before_the_delay() {
    let expected = "backup.slice takes 31 cores; waits for a CPU: 340 ms/s";
    assert_eq!(answer(&beside_a_backup("/system.slice/chat.service")), (773, expected.to_owned()));
    assert_eq!(answer(&beside_a_backup("/backup.slice/dump.service")).1, "waits for a CPU: 340 ms/s", "its own cgroup");
}

#[test]
fn a_quota_is_the_reason_before_what_is_not_read() {
    let at = |n: u64| {
        let seconds = n as f64;
        let cgroup = CgroupReading {
            path: "/ship.service".into(),
            at_us: n * S,
            cpu_us: Some(n * 200_000),
            run_delay_us: Some(0),
            throttled_us: Some(n * 600_000),
            quota_milli: Some(200),
            ..CgroupReading::default()
        };
        let reading = TaskReading { cgroup: Some("/ship.service".into()), ..task(7, seconds, 0.2 * seconds, 0.0) };
        let mut told =
            details(seconds, "a", Some(TaskReading { queues: Some([pipe(65_536)].into()), ..reading }), vec![]);
        if let crate::event::Event::Details(details) = &mut told.event {
            details.cgroup = Some(cgroup);
        }
        told
    };
    let expected = "the quota of ship.service, 0.2 cores, holds it back: 600 ms/s; \
                    so it does not read: pipe 65536 Bytes of 65536 Bytes from postgres (4121)";
    assert_eq!(answer(&[described(0.0, "a"), at(1), at(2)]), (1000, expected.to_owned()));
}

#[test]
fn why_the_other_end_does_not_read_comes_before_that() {
    let at = |n: u64| {
        let seconds = n as f64;
        let postgres = TaskReading { cgroup: Some("/db.service".into()), ..task(4121, seconds, 0.2 * seconds, 0.0) };
        let held = CgroupReading {
            throttled_us: Some(n * 600_000),
            quota_milli: Some(200),
            ..cgroup("/db.service", seconds, 0.2 * seconds, 0.0)
        };
        let sample = sample_with(seconds, "a", |sample: &mut Sample| {
            sample.cgroups = vec![held];
            sample.tasks = vec![postgres];
        });
        let writer = TaskReading { queues: Some([pipe(65_536)].into()), at_us: n * S, ..sleeping("pipe_write") };
        [sample, details(seconds, "a", Some(writer), vec![])]
    };
    let story = [vec![described(0.0, "a")], at(1).to_vec(), at(2).to_vec()].concat();
    let expected = "the quota of db.service, 0.2 cores, holds postgres (4121) back: 600 ms/s; \
                    it does not read: pipe 65536 Bytes of 65536 Bytes, so this waits for room";
    assert_eq!(answer(&story), (1000, expected.to_owned()));
}

#[test]
fn who_waits_for_a_disk_learns_which_one_is_busy() {
    let blocked = TaskReading { state: Some(TaskState::Blocked), ..sleeping("folio_wait_bit_common") };
    let at = |n: u64| {
        sample_with(n as f64, "a", |sample: &mut Sample| {
            let disk = midair_vitals::Disk {
                name: "nvme0n1".into(),
                busy_us: Some(n * 970_000),
                n_reads: Some(0),
                n_writes: Some(n * 100),
                waited_us: Some(n * 5_000_000),
                ..midair_vitals::Disk::default()
            };
            sample.reading.disks = vec![disk];
            sample.tasks = vec![TaskReading { at_us: n * S, ..blocked.clone() }];
        })
    };
    let expected = "waits for a disk in folio_wait_bit_common; nvme0n1 is busy 97 %, 50 ms a request";
    assert_eq!(answer(&[described(0.0, "a"), at(1), at(2)]), (600, expected.to_owned()));
}

#[test]
fn a_task_that_is_well_says_what_it_does() {
    assert_eq!(answer(&looked_at(sleeping("ep_poll"))), (0, "idle: waits for events in ep_poll".to_owned()));
    assert_eq!(answer(&looked_at(sleeping("some_new_function"))), (0, "sleeps in some_new_function".to_owned()));
    let busy = [
        described(0.0, "a"),
        sample(1.0, "a", vec![task(7, 1.0, 1.0, 0.0)]),
        sample(2.0, "a", vec![task(7, 2.0, 2.0, 0.0)]),
    ];
    assert_eq!(answer(&busy), (0, "computes: 100 % CPU, waits for more 0 ms/s".to_owned()));
    let stopped = TaskReading { state: Some(TaskState::Stopped), ..task(7, 1.0, 0.0, 0.0) };
    assert_eq!(answer(&looked_at(stopped)).0, 900);
}

#[test]
fn of_a_task_of_which_nothing_is_known_nothing_is_said() {
    let model = told(&looked_at(task(7, 1.0, 0.0, 0.0)));
    let node = model.node(&id("a")).unwrap();
    let task = node.task(task(7, 0.0, 0.0, 0.0).id).unwrap();
    assert_eq!(why(node, task, None), None);
}
