use super::*;

fn parsed(text: &str, protocol: Protocol) -> Vec<Socket> {
    let mut into = Vec::new();
    parse(text.as_bytes(), protocol, &mut into);
    into
}

#[test]
fn tcp_lines_are_read_and_sockets_that_wait_out_their_time_are_not() {
    let text = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
        \x20  0: 0100007F:1B9E 0200000A:9CB0 01 00000028:00001388 00:00000000 00000000  1000        0 8101 1 0 20 4 0 10 -1\n\
        \x20  1: 0100007F:1B9E 0200000A:9CB0 06 00000000:00000000 00:00000000 00000000     0        0 0 1 0\n\
        \x20  2: broken\n";
    let sockets = parsed(text, Protocol::Tcp);
    assert_eq!(sockets.len(), 1);
    let socket = &sockets[0];
    assert_eq!(
        (socket.local.to_string(), socket.remote.to_string()),
        ("127.0.0.1:7070".into(), "10.0.0.2:40112".into())
    );
    assert_eq!((socket.n_unread, socket.n_unsent, socket.inode, socket.drops), (5000, 40, 8101, None));
}

#[test]
fn udp_lines_say_their_drops_and_mapped_addresses_are_plain() {
    let text = "  sl  local_address remote_address st tx_queue rx_queue tr tm->when retrnsmt uid timeout inode ref pointer drops\n\
        \x20 9: 0000000000000000FFFF00000100007F:0035 00000000000000000000000000000000:0000 07 00000000:00000900 \
        00:00000000 00000000 0 0 99 2 0000000000000000 12\n";
    let sockets = parsed(text, Protocol::Udp);
    assert_eq!((sockets[0].local.to_string(), sockets[0].drops), ("127.0.0.1:53".into(), Some(12)));
    assert_eq!((sockets[0].n_unread, sockets[0].inode), (0x900, 99));
}
