//! Recordings of a real agent: written, cut off, and shown again in a real terminal.

use std::{
    os::unix::{fs::PermissionsExt as _, net::UnixListener},
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, SystemTime},
};

use crate::support::{served::Served, terminal::Terminal};

const MIDAIR: &str = env!("CARGO_BIN_EXE_midair");

fn midair(arguments: &[&str]) -> Output {
    Command::new(MIDAIR).args(arguments).output().expect("it can be started")
}

fn info(file: &Path) -> String {
    let told = midair(&["info", &file.to_string_lossy()]);
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    String::from_utf8(told.stdout).expect("text")
}

/// Records this host until so many samples must be in the file.
fn start_recording(file: &Path) -> Child {
    let mut recording = Command::new(MIDAIR)
        .args(["record", "--why", "a test", "--out"])
        .arg(file)
        .stderr(Stdio::null())
        .spawn()
        .expect("it can be started");
    // A description, ticks and some samples; what is flushed each second grows the file.
    for _ in 0..600 {
        if file.metadata().is_ok_and(|file| file.len() > 6_000) {
            return recording;
        }
        thread::sleep(Duration::from_millis(100));
    }
    recording.kill().expect("it runs");
    recording.wait().expect("it ends");
    panic!("nothing was recorded in a minute");
}

#[test]
fn a_host_is_recorded_and_shown_again() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let file = dir.path().join("a.midair");
    let mut recording = start_recording(&file);
    rustix::process::kill_process(rustix::process::Pid::from_child(&recording), rustix::process::Signal::TERM)
        .expect("it runs");
    assert!(recording.wait().expect("it ends").success());
    let told = info(&file);
    assert!(told.contains("why       a test"), "{told}");
    assert!(told.contains("node ") && told.contains("embedded"), "{told}");
    assert!(!told.contains("not closed") && !told.contains("damage"), "{told}");

    // A byte that is not as it was written is met, and said.
    let damaged = dir.path().join("damaged.midair");
    let mut bytes = std::fs::read(&file).expect("it is there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    std::fs::write(&damaged, bytes).expect("room");
    let told = info(&damaged);
    assert!(told.contains("damage "), "{told}");

    let mut terminal = Terminal::start(MIDAIR, &["replay", &file.to_string_lossy()], 120, 35);
    terminal.until_text("REPLAY");
    terminal.press("\x1b[F");
    terminal.until("the end of it", |screen| screen.contains("■ REPLAY") && screen.contains("tasks"));
    // What was recorded is shown: this program among the tasks.
    terminal.press("/midair\r");
    terminal.until("the recorder among the tasks", |screen| screen.contains(" midair "));
    terminal.press("J-2s\r");
    terminal.until("a moment before", |screen| screen.contains("‖ REPLAY"));
    terminal.press("q");
    assert_eq!(terminal.ended(), 0);
}

#[test]
fn a_recorder_that_is_killed_leaves_a_file_that_can_be_read() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let file = dir.path().join("a.midair");
    let mut recording = start_recording(&file);
    recording.kill().expect("it runs");
    recording.wait().expect("it ends");
    let told = info(&file);
    assert!(told.contains("not closed"), "{told}");
    let mut terminal = Terminal::start(MIDAIR, &["replay", "--at", "end", &file.to_string_lossy()], 120, 35);
    terminal.until("its last moment", |screen| screen.contains("REPLAY") && screen.contains("tasks"));
    terminal.press("q");
    assert_eq!(terminal.ended(), 0);
}

#[test]
fn what_is_no_recording_is_said_in_one_sentence() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let other = dir.path().join("notes.txt");
    std::fs::write(&other, "no recording at all").expect("room");
    for (arguments, words) in [
        (vec!["info", "/nowhere/a.midair"], "cannot open /nowhere/a.midair"),
        (vec!["info", other.to_str().expect("text")], "no midair recording"),
        (vec!["replay", other.to_str().expect("text")], "no midair recording"),
        (vec!["record", "--for", "1s", "--out", other.to_str().expect("text")], "cannot record into"),
    ] {
        let told = midair(&arguments);
        let said = String::from_utf8_lossy(&told.stderr).into_owned();
        assert!(!told.status.success() && said.contains(words), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    assert_eq!(std::fs::read_to_string(&other).expect("it is there"), "no recording at all");
}

#[test]
fn an_interrupt_ends_the_asking_for_what_has_happened() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let socket = dir.path().join("mute.sock");
    let mute = UnixListener::bind(&socket).expect("a socket");
    let asking = Command::new(MIDAIR)
        .args(["record", "--last", "1h", "--out"])
        .arg(dir.path().join("a.midair"))
        .arg(&socket)
        .stderr(Stdio::null())
        .spawn()
        .expect("it can be started");
    let asked = mute.accept().expect("it asks");
    let pid = rustix::process::Pid::from_child(&asking);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it runs");
    let ended = asking.wait_with_output().expect("it ends");
    drop(asked);
    assert_eq!(ended.status.code(), Some(130), "it ends by the interrupt, not because nobody answers");
    let left: Vec<_> =
        std::fs::read_dir(dir.path()).expect("it is there").map(|file| file.expect("it is").file_name()).collect();
    assert_eq!(left, ["mute.sock"]);
}

