//! TLS distribution, with certificates made for the test.

use std::{fs, path::Path, time::Duration};

use midair_beam::{Options, ServerCheck, Term, Tls, Trouble, tls::Identity};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

use crate::node::{Node, call, options};

type Authority = CertifiedIssuer<'static, KeyPair>;

/// A certificate and its key in PEM.
struct Signed {
    certificate: String,
    key: String,
}

impl Signed {
    fn identity(&self) -> Identity<'_> {
        Identity { certificates: self.certificate.as_bytes(), key: self.key.as_bytes() }
    }
}

/// An authority. By its name it is told from others, and from those whose certificates it signs.
fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn signed(by: &Authority, names: &[&str]) -> Signed {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, "a node");
    let certificate = params.signed_by(&key, by).unwrap();
    Signed { certificate: certificate.pem(), key: key.serialize_pem() }
}

/// A node with certificates, that asks its clients for one of the same authority.
struct TlsNode {
    node: Node,
    authority: Authority,
    server: Signed,
    _files: TempDir,
}

impl TlsNode {
    async fn start(names: &[&str]) -> Self {
        let authority = authority("ours");
        let server = signed(&authority, names);
        let files = tempfile::tempdir().unwrap();
        let path = |name: &str| files.path().join(name).to_str().unwrap().to_owned();
        let (ca, cert, key) = (path("ca.pem"), path("cert.pem"), path("key.pem"));
        let write = |path: &str, text: &str| fs::write(Path::new(path), text).unwrap();
        write(&ca, &authority.pem());
        write(&cert, &server.certificate);
        write(&key, &server.key);
        let (pair, verify) = (["server_certfile", &cert, "server_keyfile", &key], ["server_verify", "verify_peer"]);
        let client = ["server_cacertfile", &ca, "server_fail_if_no_peer_cert", "true"];
        let args = [&["-proto_dist", "inet_tls", "-ssl_dist_opt"][..], &pair, &verify, &client].concat();
        let node = Node::start_with(&args).await;
        Self { node, authority, server, _files: files }
    }

    fn options(&self, authority: &str, check: &ServerCheck, identity: Option<Identity<'_>>) -> Options {
        let mut options = options();
        options.tls = Some(Tls::new(authority.as_bytes(), check, identity).unwrap());
        options
    }

    async fn refused(&self, options: &Options) -> String {
        let error = self.node.try_connect(options).await.unwrap_err();
        assert_eq!(error.trouble(), Trouble::Refused, "{error}");
        error.to_string()
    }
}

#[tokio::test]
async fn both_sides_verify_each_other() {
    let target = TlsNode::start(&[]).await;
    let client = signed(&target.authority, &[]);
    let options = target.options(&target.authority.pem(), &ServerCheck::Chain, Some(client.identity()));
    let connection = target.node.try_connect(&options).await.unwrap();
    assert_eq!(call(&connection, "erlang", "node", vec![]).await.as_atom(), Some("target@127.0.0.1"));
    let large = call(&connection, "binary", "copy", vec![Term::binary("x"), (10 << 20).into()]).await;
    assert_eq!(large.as_binary().map(<[u8]>::len), Some(10 << 20));
    let echo = call(&connection, "erlang", "list_to_binary", vec![Term::list([large.clone()])]).await;
    assert!(echo == large);
}

#[tokio::test]
async fn a_client_without_a_certificate_of_the_authority_is_refused() {
    let target = TlsNode::start(&[]).await;
    let text = target.refused(&target.options(&target.authority.pem(), &ServerCheck::Chain, None)).await;
    assert!(text.contains("alert"), "{text}");
    let stranger = signed(&authority("another"), &[]);
    let stranger = target.options(&target.authority.pem(), &ServerCheck::Chain, Some(stranger.identity()));
    let text = target.refused(&stranger).await;
    assert!(text.contains("alert"), "{text}");
}

#[tokio::test]
async fn a_server_of_another_authority_or_name_is_refused() {
    let target = TlsNode::start(&["beam.example", "127.0.0.1"]).await;
    let client = signed(&target.authority, &[]);
    let (ours, others) = (target.authority.pem(), authority("another").pem());
    let with = |authority: &str, check| target.options(authority, &check, Some(client.identity()));
    for check in [ServerCheck::Chain, ServerCheck::Name("beam.example".into())] {
        let text = target.refused(&with(&others, check)).await;
        assert!(text.contains("UnknownIssuer"), "{text}");
    }
    let text = target.refused(&with(&ours, ServerCheck::Name("other.example".into()))).await;
    assert!(text.contains("not valid for name"), "{text}");
    let text = target.refused(&with(&ours, ServerCheck::Pinned)).await;
    assert!(text.contains("invalid peer certificate"), "{text}");

    for name in ["beam.example", "127.0.0.1"] {
        target.node.try_connect(&with(&ours, ServerCheck::Name(name.into()))).await.unwrap();
    }
    target.node.try_connect(&with(&target.server.certificate, ServerCheck::Pinned)).await.unwrap();
}

#[tokio::test]
async fn tls_on_one_side_alone_is_said() {
    let target = TlsNode::start(&[]).await;
    let error = target.node.try_connect(&options()).await.unwrap_err().to_string();
    assert!(error.contains("a TLS alert (the node speaks TLS)"), "{error}");
    let plain = Node::start().await;
    let mut tls = target.options(&target.authority.pem(), &ServerCheck::Chain, None);
    tls.within = Duration::from_millis(500);
    let error = plain.try_connect(&tls).await.unwrap_err().to_string();
    assert!(error.contains("no answer within 500 ms; does it speak TLS"), "{error}");
}

#[tokio::test]
async fn a_certificate_that_is_none_is_said() {
    let error = Tls::new(b"no pem", &ServerCheck::Chain, None).unwrap_err().to_string();
    assert_eq!(error, "no certificate among the authorities: nothing could be verified");
    let authority = authority("ours").pem();
    let identity = Identity { certificates: authority.as_bytes(), key: b"no key" };
    let error = Tls::new(authority.as_bytes(), &ServerCheck::Chain, Some(identity)).unwrap_err().to_string();
    assert!(error.starts_with("cannot read the key as PEM"), "{error}");
}
