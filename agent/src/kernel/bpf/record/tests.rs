use super::*;

/// A record of a kind: its length is written last.
struct Made(Vec<u8>);

impl Made {
    fn new(kind: u8, flags: u8, number: u32, len: usize) -> Self {
        let mut bytes = vec![0; len];
        bytes[..2].copy_from_slice(&(len as u16).to_ne_bytes());
        bytes[2] = kind;
        bytes[3] = flags;
        bytes[4..8].copy_from_slice(&number.to_ne_bytes());
        Self(bytes)
    }

    fn put(mut self, at: usize, bytes: &[u8]) -> Self {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    fn u32(self, at: usize, value: u32) -> Self {
        self.put(at, &value.to_ne_bytes())
    }

    fn u64(self, at: usize, value: u64) -> Self {
        self.put(at, &value.to_ne_bytes())
    }
}

fn only(made: &Made) -> Record<'_> {
    let mut records = Records::new(&made.0);
    let record = records.next().expect("a record");
    assert_eq!((records.next(), records.rest(), records.n_broken()), (None, &[][..], 0));
    record
}

#[test]
fn a_sleeper_says_which_thread_sleeps_on() {
    let made = Made::new(SLEEPER, 0, 7, 16).u32(8, 5).u32(12, 99);
    assert_eq!(only(&made), Record::Sleeper(Sleeper { tid: 7, pid: 5, start_low: 99 }));
}

#[test]
fn a_thread_has_no_leader_part() {
    let made = Made::new(TASK, 4, 7, 96).u32(8, 5).u64(32, 1234).u64(40, 234).put(72, b"burner\0").put(94, &[5, 0]);
    let Record::Task(task) = only(&made) else { panic!("{made:?}", made = made.0) };
    assert_eq!((task.tid, task.pid, task.run_delay_ns, task.waiting_ns), (7, 5, 1234, 234));
    assert_eq!((&task.comm[..7], task.state, task.policy, task.leader), (&b"burner\0"[..], b'R', 5, None));
    assert!(task.is_queued && !task.is_running && !task.is_kernel);
}

#[test]
fn states_have_the_letters_of_proc() {
    let cases = [
        (0, 0, b'R'),
        (1, 0, b'S'),
        (2, 0, b'D'),
        (4, 0, b'T'),
        (8, 0, b't'),
        (0, 16, b'X'),
        (0, 32, b'Z'),
        (0x40, 0, b'P'),
        (0x402, 0, b'I'),
        (0x100 | 1, 0, b'S'),
        (0x8000, 0, b'D'),
        (0x80, 0, b'R'),
    ];
    for (state, exit_state, letter) in cases {
        let made = Made::new(TASK, 0, 7, 96).u32(88, state).put(92, &(exit_state as u16).to_ne_bytes());
        let Record::Task(task) = only(&made) else { panic!("{made:?}", made = made.0) };
        assert_eq!(task.state as char, letter as char, "{state:#x} {exit_state:#x}");
    }
}

#[test]
fn one_number_is_a_namespace_a_device_or_a_counter_by_kind() {
    let numbers = |kind: u8| {
        let made = Made::new(FILE, 3, 7, 184).put(12, &[kind]).u64(16, 99).u32(24, 5);
        let Record::File(file) = only(&made) else { panic!("{made:?}", made = made.0) };
        (file.netns, file.device, file.counter)
    };
    assert_eq!(numbers(1), (Some(5), None, None));
    assert_eq!(numbers(5), (None, Some(5), None));
    assert_eq!(numbers(6), (None, None, Some(5)));
    assert_eq!(numbers(7), (None, None, None));
}

#[test]
fn a_leader_without_memory_or_namespace_says_so() {
    let made = Made::new(LEADER, 1, 2, 216).u32(8, 2).u32(104, 1).u32(108, u32::MAX);
    let Record::Task(task) = only(&made) else { panic!("{made:?}", made = made.0) };
    let leader = task.leader.expect("a leader part");
    assert!(task.is_kernel);
    assert_eq!(leader, LeaderRecord { n_threads: 1, ..LeaderRecord::default() });
}

