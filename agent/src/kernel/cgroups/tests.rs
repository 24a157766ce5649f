//! The whole over a tree of files as v2 has them, and over the very cgroups of this machine.

use std::fs;

use super::*;
use crate::kernel::tally::{Member, Run};

const MIB: u64 = 1 << 20;

/// A host with cgroups of v2, as files.
struct Host {
    folder: tempfile::TempDir,
    cgroups: Cgroups,
    tally: Tally,
    node: NodeReading,
}

impl Host {
    /// Files: `(cgroup, file, text)`.
    fn new(files: &[(&str, &str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("self")).unwrap();
        let tree = folder.path().join("cgroup");
        fs::create_dir(&tree).unwrap();
        fs::write(folder.path().join("self/mountinfo"), trees::mount_line("/", &tree, "cgroup2", "")).unwrap();
        let host = Self {
            cgroups: Cgroups::new(folder.path()),
            folder,
            tally: Tally::default(),
            node: NodeReading { run_delay_us: Some(0), mem_total_bytes: Some(1024 * MIB), ..NodeReading::default() },
        };
        files.iter().for_each(|(cgroup, file, text)| host.write(cgroup, file, text));
        host
    }

    fn write(&self, cgroup: &str, file: &str, text: &str) {
        let folder = self.folder.path().join("cgroup").join(cgroup.trim_start_matches('/'));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(file), text).unwrap();
    }

    /// A tick: one process in each cgroup, which ran and waited for so many milliseconds, all on one CPU.
    fn tick(&mut self, runs: &[(&str, u64, u64)]) -> Vec<CgroupReading> {
        self.node.at_us += 1_000_000;
        self.cgroups.read();
        self.tally.clear();
        for (path, cpu_ms, delay_ms) in runs {
            let place = self.cgroups.place(format!("0::{path}\n").as_bytes()).unwrap();
            self.tally.process(Member { cgroup: Some(place.id), n_threads: 3, ..Member::default() });
            let (cpu_ns, delay_ns) = (cpu_ms * 1_000_000, delay_ms * 1_000_000);
            self.tally.ran(Run { cgroup: Some(place.id), cpu: Some(0), cpu_ns, delay_ns });
        }
        let mut rows = Vec::new();
        assert_eq!(self.cgroups.close(&mut self.tally, &mut self.node, &mut rows), Health::Ok);
        rows
    }
}

fn paths(rows: &[CgroupReading]) -> Vec<&str> {
    rows.iter().map(|row| &*row.path).collect()
}

fn row<'r>(rows: &'r [CgroupReading], path: &str) -> &'r CgroupReading {
    rows.iter().find(|row| &*row.path == path).unwrap_or_else(|| panic!("{path} in {:?}", paths(rows)))
}

#[test]
fn a_cgroup_says_what_it_uses_and_what_holds_it() {
    let chat = "/system.slice/chat.service";
    let mut host = Host::new(&[
        (chat, "cpu.stat", "usage_usec 700\nnr_periods 10\nnr_throttled 4\nthrottled_usec 900\n"),
        (chat, "cpu.max", "50000 100000\n"),
        (chat, "cpu.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=31\nfull total=3\n"),
        (chat, "memory.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=32\n"),
        (chat, "io.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=33\n"),
        (chat, "memory.current", "5000\n"),
        (chat, "memory.max", "max\n"),
        (chat, "memory.stat", "anon 3000\ninactive_file 1500\n"),
        (chat, "memory.events", "low 0\noom 2\noom_kill 1\n"),
        ("/system.slice", "memory.max", "104857600\n"),
    ]);
    let rows = host.tick(&[(chat, 10, 0)]);
    assert_eq!(rows.len(), 2, "a slice with a limit stands for itself: {:?}", paths(&rows));
    let expected = CgroupReading {
        path: chat.into(),
        name: Some("chat.service".into()),
        kind: midair_vitals::CgroupKind::Unit,
        at_us: 1_000_000,
        n_processes: Some(1),
        n_threads: Some(3),
        cpu_us: Some(700),
        run_delay_us: Some(0),
        throttled_us: Some(900),
        n_throttled: Some(4),
        n_periods: Some(10),
        quota_milli: Some(500),
        mem_bytes: Some(5000),
        mem_inactive_bytes: Some(1500),
        mem_limit_bytes: Some(100 * MIB),
        n_oom_kills: Some(1),
        psi_cpu_some_us: Some(31),
        psi_mem_some_us: Some(32),
        psi_io_some_us: Some(33),
        caused_delay_us: Some(0),
    };
    assert_eq!(*row(&rows, chat), expected);
    host.write(chat, "cpu.stat", "usage_usec 800\nnr_periods 11\nnr_throttled 5\nthrottled_usec 950\n");
    let rows = host.tick(&[(chat, 10, 0)]);
    let now = row(&rows, chat);
    assert_eq!((now.cpu_us, now.throttled_us, now.at_us), (Some(800), Some(950), 2_000_000));
}

