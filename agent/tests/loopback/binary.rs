//! The binary: what it prints, how it ends, what it never says.

mod life;
pub(crate) mod process;
mod secrets;

use std::process::{Command, Output};

use process::{AGENT, Running};

fn run(args: &[&str]) -> Output {
    Command::new(AGENT).args(args).output().unwrap()
}

fn complaint(args: &[&str]) -> (Option<i32>, String) {
    let output = run(args);
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn what_is_wrong_is_one_sentence_and_not_a_panic() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = port.local_addr().unwrap().to_string();
    let served = Running::start(&[], "info");
    let socket = served.socket();
    let socket = socket.to_str().unwrap();
    let cases: [(&[&str], i32, &str); 11] = [
        (&["--listen", "127.0.0.1:0"], 1, "--insecure"),
        (&["--listen", &taken, "--insecure"], 1, "is in use"),
        (&["--listen", "127.0.0.1:0", "--tls-ca", "/x"], 1, "three files"),
        (&["--listen", "127.0.0.1:0", "--tls-ca=/x", "--tls-cert=/x", "--tls-key=/x"], 1, "cannot read /x"),
        (
            &["--listen=127.0.0.1:0", "--insecure", "--tls-ca=/x", "--tls-cert=/x", "--tls-key=/x"],
            1,
            "exclude each other",
        ),
        (&["--socket", socket], 1, "an agent already answers on"),
        (&["--socket", "/nowhere/x.sock"], 1, "cannot open the socket /nowhere/x.sock"),
        (&["--group", "no-such-group"], 1, "there is no group no-such-group"),
        (&["--frobnicate"], 2, "unexpected argument"),
        (&["--interval", "1ms"], 2, "250ms to 60s"),
        (&["--label", "chat"], 2, "KEY=VALUE"),
    ];
    for (args, code, words) in cases {
        let (status, text) = complaint(args);
        assert_eq!(status, Some(code), "{args:?}: {text}");
        assert!(text.contains(words) && !text.contains("panicked"), "{args:?}: {text}");
        let sentences = text.lines().filter(|line| line.starts_with("midair-agent: ")).count();
        assert!(code != 1 || (sentences == 1 && text.lines().count() == 1), "{args:?}: {text}");
    }
}

#[test]
fn once_prints_one_sample_of_either_source_and_unknown_is_null() {
    for (source, has_delay) in [("kernel", true), ("sysinfo", false)] {
        let output = run(&["--once", "--source", source, "--node", "node-1"]);
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{source}");
        let sample: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(sample["node"], "node-1");
        let tasks = sample["tasks"].as_array().unwrap();
        assert!(!tasks.is_empty() && sample["vitals"]["mem_total_bytes"].as_u64() > Some(1 << 20), "{sample:#}");
        assert_eq!(tasks.iter().any(|task| !task["run_delay_per_second"].is_null()), has_delay, "{source}");
        assert_eq!(sample["sources"][0]["name"].as_str().map(|name| name.starts_with(source)), Some(true));
    }
}
