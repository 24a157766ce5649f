//! VMs that speak TLS alone, and ask who comes for a certificate.

use std::fs;

use midair_proto::v1::Health;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use crate::{
    agent::Watched,
    vm::{Vm, alone},
};

#[tokio::test]
async fn a_vm_that_speaks_tls_is_watched_with_certificates_and_says_what_is_missing_without() {
    let _alone = alone().await;
    let files = tempfile::tempdir().unwrap();
    let path = |name: &str| files.path().join(name).to_str().unwrap().to_owned();
    let (ca, cert, key) = (path("ca.pem"), path("cert.pem"), path("key.pem"));
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "ours");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let own_key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(Vec::new()).unwrap().signed_by(&own_key, &authority).unwrap();
    fs::write(&ca, authority.pem()).unwrap();
    fs::write(&cert, own.pem()).unwrap();
    fs::write(&key, own_key.serialize_pem()).unwrap();
    let tls = [
        &["-setcookie", "secret", "-proto_dist", "inet_tls", "-ssl_dist_opt"][..],
        &["server_certfile", &cert, "server_keyfile", &key, "server_cacertfile", &ca],
        &["server_verify", "verify_peer", "server_fail_if_no_peer_cert", "true"],
    ]
    .concat();
    let vm = Vm::start_with("private", "", &tls, &[]);
    let mut without = Watched::start(&[]).await;
    let reason = without.until("why", |w| w.runtime(&vm.name)?.reason.clone().filter(|why| why.contains("TLS"))).await;
    assert!(reason.contains("--vm-tls-ca"), "{reason}");
    without.kill();
    let mut with = Watched::start(&["--vm-tls-ca", &ca, "--vm-tls-cert", &cert, "--vm-tls-key", &key]).await;
    with.until("an answer", |w| (w.runtime(&vm.name)?.health == Some(Health::Ok.into())).then_some(())).await;
}
