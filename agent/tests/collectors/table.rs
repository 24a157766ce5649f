//! The tables of COLLECTORS.md are true: what they call exact or estimated is there, what they call unknown is not.

use std::{
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    time::Duration,
};

use midair_agent::{
    Collector,
    reading::{Reading, Wants},
};
use midair_vitals::{TaskId, TaskReading};

use crate::host::{Running, is_root, kernel, process, read, read_wanting};

/// Set where this test runs itself again as another user.
const AGAIN: &str = "MIDAIR_TEST_TABLE_AS_NOBODY";

const NOBODY: u32 = 65534;

/// A line of a table: field, the rows it is in, and what each of the three columns says.
struct Line {
    is_thread: bool,
    field: String,
    place: String,
    columns: [String; 3],
}

fn lines() -> Vec<Line> {
    let text = include_str!("../../COLLECTORS.md");
    let mut is_thread = false;
    let mut found = Vec::new();
    for line in text.lines() {
        is_thread |= line == "## A thread";
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [field, place, a, b, c] = cells[..] else { continue };
        if let Some(field) = field.strip_prefix('`').and_then(|field| field.strip_suffix('`')) {
            let columns = [a, b, c].map(str::to_owned);
            found.push(Line { is_thread, field: field.to_owned(), place: place.to_owned(), columns });
        }
    }
    found
}

fn is_known(row: &TaskReading, field: &str) -> bool {
    match field {
        "name" => row.name.is_some(),
        "command" => row.command.is_some(),
        "user" => row.user.is_some(),
        "cgroup" => row.cgroup.is_some(),
        "parent" => row.parent.is_some(),
        "state" => row.state.is_some(),
        "cpu_us" => row.cpu_us.is_some(),
        "run_delay_us" => row.run_delay_us.is_some(),
        "n_runs" => row.n_runs.is_some(),
        "rss_bytes" => row.rss_bytes.is_some(),
        "n_threads" => row.n_threads.is_some(),
        "worst_thread" => row.worst_thread.is_some(),
        "anon_bytes" => row.anon_bytes.is_some(),
        "file_bytes" => row.file_bytes.is_some(),
        "swap_bytes" => row.swap_bytes.is_some(),
        "wait_channel" => row.wait_channel.is_some(),
        "n_voluntary" => row.n_voluntary.is_some(),
        "n_involuntary" => row.n_involuntary.is_some(),
        other => panic!("the table names a field that is none: {other}"),
    }
}

/// Rows of a process and of a thread as they are in each row, in hot rows and in focuses.
struct Rows {
    each: Reading,
    hot: Reading,
    focus: Reading,
    process: TaskId,
    thread: TaskId,
}

impl Rows {
    fn read(collector: Collector, pid: u32) -> Self {
        let mut kernel = kernel(collector);
        // Where there are many threads, they are read in turn.
        let is_known = |reading: &Reading| process(reading, pid).is_some_and(|row| row.worst_thread.is_some());
        let mut readings = (0..60).map(|_| read(&mut kernel)).skip(2);
        let each = readings.find(is_known).expect("a round over all threads takes fewer");
        let process = process(&each, pid).expect("it runs").id;
        let thread = each.threads.of(process).find(|thread| !thread.is_first()).expect("it has two threads").id();
        let hot = read_wanting(&mut kernel, &Wants { hot: vec![process, thread], ..Wants::default() });
        let focus = read_wanting(&mut kernel, &Wants { close: vec![process], ..Wants::default() });
        Self { each, hot, focus, process, thread }
    }

    fn row(&self, line: &Line) -> TaskReading {
        let id = if line.is_thread { self.thread } else { self.process };
        let row = |reading: &Reading| reading.tasks.iter().find(|row| row.id == id).cloned();
        let found = match line.place.as_str() {
            "each row" if line.is_thread => self.each.threads.find(id).map(|thread| thread.row(None)),
            "each row" => row(&self.each),
            "hot row" => row(&self.hot),
            "focus" if line.is_thread => {
                let children = &self.focus.close[&self.process].children;
                children.iter().find(|row| row.id == id).cloned()
            }
            "focus" => Some(self.focus.close[&self.process].task.clone()),
            other => panic!("the table names rows that are none: {other}"),
        };
        found.expect("it runs")
    }

    fn check(&self, column: usize) {
        let lines = lines();
        assert!(lines.len() > 20, "the tables are found");
        for line in lines {
            let is_said = match line.columns[column].as_str() {
                "exact" | "~" => true,
                "-" => false,
                other => panic!("the table says what is not agreed on: {other}"),
            };
            let row = self.row(&line);
            let what = if line.is_thread { "thread" } else { "process" };
            let says = &line.columns[column];
            assert_eq!(is_known(&row, &line.field), is_said, "{what}, {}, {}: {says}: {row:?}", line.field, line.place);
        }
    }
}

/// A process of two sleeping threads: a shell cannot have those, this test can.
struct Sleeper(Child);

impl Sleeper {
    fn start() -> Self {
        let me = std::env::current_exe().expect("a test knows itself");
        let mut again = Command::new(me);
        again.args(["--exact", "table::sleeps_while_asked_to", "--test-threads=1", "--nocapture"]);
        again.env("MIDAIR_TEST_SLEEPS", "1").stdin(Stdio::piped()).stdout(Stdio::null());
        let sleeper = Self(again.spawn().expect("a test can start itself"));
        std::thread::sleep(Duration::from_millis(300));
        sleeper
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        // One that has ended already is as good.
        let _ended = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// Two threads that sleep until standard input ends, where another test asks for it.
#[test]
fn sleeps_while_asked_to() {
    if std::env::var_os("MIDAIR_TEST_SLEEPS").is_some() {
        std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).expect("standard input can be read");
    }
}

#[test]
fn the_tables_are_true_for_root() {
    if !is_root() {
        return;
    }
    let sleeper = Sleeper::start();
    Rows::read(Collector::Bpf, sleeper.0.id()).check(0);
    Rows::read(Collector::Proc, sleeper.0.id()).check(1);
}

#[test]
fn the_tables_are_true_for_a_user_without_rights() {
    if std::env::var_os(AGAIN).is_some() {
        let sleeper = Sleeper::start();
        return Rows::read(Collector::Proc, sleeper.0.id()).check(2);
    }
    if !is_root() {
        return;
    }
    // A copy, for the folder in which this program was built may be closed to others.
    let folder = tempfile::tempdir().expect("a scratch folder");
    let program = folder.path().join("table");
    std::fs::copy(std::env::current_exe().expect("a test knows itself"), &program).expect("it can be copied");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open).expect("the folder is our own");
    let mut again = Command::new(program);
    again.args(["--exact", "table::the_tables_are_true_for_a_user_without_rights", "--nocapture", "--test-threads=1"]);
    again.env(AGAIN, "1").current_dir("/").uid(NOBODY).gid(NOBODY);
    // A test beside this one may have forked while the copy was open for writing: until its child has become another
    // program, the copy is busy.
    let output = loop {
        match again.output() {
            Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => std::thread::yield_now(),
            output => break output.expect("it can be run"),
        }
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

/// Keeps the module's name for runs in processes of their own honest.
#[test]
fn a_running_process_is_seen_at_once() {
    let running = Running::program("sleep", &["60"]);
    let reading = read(&mut kernel(Collector::Proc));
    assert!(process(&reading, running.pid()).is_some());
}
