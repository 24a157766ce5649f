//! What an export costs: how many times faster than the recording was made, by format, and how much memory.
//!
//! `cargo bench --bench export` makes a recording of 100 nodes for two minutes; `cargo bench --bench export -- FILE` takes
//! one that there is. Each format is written in a process of its own.

#![expect(clippy::disallowed_methods, reason = "a bench measures real time")]

mod made;

use std::{env, fs, path::Path, process::Command, time::Instant};

use midair::{
    clock::Clock,
    feed::file::Film,
    out::export::{self, Format},
};

const NODES: u64 = 100;
const SECONDS: u64 = 120;
const FORMATS: [(&str, Format); 3] = [("jsonl", Format::Jsonl), ("csv", Format::Csv), ("parquet", Format::Parquet)];

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|a| a != "--bench").collect();
    match arguments.as_slice() {
        [word, file] => export_one(word, Path::new(file)),
        [file] => in_children(Path::new(file)),
        _ => {
            let folder = tempfile::tempdir().expect("a scratch directory");
            let path = folder.path().join("made.midair");
            made::make(&path, NODES, SECONDS);
            println!("{NODES} nodes for {SECONDS} s");
            in_children(&path);
        }
    }
}

/// Memory is told of a process that did nothing else.
fn in_children(path: &Path) {
    for (word, _) in FORMATS {
        let child = Command::new(env::current_exe().expect("this program")).arg(word).arg(path).status();
        assert!(child.expect("it can be started").success());
    }
}

fn export_one(word: &str, path: &Path) {
    let (_, format) = FORMATS.into_iter().find(|(name, _)| *name == word).expect("a format");
    let (from, to) = Film::open(path).expect("it is a recording").range();
    let folder = tempfile::tempdir().expect("a scratch directory");
    let out = folder.path().join("rows");
    let options = export::Options::all_of(path, format, Some(out.clone()));
    let start = Instant::now();
    let n_rows = export::export(&options, Clock::system()).expect("it can be exported");
    let took = start.elapsed().as_secs_f64();
    let (cpu, length) = (cpu_seconds(), to.since_us(from) as f64 / 1e6);
    let n_mib = fs::metadata(&out).expect("it was written").len() >> 20;
    println!(
        "  {word:8} {:6.0} times real time (bar 50), {:.0} by CPU time; {n_rows} rows, {n_mib} MiB; memory, peak {:.1} MiB",
        length / took,
        length / cpu,
        peak_mib()
    );
}

/// User and system time of this process, fields 14 and 15 of /proc/self/stat (proc(5)), in ticks of 10 ms.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux");
    let after = stat.rsplit_once(')').expect("the name of the program stands in brackets").1;
    let ticks = after.split_whitespace().skip(11).take(2).map(|n| n.parse::<f64>().expect("a number of ticks"));
    ticks.sum::<f64>() / 100.0
}

/// `VmHWM` of /proc/self/status (proc(5)).
fn peak_mib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the kernel says it");
    line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number of kB") / 1024.0
}
