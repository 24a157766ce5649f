//! The real program in a real terminal: what a person sees, and how the terminal is left.

use std::{
    io::Write,
    net::TcpListener,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::support::{
    load::{Burner, schedstat},
    terminal::Terminal,
};

const MIDAIR: &str = env!("CARGO_BIN_EXE_midair");

/// With an agent that leaves nothing out, whatever it costs in a debug build.
const WHOLE: [&str; 3] = ["--embedded", "--budget", "off"];

/// Opens the dashboard and drills from the cluster to the node to this test's own process.
fn drill_to_myself(program: &str, arguments: &[&str]) -> Terminal {
    let mut terminal = Terminal::start(program, arguments, 160, 45);
    terminal.until_text("LIVE");
    terminal.press("\x1b");
    terminal.until("the cluster", |screen| screen.contains("› cluster"));
    terminal.press("\r");
    terminal.until_text("tasks");
    terminal.press(&format!("/{}\r", std::process::id()));
    terminal.until("one row", |screen| screen.contains(&format!(" {} ", std::process::id())));
    terminal.press("\r");
    terminal.until_text("threads");
    terminal
}

/// CPU per cent of a thread, from its row on the task screen: tid, state, delay, cpu.
fn shown_cpu(screen: &str, tid: u64) -> Option<f64> {
    let row = screen.lines().find(|line| line.contains("midair-burner") && line.contains(&format!(" {tid} ")))?;
    let mut fields = row.split_once(&format!(" {tid} "))?.1.split_whitespace();
    let (_state, _delay) = (fields.next()?, fields.next()?);
    fields.next()?.parse().ok()
}

/// Whether a share of one CPU was measured over some second that ended within the last two.
fn was_measured(points: &[(Instant, u64)], percent: f64) -> bool {
    let Some((newest, _)) = points.last() else { return false };
    points.iter().filter(|(at, _)| newest.duration_since(*at) < Duration::from_secs(2)).any(|(to, cpu)| {
        points.iter().any(|(from, before)| {
            let over = to.saturating_duration_since(*from);
            let share = cpu.saturating_sub(*before) as f64 / over.as_micros().max(1) as f64 * 100.0;
            over.abs_diff(Duration::from_secs(1)) < Duration::from_millis(15) && (share - percent).abs() <= 0.05 * share
        })
    })
}

#[test]
fn drills_to_a_busy_thread_and_its_number_is_right() {
    let burner = Burner::start(None);
    let mut terminal = drill_to_myself(MIDAIR, &WHOLE);
    until_cpu_is_right(&terminal, &burner);
    terminal.press("q");
    assert_eq!(terminal.ended(), 0);
    assert!(terminal.is_restored());
}

/// Waits until the screen shows of a thread what the kernel says of it.
fn until_cpu_is_right(terminal: &Terminal, burner: &Burner) {
    let mut points = Vec::new();
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        points.push((Instant::now(), schedstat(burner.tid).0));
        let screen = terminal.screen();
        let shown = shown_cpu(&screen, burner.tid);
        if points.len() > 300 && shown.is_some_and(|percent| percent > 5.0 && was_measured(&points, percent)) {
            break;
        }
        assert!(Instant::now() < end, "{shown:?} is not what schedstat says; the screen:\n{screen}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_signal_leaves_the_terminal_as_it_was_found() {
    use rustix::process::Signal;
    for signal in [Signal::TERM, Signal::HUP, Signal::INT, Signal::QUIT] {
        let mut terminal = Terminal::start(MIDAIR, &["--embedded"], 120, 35);
        terminal.until_text("LIVE");
        let pid = rustix::process::Pid::from_raw(terminal.pid() as i32).expect("a process");
        rustix::process::kill_process(pid, signal).expect("it runs");
        terminal.ended();
        assert!(terminal.is_restored(), "{signal:?}");
    }
}

/// A shell with a dashboard as its job, and the dashboard's process.
fn job() -> (Terminal, rustix::process::Pid) {
    let mut terminal = Terminal::start("sh", &["-i"], 120, 35);
    terminal.press(&format!("PS1='ready> '; {MIDAIR} --embedded\r"));
    terminal.until_text("LIVE");
    let children = format!("/proc/{0}/task/{0}/children", terminal.pid());
    let children = std::fs::read_to_string(children).expect("the shell runs");
    let pid = children.split_whitespace().next().and_then(|pid| pid.parse().ok()).expect("it has a job");
    (terminal, rustix::process::Pid::from_raw(pid).expect("a process"))
}

/// Waits until the shell has the terminal, which must be as it was found, and brings the dashboard back.
fn back_and_forth(terminal: &mut Terminal) {
    terminal.until("the shell", |screen| screen.contains("ready>") && !screen.contains("LIVE"));
    assert!(terminal.is_restored());
    terminal.press("stty -a | grep -o ' [-]*icanon'\r");
    terminal.until("lines and echo", |screen| screen.lines().any(|line| line.trim() == "icanon"));
    terminal.resize(100, 30);
    terminal.press("clear; fg\r");
    let screen = terminal.until("the dashboard", |screen| screen.contains("LIVE") && screen.contains("? help"));
    assert!(!screen.contains("ready>"), "{screen}");
}

#[test]
fn stopping_hands_the_terminal_to_the_shell_and_fg_takes_it_again() {
    let (mut terminal, pid) = job();
    terminal.press("\x1a");
    back_and_forth(&mut terminal);
    rustix::process::kill_process(pid, rustix::process::Signal::TSTP).expect("it runs");
    back_and_forth(&mut terminal);
    terminal.press("q");
    terminal.until("the shell", |screen| screen.contains("ready>") && !screen.contains("LIVE"));
    assert!(terminal.is_restored());
}

#[test]
fn without_a_shell_to_come_back_from_it_does_not_stop() {
    let mut terminal = Terminal::start(MIDAIR, &["--embedded"], 160, 45);
    terminal.until_text("LIVE");
    terminal.press("\x1a?");
    terminal.until_text("back to the shell");
}

#[test]
fn a_terminal_that_can_only_print_lines_is_refused_in_words() {
    let mut terminal = Terminal::start("env", &["TERM=dumb", MIDAIR, "--embedded"], 200, 35);
    assert_eq!(terminal.ended(), 2);
    let screen = terminal.screen();
    assert!(screen.contains("TERM=dumb") && screen.contains("midair-agent --once"), "{screen}");
}

#[test]
fn a_terminal_that_vanishes_ends_it_without_a_panic() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let code = folder.path().join("code");
    let line = format!("{MIDAIR} --embedded; echo $? > {}", code.display());
    // The shell outlives the hang-up to tell how the dashboard ended.
    let mut terminal = Terminal::start("sh", &["-c", &format!("trap '' HUP; {line}")], 120, 35);
    terminal.until_text("LIVE");
    terminal.vanish();
    let end = Instant::now() + Duration::from_secs(10);
    let told = loop {
        let told = std::fs::read_to_string(&code).unwrap_or_default();
        if told.ends_with('\n') {
            break told;
        }
        assert!(Instant::now() < end, "it goes on without a terminal");
        thread::sleep(Duration::from_millis(20));
    };
    assert!(["1\n", "129\n"].contains(&&*told), "it ended with {told}");
}

#[test]
fn every_size_down_to_one_cell_is_survived() {
    let mut terminal = Terminal::start(MIDAIR, &["--embedded"], 80, 24);
    terminal.until_text("LIVE");
    for (columns, rows) in [(1, 1), (200, 55), (2, 40), (300, 3), (20, 5), (80, 24)] {
        terminal.resize(columns, rows);
        terminal.press("jG\r?\x1b\x1b\r:");
        thread::sleep(Duration::from_millis(150));
        terminal.press("\x1b\x1b");
    }
    terminal.until_text("LIVE");
    terminal.press("\x1b\x1b\x1bq");
    assert_eq!(terminal.ended(), 0);
}

#[test]
fn the_past_cannot_be_mistaken() {
    let mut terminal = Terminal::start(MIDAIR, &["--embedded"], 120, 35);
    terminal.until_text("LIVE");
    thread::sleep(Duration::from_millis(2500));
    terminal.press(" ");
    let screen = terminal.until_text("PAST");
    assert!(!screen.contains("LIVE"), "{screen}");
    terminal.press("t");
    terminal.until("an age", |screen| screen.contains("PAST") && screen.contains("ago"));
    terminal.press("\x1b[F");
    terminal.until_text("LIVE");
}

#[test]
fn no_secret_of_a_command_line_reaches_the_screen() {
    let secret = "monsterCOOKIE72";
    let mut child = Command::new("sh")
        .args(["-c", "sleep 60; :", "midair-planted", "-setcookie", secret])
        .spawn()
        .expect("a shell starts");
    let mut terminal = Terminal::start(MIDAIR, &["--embedded"], 200, 55);
    terminal.until_text("LIVE");
    terminal.press(&format!("/{}\r", child.id()));
    terminal.until("its row", |screen| screen.contains(&format!(" {} ", child.id())));
    terminal.press("\r");
    terminal.until_text("command");
    thread::sleep(Duration::from_millis(1500));
    child.kill().expect("the shell still waits");
    child.wait().expect("it can be waited for");
    let raw = terminal.raw();
    assert!(!raw.windows(secret.len()).any(|w| w == secret.as_bytes()), "the cookie reached the terminal");
}

/// Runs the program without a terminal; gives its exit code and what it said.
fn said(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(MIDAIR).args(arguments).stdin(Stdio::null()).output().expect("the program starts");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn what_goes_wrong_at_the_start_is_a_sentence() {
    for (arguments, wanted) in [
        (vec!["--embedded"], "terminal"),
        (vec!["--no-such-flag"], "--no-such-flag"),
        (vec!["10.0.0.7:7070"], "--insecure"),
        (vec!["--interval", "1ms", "--embedded"], "250"),
    ] {
        let (code, words) = said(&arguments);
        assert!(code.is_some_and(|code| code != 0), "{arguments:?} ended with {code:?}");
        assert!(words.contains(wanted), "{arguments:?} said: {words}");
        assert!(!words.contains("panicked"), "{words}");
    }
}

#[test]
fn an_agent_that_is_not_there_is_shown_with_the_reason() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let mut terminal = Terminal::start(MIDAIR, &["--insecure", &free.to_string()], 160, 45);
    terminal.until("the reason", |screen| screen.contains("refused"));
    terminal.press("q");
    assert_eq!(terminal.ended(), 0);
}

#[test]
fn a_port_that_speaks_something_else_is_shown_with_the_reason() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            // Whoever hangs up early has seen enough.
            let _ = stream.write_all(b"220 mail.example.org ESMTP\r\n");
        }
    });
    let terminal = Terminal::start(MIDAIR, &["--insecure", &address], 160, 45);
    terminal.until("the reason", |screen| screen.contains("not an agent") || screen.contains("not a midair agent"));
}

