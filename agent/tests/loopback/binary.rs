//! The binary: what it prints, how it ends.

use std::process::{Command, Output};

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_midair-agent")).args(args).output().unwrap()
}

fn complaint(args: &[&str]) -> (Option<i32>, String) {
    let output = run(args);
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn what_is_wrong_is_one_sentence_and_not_a_panic() {
    let cases: [(&[&str], i32, &str); 4] = [
        (&["--listen", "127.0.0.1:0"], 1, "--insecure"),
        (&["--frobnicate"], 2, "unexpected argument"),
        (&["--interval", "1ms"], 2, "250ms to 60s"),
        (&["--socket", "/nowhere/x.sock"], 1, "cannot open the socket /nowhere/x.sock"),
    ];
    for (args, code, words) in cases {
        let (status, text) = complaint(args);
        assert_eq!(status, Some(code), "{args:?}: {text}");
        assert!(text.contains(words) && !text.contains("panicked"), "{args:?}: {text}");
    }
}
