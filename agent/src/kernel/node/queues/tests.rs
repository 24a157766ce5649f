use super::*;
use crate::kernel::tally::Run;

fn tally(runs: &[(u32, u64)], queued: &[u32]) -> Tally {
    let mut tally = Tally::default();
    runs.iter().for_each(|(cpu, delay_ns)| tally.ran(Run { cpu: Some(*cpu), delay_ns: *delay_ns, ..Run::default() }));
    if !queued.is_empty() {
        tally.sees_queued();
        queued.iter().for_each(|cpu| tally.queued(*cpu));
    }
    tally
}

fn queue(number: u32, n_queued: Option<u32>, run_delay_us: Option<u64>) -> CpuQueue {
    CpuQueue { number, n_queued, run_delay_us }
}

#[test]
fn without_a_file_of_the_kernels_what_the_tasks_say_is_added_up() {
    let mut queues = CpuQueues::default();
    let mut add = |tally: &Tally| queues.add([0, 1].into_iter(), None, tally);
    assert_eq!(add(&tally(&[], &[])), [], "a sweep that does not know the CPUs says nothing");
    assert_eq!(
        add(&tally(&[(0, 3_000), (0, 4_000), (7, 1_000)], &[1, 1])),
        [queue(0, Some(0), Some(7)), queue(1, Some(2), Some(0))]
    );
    assert_eq!(add(&tally(&[(1, 5_000)], &[])), [queue(0, None, Some(7)), queue(1, None, Some(5))]);
    assert_eq!(add(&tally(&[(u32::MAX, 5_000)], &[u32::MAX])).len(), 2, "a number that no CPU has is none");
}

#[test]
fn the_kernels_own_account_counts_where_there_is_one() {
    let text = b"version 17\ntimestamp 4294892\ncpu0 0 0 0 0 0 0 77000 5000 3\ndomain0 MC 3 1 2 3 4 5 6 7 8 9\n\
        cpu1 0 0 0 0 0 0 1 9000 3\n";
    let known = parse_schedstats(text);
    assert_eq!(known, [(0, 5_000), (1, 9_000)]);
    let queues = CpuQueues::default().add([0, 1, 2].into_iter(), Some(known), &tally(&[(0, 999_000)], &[0]));
    let expected = [queue(0, Some(1), Some(5)), queue(1, Some(0), Some(9)), queue(2, Some(0), None)];
    assert_eq!(queues, expected);
}