/// Whoever reads why a process has ended looks at that tick, though nobody is in there any more.
#[test]
fn a_kill_for_lack_of_memory_is_told_at_its_tick_of_the_last_process_too() {
    let chat = "/chat";
    let mut host = Host::new(&[(chat, "cpu.stat", "usage_usec 7\n"), (chat, "memory.events", "oom 0\noom_kill 1\n")]);
    for n in 1..=4 {
        assert_eq!(row(&host.tick(&[(chat, 10, 0)]), chat).n_oom_kills, Some(n));
        host.write(chat, "memory.events", &format!("oom 0\noom_kill {}\n", n + 1));
    }
    let rows = host.tick(&[]);
    assert_eq!((row(&rows, chat).n_oom_kills, row(&rows, chat).n_processes), (Some(5), Some(0)));
    host.tick(&[]);
    assert!(host.tick(&[]).is_empty(), "it is gone a moment later");
}

#[test]
fn without_files_the_tasks_tell_what_they_used() {
    let mut host = Host::new(&[]);
    host.tick(&[("/a", 10, 5)]);
    let rows = host.tick(&[("/a", 10, 5), ("/", 3, 0)]);
    let a = row(&rows, "/a");
    assert_eq!((a.cpu_us, a.run_delay_us), (None, Some(10_000)), "it has a file that cannot be read: that is no sum");
    assert_eq!(row(&rows, "/").cpu_us, Some(3_000), "the root's tasks are counted by themselves");
    assert_eq!((a.mem_bytes, a.mem_limit_bytes, a.quota_milli, a.throttled_us), (None, None, None, None));
    assert_eq!(host.node.n_cgroups, Some(2));
}

#[test]
fn the_nearest_limit_is_the_lowest_on_the_way_up() {
    let mut host = Host::new(&[
        ("/pods", "memory.max", "300\n"),
        ("/pods/a", "memory.max", "500\n"),
        ("/pods/b", "memory.max", "200\n"),
        ("/free", "memory.max", "9223372036854771712\n"),
    ]);
    host.tick(&[("/pods/a", 1, 0), ("/pods/b", 1, 0), ("/free", 1, 0)]);
    let rows = host.tick(&[("/pods/a", 1, 0), ("/pods/b", 1, 0), ("/free", 1, 0)]);
    let limits = ["/pods/a", "/pods/b", "/pods", "/free"].map(|path| row(&rows, path).mem_limit_bytes);
    assert_eq!(limits, [Some(300), Some(200), Some(300), None]);
}

#[test]
fn a_burner_at_a_fifth_of_a_cpu_is_held_back_by_its_quota_alone() {
    let mut host = Host::new(&[("/burner", "cpu.max", "20000 100000\n")]);
    let (mut before, mut run_delay_us) = (None, 0);
    for n in 0..5 {
        let stat =
            format!("usage_usec {}\nnr_periods 10\nnr_throttled 10\nthrottled_usec {}\n", n * 200_000, n * 800_000);
        host.write("/burner", "cpu.stat", &stat);
        run_delay_us += 800_000;
        host.node.run_delay_us = Some(run_delay_us);
        host.node.cpu.user_us = Some(200_000 * n);
        host.node.cpu.system_us = Some(0);
        let rows = host.tick(&[("/burner", 200, 800), ("/neighbour", 0, 0)]);
        let now = (host.node.clone(), row(&rows, "/burner").clone());
        if let Some((node, burner)) = before.replace(now.clone()).filter(|_| n > 1) {
            let vitals = midair_vitals::NodeVitals::derive(Some(&node), &now.0);
            assert_eq!(vitals.severities.sched.map(|s| s.percent()), Some(80), "not 89");
            assert_eq!((vitals.causes.quota, vitals.causes.own), (Some(0.8), Some(0.0)));
            let vitals = midair_vitals::CgroupVitals::derive(Some(&burner), &now.1);
            assert_eq!(vitals.severities.sched.map(|s| s.percent()), Some(80));
        }
    }
    assert_eq!(host.node.throttled_us, Some(0), "nothing is beside the run delay");
}

