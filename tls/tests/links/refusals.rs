//! Who is let in, and what the others are told.

use std::{io, sync::Arc};

use midair_tls::{Acceptor, Role, Unaccepted, refused};
use tokio::{io::AsyncReadExt, net::TcpStream};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

use crate::host::{Pki, accept, credentials, listener, meet, with_roles};

#[tokio::test]
async fn both_ends_know_each_other_by_name_and_role() {
    let pki = Pki::new();
    let (agent, ann) = (credentials(pki.year(Role::Agent, "n7")), credentials(pki.year(Role::Operator, "ann")));
    let (accepted, connected) = meet(&agent, &ann, 0).await;
    let (accepted, connected) = (accepted.unwrap(), connected.unwrap());
    assert_eq!((accepted.peer.name(), accepted.role), ("spiffe://midair/operator/ann", Some(Role::Operator)));
    assert_eq!((connected.peer.name(), connected.ends_soon), ("spiffe://midair/agent/n7", None));
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused_at_either_end_in_words() {
    let (ours, theirs) = (Pki::new(), Pki::new());
    let agent = credentials(ours.year(Role::Agent, "n7"));
    let stranger = credentials(theirs.year(Role::Viewer, "eve"));
    let (_, dialled) = meet(&agent, &stranger, 0).await;
    assert!(dialled.unwrap_err().contains("no authority that is known here"));
    // Who trusts our authority, but is signed by another.
    let mut files = theirs.year(Role::Viewer, "eve");
    files.ca = ours.0.path().join("ca.pem");
    let (accepted, dialled) = meet(&agent, &credentials(files), 0).await;
    assert!(matches!(accepted, Err(Unaccepted::Refused(_))), "{accepted:?}");
    assert!(dialled.unwrap_err().contains("does not know the authority"));
}

#[tokio::test]
async fn what_has_ended_or_does_not_hold_yet_is_refused_at_either_end_in_words() {
    let pki = Pki::new();
    let agent = credentials(pki.year(Role::Agent, "n7"));
    let viewer = credentials(pki.year(Role::Viewer, "eve"));
    let old_agent = credentials(pki.issue(Role::Agent, "old", &[], (1, 3)));
    let (_, dialled) = meet(&old_agent, &viewer, 0).await;
    assert_eq!(dialled.unwrap_err(), "its certificate ended 2 d ago; give it a new one");
    let old_viewer = credentials(pki.issue(Role::Viewer, "late", &[], (1, 3)));
    let (accepted, dialled) = meet(&agent, &old_viewer, 0).await;
    assert!(accepted.is_err());
    let words = dialled.unwrap_err();
    assert!(words.contains("our certificate has ended"), "{words}");
}

#[tokio::test]
async fn what_ends_soon_is_said() {
    let pki = Pki::new();
    let agent = credentials(pki.issue(Role::Agent, "n7", &[], (10, 0)));
    let viewer = credentials(pki.issue(Role::Viewer, "eve", &[], (15, 0)));
    let (_, connected) = meet(&agent, &viewer, 0).await;
    let said = connected.unwrap().ends_soon.unwrap();
    assert!(said == "its certificate ends in 9 d" || said == "its certificate ends in 10 d", "{said}");
}

#[tokio::test]
async fn whoever_answers_must_be_an_agent_and_the_one_that_was_dialled() {
    let pki = Pki::new();
    let eve = credentials(pki.year(Role::Viewer, "eve"));
    // A hub may do both; by this map it is an operator.
    let hub = pki.year(Role::Hub, "fan");
    let strict = with_roles(pki.year(Role::Viewer, "strict"), &["spiffe://midair/hub/*=operator"]);
    let (_, dialled) = meet(&credentials(hub.clone()), &strict, 0).await;
    let words = dialled.unwrap_err();
    assert!(words.contains("whose role is operator"), "{words}");
    assert!(meet(&credentials(hub), &eve, 0).await.1.is_ok());
    // A viewer's certificate is none to answer with.
    let (_, dialled) = meet(&eve, &eve, 0).await;
    assert!(dialled.unwrap_err().contains("not one to answer with"));
    // Known by host names alone, as in many a PKI.
    let by_host = |name| with_roles(pki.year(Role::Viewer, name), &["127.0.0.1=agent", "*.example.org=agent"]);
    let here = credentials(pki.issue(Role::Agent, "here", &["127.0.0.1"], (9, 0)));
    assert!(meet(&here, &by_host("a"), 0).await.1.is_ok());
    let elsewhere = credentials(pki.issue(Role::Agent, "elsewhere", &["n7.example.org"], (9, 0)));
    let words = meet(&elsewhere, &by_host("b"), 0).await.1.unwrap_err();
    assert_eq!(words, "its certificate is for n7.example.org, not for 127.0.0.1");
}

#[tokio::test]
async fn without_a_certificate_nobody_comes_in_and_is_told_so() {
    let pki = Pki::new();
    let files = pki.year(Role::Agent, "n7");
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&files.ca).unwrap()).unwrap();
    // It would take the agent by a name; that is not what is tried here.
    let named = pki.issue(Role::Agent, "named", &["127.0.0.1"], (9, 0));
    let acceptor = Acceptor::new(credentials(named));
    let (listener, address) = listener().await;
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let dialled = async {
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
        stream.read_u8().await
    };
    let (accepted, dialled): (_, io::Result<u8>) = tokio::join!(accept(&listener, &acceptor, 0), dialled);
    assert!(matches!(accepted, Err(Unaccepted::Refused(_))), "{accepted:?}");
    assert_eq!(refused(&dialled.unwrap_err()).unwrap(), "it asks for a certificate; see --tls-cert");
}
