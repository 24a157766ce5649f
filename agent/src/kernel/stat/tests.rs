use super::*;

/// A line with the given name and letter, and numbers that tell each field apart.
fn line(comm: &[u8], state: &str) -> Vec<u8> {
    let rest = format!(
        ") {state} 7 8 9 0 -1 4194304 103 0 0 0 1400 1500 16 17 20 0 20 0 220022 3133440 24 18446744073709551615 1 1\n"
    );
    [b"4242 (", comm, rest.as_bytes()].concat()
}

#[test]
fn fields_are_counted_from_the_last_parenthesis() {
    for comm in [&b"cat"[..], b"a) b (", b") R 1 2 3", b"two\nlines", b"\xff\xfe", b"", b"x) S 1 (y"] {
        let stat = parse_stat(&line(comm, "S")).unwrap();
        assert_eq!(stat.comm.bytes(), comm);
        assert_eq!(
            stat,
            Stat {
                comm: Comm::new(comm),
                state: Some(TaskState::Sleeping),
                parent: 7,
                is_kernel_thread: false,
                user_ticks: 1400,
                system_ticks: 1500,
                n_threads: 20,
                start: 220_022,
                rss_pages: 24,
                cpu: None,
            }
        );
    }
}

#[test]
fn each_letter_is_a_state_and_a_new_one_is_unknown() {
    use TaskState::*;
    let known = [("R", Running), ("S", Sleeping), ("D", Blocked), ("T", Stopped), ("t", Stopped), ("Z", Zombie)];
    for (letter, state) in known.into_iter().chain([("X", Zombie), ("I", Idle)]) {
        assert_eq!(parse_stat(&line(b"x", letter)).unwrap().state, Some(state));
    }
    assert_eq!(parse_stat(&line(b"x", "Q")).unwrap().state, None);
}

#[test]
fn a_broken_line_is_an_error_in_words() {
    assert_eq!(parse_stat(b""), Err(ParseError::NoName));
    assert_eq!(parse_stat(b"12 no name S"), Err(ParseError::NoName));
    assert_eq!(parse_stat(b"12 )x( S 1"), Err(ParseError::NoName));
    assert_eq!(parse_stat(b"12 (x)"), Err(ParseError::Field(3)));
    assert_eq!(parse_stat(b"12 (x) S"), Err(ParseError::Field(4)));
    let whole = line(b"x", "S");
    for end in 0..whole.len() - 40 {
        assert!(parse_stat(&whole[..end]).is_err() || end > 60, "cut at {end}");
    }
    assert_eq!(parse_schedstat(b"1 2"), Err(ParseError::Field(3)));
    assert_eq!(parse_schedstat(b"1 x 3"), Err(ParseError::Field(2)));
}

#[test]
fn schedstat_is_three_numbers() {
    let expected = SchedStat { cpu_ns: 1_158_520, run_delay_ns: 77, n_runs: 3 };
    assert_eq!(parse_schedstat(b"1158520 77 3\n"), Ok(expected));
}

#[test]
fn the_cpu_is_the_39th_field_where_the_line_is_that_long() {
    let mut long = line(b"x", "R");
    long.truncate(long.len() - 1);
    // Fields 28 to 38, then the CPU.
    long.extend_from_slice(b" 0 0 0 0 0 0 0 0 0 0 17 3 0 0\n");
    assert_eq!(parse_stat(&long).unwrap().cpu, Some(3));
    assert_eq!(parse_stat(&line(b"x", "R")).unwrap().cpu, None);
}

#[test]
fn a_kernel_worker_is_called_the_same_whatever_it_works_at() {
    let named = |comm: &[u8], flags: &str| {
        let text = String::from_utf8(line(comm, "I")).unwrap().replace("4194304", flags);
        parse_stat(text.as_bytes()).unwrap().comm
    };
    let kernel = "69238880";
    assert_eq!(named(b"kworker/u8:2-events_unbound", kernel).bytes(), b"kworker/u8:2");
    assert_eq!(named(b"kworker/0:1H+kblockd", kernel).bytes(), b"kworker/0:1H");
    assert_eq!(named(b"kworker/R-rcu_gp", kernel).bytes(), b"kworker/R-rcu_g");
    assert_eq!(named(b"kworker/0:1-x", "4194304").bytes(), b"kworker/0:1-x", "a process may call itself so");
}
