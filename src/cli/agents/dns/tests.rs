//! DNS from a server made here, which says what a test has it say.

use std::sync::{Arc, Mutex};

use hickory_resolver::proto::{
    op::{Message, ResponseCode},
    rr::{
        Name as DnsName, Record,
        rdata::{A, SRV},
    },
};
use tokio::net::UdpSocket;

use super::*;

/// What the server knows; `None`: nothing of any name.
type Known = Arc<Mutex<Option<Vec<Record>>>>;

async fn served(records: Vec<Record>) -> (Server, Known) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let (address, known) = (socket.local_addr().unwrap(), Arc::new(Mutex::new(Some(records))));
    let told = Arc::clone(&known);
    tokio::spawn(async move {
        let mut bytes = [0; 512];
        while let Ok((n, from)) = socket.recv_from(&mut bytes).await {
            let Ok(asked) = Message::from_vec(&bytes[..n]) else { continue };
            let mut answer = Message::response(asked.metadata.id, asked.metadata.op_code);
            let query = asked.queries[0].clone();
            match &*told.lock().unwrap() {
                None => answer.metadata.response_code = ResponseCode::NXDomain,
                Some(records) => {
                    let fits = |record: &&Record| record.record_type() == query.query_type();
                    answer.answers = records.iter().filter(fits).cloned().collect();
                }
            }
            answer.queries.push(query);
            socket.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
        }
    });
    (Server(address), known)
}

fn srv(ttl_s: u32, host: &str, port: u16) -> Record {
    let (name, target) = (DnsName::from_ascii("_midair._tcp.chat.test.").unwrap(), DnsName::from_ascii(host).unwrap());
    Record::from_rdata(name, ttl_s, RData::SRV(SRV::new(0, 0, port, target)))
}

fn a(ttl_s: u32, last: u8) -> Record {
    Record::from_rdata(DnsName::from_ascii("chat.test.").unwrap(), ttl_s, RData::A(A::new(10, 0, 0, last)))
}

fn tcp(addresses: &[&str]) -> Vec<Place> {
    addresses.iter().map(|address| Place::Tcp((*address).to_owned())).collect()
}

#[tokio::test]
async fn srv_records_name_hosts_and_ports_and_an_answer_holds_from_ten_to_sixty_seconds() {
    let (server, known) = served(vec![srv(25, "n2.chat.test.", 7071), srv(40, "n1.chat.test.", 7070)]).await;
    let name: Name = "_midair._tcp.chat.test.".parse().unwrap();
    let (places, wait) = name.resolve(Some(server)).await.unwrap();
    assert_eq!((places, wait.as_secs()), (tcp(&["n1.chat.test:7070", "n2.chat.test:7071"]), 25));
    for (ttl_s, wait_s) in [(1, 10), (86_400, 60)] {
        *known.lock().unwrap() = Some(vec![srv(ttl_s, "n1.chat.test.", 7070)]);
        assert_eq!(name.resolve(Some(server)).await.unwrap().1.as_secs(), wait_s);
    }
}

#[tokio::test]
async fn all_addresses_of_a_name_are_agents_in_whatever_order_they_come() {
    let (server, known) = served(vec![a(30, 2), a(30, 1)]).await;
    let name: Name = "chat.test.:7072".parse().unwrap();
    let first = name.resolve(Some(server)).await.unwrap();
    assert_eq!(first.0, tcp(&["10.0.0.1:7072", "10.0.0.2:7072"]));
    *known.lock().unwrap() = Some(vec![a(30, 1), a(30, 2)]);
    assert_eq!(name.resolve(Some(server)).await.unwrap(), first);
}

#[tokio::test]
async fn what_dns_does_not_know_is_said() {
    let (server, known) = served(Vec::new()).await;
    let words = async |name: &str| name.parse::<Name>().unwrap().resolve(Some(server)).await.unwrap_err().to_string();
    assert_eq!(words("_midair._tcp.chat.test.").await, "DNS has no SRV records of the name _midair._tcp.chat.test.");
    *known.lock().unwrap() = None;
    assert_eq!(words("chat.test.").await, "DNS has no name chat.test.; check the spelling");
}

#[test]
fn names_are_of_srv_records_or_have_a_port() {
    assert_eq!("_midair._tcp.x".parse(), Ok(Name::Srv("_midair._tcp.x".into())));
    assert_eq!("chat.default.svc".parse(), Ok(Name::Hosts("chat.default.svc".into(), PORT)));
    for wrong in ["", "10.0.0.1", "a b", "chat:0", "chat:port", "_midair._tcp.x:7070", "::1"] {
        assert!(wrong.parse::<Name>().is_err(), "{wrong}");
    }
}
