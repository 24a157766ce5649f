//! What the agent puts on the time line by itself, and how often at most.

use midair_proto::v1::{Mark, Vm};
use midair_vitals::CgroupReading;

use super::*;

/// A host that has been up for so long that its processes are old, microseconds.
const OLD_US: u64 = 3_600_000_000;

/// A watcher's marks.
fn marks(client: &mut Client) -> Vec<Mark> {
    let mark = |kind| if let Kind::Mark(mark) = kind { Some(mark) } else { None };
    client.events().into_iter().filter_map(mark).collect()
}

fn texts(client: &mut Client) -> Vec<String> {
    marks(client).into_iter().filter_map(|mark| mark.text).collect()
}

/// A process that uses so many per cent of a core, at a second.
fn burner(number: u64, percent: u64, second: u64) -> TaskReading {
    task(number, second * percent * 10_000)
}

fn in_cgroup(task: TaskReading, path: &str) -> TaskReading {
    TaskReading { cgroup: Some(path.into()), ..task }
}

fn cgroup(path: &str, n_oom_kills: u64) -> CgroupReading {
    CgroupReading { path: path.into(), n_oom_kills: Some(n_oom_kills), ..CgroupReading::default() }
}

#[test]
fn a_process_that_ends_after_it_was_hot_for_ten_seconds_is_marked() {
    let mut bench = Bench::new();
    bench.clock.forward(OLD_US);
    let mut client = bench.join();
    for second in 0..12 {
        bench.tick(vec![burner(1, 0, second), burner(2, 90, second), burner(3, 0, second)]);
    }
    assert_eq!(texts(&mut client), [""; 0]);
    let last_wall_us = bench.clock.wall_us();
    for second in 12..15 {
        // One that rested has ended as well.
        bench.tick(vec![burner(1, 0, second)]);
    }
    let marks = marks(&mut client);
    let [mark] = marks.as_slice() else { panic!("{marks:?}") };
    assert!(mark.text().starts_with("task-2 (pid 2) ended; at last 90 % of a core"), "{mark:?}");
    assert_eq!((mark.automatic, mark.wall_us), (Some(true), Some(last_wall_us)), "when it was seen last");
    assert_eq!(mark.focus(), "node-1/os/2.100");
}

#[test]
fn one_that_was_hot_for_less_and_one_that_only_rests_are_not() {
    let mut bench = Bench::new();
    bench.clock.forward(OLD_US);
    let mut client = bench.join();
    for second in 0..20 {
        let brief = (second < 8).then(|| burner(2, 90, second));
        // It had its time long before it ended.
        let rested = burner(3, 90, second.min(12));
        let rested = (second < 18).then_some(rested);
        bench.tick([burner(1, 0, second)].into_iter().chain(brief).chain(rested).collect());
    }
    assert_eq!(texts(&mut client), [""; 0]);
}

#[test]
fn one_that_lived_for_less_than_a_minute_is_the_work_of_its_host_and_one_that_lived_longer_is_missed() {
    for (lived_s, n_marks) in [(30, 0), (58, 0), (61, 1), (600, 1)] {
        let mut bench = Bench::new();
        bench.clock.forward(OLD_US);
        let mut client = bench.join();
        let started = bench.clock.mono_us() / 10_000;
        for second in 0..lived_s + 5 {
            let mut worker = burner(2, 90, second);
            worker.id.start = started;
            bench.tick([burner(1, 0, second)].into_iter().chain((second < lived_s).then_some(worker)).collect());
        }
        assert_eq!(texts(&mut client).len(), n_marks, "{lived_s} s");
    }
}

