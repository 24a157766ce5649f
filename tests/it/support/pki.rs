//! Certificates for a trial, made by the program itself.

use std::{
    path::PathBuf,
    process::{Command, Output},
};

/// The program.
pub(crate) const MIDAIR: &str = env!("CARGO_BIN_EXE_midair");

/// What it says with these arguments.
pub(crate) fn midair(arguments: &[&str]) -> Output {
    Command::new(MIDAIR).args(arguments).output().expect("it can be started")
}

/// All that it said, to whomever.
pub(crate) fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// A folder with an authority, made by the program itself.
pub(crate) struct Pki(tempfile::TempDir);

impl Pki {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let pki = Self(folder);
        pki.certs(&["init"], &[]);
        pki
    }

    fn certs(&self, command: &[&str], more: &[&str]) {
        let folder = self.file("");
        let output = midair(&[&["certs"], command, &[folder.as_str()], more].concat());
        assert!(output.status.success(), "{}", said(&output));
    }

    pub(crate) fn issue(&self, role: &str, name: &str, days: &str) {
        self.certs(&["issue"], &["--role", role, "--name", name, "--days", days, "--force"]);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.path(name).to_str().expect("a plain path").to_owned()
    }

    /// The words by which a program is told to be this.
    pub(crate) fn who(&self, name: &str) -> Vec<String> {
        let (cert, key) = (self.file(&format!("{name}.pem")), self.file(&format!("{name}-key.pem")));
        let ca = self.file("ca.pem");
        ["--tls-ca", &ca, "--tls-cert", &cert, "--tls-key", &key].map(str::to_owned).to_vec()
    }
}
