use std::os::unix::fs::symlink;

use super::*;

#[test]
fn a_dump_is_known_by_its_size_and_nothing_outside_of_its_directory_is_looked_at() {
    let pid = std::process::id();
    let size = |path: &str| state(pid, path).map(|(bytes, _)| bytes);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("dump"), "=erl_crash_dump:0.5").unwrap();
    assert_eq!(size(&path("dump")).unwrap(), 19);
    assert!(size(folder.path().to_str().unwrap()).is_err(), "a directory is no dump");
    symlink("/proc/self/environ", path("link")).unwrap();
    assert!(size("src/lib.rs").unwrap() > 0, "tests run in the directory of their package");
    assert!(size("../README.md").is_err(), "that is not below it");
}
