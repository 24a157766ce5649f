//! The rules of the architecture that a compiler does not check: who may name whom, and how long things may get.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A folder or file, and words that its sources may not hold.
struct Rule {
    places: &'static [&'static str],
    never: &'static [&'static str],
}

const IO: [&str; 8] =
    ["std::fs", "std::io", "std::net", "std::process", "std::env", "Instant::now", "SystemTime", "std::thread"];

const RULES: [Rule; 13] = [
    Rule {
        places: &["vitals/src"],
        never: &["tokio", "prost", "tonic", "ratatui", "crossterm", "midair_proto", "rustix", "serde"],
    },
    Rule {
        places: &["src/event.rs", "src/model.rs", "src/model", "src/app.rs", "src/app"],
        never: &[
            "tokio",
            "ratatui",
            "crossterm",
            "prost",
            "tonic",
            "midair_proto",
            "crate::view",
            "crate::feed",
            "crate::wire",
            "crate::entry",
            "crate::shell",
            "crate::session",
        ],
    },
    Rule { places: &["src/event.rs", "src/model.rs", "src/model"], never: &["crate::app"] },
    Rule {
        places: &["src/view.rs", "src/view"],
        never: &[
            "tokio",
            "crossterm",
            "prost",
            "tonic",
            "midair_proto",
            "crate::feed",
            "crate::wire",
            "crate::entry",
            "crate::shell",
            "crate::session",
            "&mut State",
        ],
    },
    Rule {
        places: &["src/feed.rs", "src/feed", "src/wire.rs", "src/wire", "src/entry.rs"],
        never: &["crate::model", "crate::app", "crate::view", "crate::shell", "ratatui", "crossterm"],
    },
    Rule { places: &["agent/src"], never: &["midair::", "ratatui", "crossterm"] },
    Rule { places: &["demo/src"], never: &["midair::", "ratatui", "crossterm"] },
    // What a node shows follows from seed and time alone.
    Rule {
        places: &[
            "demo/src/chance.rs",
            "demo/src/cluster.rs",
            "demo/src/node.rs",
            "demo/src/node",
            "demo/src/scenario.rs",
            "demo/src/scenario",
            "demo/src/script.rs",
            "demo/src/values.rs",
        ],
        never: &["tokio", "midair_agent", "std::time", "std::fs", "HashMap", "rand"],
    },
    Rule { places: &["tls/src"], never: &["midair_", "ratatui", "tonic", "prost"] },
    Rule { places: &["config/src"], never: &["midair_", "tokio", "ratatui", "tonic", "prost"] },
    Rule { places: &["beam/src"], never: &["midair_", "ratatui", "tonic", "prost"] },
    Rule {
        places: &["recording/src"],
        never: &["midair::", "midair_agent", "midair_vitals", "tokio", "tonic", "ratatui"],
    },
    Rule { places: &["proto/src"], never: &["midair_vitals", "midair_agent", "tokio", "ratatui"] },
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(place: &Path) -> Vec<PathBuf> {
    if place.is_file() {
        return vec![place.to_path_buf()];
    }
    let Ok(folder) = fs::read_dir(place) else { return Vec::new() };
    let mut found: Vec<PathBuf> = folder.flatten().flat_map(|entry| sources(&entry.path())).collect();
    found.retain(|path| path.extension().is_some_and(|e| e == "rs") && !path.to_string_lossy().contains("/generated/"));
    found
}

fn is_test(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "tests.rs") || path.components().any(|part| part.as_os_str() == "tests")
}

/// Code without comments; strings stay, since nothing forbidden is ever said in one.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a source can be read");
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

fn breaches(places: &[&str], never: &[&str]) -> Vec<String> {
    let files: Vec<PathBuf> =
        places.iter().flat_map(|place| sources(&root().join(place))).filter(|f| !is_test(f)).collect();
    assert!(!files.is_empty(), "no source in {places:?}: the rule guards nothing");
    let mut found = Vec::new();
    for file in files {
        let code = code(&file);
        found.extend(never.iter().filter(|w| code.contains(**w)).map(|w| format!("{}: {w}", file.display())));
    }
    found
}

