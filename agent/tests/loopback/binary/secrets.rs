//! What must never come out: a cookie in somebody's command line, and anything at all to who may not look.

use std::{
    os::unix::fs::PermissionsExt,
    process::{Child, Command},
};

use midair_proto::v1::{DescribeRequest, TableQuery, Task, TaskKind, control, payload::Kind};
use prost::Message;
use rustix::{
    process::geteuid,
    thread::{CpuSet, sched_setaffinity},
};

use super::{process::Running, process::wait_for, run};
use crate::{
    doors::{over_unix, try_over_unix},
    host::watch,
};

const COOKIE: &str = "monsterCOOKIE93";

/// Two shells that want one CPU, so that both are among the worst tasks; a cookie stands in their command lines.
struct Planted(Vec<Child>);

impl Planted {
    fn start() -> Self {
        let spawn = || {
            let mut set = CpuSet::new();
            set.set(0);
            // Inherited by the children of this thread, which ends at once.
            sched_setaffinity(None, &set).unwrap();
            let burn = ["-c", "while :; do :; done", "midair-planted", "-setcookie", COOKIE];
            (0..2).map(|_| Command::new("sh").args(burn).spawn().unwrap()).collect()
        };
        Self(std::thread::spawn(spawn).join().unwrap())
    }

    fn pids(&self) -> Vec<u64> {
        self.0.iter().map(|child| u64::from(child.id())).collect()
    }
}

impl Drop for Planted {
    fn drop(&mut self) {
        for child in &mut self.0 {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

#[test]
fn a_cookie_is_in_no_sample_on_paper() {
    let planted = Planted::start();
    for flags in [&["--once"][..], &["--once", "--show-args"]] {
        let output = run(flags);
        let (text, log) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(!text.contains(COOKIE) && !log.contains(COOKIE), "{flags:?}: {text}\n{log}");
        let sample: serde_json::Value = serde_json::from_str(&text).unwrap();
        let tasks = sample["tasks"].as_array().unwrap();
        let row = tasks.iter().find(|task| planted.pids().contains(&task["number"].as_u64().unwrap()));
        let command = row.expect("who waits for half a CPU is among the worst")["command"].as_str().unwrap();
        assert_eq!(command.contains("-setcookie"), flags.len() > 1, "{command}");
    }
}

#[tokio::test]
async fn a_cookie_is_in_no_event_and_no_log_however_talkative() {
    let planted = Planted::start();
    for flags in [&["--log-format", "json"][..], &["--show-args"], &["--source", "sysinfo", "--show-args"]] {
        let mut agent = Running::start(flags, "trace");
        let mut client = over_unix(agent.socket()).await;
        let mut watch = watch(&mut client).await;
        let kinds = vec![TaskKind::Process.into(), TaskKind::Thread.into()];
        let all = TableQuery { id: Some(1), kinds, limit: Some(4_096), ..TableQuery::default() };
        watch.ask(control::Kind::Table(all)).await;
        // The command line of a program that has just begun to load is read a sample later.
        let is_told = |row: &Task| planted.pids().contains(&row.id.unwrap().number.unwrap()) && row.command.is_some();
        let told = |kind: &Kind| match kind {
            Kind::Rows(rows) if rows.tasks.iter().any(is_told) => Some(rows.clone()),
            _ => None,
        };
        let rows = watch.find(told).await;
        let row = rows.tasks.iter().find(|row| is_told(row)).unwrap();
        let command = rows.names.iter().find(|name| name.id == row.command).unwrap().text.clone().unwrap();
        let is_shown = flags.contains(&"--show-args");
        assert_eq!(command.contains("-setcookie"), is_shown, "{flags:?}: {command}");
        let bytes = rows.encode_to_vec();
        assert!(!bytes.windows(COOKIE.len()).any(|window| window == COOKIE.as_bytes()), "{flags:?}");
        agent.signal(rustix::process::Signal::TERM);
        agent.ended();
        let log = agent.log();
        assert!(log.contains("TRACE") && !log.contains(COOKIE), "{flags:?}: {} bytes of log", log.len());
        if flags.contains(&"json") {
            log.lines().for_each(|line| drop(serde_json::from_str::<serde_json::Value>(line).unwrap()));
        }
    }
}

/// Set where this very test runs as somebody else: the socket to knock at.
const KNOCK_AT: &str = "MIDAIR_TEST_KNOCK_AT";

#[tokio::test]
async fn another_user_is_let_go_by_its_credentials() {
    if let Some(socket) = std::env::var_os(KNOCK_AT) {
        let Ok(mut client) = try_over_unix(socket.into()).await else { return };
        let answer = client.describe(DescribeRequest::default()).await;
        assert!(answer.is_err(), "a stranger was answered: {answer:?}");
        return;
    }
    if !geteuid().is_root() {
        assert!(std::env::var_os("CI").is_none(), "in CI nothing is left out, and to come as another user takes root");
        eprintln!("left out: to come as another user takes root; run this test in a container");
        return;
    }
    let agent = Running::start(&[], "info");
    // As open as a socket can be, so that nothing but the credentials stands in the way.
    std::fs::set_permissions(agent.folder(), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::set_permissions(agent.socket(), std::fs::Permissions::from_mode(0o666)).unwrap();
    over_unix(agent.socket()).await.describe(DescribeRequest::default()).await.expect("root is let in");
    let copy = agent.folder().join("knock");
    std::fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
    std::fs::set_permissions(&copy, std::fs::Permissions::from_mode(0o755)).unwrap();
    let knock = Command::new("setpriv")
        .args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"])
        .arg(&copy)
        .args(["--exact", "binary::secrets::another_user_is_let_go_by_its_credentials"])
        .env(KNOCK_AT, agent.socket())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&knock.stdout);
    assert!(knock.status.success() && said.contains("1 passed"), "{said}");
    wait_for(|| agent.log().contains("let go: not in the socket's group"));
}
