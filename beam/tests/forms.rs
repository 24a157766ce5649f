//! The forms that are committed are those of their sources.

use std::{fs, path::Path, process::Command};

#[test]
fn forms_are_those_of_their_sources() {
    let forms = Path::new(env!("CARGO_MANIFEST_DIR")).join("forms");
    let made = tempfile::tempdir().unwrap();
    let status = Command::new("escript").arg(forms.join("build")).arg(made.path()).status();
    assert!(status.expect("escript is there: install erlang-base").success());
    let mut n = 0;
    for entry in fs::read_dir(&forms).unwrap() {
        let source = entry.unwrap().path();
        if source.extension().is_some_and(|extension| extension == "erl") {
            let name = source.with_extension("etf");
            let committed = fs::read(&name).unwrap_or_default();
            let built = fs::read(made.path().join(name.file_name().unwrap())).unwrap();
            assert!(committed == built, "{} is not that of its source: run beam/forms/build", name.display());
            n += 1;
        }
    }
    assert!(n > 0, "no forms");
}
