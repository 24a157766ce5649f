use super::*;

#[test]
fn numbers_are_found_by_their_names_wherever_they_stand() {
    let mut table = Paired::new("Tcp:", ["InSegs", "Absent", "MaxConn", "OutSegs"]);
    let text = "Ip: InSegs\nIp: 5\nTcp: MaxConn InSegs OutSegs\nTcp: -1 11 12\nUdp: InSegs\nUdp: 7\n";
    assert_eq!(table.read(text.as_bytes()), [Some(11), None, None, Some(12)], "-1 stands for no limit");
    let other_kernel = "Tcp: OutSegs Absent New InSegs\nTcp: 1 2 3 4\n";
    assert_eq!(table.read(other_kernel.as_bytes()), [Some(4), Some(2), None, Some(1)]);
    for broken in ["", "Tcp: InSegs\n", "Tcp: InSegs OutSegs\nTcp: 1\n"] {
        assert_eq!(table.read(broken.as_bytes())[3], None, "{broken}");
    }
}