/// A copy of the program where everybody may run it, and the words that run it as the user `nobody`.
fn as_nobody(folder: &std::path::Path) -> Vec<String> {
    use std::os::unix::fs::PermissionsExt;
    let copy = folder.join("midair");
    std::fs::copy(MIDAIR, &copy).expect("the program can be copied");
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).expect("own folder");
    let program = copy.to_str().expect("a plain path").to_owned();
    if !rustix::process::geteuid().is_root() {
        // Whoever runs the tests without being root is as good as nobody already.
        return [&[&*program], &WHOLE[..]].concat().into_iter().map(str::to_owned).collect();
    }
    let words = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", &program];
    [&words, &WHOLE[..]].concat().into_iter().map(str::to_owned).collect()
}

#[test]
fn as_nobody_numbers_are_right_where_the_kernel_lets_one_and_a_dash_elsewhere() {
    let burner = Burner::start(None);
    let folder = tempfile::tempdir().expect("a scratch folder");
    let words = as_nobody(folder.path());
    let arguments: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    let terminal = drill_to_myself(&words[0], &arguments);
    until_cpu_is_right(&terminal, &burner);
    if rustix::process::geteuid().is_root() {
        let mut terminal = terminal;
        terminal.until_text("its sockets and pipes");
        terminal.press("\x1b\x1b");
        terminal.until("what is missing and the remedy", |screen| {
            screen.contains("nobody") || screen.contains("root") && screen.contains("CAP_")
        });
    }
}
