//! The object that is part of midair is that of the source beside it.

use std::{fs, path::Path, process::Command};

use crate::support::is_root;

const PLACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/bpf");

fn objects(place: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(place).expect("the folder can be listed").flatten();
    let objects = entries.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "o"));
    let mut found: Vec<_> = objects
        .map(|entry| {
            (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).expect("it can be read"))
        })
        .collect();
    found.sort();
    found
}

/// Without clang, too: a source that was changed without its object shows in its checksum.
#[test]
fn the_sources_are_those_that_the_object_was_built_from() {
    let listed = fs::read_to_string(Path::new(PLACE).join("SOURCES")).expect("the list of checksums can be read");
    let checked = Command::new("sha256sum").args(["--check", "--quiet", "SOURCES"]).current_dir(PLACE).output();
    let checked = checked.expect("sha256sum runs");
    let said = String::from_utf8_lossy(&checked.stdout);
    assert!(checked.status.success(), "{said}a source has changed: run agent/bpf/build and commit what it makes");
    for entry in fs::read_dir(PLACE).expect("the folder can be listed").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_source = ["c", "h"].iter().any(|end| name.ends_with(&format!(".{end}"))) || name == "build";
        assert_eq!(listed.lines().any(|line| line.ends_with(&format!("  {name}"))), is_source, "{name} in\n{listed}");
    }
}

#[test]
fn the_object_is_built_again_byte_for_byte_from_another_folder() {
    if Command::new("clang-14").arg("--version").output().is_err() {
        // CI is root; whoever else has no clang is held to the checksums alone.
        assert!(!is_root(), "clang-14 is missing: apt-get install clang-14 llvm-14, as .ci/run does");
        eprintln!("not run: building BPF objects takes clang-14 and llvm-14");
        return;
    }
    let elsewhere = tempfile::tempdir().expect("a folder can be made");
    for entry in fs::read_dir(PLACE).expect("the folder can be listed").flatten() {
        if entry.path().extension().is_none_or(|extension| extension != "o") {
            fs::copy(entry.path(), elsewhere.path().join(entry.file_name())).expect("a source can be copied");
        }
    }
    let built = Command::new(elsewhere.path().join("build")).current_dir("/").output().expect("the script runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let (committed, anew) = (objects(Path::new(PLACE)), objects(elsewhere.path()));
    assert!(!committed.is_empty());
    // Not compared whole: who reads the failure has no use for the bytes.
    for ((name, old), (name_anew, new)) in committed.iter().zip(&anew) {
        assert!(name == name_anew && old == new, "{name} is not what its source gives: run agent/bpf/build, commit it");
    }
    assert_eq!(committed.len(), anew.len());
}
