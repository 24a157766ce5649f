//! What recordings cost: bytes a second, CPU a sample, time of a seek, memory of a reader.
//!
//! `cargo bench -p midair-recording -- FILE.midair` measures with what an agent said (the example `record` writes such a
//! file); without a file, with samples that are made here.

mod made;
mod measure;

use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use midair_recording::{Options, Piece, Reader};

use made::Sample;
use measure::{Cpu, MemoryPeak};

const SECOND: u64 = 1_000_000;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|a| a != "--bench").collect();
    match arguments.as_slice() {
        [read, file] if read == "read" => read_in_child(Path::new(file)),
        [file] => all(&format!("what an agent said ({file})"), &made::from_file(Path::new(file))),
        _ => all("1,000 rows made here, 20 of which change each second", &made::rows(1_000, 20, 600)),
    }
}

fn all(what: &str, samples: &[Sample]) {
    let n_bytes: usize = samples.iter().map(|s| s.bytes.len()).sum();
    let keys: Vec<usize> = samples.iter().filter(|s| s.is_key).map(|s| s.bytes.len()).collect();
    let seconds = made::seconds(samples);
    println!("{what}");
    println!(
        "  {} samples in {seconds:.0} s, {:.0} B/s on the wire, {} keys of {} B",
        samples.len(),
        n_bytes as f64 / seconds,
        keys.len(),
        keys.iter().sum::<usize>() / keys.len().max(1)
    );
    packing(samples);
    let folder = tempfile::tempdir().expect("a scratch directory");
    let day = folder.path().join("day.midair");
    made::repeat(samples, 1, 24 * 3_600, &day, Options::default());
    reading("1 node for 24 h", &day, 0);
    fs::remove_file(day).expect("it is there");
    for window_log in [20, 23] {
        let hour = folder.path().join("hour.midair");
        made::repeat(samples, 100, 3_600, &hour, Options { window_log, ..Options::default() });
        // The key of each node stands in the 30 s before, and growth takes ten more.
        reading(&format!("100 nodes for 1 h, window 2^{window_log}"), &hour, 40 * SECOND);
    }
}

/// Bytes and CPU for some levels and windows.
fn packing(samples: &[Sample]) {
    println!("  level window   B/s   ratio  CPU us a sample (written and flushed)");
    let n_bytes: usize = samples.iter().map(|s| s.bytes.len()).sum();
    for (level, window_log) in [(1, 20), (3, 17), (3, 20), (6, 20), (9, 20), (12, 20), (15, 20)] {
        let options = Options { level, window_log, ..Options::default() };
        let cpu = Cpu::start();
        let written = made::write(samples, options);
        let spent = cpu.us();
        println!(
            "  {level:5} {window_log:6} {:5.0} {:7.1}  {:.0}",
            written as f64 / made::seconds(samples),
            n_bytes as f64 / written as f64,
            spent / samples.len() as f64
        );
    }
}

/// Opening, seeking, reading: with the index, and without.
fn reading(what: &str, path: &Path, warm_up_us: u64) {
    let length = fs::metadata(path).expect("the file is there").len();
    println!("  {what}: {:.1} MiB", length as f64 / f64::from(1 << 20));
    seeks("with its index", path, warm_up_us);
    let torn = path.with_extension("torn.midair");
    fs::copy(path, &torn).expect("it can be copied");
    File::options().write(true).open(&torn).and_then(|file| file.set_len(length - 10)).expect("it can be cut");
    seeks("without", &torn, warm_up_us);
    fs::remove_file(&torn).expect("it is there");
    let child = Command::new(env::current_exe().expect("this program")).arg("read").arg(path).output();
    print!("{}", String::from_utf8_lossy(&child.expect("it runs").stdout));
}

fn seeks(what: &str, path: &Path, warm_up_us: u64) {
    let cpu = Cpu::start();
    let mut reader = open(path);
    let opened = cpu.us();
    let (first, last) = reader.range().expect("it holds something");
    let mut times = Vec::new();
    let mut place = 1_u64;
    for _ in 0..200 {
        place = place.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let at_us = first + (place >> 11) % (last - first);
        let cpu = Cpu::start();
        reader.seek(at_us.saturating_sub(warm_up_us)).expect("it can be read");
        for piece in reader.by_ref() {
            match piece.expect("it can be read") {
                Piece::Entry(entry) if entry.at_us < at_us => {}
                Piece::Entry(_) => break,
                Piece::Damage(damage) => panic!("{damage}"),
            }
        }
        times.push(cpu.us());
    }
    times.sort_by(f64::total_cmp);
    println!(
        "    {what}: opened in {:.1} ms; seek and read to the moment: median {:.1} ms, worst of 200 {:.1} ms (CPU)",
        opened / 1e3,
        times[times.len() / 2] / 1e3,
        times[times.len() - 1] / 1e3
    );
}

/// In a process of its own, so that its memory can be told.
fn read_in_child(path: &Path) {
    let before = MemoryPeak::read();
    let cpu = Cpu::start();
    let (mut n, mut first_us, mut last_us) = (0_u64, None, 0);
    for piece in open(path) {
        match piece.expect("it can be read") {
            Piece::Entry(entry) => {
                n += 1;
                first_us.get_or_insert(entry.at_us);
                last_us = entry.at_us;
            }
            Piece::Damage(damage) => panic!("{damage}"),
        }
    }
    let spent = cpu.us();
    let seconds = (last_us - first_us.unwrap_or(0)) as f64 / SECOND as f64;
    println!(
        "    read as a whole: {n} entries, {:.0} ms of CPU ({:.0} times real time), memory grew by {} KiB",
        spent / 1e3,
        seconds / (spent / 1e6),
        MemoryPeak::read().kib.saturating_sub(before.kib)
    );
}

fn open(path: &Path) -> Reader<File> {
    Reader::open(File::open(PathBuf::from(path)).expect("it can be opened")).expect("it is a recording")
}