#[test]
fn a_host_that_builds_all_day_has_at_most_sixteen_marks_an_hour_and_each_end_is_counted() {
    let mut bench = Bench::new();
    bench.clock.forward(OLD_US);
    let mut client = bench.join();
    // Each four seconds one begins that lives for a minute; beside them one ends that has been there for long.
    let started = |number: u64| OLD_US / 10_000 + number * 400;
    let mut told = Vec::new();
    for second in 0..3_600_u64 {
        let mut tasks = vec![burner(1, 0, second)];
        tasks.extend((second < 2_000).then(|| burner(7, 50, second)));
        tasks.extend((second.saturating_sub(64) / 4..=second / 4).map(|number| TaskReading {
            id: TaskId { start: started(number), ..id(1_000 + number) },
            name: Some("cc1plus".into()),
            ..burner(1_000 + number, 90, second)
        }));
        bench.tick(tasks);
        told.extend(texts(&mut client));
    }
    assert!((10..=16).contains(&told.len()), "{} {told:?}", told.len());
    assert_eq!(told.iter().filter(|text| text.contains("task-7, ")).count(), 1, "it is named first: {told:?}");
    let n: u64 = told.iter().map(|text| text.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(1)).sum();
    assert!((800..=886).contains(&n), "{n}: all but those of the last minutes");
}

#[test]
fn a_crowd_that_ends_is_told_in_few_marks() {
    let mut bench = Bench::new();
    bench.clock.forward(OLD_US);
    let mut client = bench.join();
    for second in 0..12 {
        bench.tick((1..=30).map(|number| burner(number, 5, second)).collect());
    }
    for second in 12..72 {
        // One ends in each second.
        bench.tick((1..=30).filter(|number| *number > second - 12).map(|number| burner(number, 5, second)).collect());
    }
    let texts = texts(&mut client);
    assert_eq!(texts.len(), 3, "{texts:?}");
    assert!(texts[0].starts_with("task-1 (pid 1) ended"), "{texts:?}");
    // Those that were hot for longest are named first.
    assert!(texts[1].starts_with("20 processes ended that were hot: task-21, task-20"), "{texts:?}");
    assert!(texts[2].starts_with("8 processes ended that were hot: "), "{texts:?}");
}

#[test]
fn who_was_killed_for_memory_is_named_once() {
    let mut bench = Bench::new();
    let mut client = bench.join();
    let (above, below) = ("/system.slice", "/system.slice/chat.service");
    let tick = |bench: &mut Bench, second: u64, n_kills: u64, is_there: bool| {
        let hungry = in_cgroup(burner(2, 50, second), below);
        let hungry = TaskReading { rss_bytes: Some(300 << 20), ..hungry };
        let tasks = vec![in_cgroup(burner(1, 0, second), below), in_cgroup(burner(4, 0, second), "/other")];
        bench.tick_with(|reading| {
            reading.tasks = tasks.into_iter().chain(is_there.then_some(hungry)).collect();
            reading.tasks.sort_by_key(|task| task.id);
            reading.cgroups = vec![cgroup(above, 7 + n_kills), cgroup(below, 3 + n_kills), cgroup("/other", 9)];
        });
    };
    for second in 0..12 {
        tick(&mut bench, second, 0, true);
    }
    assert_eq!(texts(&mut client), [""; 0], "kills of before are no news");
    tick(&mut bench, 12, 1, true);
    for second in 13..40 {
        tick(&mut bench, second, 1, false);
    }
    let marks = marks(&mut client);
    let [mark] = marks.as_slice() else { panic!("{marks:?}") };
    assert_eq!(mark.text(), format!("out of memory: the kernel killed task-2 (pid 2, 300 MiB) in {below}"));
    assert_eq!(mark.focus(), "node-1/cgroup/system.slice/chat.service");
}

#[test]
fn one_killed_before_the_counter_rose_is_not_told_twice_and_one_nobody_saw_is_counted() {
    let mut bench = Bench::new();
    let mut client = bench.join();
    for second in 0..30 {
        bench.tick_with(|reading| {
            reading.tasks = vec![burner(1, 0, second)];
            reading.cgroups = vec![cgroup("/chat", u64::from(second >= 20) * 2)];
        });
    }
    assert_eq!(texts(&mut client), ["out of memory: the kernel killed 2 processes in /chat"]);
}

