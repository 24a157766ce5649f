//! Files: those that are wrong, those that change, and those that are made.

use std::{fs, os::unix::fs::PermissionsExt as _};

use midair_tls::{
    Credentials, LOOK_EVERY, Role, Roles,
    authority::{self, Wanted},
    identities,
};

use crate::host::{Pki, credentials, meet, now_s};

#[test]
fn what_is_wrong_with_files_is_said_with_their_names() {
    let pki = Pki::new();
    let (good, other) = (pki.year(Role::Agent, "good"), pki.year(Role::Agent, "other"));
    let empty = pki.0.path().join("empty.pem");
    fs::write(&empty, "").unwrap();
    let said = |change: &dyn Fn(&mut midair_tls::Files)| {
        let mut files = good.clone();
        change(&mut files);
        Credentials::load(files, Roles::default(), 0).unwrap_err().to_string()
    };
    for (words, name, what) in [
        (said(&|f| f.ca = "/no/ca.pem".into()), "/no/ca.pem", "cannot read"),
        (said(&|f| f.ca.clone_from(&empty)), "empty.pem", "no certificate"),
        (said(&|f| f.cert.clone_from(&good.key)), "good-key.pem", "no certificate"),
        (said(&|f| f.key.clone_from(&good.cert)), "good.pem", "no private key"),
        (said(&|f| f.key.clone_from(&other.key)), "other-key.pem", "is not the key of"),
        (said(&|f| f.ca = pki.0.path().into()), "", "it is no file"),
    ] {
        assert!(words.contains(name) && words.contains(what), "{words}");
    }
}

#[tokio::test]
async fn files_that_change_are_taken_up_and_those_that_are_broken_are_not() {
    let pki = Pki::new();
    let step_us = LOOK_EVERY.as_micros() as u64;
    let files = pki.issue(Role::Agent, "n7", &[], (30, 0));
    let (agent, viewer) = (credentials(files.clone()), credentials(pki.year(Role::Viewer, "ann")));
    let until_s = |accepted: &midair_tls::Identity| accepted.until_s;
    let first = until_s(&meet(&agent, &viewer, 0).await.1.unwrap().peer);
    pki.issue(Role::Agent, "n7", &[], (60, 0));
    // Not before files are looked at again, so that a crowd does not read them each time.
    assert_eq!(until_s(&meet(&agent, &viewer, step_us - 1).await.1.unwrap().peer), first);
    let second = until_s(&meet(&agent, &viewer, step_us).await.1.unwrap().peer);
    assert!(second > first + 29 * 86_400, "{first} {second}");
    // Half of a pair, and then the other half.
    let whole = fs::read(&files.key).unwrap();
    fs::write(&files.key, "-----BEGIN").unwrap();
    assert_eq!(until_s(&meet(&agent, &viewer, 2 * step_us).await.1.unwrap().peer), second, "those before still hold");
    assert!(agent.trouble().is_some_and(|words| words.contains("n7-key.pem")), "{:?}", agent.trouble());
    fs::write(&files.key, whole).unwrap();
    assert_eq!(until_s(&meet(&agent, &viewer, 3 * step_us).await.1.unwrap().peer), second);
    assert_eq!(agent.trouble(), None);
}

#[tokio::test]
async fn another_authority_is_taken_up_too() {
    let (old, new) = (Pki::new(), Pki::new());
    let step_us = LOOK_EVERY.as_micros() as u64;
    let agent = credentials(old.year(Role::Agent, "n7"));
    let mut files = new.year(Role::Viewer, "ann");
    files.ca = old.0.path().join("ca.pem");
    let viewer = credentials(files);
    assert!(meet(&agent, &viewer, 0).await.1.is_err());
    let both =
        ["ca.pem"; 2].iter().zip([&old, &new]).map(|(name, pki)| fs::read_to_string(pki.0.path().join(name)).unwrap());
    let both: String = both.collect();
    fs::write(old.0.path().join("ca.pem"), both).unwrap();
    assert!(meet(&agent, &viewer, step_us).await.1.is_ok());
}

#[test]
fn keys_are_private_nothing_is_replaced_unasked_and_certificates_say_who_it_is() {
    let pki = Pki::new();
    let files = pki.issue(Role::Agent, "n7", &["n7.example.org", "10.0.0.7", "::1"], (2, 0));
    for key in [&files.key, &pki.0.path().join("ca-key.pem")] {
        assert_eq!(fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let before = fs::read(&files.key).unwrap();
    let wanted = Wanted { role: Role::Agent, name: "n7".into(), hosts: Vec::new(), days: 1 };
    let refused = authority::issue(pki.0.path(), &wanted, false, now_s()).unwrap_err().to_string();
    assert!(refused.contains("n7.pem") && refused.contains("--force"), "{refused}");
    assert!(authority::init(pki.0.path(), false, now_s()).unwrap_err().to_string().contains("--force"));
    assert_eq!(fs::read(&files.key).unwrap(), before);
    for name in ["", "../x", "ca", "a b", ".x"] {
        let wanted = Wanted { name: name.into(), ..wanted.clone() };
        assert!(authority::issue(pki.0.path(), &wanted, true, now_s()).is_err(), "{name:?}");
    }
    let [who] = &identities(&files.cert).unwrap()[..] else { panic!("one certificate") };
    assert_eq!(who.uris, ["spiffe://midair/agent/n7"]);
    assert_eq!(who.names, ["n7.example.org", "10.0.0.7", "::1"]);
    assert_eq!(who.common_name.as_deref(), Some("n7"));
    assert!(who.issuer.contains("midair trial authority") && !who.is_authority, "{who:?}");
    assert!((who.until_s - now_s() as i64 - 2 * 86_400).abs() < 60);
    assert!(identities(&pki.0.path().join("ca.pem")).unwrap()[0].is_authority);
}
