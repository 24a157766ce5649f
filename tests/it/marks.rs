//! Marks from a script and by hand, on real agents: who takes them, where they are seen, and what outlives whom.

use std::{
    path::Path,
    process::{Command, Output},
};

use crate::support::{served::Served, terminal::Terminal};

const MIDAIR: &str = env!("CARGO_BIN_EXE_midair");

fn midair(arguments: &[&str]) -> Output {
    Command::new(MIDAIR).args(arguments).output().expect("it can be started")
}

/// What it says where it works, and what where it does not.
fn mark(arguments: &[&str]) -> Result<String, String> {
    let output = midair(&[&["mark"], arguments].concat());
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(said(&output.stdout)) } else { Err(said(&output.stderr)) }
}

#[test]
fn a_script_marks_the_nodes_of_a_group_and_is_told_who_has_taken_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = |name: &str| folder.path().join(name);
    let (old, new) = (place("old.sock"), place("new.sock"));
    let _old = Served::start("node-old", &[("version", "416")], &old, &place("old"));
    let _new = Served::start("node-new", &[("version", "417")], &new, &place("new"));
    let (old, new) = (old.to_string_lossy().into_owned(), new.to_string_lossy().into_owned());

    assert_eq!(mark(&["both of them", &old, &new]).as_deref(), Ok("2 nodes have taken it: node-old, node-new\n"));
    let grouped = mark(&["release 417", "--group", "version=417", "--at", "2s ago", &old, &new]);
    // And at which moment, where one was given.
    assert!(
        grouped.as_deref().is_ok_and(|said| said.starts_with("1 node has taken it: node-new, at 20")),
        "{grouped:?}"
    );
    let nobody = mark(&["release 418", "--group", "version=418", &old, &new]).expect_err("there is no such node");
    assert!(nobody.contains("none of 2 has the label version=418"), "{nobody}");
    let gone = place("gone.sock").to_string_lossy().into_owned();
    let some = mark(&["half of it", &old, &gone]).expect_err("one is not there");
    assert!(some.contains("1 node has taken it: node-old") && some.contains("no such socket"), "{some}");
    let early = mark(&["too early", "--at", "+10m", &old]).expect_err("it has not been yet");
    assert!(early.contains("has not been yet"), "{early}");

    // Who comes later sees them, each on its nodes.
    let mut terminal = Terminal::start(MIDAIR, &[&old, &new], 120, 35);
    terminal.until_text("node-new");
    terminal.press("n");
    let list = terminal.until("all marks", |screen| {
        ["release 417", "both of them", "half of it"].iter().all(|text| screen.contains(text))
    });
    let line = |text: &str| list.lines().find(|line| line.contains(text)).unwrap_or_default().to_owned();
    assert!(line("both of them").contains("all") && line("release 417").contains("node-new"), "{list}");
    terminal.press("q");
    assert_eq!(terminal.ended(), 0);
}

/// A recording of an agent, a second long or more.
fn recorded(socket: &Path, file: &Path) {
    let (socket, file) = (socket.to_string_lossy(), file.to_string_lossy());
    let output = midair(&["record", "--for", "3s", "--out", &file, &socket]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn what_is_noted_on_a_recording_stands_beside_it_and_is_there_again() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = |name: &str| folder.path().join(name);
    let (socket, file) = (place("a.sock"), place("a.midair"));
    let agent = Served::start("node-a", &[], &socket, &place("kept"));
    mark(&["the agent has it", &socket.to_string_lossy()]).expect("it takes it");
    recorded(&socket, &file);
    drop(agent);
    let before = std::fs::read(&file).expect("it is there");
    let shown = file.to_string_lossy().into_owned();

    let mut terminal = Terminal::start(MIDAIR, &["replay", &shown], 120, 35);
    terminal.until_text("REPLAY");
    terminal.press("\x1b[F");
    terminal.until("the end of it", |screen| screen.contains("■ REPLAY"));
    terminal.press("mhere it hangs\r");
    terminal.until_text("noted in");
    terminal.press("n");
    terminal.until("both", |screen| screen.contains("here it hangs") && screen.contains("the agent has it"));
    terminal.press("q");
    assert_eq!(terminal.ended(), 0);

    assert_eq!(std::fs::read(&file).expect("it is there"), before, "a recording is not written to");
    assert!(place("a.midair.marks").exists());
    let info = midair(&["info", &shown]);
    let told = String::from_utf8_lossy(&info.stdout).into_owned();
    assert!(told.contains("here it hangs") && told.contains("the agent has it"), "{told}");
    let mut again = Terminal::start(MIDAIR, &["replay", &shown], 120, 35);
    again.until_text("REPLAY");
    again.press("n");
    again.until_text("here it hangs");
    again.press("q");
    assert_eq!(again.ended(), 0);
}