#[test]
fn a_kill_that_is_told_minutes_later_stands_where_it_was() {
    let mut bench = Bench::new();
    let mut client = bench.join();
    let (mut told, mut killed_us) = (Vec::new(), 0);
    for second in 0..400 {
        bench.tick_with(|reading| {
            reading.tasks = vec![burner(1, 0, second)];
            reading.cgroups = vec![cgroup("/chat", (second / 25).min(5))];
        });
        if second == 125 {
            killed_us = bench.clock.wall_us();
        }
        told.extend(marks(&mut client).into_iter().map(|mark| (bench.clock.wall_us(), mark.wall_us())));
    }
    let [.., (told_us, wall_us)] = told[..] else { panic!("{told:?}") };
    assert_eq!(told.len(), 5, "{told:?}");
    assert!(told_us > killed_us + 60_000_000, "the fifth within a short time waits: {told:?}");
    assert!((killed_us..killed_us + 15_000_000).contains(&wall_us), "{} s", wall_us.abs_diff(killed_us) / 1_000_000);
}

/// A host of 16 GiB that has counted so many kills, by itself and in `/chat`, with some processes on it.
fn counted(bench: &mut Bench, host: u64, in_chat: u64, tasks: Vec<TaskReading>) {
    bench.tick_with(|reading| {
        reading.node.mem_total_bytes = Some(16 << 30);
        reading.n_oom_kills = Some(host);
        reading.cgroups = vec![cgroup("/chat", in_chat)];
        reading.tasks = tasks;
    });
}

fn holding(number: u64, mib: u64) -> TaskReading {
    TaskReading { rss_bytes: Some(mib << 20), ..in_cgroup(task(number, 0), "/other") }
}

#[test]
fn a_kill_that_the_host_alone_counts_is_told_with_who_ended_just_then() {
    let mut bench = Bench::new();
    let mut client = bench.join();
    let all = || vec![holding(1, 10), holding(2, 900), holding(3, 20), holding(4, 700)];
    (0..5).for_each(|_| counted(&mut bench, 41, 0, all()));
    assert_eq!(texts(&mut client), [""; 0], "kills of before are no news");
    // One that held little ended by itself in the same second.
    (0..20).for_each(|_| counted(&mut bench, 42, 0, vec![holding(1, 10), holding(4, 700)]));
    let marks = marks(&mut client);
    let [mark] = marks.as_slice() else { panic!("{marks:?}") };
    let text = "out of memory: the kernel killed ~task-2 (pid 2, 900 MiB), which ended just then";
    assert_eq!((mark.text(), mark.focus()), (text, "node-1"));
}

#[test]
fn a_kill_that_the_host_and_a_cgroup_count_is_told_once_whoever_counts_first() {
    for (host_first, chat_first) in [(1, 0), (0, 1), (1, 1)] {
        let mut bench = Bench::new();
        let mut client = bench.join();
        let hungry = || TaskReading { cgroup: Some("/chat".into()), ..holding(2, 900) };
        (0..5).for_each(|_| counted(&mut bench, 7, 3, vec![holding(1, 10), hungry()]));
        counted(&mut bench, 7 + host_first, 3 + chat_first, vec![holding(1, 10), hungry()]);
        (0..60).for_each(|_| counted(&mut bench, 8, 4, vec![holding(1, 10)]));
        let expected = "out of memory: the kernel killed task-2 (pid 2, 900 MiB) in /chat";
        assert_eq!(texts(&mut client), [expected], "{host_first} {chat_first}");
    }
}

#[test]
fn a_kill_of_which_nothing_is_seen_here_is_counted() {
    let mut bench = Bench::new();
    let mut client = bench.join();
    (0..5).for_each(|_| counted(&mut bench, 1, 0, vec![holding(1, 10)]));
    (0..30).for_each(|_| counted(&mut bench, 3, 0, vec![holding(1, 10)]));
    assert_eq!(texts(&mut client), ["out of memory: the kernel killed 2 processes, none that was seen here"]);
}

/// A VM under a runtime, of an OS process.
fn vm(runtime: u32, name: &str, pid: u64, creation: Option<u64>) -> Vm {
    let process = Some(midair_proto::v1::TaskId { runtime: Some(0), number: Some(pid), start: Some(pid * 10) });
    Vm { runtime: Some(runtime), name: Some(name.into()), process, creation, ..Vm::default() }
}