#[test]
fn resident_pages_are_those_of_all_kinds_but_swap() {
    let made = Made::new(LEADER, 8, 2, 216).u64(120, 1).u64(128, 20).u64(136, 300).u64(144, 4000);
    let Record::Task(task) = only(&made) else { panic!("{made:?}", made = made.0) };
    let memory = task.leader.and_then(|leader| leader.memory).expect("memory");
    assert_eq!((memory.rss_pages(), memory.swap_pages), (321, 4000));
}

#[test]
fn what_ended_threads_waited_is_known_where_the_kernel_counts_it() {
    let made = Made::new(LEADER, 16, 2, 216).u64(200, 77).u64(208, 3);
    let Record::Task(task) = only(&made) else { panic!("{made:?}", made = made.0) };
    assert_eq!(task.leader.and_then(|leader| leader.dead_waits), Some((77, 3)));
}

#[test]
fn a_listener_has_a_backlog_and_no_unread_bytes() {
    let made = Made::new(FILE, 3, 9, 184)
        .u32(8, 4)
        .put(12, &[1, 10, 1, 6])
        .u64(16, 77)
        .u32(24, 4_026_531_840)
        .u32(28, known(&[7, 8]))
        .put(32, &[127, 0, 0, 1])
        .put(64, &7070u16.to_ne_bytes())
        .put(68, &2u16.to_ne_bytes())
        .u32(120, 6)
        .u32(124, 64)
        .u64(128, 3);
    let Record::File(file) = only(&made) else { panic!("{made:?}", made = made.0) };
    assert_eq!((file.pid, file.fd, file.kind, file.inode, file.state), (9, 4, FileKind::Tcp, 77, 10));
    assert_eq!((file.local, file.remote), (Some("127.0.0.1:7070".parse().unwrap()), None));
    assert_eq!((file.backlog, file.drops), (Some(Backlog { depth: 6, limit: 64 }), Some(3)));
    assert_eq!((file.receive, file.send, file.tcp), (Depth::default(), Depth::default(), None));
}

#[test]
fn a_unix_socket_has_its_name_and_its_peer() {
    let made = Made::new(FILE, 3, 9, 192)
        .put(12, &[3, 1, 2, 0])
        .u32(28, known(&[0, 2]))
        .put(68, &1u16.to_ne_bytes())
        .put(70, &5u16.to_ne_bytes())
        .u64(72, 260)
        .u32(80, 13)
        .u64(136, 78)
        .put(184, b"\0name");
    let Record::File(file) = only(&made) else { panic!("{made:?}", made = made.0) };
    assert_eq!((file.kind, file.name, file.peer_inode), (FileKind::Unix, &b"\0name"[..], Some(78)));
    assert_eq!((file.receive.bytes, file.receive.messages, file.receive.limit_messages), (Some(260), Some(13), None));
    assert_eq!((file.local, file.netns), (None, None));
}

#[test]
fn a_record_that_has_not_come_as_a_whole_is_left_for_the_next_read() {
    let mut bytes = Made::new(MARK, 0, 3, 512).u64(8, 640).0;
    bytes.extend_from_slice(&Made::new(SLEEPER, 0, 7, 16).0[..15]);
    let mut records = Records::new(&bytes);
    assert_eq!(records.next(), Some(Record::Mark(Mark { pid: 3, n_files: 640 })));
    assert_eq!((records.next(), records.rest().len(), records.n_broken()), (None, 15, 0));
}

#[test]
fn what_is_not_understood_is_counted_and_skipped() {
    let cases: [(&str, Made, usize); 4] = [
        ("unknown kind", Made::new(99, 0, 0, 24), 1),
        ("too short for a task", Made::new(TASK, 0, 0, 88), 1),
        ("a name beyond its end", Made::new(FILE, 0, 0, 184).put(12, &[3]).put(70, &[9, 9]), 1),
        ("no length", Made::new(SLEEPER, 0, 0, 16).put(0, &[0, 0]), 0),
    ];
    for (what, made, after) in cases {
        let mut bytes = made.0;
        bytes.extend_from_slice(&Made::new(SLEEPER, 0, 7, 16).0);
        let mut records = Records::new(&bytes);
        assert_eq!(records.by_ref().count(), after, "{what}");
        assert_eq!((records.n_broken(), records.rest()), (1, &[][..]), "{what}");
    }
}

fn known(bits: &[u32]) -> u32 {
    bits.iter().map(|bit| 1 << bit).sum()
}
