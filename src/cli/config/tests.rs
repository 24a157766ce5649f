use std::fs;

use super::*;

/// What `midair config check` says of a file.
fn check(text: &str) -> Result<String, Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("midair.toml");
    fs::write(&file, text).unwrap();
    let said = ConfigCommand::Check { file: Some(file.clone()) }.run(&[]);
    let shown = file.display().to_string();
    said.map(|said| said.replace(&shown, "F"))
        .map_err(|errors| errors.iter().map(|error| error.to_string().replace(&shown, "F")).collect())
}

#[test]
fn each_program_has_its_flags_as_keys() {
    let text = "[agent]\nlisten = '0.0.0.0:7070'\nbudget = '2%'\nlabel = ['role=chat', 'dc=a']\njoin = ['hub-1']\n\
                [hub]\nlisten = '0.0.0.0:7071'\ndns = 'chat.default.svc:7070'\n\
                [dashboard]\ninterval = '2s'\ntls-ca = 'ca.pem'\nno-mouse = true\n";
    assert_eq!(check(text), Ok("F: well".into()));
    let faults = check("[agent]\nbudget = '200%'\n[hub]\ninterval = 2\ndns_server = 'x'\n").unwrap_err();
    assert!(faults[0].starts_with("F:2: invalid value '200%' for '--budget <PERCENT>'"), "{faults:?}");
    assert!(faults[1].ends_with("is it \"dns-server\"?") && faults.len() == 2, "{faults:?}");
}

#[test]
fn what_holds_is_shown_with_where_it_is_from() {
    let show = ConfigCommand::Show { program: Which::Agent, flags: vec!["--interval=2s".into()] };
    let said = show.run(&[]).unwrap();
    let line = |key: &str| said.lines().find(|line| line.trim_start_matches("# ").starts_with(key)).unwrap().to_owned();
    assert!(line("interval").ends_with("# flag") && line("interval").starts_with("interval = \"2s\""));
    assert!(line("budget").ends_with("# default") && line("listen").ends_with("# not set"));
}

#[test]
fn only_commands_that_look_at_agents_read_settings() {
    assert_eq!(section_of(Some("record")), Some(DASHBOARD));
    assert_eq!((section_of(Some("demo")), section_of(Some("config"))), (None, None));
}
