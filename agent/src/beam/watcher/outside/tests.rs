use std::os::unix::fs::symlink;

use super::*;

#[test]
fn a_dump_is_known_by_its_size_and_nothing_outside_of_its_directory_is_looked_at() {
    let pid = std::process::id();
    let size = |path: &str| Dump::at(pid, path.into()).state().map(|(bytes, _)| bytes);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("dump"), "=erl_crash_dump:0.5").unwrap();
    assert_eq!(size(&path("dump")), Some(19));
    assert_eq!(size(folder.path().to_str().unwrap()), None, "a directory is no dump");
    symlink("/proc/self/environ", path("link")).unwrap();
    assert!(size("src/lib.rs") > Some(0), "tests run in the directory of their package");
    assert_eq!(size("../README.md"), None, "that is not below it");
}

#[test]
fn a_dump_that_was_there_before_is_no_news_and_a_new_one_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dump");
    let mut dump = Dump::at(std::process::id(), path.to_str().unwrap().into());
    assert_eq!(dump.look(1), None);
    std::fs::write(&path, "=erl_crash_dump:0.5\nSun Nov 22 10:00:00 2026\nSlogan: no more memory\nSystem version: 1")
        .unwrap();
    assert_eq!(dump.look(2), None, "it is not looked at all the time");
    let found = dump.look_now().unwrap();
    assert_eq!((found.slogan.as_deref(), found.dump.is_growing), (Some("no more memory"), Some(true)));
    assert_eq!(dump.look_now().unwrap().dump.is_growing, Some(false));
    let mut again = Dump::at(std::process::id(), path.to_str().unwrap().into());
    assert_eq!(again.look(1), None, "it is an old one");
}

#[test]
fn what_is_no_dump_says_nothing_of_itself() {
    assert_eq!(slogan("root:x:0\nSlogan: secret"), None);
    assert_eq!(slogan("=erl_crash_dump:0.5\nSlogan: \n"), None);
}

#[test]
fn this_process_runs_and_nobody_is_number_zero() {
    assert!(is_running(std::process::id()));
    assert!(!is_running(0));
}
