use midair_tls::{
    Acceptor, Credentials, Files, Roles,
    authority::{self, Wanted},
};
use tokio::net::TcpListener;

use super::*;
use crate::{Agent, Clock, Config, config::SourceChoice};

#[test]
fn a_hub_has_the_usual_port_where_none_is_said() {
    for (said, whole) in [
        ("hub-1", "hub-1:7070"),
        ("hub-1:99", "hub-1:99"),
        ("10.0.0.1", "10.0.0.1:7070"),
        ("::1", "[::1]:7070"),
        ("[::1]", "[::1]:7070"),
        ("[::1]:99", "[::1]:99"),
    ] {
        assert_eq!(address(said, 7070).unwrap(), whole);
    }
    for wrong in ["", ":7", "hub:0", "hub:port", "a:b:c", "unix:/x", "[::1"] {
        let refused = address(wrong, 7070).unwrap_err().to_string();
        assert!(refused.contains("no address of a hub"), "{wrong}: {refused}");
    }
}

fn caller(agent: &Agent, address: String, tls: Option<Connector>) -> Caller {
    Caller { door: agent.door(), hub: Hub { address, tls }, said: None }
}

fn agent() -> Agent {
    let config = Config { node: Some("n-7".into()), source: SourceChoice::Sysinfo, ..Config::default() };
    Agent::start(config).unwrap()
}

async fn why(caller: &mut Caller) -> (String, bool) {
    let failure = caller.once(|stream| stream, std::future::pending()).await.unwrap_err();
    (failure.words, failure.is_final)
}

/// The address of who answers the greeting of an agent with these bytes.
async fn answering(bytes: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut said = [0; 12];
        stream.read_exact(&mut said).await.unwrap();
        assert_eq!(said[..], greeting::greeting("n-7"));
        stream.write_all(&bytes).await.unwrap();
    });
    address
}

#[tokio::test]
async fn why_a_hub_does_not_take_an_agent_is_read_and_so_is_that_it_is_none() {
    let agent = agent();
    let refusal = greeting::refusal("you are a viewer", true);
    let mut refused = caller(&agent, answering(refusal).await, None);
    assert_eq!(why(&mut refused).await, ("you are a viewer".into(), true));
    let mut web = caller(&agent, answering(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()).await, None);
    assert_eq!(why(&mut web).await, ("something else than a hub answers there; check the port".into(), false));
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let (words, is_final) = why(&mut caller(&agent, nobody, None)).await;
    assert!(words.contains("connection refused") && !is_final, "{words}");
}

fn credentials(pki: &std::path::Path, role: Role) -> Arc<Credentials> {
    let wanted = Wanted { role, name: format!("{role}-1"), hosts: Vec::new(), days: 365 };
    let now_s = u64::try_from(now_s(&Clock::system())).unwrap();
    if !pki.join("ca.pem").exists() {
        authority::init(pki, false, now_s).unwrap();
    }
    let made = authority::issue(pki, &wanted, true, now_s).unwrap();
    let files = Files { ca: pki.join("ca.pem"), cert: made.cert, key: made.key };
    Arc::new(Credentials::load(files, Roles::default(), 0).unwrap())
}

#[tokio::test]
async fn what_is_no_hub_is_told_nothing_and_waited_for_a_minute() {
    let (pki, agent) = (tempfile::tempdir().unwrap(), agent());
    let acceptor = Acceptor::new(credentials(pki.path(), Role::Agent));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let heard = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut accepted = acceptor.enter().accept(stream, 0).await.unwrap();
        let mut said = Vec::new();
        drop(accepted.stream.read_to_end(&mut said).await);
        said
    });
    let mut caller = caller(&agent, address, Some(Connector::new(credentials(pki.path(), Role::Agent))));
    let ended = caller.once(|stream| stream, std::future::pending()).await;
    let failure = ended.as_ref().unwrap_err();
    assert_eq!(failure.words, "it is spiffe://midair/agent/agent-1, whose role is agent; it should be a hub");
    assert_eq!(caller.wait(ended, 1, 0.0), backoff::PATIENT);
    assert!(heard.await.unwrap().is_empty());
}
