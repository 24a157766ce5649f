use std::fs;

use clap::Parser;

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    tls: TlsArgs,
}

fn parsed(line: &[&str]) -> TlsArgs {
    Line::try_parse_from(["midair"].iter().chain(line)).unwrap().tls
}

#[test]
fn files_are_those_named_else_those_in_the_usual_folder() {
    let folder = tempfile::tempdir().unwrap();
    let usual = Some(folder.path());
    assert_eq!(parsed(&[]).files(usual).unwrap(), None, "nothing is there");
    assert!(parsed(&["--tls-ca", "/a"]).files(usual).unwrap_err().to_string().contains("three files"));
    for name in ["ca.pem", "viewer.pem", "viewer-key.pem"] {
        fs::write(folder.path().join(name), "").unwrap();
    }
    let found = parsed(&["--tls-cert", "/b"]).files(usual).unwrap().unwrap();
    let place = |name: &str| folder.path().join(name);
    assert_eq!(found, Files { ca: place("ca.pem"), cert: "/b".into(), key: place("viewer-key.pem") });
}

#[test]
fn sockets_need_no_certificates_and_a_file_that_is_wrong_is_named() {
    let clock = Clock::system();
    let (socket, tcp) = (Place::Socket("/x".into()), Place::Tcp("node-7:7070".into()));
    let wrong = parsed(&["--tls-ca", "/no/ca.pem", "--tls-cert", "/no/c.pem", "--tls-key", "/no/k.pem"]);
    assert!(matches!(wrong.tcp(std::slice::from_ref(&socket), clock), Ok(Tcp::Insecure)));
    let said = wrong.tcp(&[socket, tcp], clock).unwrap_err().to_string();
    assert!(said.contains("/no/ca.pem"), "{said}");
}