#[test]
fn what_has_happened_is_recorded_from_the_black_boxes() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| dir.path().join(name);
    let agents = ["one", "two"].map(|name| {
        let socket = path(&format!("{name}.sock"));
        Served::start(name, &[], &socket, &path(name))
    });
    let (one, two, nobody) = (path("one.sock"), path("two.sock"), path("nobody.sock"));
    let (one, two, nobody) = (one.to_string_lossy(), two.to_string_lossy(), nobody.to_string_lossy());
    let file = path("a.midair");
    let out = file.to_string_lossy();
    let past = ["record", "--last", "1h", "--worst", "0", "--full", "two", "--out", &out, &one, &two, &nobody];
    // Some seconds are to be kept, by both.
    let plan = || midair(&[&past[..], &["--dry-run"]].concat());
    let said = (0..300).map(|_| {
        thread::sleep(Duration::from_millis(100));
        String::from_utf8_lossy(&plan().stderr).into_owned()
    });
    let is_kept = |said: &String| said.contains("1 of 2 nodes in full") && !said.contains("nothing kept");
    let said = said.into_iter().find(is_kept).expect("both keep something within half a minute");
    assert!(said.contains("two (named): ") && said.contains("nobody.sock: no such socket"), "{said}");
    assert!(!file.exists(), "a dry run writes nothing");

    // What the user noted by themselves, which no agent has.
    let now_us = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_micros();
    let noted = format!("{{\"at_us\":{now_us},\"text\":\"my own note\",\"nodes\":[[\"two\",{now_us}]]}}\n");
    std::fs::create_dir_all(path("state/midair")).expect("room");
    std::fs::write(path("state/midair/marks.midair-marks"), noted).expect("room");
    let told = Command::new(MIDAIR).env("XDG_STATE_HOME", path("state")).args(past).output().expect("it starts");
    let said = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(told.status.success(), "{said}");
    drop(agents);
    let first = said.lines().next().and_then(|line| line.split("about ").nth(1)).expect("its size is said");
    let (number, unit) = first.trim().split_once(' ').expect("a number and its unit");
    let number: f64 = number.parse().unwrap_or_else(|_| panic!("a number: {said}"));
    let kib = if unit == "MiB" { number * 1024.0 } else { number };
    let metadata = std::fs::metadata(&file).expect("it is there");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "it is for who records");
    let n_bytes = metadata.len() as f64;
    // It is said in whole KiB.
    assert!((kib * 1024.0 - n_bytes).abs() <= 0.3 * n_bytes + 512.0, "{n_bytes} bytes: {said}");
    let told = info(&file);
    assert!(told.contains("my own note"), "{told}");
    // An hour was asked for, and both are young.
    assert_eq!(told.matches("its black box kept nothing of").count(), 2, "{told}");
    assert!(told.contains("as measured") && told.contains("node      one") && told.contains("node      two"), "{told}");
    assert!(!told.contains("damage") && !told.contains("not closed"), "{told}");
    let mut terminal = Terminal::start(MIDAIR, &["replay", "--at", "end", "--go", "two", &out], 120, 35);
    // Which tasks were the hottest is the host's affair.
    let is_known = |screen: &str| {
        !screen.contains("waiting for the first") && !screen.contains("[tasks 0]") && !screen.contains("[tasks -]")
    };
    terminal.until("what the black box kept", |screen| screen.contains("REPLAY") && is_known(screen));
    terminal.press("q");
    assert_eq!(terminal.ended(), 0);

    let again = midair(&past);
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(!again.status.success() && said.contains("such a file already"), "{said}");
}
