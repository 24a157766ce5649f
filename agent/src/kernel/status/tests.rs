use super::*;

#[test]
fn the_dear_fields_are_found() {
    let text = b"Name:\tcat\\nUid:\t9\nUid:\t0\t1000\t0\t0\nRssAnon:\t     112 kB\nRssFile:\t    1628 kB\nRssShmem:\t       4 kB\n\
        VmSwap:\t       8 kB\nvoluntary_ctxt_switches:\t12\nnonvoluntary_ctxt_switches:\t3\n";
    let expected = Status {
        uid: Some(1000),
        n_voluntary: Some(12),
        n_involuntary: Some(3),
        anon_bytes: Some(112 * 1024),
        file_bytes: Some(1632 * 1024),
        swap_bytes: Some(8 * 1024),
    };
    assert_eq!(parse_status(text), expected);
}

#[test]
fn a_kernel_thread_has_no_memory() {
    let status = parse_status(b"Name:\tkthreadd\nUid:\t0\t0\t0\t0\nvoluntary_ctxt_switches:\t5\n");
    assert_eq!((status.anon_bytes, status.file_bytes, status.uid), (None, None, Some(0)));
}
