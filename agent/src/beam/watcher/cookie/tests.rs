use std::os::unix::fs::symlink;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::*;

/// What stands at a path that this very process names.
fn read(path: &std::path::Path) -> io::Result<String> {
    read_inside(std::process::id(), path.to_str().unwrap())
}

#[test]
fn a_cookie_that_is_a_pipe_is_refused_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join(".erlang.cookie");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    assert_eq!(read(&pipe).unwrap_err().to_string(), "it is no file");
}

#[test]
fn a_link_to_a_file_is_followed_and_one_to_our_own_descriptors_is_not() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("real"), "SECRET\n").unwrap();
    let link = |name: &str, to: &str| {
        symlink(to, folder.path().join(name)).unwrap();
        read(&folder.path().join(name))
    };
    assert_eq!(link("good", "real").unwrap(), "SECRET\n");
    assert!(link("bad", "/proc/self/cwd/Cargo.toml").is_err(), "that would be our directory, not its own");
}
