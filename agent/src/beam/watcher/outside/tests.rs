use std::os::unix::fs::symlink;

use super::*;

const CHAT: Who<'_> = Who { name: Some("chat@a"), has_answered: true };

#[test]
fn a_dump_is_known_by_its_size_and_nothing_outside_of_its_directory_is_looked_at() {
    let pid = std::process::id();
    let size = |path: &str| Dump::at(pid, path.into()).there().map(|there| there.bytes);
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
    assert_eq!(dump.look(1, CHAT), None);
    std::fs::write(&path, "=erl_crash_dump:0.5\nSun Nov 22 10:00:00 2026\nSlogan: no more memory\nSystem version: 1")
        .unwrap();
    assert_eq!(dump.look(2, CHAT), None, "it is not looked at all the time");
    let found = dump.look_now(CHAT).unwrap();
    assert_eq!((found.slogan.as_deref(), found.dump.is_growing), (Some("no more memory"), Some(true)));
    assert_eq!(dump.look_now(CHAT).unwrap().dump.is_growing, Some(false));
    let mut again = Dump::at(std::process::id(), path.to_str().unwrap().into());
    assert_eq!(again.look(1, CHAT), None, "it is an old one");
}

#[test]
fn what_is_no_dump_says_nothing_of_itself() {
    assert_eq!(slogan("root:x:0\nSlogan: secret"), None);
    assert_eq!(slogan("=erl_crash_dump:0.5\nSlogan: \n"), None);
}

/// VMs that were started in one folder write to one file.
#[test]
fn a_dump_is_of_the_node_that_it_names_or_of_the_process_that_writes_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dump");
    let mut dump = Dump::at(std::process::id(), path.to_str().unwrap().into());
    let whose = |dump: &mut Dump, who| dump.look_now(who).map(|found| found.whose);
    let text = "=erl_crash_dump:0.5\nSun Nov 22 10:00:00 2026\nSlogan: x\n=proc:<0.0.0>\n";
    std::fs::write(&path, text).unwrap();
    assert_eq!(whose(&mut dump, CHAT), Some(Whose::Unknown), "it does not say yet");
    std::fs::write(&path, format!("{text}=node:'mail@a'\n")).unwrap();
    assert_eq!(whose(&mut dump, CHAT), None, "it is another's");
    std::fs::write(&path, format!("{text}=node:'chat@a'\n=proc_heap:<0.0.0>\n")).unwrap();
    assert_eq!(whose(&mut dump, CHAT), Some(Whose::Own));
    std::fs::write(&path, format!("{text}=node:'mail@a'\n\n")).unwrap();
    assert_eq!(whose(&mut dump, CHAT), None);
    let open = std::fs::File::open(&path).unwrap();
    assert_eq!(whose(&mut dump, CHAT), Some(Whose::Own), "whoever writes it has it open");
    drop(open);
    assert_eq!(whose(&mut dump, CHAT), Some(Whose::Own), "and may have ended since");
    dump.answered(dump.there());
    assert_eq!(whose(&mut dump, CHAT), None, "who answers has not crashed");
}

#[test]
fn where_a_dump_names_nobody_or_only_arguments_are_known_it_is_not_claimed() {
    let never = Who { has_answered: false, ..CHAT };
    let nameless = Who { name: None, has_answered: false };
    assert_eq!(whose(Some("nonode@nohost"), CHAT), None);
    assert_eq!(whose(Some("nonode@nohost"), nameless), Some(Whose::Unknown));
    assert_eq!(whose(Some("chat@a.example"), never), Some(Whose::Unknown));
    assert_eq!(whose(Some("mail@a"), never), None);
    assert_eq!(whose(Some("mail@a"), nameless), None);
    assert_eq!(node(b"=erl_crash_dump:0.5\n=node:'chat@"), None, "that line is not whole");
}

#[test]
fn this_process_runs_and_nobody_is_number_zero() {
    assert!(is_running(std::process::id()));
    assert!(!is_running(0));
}
