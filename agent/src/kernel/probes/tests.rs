use super::*;
use crate::kernel::bpf::{Loader, Why};

const TASK: TaskId = TaskId { runtime: 0, number: 1, start: 1 };

fn refusing() -> Probes {
    Probes::new(Choice { pinned: Vec::new(), loader: Loader::Nobody })
}

/// Polls until what was begun has settled.
fn settled(probes: &mut Probes, now_us: u64) -> Option<SourceState> {
    for _ in 0..1_000 {
        let state = probes.keep(&[TASK], (now_us, 1_000_000), &Off::default());
        if state.is_some() {
            return state;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    None
}

#[test]
fn where_nothing_can_be_counted_the_state_says_why_and_is_not_asked_again_at_once() {
    let mut probes = refusing();
    assert_eq!(probes.keep(&[], (0, 0), &Off::default()), None, "nobody looks: nothing to say");
    let state = settled(&mut probes, 1_000_000).expect("it is refused");
    assert!(matches!(state.health, Health::Off(_)), "{state:?}");
    probes.keep(&[TASK], (2_000_000, 1_000_000), &Off::default());
    assert!(probes.of.is_empty());
    probes.keep(&[TASK], (2_000_000 + AGAIN_US, 1_000_000), &Off::default());
    assert_eq!(probes.of.len(), 1, "then it is asked again");
}

#[test]
fn a_probe_outlives_its_look_for_a_while_and_no_longer() {
    let mut probes = refusing();
    // One that never settles: its thread waits for a word that does not come before the end.
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let never = Later::begin(move || Err(Why::new(format!("{:?}", ended.recv()))));
    probes.of.insert(TASK, Probe { state: State::Beginning(never), asked_us: 0 });
    probes.keep(&[], (12_000_000, 1_000_000), &Off::default());
    assert_eq!(probes.of.len(), 1);
    probes.keep(&[], (12_000_001, 1_000_000), &Off::default());
    assert!(probes.of.is_empty());
    drop(end);
}

#[test]
fn an_operator_switches_them_off() {
    let mut probes = refusing();
    let off = Off::of([("probes".to_owned(), "switched off by a file".into())]);
    let state = probes.keep(&[TASK], (0, 0), &off).expect("it says so");
    assert_eq!(state.health, Health::Off("switched off by a file".into()));
    assert!(probes.of.is_empty());
}

#[test]
fn of_a_kind_that_is_not_counted_there_is_no_sum() {
    let counts = Counts { unix_in: Some(1), udp_in: Some(2), unix_out: Some(3), ..Counts::default() };
    assert_eq!(flow(&counts), Flow { unit: Unit::Messages, n_in: Some(3), n_out: None });
}
