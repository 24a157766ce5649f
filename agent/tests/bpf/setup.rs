//! `midair-agent setup`, and what a user without any privilege reads through it.

use std::{
    collections::BTreeSet,
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use midair_agent::kernel::bpf::{Bpf, Choice, Loader, Say, Thread};

use crate::support::{File, files_of, is_root, round, said, status, this_test};

/// Where the iterators are, for the test that is run again as another user.
const PLACE: &str = "MIDAIR_TEST_PLACE";

/// Numbers that no user and no group of a test machine has.
const USER: u32 = 64_321;
const GROUP: u32 = 64_322;

/// A BPF file system of the test's own.
struct FileSystem(tempfile::TempDir);

impl FileSystem {
    fn mount() -> Self {
        let folder = tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir();
        let folder = folder.expect("a folder can be made");
        let mounted = Command::new("mount").args(["-t", "bpf", "bpf"]).arg(folder.path()).status();
        assert!(mounted.expect("mount runs").success());
        Self(folder)
    }

    fn place(&self) -> PathBuf {
        self.0.path().join("midair")
    }
}

impl Drop for FileSystem {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(self.0.path()).status();
        assert!(unmounted.expect("umount runs").success());
    }
}

fn setup(args: &[&str], place: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_midair-agent"));
    command.arg("setup").args(args).arg("--dir").arg(place).output().expect("the agent starts")
}

fn succeeded(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn names(place: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(place).expect("root lists it").flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn setup_makes_the_same_each_time_and_undo_removes_it() {
    if !is_root() {
        return;
    }
    let own = FileSystem::mount();
    let place = own.place();
    succeeded(&setup(&["--group", &GROUP.to_string()], &place));
    let first = names(&place);
    assert_eq!(first.len(), 4, "{first:?}");
    // What another version may have left goes.
    fs::rename(place.join("files_1"), place.join("files_0")).expect("root may");
    succeeded(&setup(&["--group", &GROUP.to_string()], &place));
    assert_eq!(names(&place), first);
    for (path, mode) in [(place.clone(), 0o040_750), (place.join("tasks_2"), 0o100_440)] {
        let found = fs::metadata(&path).expect("root reads it");
        assert_eq!((found.uid(), found.gid(), found.mode()), (0, GROUP, mode), "{}", path.display());
    }
    let found = Bpf::open(&Choice { pinned: vec![place.clone()], loader: Loader::Nobody }).expect("root reads them");
    assert_eq!(found.origin(), format!("pinned in {}", place.display()));
    succeeded(&setup(&["--undo"], &place));
    assert!(!place.exists());
    succeeded(&setup(&["--undo"], &place));
}

#[test]
fn setup_outside_of_a_bpf_file_system_says_what_it_needs() {
    if !is_root() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder can be made");
    let refused = setup(&[], &folder.path().join("midair"));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("not in a BPF file system"), "{said}");
    assert!(!folder.path().join("midair").exists(), "it leaves nothing behind");
}

/// What a user sees of this host, said from inside.
fn look_as_a_user(place: PathBuf) {
    println!("said capabilities {}", status("self", "CapEff"));
    let mut bpf = match Bpf::open(&Choice { pinned: vec![place], loader: Loader::Nobody }) {
        Ok(bpf) => bpf,
        Err(why) => return println!("said why {why}"),
    };
    let (mut n_all, mut n_brief, mut pids) = (0, 0, BTreeSet::new());
    let mut take = |thread: Thread<'_>| match thread {
        Thread::Task(task) => {
            n_all += 1;
            pids.insert(task.pid);
        }
        Thread::Sleeper(sleeper) => panic!("{sleeper:?} in a pass over all"),
    };
    bpf.tasks(Say::All, &mut take).expect("a pass can be read");
    bpf.tasks(Say::Brief, &mut |_| n_brief += 1).expect("a pass can be read");
    let (files, _): (Vec<File>, _) = round(&mut bpf.walk());
    let foreign =
        files.iter().filter(|(file, _)| Path::new(&format!("/proc/{}/fd/0", file.pid)).symlink_metadata().is_err());
    println!("said tasks {n_all}");
    println!("said brief {n_brief}");
    println!("said files {}", files.len());
    println!("said foreign {}", foreign.count());
    let parent = rustix::process::getppid().map_or(0, |pid| pid.as_raw_nonzero().get() as u32);
    println!("said both {}", pids.contains(&parent) && pids.contains(&std::process::id()));
    println!("said parent {}", files_of(&bpf, parent).len());
}

/// This test again, as a user with a group and without a single capability, now and for ever.
fn again_as(group: u32, place: &Path, test: &str) -> std::collections::HashMap<String, String> {
    let folder = tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir();
    let folder = folder.expect("a folder can be made");
    // The build's own folder may be closed to others.
    let program = folder.path().join("test");
    fs::copy(this_test(), &program).expect("the test can be copied");
    chown(&program, Some(0), Some(0)).expect("root may");
    let mut command = Command::new("setpriv");
    command
        .arg(format!("--reuid={USER}"))
        .arg(format!("--regid={group}"))
        .args(["--clear-groups", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"])
        .arg(&program)
        .args(["--exact", "--nocapture", test])
        .current_dir("/")
        .env(PLACE, place);
    said(&mut command)
}

#[test]
fn a_user_without_any_capability_reads_everything() {
    if let Some(place) = std::env::var_os(PLACE) {
        return look_as_a_user(place.into());
    }
    if !is_root() {
        return;
    }
    let own = FileSystem::mount();
    succeeded(&setup(&["--group", &GROUP.to_string()], &own.place()));
    let test = "setup::a_user_without_any_capability_reads_everything";
    let said = again_as(GROUP, &own.place(), test);
    let number = |key: &str| said.get(key).and_then(|n| n.parse::<u64>().ok()).unwrap_or_else(|| panic!("{said:?}"));
    assert_eq!(said["capabilities"].trim_start_matches('0'), "", "{said:?}");
    assert_eq!(said["both"], "true", "{said:?}");
    assert!(number("tasks") > 1 && number("brief") > 1, "{said:?}");
    // Descriptors of other users, whose /proc is closed to it: this very test has some.
    assert!(number("files") > 0 && number("foreign") > 0, "{said:?}");
    // One process, by the pinned program: its parent is this test, which runs as root.
    assert!(number("parent") > 0, "{said:?}");
}

#[test]
fn a_user_outside_of_the_group_is_told_why_not() {
    if let Some(place) = std::env::var_os(PLACE) {
        return look_as_a_user(place.into());
    }
    if !is_root() {
        return;
    }
    let own = FileSystem::mount();
    succeeded(&setup(&["--group", &GROUP.to_string()], &own.place()));
    let said = again_as(GROUP + 1, &own.place(), "setup::a_user_outside_of_the_group_is_told_why_not");
    assert!(said["why"].contains("not for this user") && said["why"].contains("group"), "{said:?}");
}

#[test]
fn who_may_not_load_programs_is_told_what_to_run() {
    if !is_root() {
        return;
    }
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set=-all", "--inh-caps=-all", &format!("--reuid={USER}"), "--clear-groups"]);
    let folder = tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir();
    let folder = folder.expect("a folder can be made");
    let program = folder.path().join("midair-agent");
    fs::copy(env!("CARGO_BIN_EXE_midair-agent"), &program).expect("the agent can be copied");
    let refused = command.arg(program).arg("setup").current_dir("/").output().expect("setpriv runs");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("setup --group") && said.contains("CAP_BPF"), "{said}");
}