fn told_of(vms: &[Vec<Vm>]) -> Vec<Mark> {
    let mut bench = Bench::new();
    let mut client = bench.join();
    for vms in vms {
        bench.tick_with(|reading| {
            reading.tasks = vec![burner(1, 0, 0)];
            reading.vms.clone_from(vms);
        });
    }
    marks(&mut client)
}

#[test]
fn a_vm_that_runs_again_under_its_name_is_marked_once() {
    let ended = Vm { ended_us: Some(9), ..vm(1, "chat@a", 50, Some(7)) };
    let other = vm(2, "shop@a", 60, Some(1));
    let again = |creation| vm(3, "chat@a", 77, creation);
    let marks = told_of(&[
        vec![vm(1, "chat@a", 50, Some(7)), other.clone()],
        vec![ended.clone(), other.clone()],
        // It does not answer yet.
        vec![ended.clone(), other.clone(), again(None)],
        vec![ended.clone(), other.clone(), again(Some(8))],
        vec![ended, other, again(Some(8))],
    ]);
    let [mark] = marks.as_slice() else { panic!("{marks:?}") };
    assert_eq!(mark.text(), "restarted VM chat@a: it was pid 50, it is pid 77");
    assert_eq!((mark.focus(), mark.automatic()), ("node-1/chat@a", true));
}

#[test]
fn a_vm_that_began_anew_in_its_process_is_marked_and_two_of_one_name_are_not() {
    let first = vm(1, "chat@a", 50, Some(7));
    let marks = told_of(&[vec![first.clone()], vec![vm(1, "chat@a", 50, None)], vec![vm(1, "chat@a", 50, Some(8))]]);
    let [mark] = marks.as_slice() else { panic!("{marks:?}") };
    assert!(mark.text().starts_with("restarted VM chat@a: its node began anew"), "{mark:?}");
    let twin = vm(2, "chat@a", 51, Some(9));
    assert_eq!(told_of(&[vec![first.clone()], vec![first.clone(), twin.clone()], vec![twin, first]]), []);
}

#[test]
fn a_part_that_stops_to_work_is_marked_and_when_it_works_again() {
    let mut bench = Bench::new();
    let mut client = bench.join();
    let mut run = |bench: &mut Bench, n: u64, health: Health| {
        for second in 0..n {
            bench.tick_with(|reading| {
                reading.tasks = vec![burner(1, 0, second)];
                reading.sources = ["sockets", "beam"].map(|name| SourceState::new(name, health.clone())).into();
            });
        }
        texts(&mut client)
    };
    assert_eq!(run(&mut bench, 3, Health::Degraded("begins".into())), [""; 0]);
    assert_eq!(run(&mut bench, 20, Health::Ok), [""; 0], "what changes at the start is no news");
    let off = Health::Off("no right to look".into());
    assert_eq!(run(&mut bench, 1, off.clone()), [""; 0], "a hiccup is none");
    assert_eq!(run(&mut bench, 1, Health::Ok), [""; 0]);
    assert_eq!(run(&mut bench, 5, off), ["agent: beam, sockets off: no right to look"]);
    assert_eq!(run(&mut bench, 5, Health::Ok), [""; 0], "so soon after the last");
    assert_eq!(run(&mut bench, 20, Health::Ok), ["agent: beam, sockets well again"]);
}

#[test]
fn marks_of_a_life_before_come_back_before_those_of_this_one_and_none_twice() {
    let mut bench = Bench::new();
    let mark = |text: &str, wall_us| Mark { text: Some(text.into()), wall_us: Some(wall_us), ..Mark::default() };
    let before = vec![mark("release 416", 5), mark("release 417", 6)];
    bench.desk.marks.restore(before.clone());
    bench.desk.marks.restore(before);
    let mut client = bench.join();
    assert_eq!(texts(&mut client), ["release 416", "release 417"]);
}
