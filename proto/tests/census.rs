//! Rows of a census by column.

use midair_proto::v1::{Census, CensusColumns, Task, TaskId, TaskKind};

fn row(number: u64, start: u64) -> Task {
    Task {
        id: Some(TaskId { runtime: Some(0), number: Some(number), start: Some(start) }),
        kind: Some(TaskKind::Process.into()),
        ..Task::default()
    }
}

#[test]
fn rows_come_back_to_the_step() {
    let rows = [
        Task { name: Some(7), cpu_us: Some(1_000), run_delay_us: Some(127), rss_bytes: Some(4_096), ..row(3, 900) },
        Task { process: Some(3), name: Some(0), cpu_us: Some(0), kind: Some(TaskKind::Thread.into()), ..row(4, 20) },
        Task { rss_bytes: Some(u64::MAX), run_delay_us: Some(u64::MAX), ..row(u64::MAX, u64::MAX) },
        row(1, u64::MAX),
    ];
    let mut census = Census { columns: Some(CensusColumns::of(&rows)), ..Census::default() };
    assert_eq!(census.n_rows(), 4);
    census.unfold();
    assert_eq!((census.n_rows(), census.columns.is_none()), (4, true));
    let (step, kib) = (|us: u64| Some(us - us % 128), |bytes: u64| Some(bytes - bytes % 1_024));
    let expected = rows.map(|row| Task {
        cpu_us: row.cpu_us.and_then(step),
        run_delay_us: row.run_delay_us.and_then(step),
        rss_bytes: row.rss_bytes.and_then(kib),
        ..row
    });
    assert_eq!(census.tasks, expected);
}

#[test]
fn columns_that_say_anything_are_read_as_far_as_they_make_sense() {
    let columns = CensusColumns {
        numbers: vec![i64::MIN, i64::MIN, 5],
        kinds: vec![-1],
        names: vec![i64::MAX, 1],
        cpu: vec![u64::MAX],
        rss_kib: vec![-1, 1],
        ..CensusColumns::default()
    };
    let rows = columns.rows();
    let numbers: Vec<u64> = rows.iter().map(|row| row.id.unwrap().number()).collect();
    assert_eq!(numbers, [1 << 63, 0, 5]);
    assert_eq!((rows[0].name, rows[0].cpu_us, rows[1].cpu_us), (None, Some(u64::MAX), None));
    assert_eq!((rows[0].rss_bytes, rows[1].rss_bytes, rows[2].rss_bytes), (Some(u64::MAX), None, None));
    assert_eq!(CensusColumns::default().rows(), []);
}