#[test]
fn nobody_names_what_it_may_not_know() {
    let found: Vec<String> = RULES.iter().flat_map(|rule| breaches(rule.places, rule.never)).collect();
    assert!(found.is_empty(), "layers are breached:\n{}", found.join("\n"));
}

#[test]
fn model_app_and_view_touch_no_clock_and_no_io() {
    let places = ["src/model.rs", "src/model", "src/app.rs", "src/app", "src/view.rs", "src/view", "src/event.rs"];
    let found = breaches(&places, &IO);
    assert!(found.is_empty(), "IO or a clock where everything is pure:\n{}", found.join("\n"));
}

#[test]
fn the_rule_catches_a_planted_breach() {
    let file = tempfile::Builder::new().suffix(".rs").tempfile().expect("a scratch file");
    fs::write(file.path(), "use ratatui::Frame; // tokio in a comment is no breach").expect("it can be written");
    let place = file.path().to_str().expect("a plain path");
    assert_eq!(breaches(&[place], &["ratatui", "tokio"]).len(), 1);
}

#[test]
fn vitals_depend_on_std_alone() {
    let manifest = fs::read_to_string(root().join("vitals/Cargo.toml")).expect("the manifest can be read");
    assert!(!manifest.contains("[dependencies]"), "vitals is pure: std only");
}

#[test]
fn unsafe_stands_in_one_file() {
    let unsafe_files: Vec<PathBuf> =
        own_sources().into_iter().filter(|file| code(file).contains("allow(unsafe_code)")).collect();
    assert_eq!(unsafe_files, [root().join("agent/src/kernel/bpf/sys.rs")]);
}

fn own_sources() -> Vec<PathBuf> {
    ["src", "agent/src", "beam/src", "demo/src", "proto/src", "recording/src", "tls/src", "vitals/src"]
        .iter()
        .flat_map(|p| sources(&root().join(p)))
        .filter(|f| !is_test(f))
        .collect()
}

#[test]
fn files_answer_one_question() {
    let long: Vec<String> = own_sources()
        .iter()
        .filter_map(|file| {
            let n = fs::read_to_string(file).expect("a source can be read").lines().count();
            (n > 500).then(|| format!("{}: {n} lines", file.display()))
        })
        .collect();
    // The vocabulary is a list of types, half of it documentation; it is read from top to bottom once.
    let long: Vec<_> = long.into_iter().filter(|l| !l.contains("src/event.rs")).collect();
    assert!(long.is_empty(), "split by noun:\n{}", long.join("\n"));
}

/// Lengths of functions, told by the indentation that rustfmt gives: from `fn` to the brace that closes it.
fn long_functions(path: &Path, most: usize) -> Vec<String> {
    let text = fs::read_to_string(path).expect("a source can be read");
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (n, line) in lines.iter().enumerate() {
        let body = line.trim_start();
        let indent = line.len() - body.len();
        let starts = body.contains("fn ") && !body.starts_with("//") && !body.ends_with(';') && body.contains('(');
        if !starts {
            continue;
        }
        let close = format!("{}}}", " ".repeat(indent));
        let length = lines[n..].iter().position(|l| **l == close).unwrap_or(0);
        if length > most {
            found.push(format!("{}:{}: {length} lines", path.display(), n + 1));
        }
    }
    found
}

#[test]
fn functions_are_short() {
    let long: Vec<String> = own_sources().iter().flat_map(|file| long_functions(file, 60)).collect();
    assert!(long.is_empty(), "too long to read at once:\n{}", long.join("\n"));
}

#[test]
fn nothing_is_left_unfinished() {
    let words = ["todo!(", "unimplemented!(", "dbg!(", "#[ignore", "FIXME", "XXX"];
    let mut found = Vec::new();
    for file in own_sources() {
        let text = fs::read_to_string(&file).expect("a source can be read");
        found.extend(words.iter().filter(|w| text.contains(**w)).map(|w| format!("{}: {w}", file.display())));
    }
    assert!(found.is_empty(), "unfinished:\n{}", found.join("\n"));
}
