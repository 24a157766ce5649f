use super::*;
use crate::{
    event::{Sample, Stamped},
    model::{finding::findings, script::*},
};
use midair_vitals::{Disk, Filesystem, Interrupts, NodeReading, ShortLived, ShortLivedName, TcpTrouble};

/// What is found of a node that was read `a`, and a second later `b`: facts that are trouble.
fn troubles(a: impl FnOnce(&mut NodeReading), b: impl FnOnce(&mut NodeReading)) -> Vec<Fact> {
    let model = told(&[
        described(0.0, "a"),
        sample_with(1.0, "a", |sample| a(&mut sample.reading)),
        sample_with(2.0, "a", |sample| b(&mut sample.reading)),
    ]);
    facts(model.node(&id("a")).unwrap()).into_iter().filter(Fact::is_trouble).collect()
}

/// The checks that are trouble.
fn checks(a: impl FnOnce(&mut NodeReading), b: impl FnOnce(&mut NodeReading)) -> Vec<Check> {
    troubles(a, b).into_iter().map(|fact| fact.check).collect()
}

#[test]
fn what_is_not_measured_is_neither_well_nor_trouble() {
    let model = told(&[described(0.0, "a"), sample(1.0, "a", vec![]), sample(2.0, "a", vec![])]);
    let facts = facts(model.node(&id("a")).unwrap());
    let known: Vec<&Check> = facts.iter().filter(|f| f.severity.is_some()).map(|f| &f.check).collect();
    assert!(known.is_empty(), "{known:?}");
    assert!(facts.iter().all(|fact| fact.now.is_empty()), "{facts:?}");
}

#[test]
fn a_full_listen_queue_is_trouble_though_it_is_empty_at_each_look() {
    let overflows = |n| TcpTrouble { listen_overflows: Some(n), ..TcpTrouble::default() };
    let found = checks(|r| r.tcp_trouble = Some(overflows(5)), |r| r.tcp_trouble = Some(overflows(439)));
    assert_eq!(found, [Check::ListenQueues]);
}

#[test]
fn retransmits_are_trouble_as_a_share_of_many() {
    let sent = |out: u64, again: u64| move |r: &mut NodeReading| (r.tcp_out, r.tcp_retrans) = (Some(out), Some(again));
    assert_eq!(checks(sent(0, 0), sent(10_000, 600)), [Check::Retransmits]);
    assert!(checks(sent(0, 0), sent(10_000, 50)).is_empty(), "half a per cent is the internet");
    assert!(checks(sent(0, 0), sent(10, 5)).is_empty(), "half of ten segments says nothing");
}

#[test]
fn tables_near_their_limit_are_trouble() {
    let conntrack = |n| move |r: &mut NodeReading| (r.n_conntrack, r.conntrack_max) = (Some(n), Some(65_536));
    assert_eq!(checks(conntrack(0), conntrack(61_204)), [Check::Conntrack]);
    assert!(checks(conntrack(0), conntrack(40_000)).is_empty());
    let files = |n, most| move |r: &mut NodeReading| (r.n_files, r.files_max) = (Some(n), Some(most));
    assert_eq!(checks(files(0, 100_000), files(95_000, 100_000)), [Check::Files]);
    assert!(checks(files(0, u64::MAX), files(95_000, u64::MAX)).is_empty());
}

#[test]
fn a_slow_disk_is_trouble_and_a_busy_fast_one_hardly() {
    let disk = |busy_ms: u64, n: u64, waited_ms: u64| {
        move |r: &mut NodeReading| {
            let disk = Disk {
                name: "nvme0n1".into(),
                n_reads: Some(0),
                n_writes: Some(n),
                busy_us: Some(busy_ms * 1000),
                waited_us: Some(waited_ms * 1000),
                ..Disk::default()
            };
            r.disks = vec![disk];
        }
    };
    let slow = troubles(disk(0, 0, 0), disk(970, 100, 4_100));
    assert_eq!(slow[0].severity.unwrap().per_mille(), 500);
    let is_told = |part: &Part| matches!(part, Part::Latency(s) if (s - 0.041).abs() < 1e-9);
    assert!(slow[0].now.iter().any(is_told), "{:?}", slow[0].now);
    assert_eq!(troubles(disk(0, 0, 0), disk(980, 90_000, 900))[0].severity.unwrap().per_mille(), 300);
    assert!(checks(disk(0, 0, 0), disk(20, 1, 40)).is_empty(), "one slow request of an idle disk");
}

