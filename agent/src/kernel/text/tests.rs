use super::*;

#[test]
fn numbers_hold_nothing_but_digits() {
    assert_eq!(number(b"18446744073709551615"), Some(u64::MAX));
    for bad in [&b""[..], b"-1", b"1x", b" 1", b"18446744073709551616"] {
        assert_eq!(number(bad), None, "{}", String::from_utf8_lossy(bad));
    }
    assert_eq!(hex(b"0F"), Some(15));
    assert_eq!(hex(b"+f0g"), None);
}

#[test]
fn a_key_is_found_at_the_start_of_a_line_only() {
    let status = b"Name:\tVmRSS:\nVmRSS:\t    1740 kB\nx VmSwap: 9\n";
    assert_eq!(value_kib(b"VmRSS:", status), Some(1740 * 1024));
    assert_eq!(value_kib(b"VmSwap:", status), None);
}