#[test]
fn a_neighbour_that_burns_is_to_blame() {
    let mut host = Host::new(&[]);
    let runs = [("/chat.slice/web", 100, 300), ("/backup.slice/dump", 900, 100)];
    host.tick(&runs);
    assert_eq!(host.node.delay_neighbour_us, Some(0), "what was before the first look is nobody's");
    let rows = host.tick(&runs);
    assert_eq!(host.node.delay_neighbour_us, Some(270_000 + 10_000));
    assert_eq!(row(&rows, "/backup.slice/dump").caused_delay_us, Some(270_000));
    assert_eq!(row(&rows, "/chat.slice/web").caused_delay_us, Some(10_000));
    assert_eq!(rows.len(), 2, "a slice with one cgroup says nothing that this one does not");
}

#[test]
fn where_run_delay_is_unknown_nobody_is_blamed() {
    let mut host = Host::new(&[]);
    host.node.run_delay_us = None;
    host.tick(&[("/a", 10, 0)]);
    let rows = host.tick(&[("/a", 10, 0)]);
    assert_eq!((host.node.delay_neighbour_us, host.node.delay_quota_us), (None, None));
    assert_eq!((rows[0].run_delay_us, rows[0].caused_delay_us), (None, None));
}

#[test]
fn the_busiest_are_watched_and_a_quota_is_found_among_the_others() {
    let mut host = Host::new(&[("/idle-300", "cpu.max", "20000 100000\n")]);
    let idle: Vec<String> = (0..500).map(|n| format!("/idle-{n}")).collect();
    let busy: Vec<String> = (0..80).map(|n| format!("/busy-{n}")).collect();
    let mut runs: Vec<(&str, u64, u64)> = idle.iter().map(|path| (&**path, 0, 0)).collect();
    runs.extend(busy.iter().map(|path| (&**path, 100, 0)));
    let mut rows = Vec::new();
    for _ in 0..30 {
        rows = host.tick(&runs);
        assert_eq!(rows.len(), WATCHED);
    }
    assert!(paths(&rows).contains(&"/idle-300"), "a quota is worth a look");
    assert_eq!(paths(&rows).iter().filter(|path| path.starts_with("/busy")).count(), WATCHED - 1);
    let before = paths(&rows).iter().map(|path| (*path).to_owned()).collect::<std::collections::BTreeSet<_>>();
    let after = host.tick(&runs);
    let after = paths(&after).iter().map(|path| (*path).to_owned()).collect();
    assert_eq!(before, after, "who is watched stays so while nothing changes");
    assert_eq!(host.node.n_cgroups, Some(580));
}

#[test]
fn descriptors_are_few_and_given_back() {
    let files =
        ["cpu.stat", "memory.current", "cpu.pressure", "memory.pressure", "io.pressure", "cpu.max", "memory.stat"];
    let names: Vec<String> = (0..200).map(|n| format!("/c-{n}")).collect();
    let all: Vec<_> = names.iter().flat_map(|name| files.map(|file| (&**name, file, "1\n"))).collect();
    let mut host = Host::new(&all);
    let n_open = || {
        let tree = host.folder.path().join("cgroup");
        let links = fs::read_dir("/proc/self/fd").unwrap().flatten().filter_map(|fd| fs::read_link(fd.path()).ok());
        links.filter(|link| link.starts_with(&tree) && *link != tree).count()
    };
    assert_eq!(n_open(), 0);
    for busy in [0, 100] {
        let mut runs: Vec<(&str, u64, u64)> = names.iter().map(|path| (&**path, 0, 0)).collect();
        runs[busy..busy + 70].iter_mut().for_each(|run| run.1 = 1_000);
        for _ in 0..10 {
            host.tick(&runs);
        }
    }
    let tree = host.folder.path().join("cgroup");
    let links = fs::read_dir("/proc/self/fd").unwrap().flatten().filter_map(|fd| fs::read_link(fd.path()).ok());
    let n = links.filter(|link| link.starts_with(&tree) && *link != tree).count();
    assert_eq!(n, WATCHED * 5, "five files of each that is watched");
}