#[test]
fn a_filesystem_speaks_from_85_per_cent_on_of_bytes_or_files() {
    let of = |available: u64, inodes: u64| {
        move |r: &mut NodeReading| {
            let root = Filesystem {
                mount: "/".into(),
                total_bytes: Some(1_000),
                available_bytes: Some(available),
                n_inodes: Some(1_000),
                n_inodes_free: Some(inodes),
            };
            r.filesystems = vec![root];
        }
    };
    let severity = |available, inodes| {
        troubles(of(500, 500), of(available, inodes)).first().map(|f| f.severity.unwrap().per_mille())
    };
    assert_eq!([severity(200, 900), severity(100, 900), severity(1, 900)], [None, Some(600), Some(996)]);
    assert_eq!(severity(900, 10), Some(960), "room for bytes, none for files");
}

#[test]
fn packets_that_no_cpu_took_are_trouble() {
    let drops = |n| {
        move |r: &mut NodeReading| {
            r.interrupts = Some(Interrupts { n_drops: Some(n), backlog: Some(0), ..Interrupts::default() });
        }
    };
    assert_eq!(checks(drops(0), drops(3)), [Check::PacketBacklog]);
}

/// Short-lived processes: shells of cron, and greps of theirs, with the CPU time of all.
fn short_lived(n_sh: u64, n_grep: u64, cpu_us: u64) -> impl Fn(&mut NodeReading) {
    let one = |name: &str, parent: &str, n| {
        let (name, parent) = (name.into(), Some(parent.into()));
        ShortLivedName { name, parent, n: Some(n), cpu_us: None }
    };
    move |r: &mut NodeReading| {
        let by_name = vec![one("grep", "sh", n_grep), one("sh", "cron", n_sh)];
        r.n_forks = Some(n_sh + n_grep);
        r.short_lived = Some(ShortLived { n: Some(n_sh + n_grep), cpu_us: Some(cpu_us), cost_us: None, by_name });
    }
}

#[test]
fn a_storm_of_short_processes_is_told_by_name() {
    let found = troubles(short_lived(0, 0, 0), short_lived(210, 90, 600_000));
    assert_eq!(found[0].check, Check::ShortLived);
    let told = [
        Part::Number(300.0),
        Part::Words("/s: "),
        Part::Name("sh".into()),
        Part::Words(" "),
        Part::Number(210.0),
        Part::Words("/s"),
        Part::Words(" (of "),
        Part::Name("cron".into()),
        Part::Words(")"),
        Part::Words(", "),
        Part::Name("grep".into()),
        Part::Words(" "),
        Part::Number(90.0),
        Part::Words("/s"),
        Part::Words(" (of "),
        Part::Name("sh".into()),
        Part::Words(")"),
        Part::Words(", "),
        Part::Cores(0.6),
    ];
    assert_eq!(found[0].now, told);
}

#[test]
fn few_short_processes_that_use_much_are_trouble_and_few_that_use_little_are_not() {
    assert_eq!(checks(short_lived(0, 0, 0), short_lived(30, 0, 250_000)), [Check::ShortLived]);
    assert!(checks(short_lived(0, 0, 0), short_lived(30, 0, 190_000)).is_empty());
}

/// Sentences of what is found on node `a` at a second.
fn said(events: &[Stamped], now: f64) -> Vec<Vec<Part>> {
    findings(&told(events), Some(&id("a")), at(now)).into_iter().map(|finding| finding.parts).collect()
}

#[test]
fn trouble_is_a_finding_for_ten_seconds() {
    let forced = |s: f64, n: u64| {
        sample_with(s, "a", |sample: &mut Sample| {
            sample.reading.tcp_trouble = Some(TcpTrouble { memory_pressures: Some(n), ..TcpTrouble::default() });
        })
    };
    let mut story = vec![described(0.0, "a"), forced(1.0, 1), forced(2.0, 3)];
    let expected = [vec![
        Part::Words("tcp memory"),
        Part::Words(": "),
        Part::Count(2),
        Part::Words(" times near its limit"),
        Part::Words(" in 10 s"),
    ]];
    assert_eq!(said(&story, 2.0), expected);
    story.push(forced(11.0, 3));
    assert_eq!(said(&story, 11.0), expected);
    story.push(forced(12.0, 3));
    assert!(said(&story, 12.0).is_empty());
}
