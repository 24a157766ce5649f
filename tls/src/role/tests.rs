use super::*;

fn uri(uri: &str) -> Identity {
    Identity { uris: vec![uri.to_owned()], ..Identity::default() }
}

fn host(name: &str) -> Identity {
    Identity { names: vec![name.to_owned()], ..Identity::default() }
}

#[test]
fn certificates_that_midair_makes_say_their_role() {
    let roles = Roles::default();
    for role in Role::ALL {
        assert_eq!(roles.of(&uri(&format!("spiffe://midair/{role}/somebody"))), Some(role));
    }
    for nobody in ["spiffe://midair/agent/", "spiffe://midair/king/x", "spiffe://midair.evil/agent/x", "agent"] {
        assert_eq!(roles.of(&uri(nobody)), None, "{nobody}");
    }
    let cn = Identity { common_name: Some("spiffe://midair/operator/ann".into()), ..Identity::default() };
    assert_eq!(roles.of(&cn), None, "a common name gives no role");
    assert_eq!(roles.of(&host("spiffe://midair/operator/ann")), None, "nor does a host that is called like an id");
}

#[test]
fn an_existing_pki_serves_by_its_own_names() {
    let rules = [
        "spiffe://example.org/ops/ann=operator",
        "spiffe://example.org/ops/*=viewer",
        "*.Chat.example.org=agent",
        "10.0.0.7=agent",
    ];
    let roles = Roles::new(&rules).unwrap();
    assert_eq!(roles.of(&uri("spiffe://example.org/ops/ann")), Some(Role::Operator), "the first that matches");
    assert_eq!(roles.of(&uri("spiffe://example.org/ops/ann2")), Some(Role::Viewer));
    assert_eq!(roles.of(&host("n7.chat.example.org")), Some(Role::Agent));
    assert_eq!(roles.of(&host("10.0.0.7")), Some(Role::Agent));
    for nobody in ["chat.example.org", "evilchat.example.org", "n7.chat.example.org.evil", ".chat.example.org"] {
        assert_eq!(roles.of(&host(nobody)), None, "{nobody}");
    }
    assert_eq!(roles.of(&uri("spiffe://midair/operator/ann")), None, "own rules stand instead of the usual ones");
    assert_eq!(roles.of_uris(&host("n7.chat.example.org")), None);
}

#[test]
fn rules_that_would_match_too_much_are_refused_in_words() {
    for wrong in
        ["*=viewer", "spiffe://*=viewer", "spiffe://example*=viewer", "*chat.org=agent", "a*b=agent", "*.*.b=hub"]
    {
        let said = Roles::new(&[wrong]).unwrap_err();
        assert!(said.contains("is no pattern"), "{wrong}: {said}");
    }
    assert!(Roles::new(&["=agent"]).unwrap_err().contains("is no pattern"));
    assert!(Roles::new(&["a.example.org"]).unwrap_err().contains("PATTERN=ROLE"));
    assert!(Roles::new(&["a.example.org=king"]).unwrap_err().contains("roles are agent"));
}
