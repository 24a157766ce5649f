use super::*;

/// An answer as the kernel writes one: headers, then a nest of pid and statistics.
fn answer(kind: u16, body: &[u8]) -> Vec<u8> {
    let mut out = ((HEADER + body.len()) as u32).to_ne_bytes().to_vec();
    out.extend_from_slice(&kind.to_ne_bytes());
    out.resize(HEADER, 0);
    out.extend_from_slice(body);
    out
}

fn nested(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut out = (4 + value.len() as u16).to_ne_bytes().to_vec();
    out.extend_from_slice(&kind.to_ne_bytes());
    out.extend_from_slice(value);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

#[test]
fn the_sums_of_a_process_are_where_the_kernel_puts_them() {
    let mut stats = vec![0; 416];
    for (at, n) in [(CPU_COUNT, 7u64), (CPU_DELAY_TOTAL, 8), (CPU_RUN_VIRTUAL_TOTAL, 9), (AC_ETIME, 10)] {
        stats[at..at + 8].copy_from_slice(&n.to_ne_bytes());
    }
    // Six bytes of a name, to need padding before what follows.
    let inner = [nested(2, &[1, 0, 0, 0]), nested(6, &[0; 6]), nested(TASKSTATS_TYPE_STATS, &stats)].concat();
    let whole = nested(TASKSTATS_TYPE_AGGR_TGID | 0x8000, &inner);
    let used = SchedStat { cpu_ns: 9, run_delay_ns: 8, n_runs: 7 };
    assert_eq!(account(body(&answer(31, &whole)).unwrap()), Some(Account { used, age_us: 10 }));
    for end in 0..whole.len() {
        // Cut anywhere, it is not understood, and nothing worse.
        let cut = account(&whole[..end]);
        assert_eq!(cut, None, "cut at {end}");
    }
}

#[test]
fn errors_of_the_kernel_are_told_apart() {
    let error = |code: i32| body(&answer(NLMSG_ERROR, &code.to_ne_bytes())[..]).map(<[u8]>::len);
    // The code follows the first 16 bytes, for an error has no second header.
    let mut gone = answer(NLMSG_ERROR, &[]);
    gone[16..20].copy_from_slice(&(-3i32).to_ne_bytes());
    assert_eq!(body(&gone), Err(Errno::SRCH));
    assert_eq!(error(0), Err(Errno::BADMSG));
    assert_eq!(body(&[]), Err(Errno::BADMSG));
}
