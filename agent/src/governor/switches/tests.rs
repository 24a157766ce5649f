use super::*;

/// A directory of switches, and what looks at it; each look is a second after the last.
struct Bench {
    folder: tempfile::TempDir,
    switches: Switches,
    now_us: u64,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let switches = Switches::new(folder.path().join("off.d"));
        Self { folder, switches, now_us: 0 }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("off.d").join(name)
    }

    fn write(&self, name: &str, reason: impl AsRef<[u8]>) {
        fs::create_dir_all(self.folder.path().join("off.d")).unwrap();
        fs::write(self.file(name), reason).unwrap();
    }

    fn why(&mut self, part: &str) -> Option<String> {
        self.now_us += 1_000_000;
        let folder = self.folder.path().display().to_string();
        self.switches.look(self.now_us).why(part).map(|why| why.replace(&folder, ""))
    }
}

#[test]
fn a_file_switches_a_part_off_and_its_end_switches_it_on_again() {
    let mut bench = Bench::new();
    assert_eq!(bench.why("sockets"), None, "there is no directory");
    bench.write("sockets", "too dear on this host, ann\nsecond line");
    assert_eq!(bench.why("sockets").as_deref(), Some("switched off by /off.d/sockets: too dear on this host, ann"));
    assert_eq!(bench.why("threads"), None);
    bench.write("threads", "");
    assert_eq!(bench.why("threads").as_deref(), Some("switched off by /off.d/threads"));
    fs::remove_file(bench.file("sockets")).unwrap();
    assert_eq!((bench.why("sockets"), bench.why("threads").is_some()), (None, true));
    fs::remove_dir_all(bench.folder.path().join("off.d")).unwrap();
    assert_eq!(bench.why("threads"), None);
}

#[test]
fn a_reason_that_is_written_a_moment_after_its_file_is_told_all_the_same() {
    let mut bench = Bench::new();
    bench.write("sockets", "");
    assert_eq!(bench.why("sockets").as_deref(), Some("switched off by /off.d/sockets"));
    bench.write("sockets", "ann");
    assert_eq!(bench.why("sockets").as_deref(), Some("switched off by /off.d/sockets: ann"));
}

#[test]
fn nothing_is_read_while_nothing_changes() {
    let mut bench = Bench::new();
    bench.write("names", "one");
    for _ in 0..5 {
        bench.why("names");
    }
    // A change inside a file leaves its directory as it was.
    bench.write("names", "two");
    assert!(bench.why("names").unwrap().ends_with("one"));
}

#[test]
fn what_is_no_part_or_no_file_or_no_text_does_no_harm() {
    let mut bench = Bench::new();
    bench.write("sokets", "a slip");
    bench.write("bpf", b"\x1b[31m\xff red \x07");
    bench.write("names", "x".repeat(10_000));
    fs::create_dir(bench.file("cgroups")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(bench.file("sockets")).status().unwrap().success());
    assert_eq!(bench.why("sokets"), None);
    assert_eq!(bench.why("bpf").as_deref(), Some("switched off by /off.d/bpf: [31m\u{fffd} red"));
    assert!(bench.why("names").unwrap().len() < 300);
    assert_eq!(bench.why("cgroups").as_deref(), Some("switched off by /off.d/cgroups"), "its name says it all");
    assert_eq!(bench.why("sockets").as_deref(), Some("switched off by /off.d/sockets"), "a pipe holds up nobody");
}

#[test]
fn a_directory_that_is_a_file_switches_nothing_off() {
    let mut bench = Bench::new();
    fs::write(bench.folder.path().join("off.d"), "sockets").unwrap();
    assert_eq!(bench.why("sockets"), None);
}
