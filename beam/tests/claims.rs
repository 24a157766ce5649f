//! Lengths that a peer only claims take no memory. In a process of its own, since the peak is that of the process.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::fs;

use midair_beam::{DecodeError, term::Decoder};

/// The most memory that this process ever had (`VmHWM`, proc_pid_status(5)), in KiB.
fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn claims_take_no_memory_and_honest_terms_as_much_as_the_bound_says() {
    a_claim_of_four_billion_items_takes_no_memory();
    an_honest_term_beyond_the_bound_is_cut_off_there();
}

fn a_claim_of_four_billion_items_takes_no_memory() {
    let mut decoder = Decoder::default();
    let before = peak_kib();
    for tag in [77, 105, 108, 109, 111, 112, 116] {
        let claim = [131, tag, 0xff, 0xff, 0xff, 0xff, 1, 1, 1];
        assert_eq!(decoder.decode(&claim).unwrap_err(), DecodeError::Short, "tag {tag}");
        // And within each other, each of 16 million: of these one byte for each is not there either.
        let nested = [&[131][..], &[tag, 0, 0xff, 0xff, 0xff, 1].repeat(200), &[106; 1000]].concat();
        decoder.decode(&nested).unwrap_err();
    }
    let grown_kib = peak_kib() - before;
    assert!(grown_kib < 1_024, "{grown_kib} KiB more");
}

fn an_honest_term_beyond_the_bound_is_cut_off_there() {
    // 64 MiB of empty lists would become 2.5 GiB.
    let mut bytes = vec![106; 64 << 20];
    let n = (bytes.len() as u32 - 7).to_be_bytes();
    bytes[..6].copy_from_slice(&[&[131, 108][..], &n].concat());
    let before = peak_kib();
    assert_eq!(Decoder::default().decode(&bytes).unwrap_err(), DecodeError::Large);
    assert!(peak_kib() - before < 300 << 10);
}
