use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::*;

const SOON: Duration = Duration::from_millis(50);

fn seat(seats: &Seats) -> (tokio::io::DuplexStream, Option<Seated<tokio::io::DuplexStream>>) {
    let (client, server) = duplex(64);
    (client, seats.give(server))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

#[test]
fn who_says_nothing_or_too_little_loses_its_seat() {
    runtime().block_on(async {
        let seats = Seats::new(Limits::AGENT, SOON);
        for said in ["", "PRI * HTTP/2.0"] {
            let (mut client, server) = seat(&seats);
            let mut server = server.unwrap();
            client.write_all(said.as_bytes()).await.unwrap();
            let mut heard = Vec::new();
            let ended = server.read_to_end(&mut heard).await.unwrap_err();
            assert_eq!((ended.kind(), heard.as_slice()), (io::ErrorKind::TimedOut, said.as_bytes()));
            drop(server);
            assert_eq!(seats.free.available_permits(), N_CONNECTIONS);
        }
    });
}

#[test]
fn who_has_begun_to_speak_may_be_silent() {
    runtime().block_on(async {
        let seats = Seats::new(Limits::AGENT, SOON);
        let (mut client, server) = seat(&seats);
        let mut server = server.unwrap();
        // In two pieces, as a network may deliver it.
        client.write_all(b"PRI * HTTP/2.0\r\n").await.unwrap();
        let mut heard = [0; 24];
        server.read_exact(&mut heard[..16]).await.unwrap();
        client.write_all(b"\r\nSM\r\n\r\n").await.unwrap();
        server.read_exact(&mut heard[16..]).await.unwrap();
        sleep(SOON * 2).await;
        client.write_all(b"x").await.unwrap();
        assert_eq!(server.read_u8().await.unwrap(), b'x');
        assert_eq!(seats.free.available_permits(), N_CONNECTIONS - 1);
    });
}

#[test]
fn there_are_so_many_seats_and_no_more() {
    runtime().block_on(async {
        let seats = Seats::new(Limits::AGENT, SOON);
        let taken: Vec<_> = (0..N_CONNECTIONS).map(|_| seat(&seats)).collect();
        assert!(taken.iter().all(|(_, server)| server.is_some()));
        assert!(seat(&seats).1.is_none());
    });
}

#[test]
fn all_requests_of_a_connection_share_its_pace() {
    runtime().block_on(async {
        let seats = Seats::new(Limits::AGENT, SOON);
        let (_client, server) = seat(&seats);
        let guest = |_| Guest { info: (), pace: Arc::clone(&server.as_ref().unwrap().pace) };
        let n_at_once = (0..1_000).map(guest).filter(|guest| guest.wait_us(5_000_000) == 0).count();
        assert_eq!(n_at_once as u64, crate::pace::REQUESTS.burst);
    });
}
