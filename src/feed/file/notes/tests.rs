use tempfile::TempDir;

use super::*;

fn note(text: &str) -> Note {
    let nodes = vec![(NodeId::new("a"), 7)];
    Note { nodes, at: Stamp(5), text: text.into(), author: Some("ann".into()), ..Note::default() }
}

fn texts(notebook: &Notebook) -> Vec<String> {
    notebook.read().into_iter().map(|note| note.text).collect()
}

/// A folder, the user's own notebook in it, and one for a recording there.
fn notebooks() -> (TempDir, Notebook, Notebook) {
    let folder = tempfile::tempdir().unwrap();
    let own = Notebook::default().in_file(folder.path().join("state/midair/marks"));
    let on = own.clone().on(&folder.path().join("a.midair"), "0a".into());
    (folder, own, on)
}

#[test]
fn notes_on_a_recording_stand_beside_it_and_those_on_what_is_live_in_the_users_file() {
    let (folder, own, on) = notebooks();
    assert_eq!((own.read(), on.read()), (Vec::new(), Vec::new()));
    assert_eq!(on.keep(&note("here it began")).unwrap(), folder.path().join("a.midair.marks"));
    own.keep(&note("no right to mark")).unwrap();
    assert_eq!((own.read(), on.read()), (vec![note("no right to mark")], vec![note("here it began")]));
}

#[test]
fn where_nothing_can_be_written_beside_it_the_users_file_takes_it_under_the_recordings_id() {
    let (folder, own, on) = notebooks();
    // A folder in its place takes no lines, whoever writes them.
    fs::create_dir(folder.path().join("a.midair.marks")).unwrap();
    assert_eq!(on.keep(&note("x")).unwrap(), folder.path().join("state/midair/marks"));
    assert_eq!((texts(&own), texts(&on)), (vec![], vec!["x".to_owned()]));
    let other = own.on(&folder.path().join("b.midair"), "0b".into());
    assert_eq!(other.read(), []);
    assert!(Notebook::default().keep(&note("x")).is_err(), "there is no place at all");
}

#[test]
fn garbage_among_notes_costs_its_line_and_a_torn_line_no_other() {
    let (folder, _, on) = notebooks();
    let path = folder.path().join("a.midair.marks");
    let long = "x".repeat(501);
    let garbage = format!(
        "{{\"at_us\":1,\"text\":\"{long}\"}}\n[1,2]\nnull\n\n{{\"at_us\":-1,\"text\":\"y\"}}\n{{\"text\":\"z\"}}\n"
    );
    fs::write(
        &path,
        [garbage.as_bytes(), b"\xff\xfe\0\n{\"at_us\":3,\"text\":\"good\",\"nodes\":[1,[\"\",2],[\"b\",9]]}\n{\"at"]
            .concat(),
    )
    .unwrap();
    on.keep(&note("after it")).unwrap();
    assert_eq!(texts(&on), ["good", "after it"]);
    assert_eq!(on.read()[0].nodes, [(NodeId::new("b"), 9)]);
}

#[test]
fn a_file_that_grows_large_loses_its_older_half() {
    let (folder, _, on) = notebooks();
    let path = folder.path().join("a.midair.marks");
    let many: String = (0..10_000).map(|n| note(&format!("{n} {}", "x".repeat(60))).line()).collect();
    assert!(many.len() as u64 > FILE_BYTES);
    fs::write(&path, many).unwrap();
    on.keep(&note("newest")).unwrap();
    let texts = texts(&on);
    assert!(texts[0].starts_with("5000 ") && texts[5_000] == "newest", "{}", texts.len());
}
