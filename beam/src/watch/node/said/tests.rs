use super::*;

const COUNTS: SchedulerCounts = SchedulerCounts {
    normal: Some(2),
    normal_online: Some(2),
    dirty_cpu: Some(2),
    dirty_cpu_online: Some(2),
    dirty_io: Some(10),
};

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn schedulers_are_told_apart_by_their_numbers() {
    let time = |id: i64| Term::tuple([id.into(), 5.into(), 10.into()]);
    let times = wall_times(Some(&Term::list([3, 14, 1, 5].map(time))), COUNTS);
    let kinds: Vec<_> = times.iter().map(|scheduler| (scheduler.id, scheduler.kind)).collect();
    let some = |kind| Some(kind);
    assert_eq!(
        kinds,
        [
            (1, some(SchedulerKind::Normal)),
            (3, some(SchedulerKind::DirtyCpu)),
            (5, some(SchedulerKind::DirtyIo)),
            (14, some(SchedulerKind::DirtyIo)),
        ]
    );
    let unknown = wall_times(Some(&Term::list([time(1)])), SchedulerCounts::default());
    assert_eq!(unknown[0].kind, None);
    assert_eq!(wall_times(Some(&Term::atom("undefined")), COUNTS), []);
}

#[test]
fn schedulers_that_are_not_online_are_not_told() {
    let time = |id: i64| Term::tuple([id.into(), 5.into(), 10.into()]);
    let counts = SchedulerCounts {
        normal: Some(8),
        normal_online: Some(2),
        dirty_cpu: Some(8),
        dirty_cpu_online: Some(1),
        dirty_io: Some(1),
    };
    let times = wall_times(Some(&Term::List((1..=17).map(time).collect())), counts);
    assert_eq!(times.iter().map(|scheduler| scheduler.id).collect::<Vec<_>>(), [1, 2, 9, 17]);
}

#[test]
fn what_a_release_does_not_know_is_unknown_and_the_rest_stays_in_its_place() {
    let (asked, infos) = (names(&["io", "context_switches"]), names(&["process_count"]));
    let io = Term::tuple([Term::tuple([Term::atom("input"), 7.into()]), Term::tuple([Term::atom("output"), 8.into()])]);
    let values = Term::list([io, Term::tuple([9.into(), 0.into()])]);
    let said = [(-1).into(), 2.into(), 3.into(), values, Term::list([4.into()]), Term::List(vec![])];
    let tick = tick(&said, (&asked, &infos), COUNTS).unwrap();
    let expected = NodeTick {
        at_us: -1,
        wall_us: Some(2),
        helper_us: Some(3),
        io_in_bytes: Some(7),
        io_out_bytes: Some(8),
        context_switches: Some(9),
        counts: Counts { processes: Some(4), ..Counts::default() },
        ..NodeTick::default()
    };
    assert_eq!(tick, expected);
}

#[test]
fn any_garbage_is_unknown_and_no_panic() {
    let (asked, infos) = (names(&STATISTICS), names(&INFOS));
    let garbage = [
        Term::atom("undefined"),
        Term::from(-1),
        Term::List(vec![]),
        Term::tuple([]),
        Term::list([Term::tuple([]), Term::list([(-7).into()]), Term::tuple([Term::tuple([])])]),
        Term::Map(vec![(Term::atom("total"), Term::from(1.5))]),
    ];
    for term in &garbage {
        let said = vec![term.clone(); 6];
        assert!(tick(&said, (&asked, &infos), COUNTS).is_none_or(|tick| tick.memory == Memory::default()));
        let mut said = said;
        said[0] = 1.into();
        let tick = tick(&said, (&asked, &infos), COUNTS).unwrap();
        assert_eq!((tick.reductions, tick.schedulers, tick.counts), (None, vec![], Counts::default()));
    }
    assert_eq!(tick(&[], (&asked, &infos), COUNTS), None);
}
