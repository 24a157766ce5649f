//! What was before anybody looked: a dashboard that is started later asks the agent's black box.

use std::{
    fs,
    process::{Command, Stdio},
    thread,
    time::{Duration, SystemTime},
};

use crate::support::{served::Served, terminal::Terminal};

const MIDAIR: &str = env!("CARGO_BIN_EXE_midair");

/// Now, as the time line writes it: UTC.
fn clock() -> String {
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
    format!("{:02}:{:02}:{:02}", seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60)
}

#[test]
fn a_task_that_burned_before_the_dashboard_was_started_is_shown_from_the_black_box() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let socket = dir.path().join("agent.sock");
    let agent = Served::start("past", &[], &socket, &dir.path().join("box"));
    // A program of its own name, which burns and ends.
    let program = dir.path().join("pastburner");
    fs::copy("/bin/sh", &program).expect("there is a shell");
    thread::sleep(Duration::from_secs(2));
    let mut burner = Command::new(&program)
        .args(["-c", "while :; do :; done"])
        .stdout(Stdio::null())
        .spawn()
        .expect("it can be started");
    thread::sleep(Duration::from_secs(5));
    let then = clock();
    thread::sleep(Duration::from_secs(2));
    burner.kill().expect("it runs");
    burner.wait().expect("it ends");
    // So long that no stream has its row any more.
    thread::sleep(Duration::from_secs(6));

    let mut terminal = Terminal::start(MIDAIR, &[&format!("unix:{}", socket.display())], 120, 35);
    let live = terminal.until("the node live", |screen| screen.contains("LIVE") && screen.contains("midair"));
    assert!(!live.contains("pastburner"), "{live}");
    terminal.press(&format!("J{then}\r"));
    let past = terminal.until("what burned then", |screen| screen.contains("pastburner"));
    assert!(past.contains(&format!("PAST {then}")) && past.contains("as measured"), "{past}");
    // And back.
    terminal.press("\x1b[F");
    terminal.until("now", |screen| screen.contains("LIVE") && !screen.contains("pastburner"));
    terminal.press("q");
    assert_eq!(terminal.ended(), 0);
    drop(agent);
}
