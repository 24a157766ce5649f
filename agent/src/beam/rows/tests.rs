use super::*;

#[test]
fn a_row_is_a_reading_with_its_past_and_unknown_stays_unknown() {
    let before = Levels { at_us: 1_000_000, mailbox: Some(10), reductions: Some(100), ..Levels::default() };
    let now = Levels { at_us: 3_000_000, mailbox: Some(50), reductions: Some(900), ..Levels::default() };
    let row = Row { number: 7, creation: 3, name: Some("router".into()), now, before: Some(before), ..Row::default() };
    let reading = task(2, &row);
    assert_eq!(reading.id, TaskId { runtime: 2, number: 7, start: 3 });
    assert_eq!(reading.queues()[0].depth, Some(50));
    assert_eq!((reading.rss_bytes, reading.binary_bytes, reading.active_milli), (None, None, None));
    let past = reading.previous.unwrap();
    assert_eq!((past.queues[0].depth, past.flows[0].n_out), (Some(10), Some(100)));
}

#[test]
fn what_a_look_says_of_its_own_vm_gets_its_runtime_and_others_do_not() {
    let here =
        ErlangPid { task: Some(v1::TaskId { runtime: None, number: Some(5), start: Some(1) }), ..ErlangPid::default() };
    let there = ErlangPid { node: Some("b@host".into()), ..ErlangPid::default() };
    let seen = ErlangLook { links: vec![here.clone(), there], waits_for: Some(here), ..ErlangLook::default() };
    let seen = look(9, seen);
    assert_eq!(seen.waits_for.unwrap().task.unwrap().runtime, Some(9));
    assert_eq!(seen.links.iter().map(|pid| pid.task.and_then(|t| t.runtime)).collect::<Vec<_>>(), [Some(9), None]);
}
