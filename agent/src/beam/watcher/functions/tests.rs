use midair_beam::watch::node::Scheduler;

use super::*;

/// Two normal schedulers and a dirty one, after so long: the shares are of a second each, in per mille.
fn tick(n: u64, milli: u64) -> NodeTick {
    let one = |id, kind, milli| Scheduler { id, kind: Some(kind), active: n * milli, total: n * 1000 };
    let schedulers = vec![
        one(1, SchedulerKind::Normal, milli),
        one(2, SchedulerKind::Normal, milli),
        one(3, SchedulerKind::DirtyCpu, 0),
    ];
    NodeTick { schedulers, ..NodeTick::default() }
}

/// The ticks of so many at which it looks.
fn looks(functions: &mut Functions, ticks: std::ops::Range<u64>, milli: u64) -> Vec<u64> {
    let take = |n: &u64| {
        functions.tick(*n, &tick(*n, milli), &Vm::default());
        functions.is_due(*n)
    };
    ticks.filter(take).collect()
}

#[test]
fn it_looks_each_ten_ticks_while_schedulers_are_busy() {
    let mut functions = Functions::default();
    assert_eq!(looks(&mut functions, 1..25, 950), [2, 12, 22], "the first tick has none before it");
    assert!(!functions.is_over(24));
}

#[test]
fn a_vm_at_rest_is_never_asked() {
    let mut functions = Functions::default();
    assert_eq!(looks(&mut functions, 1..100, 880), Vec::<u64>::new());
    assert!(functions.is_over(100));
}

#[test]
fn schedulers_that_are_offline_are_not_counted_and_unknown_ones_are_not_busy() {
    let mut functions = Functions::default();
    let mut vm = Vm::default();
    vm.schedulers.normal_online = Some(1);
    for n in 1..3 {
        let mut tick = tick(n, 950);
        tick.schedulers[1].active = 0;
        functions.tick(n, &tick, &vm);
    }
    assert!(functions.is_due(2));
    functions.tick(20, &NodeTick::default(), &vm);
    assert!(!functions.is_due(20));
    assert!(!functions.is_over(62) && functions.is_over(63), "what was seen stays for a minute");
}