#[test]
fn a_cgroup_that_is_made_again_is_read_again() {
    let mut host = Host::new(&[("/a", "cpu.stat", "usage_usec 700\n")]);
    host.tick(&[("/a", 1, 0)]);
    fs::remove_dir_all(host.folder.path().join("cgroup/a")).unwrap();
    for _ in 0..20 {
        assert_eq!(host.tick(&[]), []);
    }
    host.write("/a", "cpu.stat", "usage_usec 5\n");
    assert_eq!(host.tick(&[("/a", 1, 0)])[0].cpu_us, Some(5));
}

#[test]
fn what_is_out_of_sight_is_said() {
    let mut host = Host::new(&[]);
    let place = host.cgroups.place(b"0::/../../system.slice/chat.service\n").unwrap();
    assert_eq!(place.unit.as_deref(), Some("chat.service"));
    host.cgroups.read();
    host.tally.process(Member { cgroup: Some(place.id), n_threads: 1, ..Member::default() });
    host.tally.ran(Run { cgroup: Some(place.id), cpu_ns: 7_000, ..Run::default() });
    let mut rows = Vec::new();
    let health = host.cgroups.close(&mut host.tally, &mut host.node, &mut rows);
    let Health::Degraded(why) = health else { panic!("{health:?}") };
    assert!(why.starts_with("of 1 of 1 cgroups only what their tasks use is known"), "{why}");
    assert_eq!(rows[0].cpu_us, Some(7), "the sum of its tasks");

    let mut nowhere = Cgroups::new(std::path::Path::new("/nonexistent"));
    let health = nowhere.close(&mut Tally::default(), &mut host.node, &mut rows);
    let Health::Degraded(why) = health else { panic!("{health:?}") };
    assert!(why.contains("mount /sys/fs/cgroup of the host"), "{why}");
    assert_eq!((host.node.throttled_us, host.node.delay_quota_us), (None, None), "nobody knows of quotas");
}

#[test]
fn in_a_container_its_memory_limit_binds_the_node() {
    let limited = [
        ("/", "cgroup.events", "populated 1\n"),
        ("/", "memory.max", "1000\n"),
        ("/", "memory.current", "900\n"),
        ("/", "memory.stat", "inactive_file 200\n"),
    ];
    let in_container = |pid_namespace: &str, others: &[(&str, u64, u64)]| {
        let mut host = Host::new(&limited);
        let own = host.folder.path().join("self");
        fs::create_dir(own.join("ns")).unwrap();
        std::os::unix::fs::symlink(format!("pid:[{pid_namespace}]"), own.join("ns/pid")).unwrap();
        fs::write(own.join("cgroup"), "0::/\n").unwrap();
        host.cgroups = Cgroups::new(host.folder.path());
        host.node.mem_available_bytes = Some(512 * MIB);
        let rows = host.tick(&[&[("/", 1, 0)], others].concat());
        (host.node, rows)
    };
    let (node, rows) = in_container("4026532177", &[("/worker", 1, 0)]);
    assert_eq!((node.mem_limit_bytes, node.mem_available_bytes), (Some(1000), Some(300)));
    assert_eq!((row(&rows, "/").kind, row(&rows, "/").mem_bytes), (CgroupKind::Container, Some(900)));
    assert_eq!(row(&rows, "/worker").mem_limit_bytes, Some(1000), "it is below the root of the namespace");
    let unbound = (None, Some(512 * MIB));
    let (node, _) = in_container("4026531836", &[]);
    assert_eq!((node.mem_limit_bytes, node.mem_available_bytes), unbound, "a host");
}

#[test]
fn a_close_look_reads_one_that_is_not_watched() {
    let mut host = Host::new(&[("/c-150", "memory.current", "77\n"), ("/c-150", "cpu.stat", "usage_usec 5\n")]);
    let names: Vec<String> = (0..200).map(|n| format!("/c-{n}")).collect();
    let runs: Vec<(&str, u64, u64)> = names.iter().map(|path| (&**path, u64::from(path.len() < 6), 0)).collect();
    let rows = host.tick(&runs);
    assert!(!paths(&rows).contains(&"/c-150"));
    let looked = host.cgroups.row("/c-150", &host.node).unwrap();
    assert_eq!((looked.mem_bytes, looked.cpu_us, looked.n_processes), (Some(77), Some(5), Some(1)));
    assert_eq!(host.cgroups.row("/nowhere", &host.node), None);
}
