//! The real agent and a real dashboard by mutual TLS: who is let in, what the others read, and certificates that change.

use std::thread;

use midair_tls::{Files, LOOK_EVERY, Roles};

use crate::support::{
    pki::{MIDAIR, Pki, midair, said},
    served::Served,
    terminal::Terminal,
};

fn agent(pki: &Pki, rules: &[&str]) -> (Served, String) {
    let files = Files { ca: pki.path("ca.pem"), cert: pki.path("agent.pem"), key: pki.path("agent-key.pem") };
    let (served, address) = Served::start_tls("guarded", files, Roles::new(rules).expect("rules"));
    (served, address.to_string())
}

fn watch(pki: &Pki, name: &str, address: &str) -> Terminal {
    let who = pki.who(name);
    let arguments: Vec<&str> = std::iter::once(address).chain(who.iter().map(String::as_str)).collect();
    Terminal::start(MIDAIR, &arguments, 160, 45)
}

#[test]
fn a_dashboard_watches_by_tls_and_each_who_may_not_reads_why() {
    let pki = Pki::new();
    pki.issue("agent", "agent", "365");
    pki.issue("viewer", "vera", "365");
    pki.issue("operator", "olga", "365");
    let (_agent, address) = agent(&pki, &[]);

    let mut terminal = watch(&pki, "vera", &address);
    let screen = terminal.until("the node", |screen| screen.contains("guarded") && screen.contains("LIVE"));
    assert!(screen.contains("tls") && !screen.contains("insecure"), "{screen}");
    terminal.press("q");
    assert_eq!(terminal.ended(), 0);

    let mark = |name: &str| {
        let who = pki.who(name);
        let who: Vec<&str> = who.iter().map(String::as_str).collect();
        midair(&[&["mark", "a word", &address], &who[..]].concat())
    };
    let refused = mark("vera");
    assert!(!refused.status.success() && said(&refused).contains("marks are for operators"), "{}", said(&refused));
    let taken = mark("olga");
    assert!(taken.status.success() && said(&taken).contains("taken it: guarded"), "{}", said(&taken));

    let stranger = Pki::new();
    stranger.issue("viewer", "eve", "365");
    std::fs::copy(pki.file("ca.pem"), stranger.file("ca.pem")).expect("it can be copied");
    let terminal = watch(&stranger, "eve", &address);
    terminal.until_text("does not know the authority");
    drop(terminal);
    let plain = Terminal::start(MIDAIR, &["--insecure", &address], 160, 45);
    plain.until_text("it asks for certificates");
}

#[test]
fn one_whose_role_does_not_look_is_refused_in_words_and_certificates_are_replaced_without_a_restart() {
    let pki = Pki::new();
    pki.issue("agent", "agent", "365");
    pki.issue("viewer", "vera", "365");
    pki.issue("hub", "fan", "365");
    let (_agent, address) = agent(&pki, &["spiffe://midair/viewer/*=viewer"]);
    let terminal = watch(&pki, "fan", &address);
    terminal.until_text("has no role here");
    drop(terminal);

    let terminal = watch(&pki, "vera", &address);
    let screen = terminal.until("the node", |screen| screen.contains("guarded") && screen.contains("LIVE"));
    assert!(!screen.contains("ends in"), "{screen}");
    pki.issue("agent", "agent", "3");
    // Files are looked at when somebody comes, and not more often than every two seconds.
    thread::sleep(LOOK_EVERY);
    let other = watch(&pki, "vera", &address);
    other.until("the new certificate", |screen| {
        screen.contains("its certificate ends in 2 d") || screen.contains("3 d")
    });
    // Who was there before has not noticed.
    terminal.until("the node", |screen| screen.contains("LIVE") && !screen.contains("ends in"));
}
