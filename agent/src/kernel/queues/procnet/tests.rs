use std::net::SocketAddr;

use super::*;
use crate::kernel::queues::object::Ends;

/// What a file of these lines holds, read in one go and byte by byte.
fn parsed(text: &str, which: NetFile) -> Vec<Object> {
    let mut into = Vec::new();
    for line in text.lines().skip(1) {
        into.extend(parse_line(line.as_bytes(), which));
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("net")).unwrap();
    std::fs::write(folder.path().join("net").join(which.name()), text).unwrap();
    let mut files = Files::open(folder.path()).unwrap();
    for most in [1, 7, 16 * 1024] {
        let mut reading = Reading::open(&mut files, None, which).unwrap().unwrap();
        reading.buf.truncate(most);
        let mut again = Vec::new();
        while !reading.go_on(&mut |object| again.push(object)).unwrap() {}
        assert_eq!(again, into, "in parts of {most}");
    }
    into
}

fn ends(object: &Object) -> (SocketAddr, SocketAddr) {
    let Ends::Inet { local, remote } = object.ends else { panic!("{object:?}") };
    (local, remote)
}

#[test]
fn tcp_lines_are_read_and_sockets_that_wait_out_their_time_are_not() {
    let text = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
        \x20  0: 0100007F:1B9E 0200000A:9CB0 01 00000028:00001388 00:00000000 00000000  1000        0 8101 1 0 20 4 0 10 -1\n\
        \x20  1: 0100007F:1B9E 0200000A:9CB0 06 00000000:00000000 00:00000000 00000000     0        0 0 1 0\n\
        \x20  2: broken\n";
    let sockets = parsed(text, NetFile::Tcp);
    assert_eq!(sockets.len(), 1);
    let socket = &sockets[0];
    assert_eq!(ends(socket), ("127.0.0.1:7070".parse().unwrap(), "10.0.0.2:40112".parse().unwrap()));
    let depths = (socket.receive.depth, socket.send.depth);
    assert_eq!((depths, socket.inode, socket.drops), ((Some(5000), Some(40)), 8101, None));
}

#[test]
fn udp_lines_say_their_drops_and_mapped_addresses_are_plain() {
    let text = "  sl  local_address remote_address st tx_queue rx_queue tr tm->when retrnsmt uid timeout inode ref pointer drops\n\
        \x20 9: 0000000000000000FFFF00000100007F:0035 00000000000000000000000000000000:0000 07 00000000:00000900 \
        00:00000000 00000000 0 0 99 2 0000000000000000 12\n";
    let sockets = parsed(text, NetFile::Udp6);
    assert_eq!((ends(&sockets[0]).0.to_string(), sockets[0].drops), ("127.0.0.1:53".into(), Some(12)));
    assert_eq!((sockets[0].receive.depth, sockets[0].inode), (Some(0x900), 99));
}
