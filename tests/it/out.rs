//! What comes out of a recording when something is in the way: `^C`, a full disk, a folder that cannot be written. And that
//! who waits sees how far it is.

#[path = "../../benches/made.rs"]
mod made;

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::support::terminal::Terminal;

const MIDAIR: &str = env!("CARGO_BIN_EXE_midair");

/// A folder with a recording that keeps a debug build busy for seconds.
fn long() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let file = dir.path().join("a.midair");
    made::make(&file, 6, 300);
    (dir, file)
}

/// All that writes, and a name that it writes to.
fn writers() -> [(Vec<&'static str>, &'static str); 6] {
    [
        (vec!["export", "--format", "jsonl"], "rows.jsonl"),
        (vec!["export", "--format", "csv"], "rows.csv"),
        (vec!["export", "--format", "parquet"], "rows.parquet"),
        (vec!["cut"], "part.midair"),
        (vec!["report"], "page.html"),
        (vec!["report"], "page.md"),
    ]
}

fn command(words: &[&str], file: &Path, out: &Path) -> Command {
    let mut command = Command::new(MIDAIR);
    command.args(words).arg(file).arg("--out").arg(out);
    command
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A disk of this size, unmounted in the end.
struct Disk(TempDir);

impl Disk {
    fn mount(options: &str) -> Self {
        let disk = Self(tempfile::tempdir().expect("a temporary folder"));
        let mut mount = Command::new("mount");
        let mounted = mount.args(["-t", "tmpfs", "-o", options, "small"]).arg(disk.0.path()).status();
        assert!(mounted.expect("mount is there").success(), "this test mounts a disk: run it as root");
        disk
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // The folder goes next; who cannot unmount it sees it there.
        drop(Command::new("umount").arg("--lazy").arg(self.0.path()).status());
    }
}

#[test]
fn who_is_stopped_says_so_and_leaves_nothing() {
    let (dir, file) = long();
    for (words, name) in writers() {
        let mut child = command(&words, &file, &dir.path().join(name));
        let child = child.stderr(Stdio::piped()).spawn().expect("it can be started");
        let mut waited = 0;
        while names(dir.path()).len() < 2 {
            assert!(waited < 3_000, "{words:?}: nothing was begun in half a minute");
            thread::sleep(Duration::from_millis(10));
            waited += 1;
        }
        kill_process(Pid::from_child(&child), Signal::INT).expect("it runs");
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(130), "{words:?}: {}", said(&output));
        assert_eq!(said(&output), "midair: stopped; nothing was written\n", "{words:?}");
        assert_eq!(names(dir.path()), ["a.midair"], "{words:?}");
    }
}

#[test]
fn a_full_disk_is_said_and_no_half_file_stays() {
    let (_dir, file) = long();
    let disk = Disk::mount("size=64k");
    for (words, name) in writers() {
        let output = command(&words, &file, &disk.0.path().join(name)).output().expect("it can be started");
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "{words:?}: {said}");
        assert!(said.contains("cannot write") && said.contains("No space left on device"), "{words:?}: {said}");
        assert!(said.contains(name), "{words:?}: {said}");
        assert_eq!(names(disk.0.path()), [""; 0], "{words:?}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_said_before_the_work() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let file = dir.path().join("a.midair");
    made::make(&file, 1, 10);
    let disk = Disk::mount("ro");
    for (words, name) in writers() {
        let output = command(&words, &file, &disk.0.path().join(name)).output().expect("it can be started");
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "{words:?}: {said}");
        assert!(said.contains(name) && said.contains("Read-only file system"), "{words:?}: {said}");
    }
}

/// `midair export ... | head`, and a reader that never reads at all.
#[test]
fn who_has_read_enough_ends_it_without_a_word() {
    let (_dir, file) = long();
    let file = file.to_string_lossy();
    for words in [&["export", "--format", "jsonl"][..], &["export", "--format", "csv"], &["info"]] {
        for n_bytes in [0, 100] {
            let mut child = Command::new(MIDAIR);
            let child = child.args(words).arg(&*file).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = child.spawn().expect("it can be started");
            let mut out = child.stdout.take().expect("it is piped");
            out.read_exact(&mut vec![0; n_bytes]).expect("it writes");
            drop(out);
            let output = child.wait_with_output().expect("it ends");
            assert_eq!((output.status.code(), &*said(&output)), (Some(0), ""), "{words:?} after {n_bytes} bytes");
        }
    }
}

#[test]
fn a_terminal_is_told_how_far_it_is_and_ctrl_c_ends_it() {
    let (dir, file) = long();
    let (file, out) = (file.to_string_lossy().into_owned(), dir.path().join("rows.csv"));
    let out = out.to_string_lossy().into_owned();
    let arguments = ["export", &file, "--format", "csv", "--out", &out];
    let mut whole = Terminal::start(MIDAIR, &arguments, 100, 10);
    whole.until_text("times as fast as time");
    whole.until("how it went", |screen| screen.contains("rows.csv: ") && !screen.contains("times as fast"));
    assert_eq!(whole.ended(), 0);
    fs::remove_file(&out).expect("it was written");
    let mut stopped = Terminal::start(MIDAIR, &arguments, 100, 10);
    stopped.until_text("times as fast as time");
    stopped.press("\x03");
    stopped.until_text("stopped; nothing was written");
    assert_eq!(stopped.ended(), 130);
    assert_eq!(names(dir.path()), ["a.midair"]);
}
