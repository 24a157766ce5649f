//! Requests about Erlang processes: who may ask, and what is answered at once.

use midair_proto::v1::{InspectRequest, Inspected, Keeps};

use super::*;
use crate::reading::RuntimeState;

/// A tick at which one VM answers and one does not.
fn tick(bench: &mut Bench) {
    bench.tick_with(|reading| {
        let runtime = |id, health| RuntimeState {
            id,
            kind: "beam",
            name: format!("vm-{id}"),
            health,
            n_tasks: None,
            is_undistributed: false,
        };
        reading.runtimes = vec![runtime(1, Health::Ok), runtime(2, Health::Off("it hangs".into()))];
    });
}

fn request(number: u32, runtime: u32, process: u64, what: Keeps) -> control::Kind {
    let task = wire::TaskId { runtime: Some(runtime), number: Some(process), start: Some(1) };
    control::Kind::Inspect(InspectRequest { id: Some(number), task: Some(task), what: Some(what.into()) })
}

#[test]
fn an_inspection_is_wanted_once_and_its_answer_goes_to_who_asked() {
    let mut bench = Bench::new();
    tick(&mut bench);
    let (mut client, mut other) = (bench.join(), bench.join());
    bench.ask(&client, request(7, 1, 80, Keeps::State));
    let wanted = bench.wants.copy().inspections;
    let [one] = wanted.as_slice() else { panic!("{wanted:?}") };
    assert_eq!((one.task.number, one.what), (80, Keeps::State));
    bench.ask(&client, request(8, 1, 80, Keeps::State));
    assert!(client.refusals()[0].contains("inspects already"));
    let number = one.number;
    bench.tick_with(|reading| {
        reading.inspected = vec![(number, Inspected { lines: vec!["{state}".into()], ..Inspected::default() })];
    });
    let events = client.events();
    let [.., Kind::Inspected(inspected)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((inspected.id, inspected.what(), inspected.lines.len()), (Some(7), Keeps::State, 1));
    assert!(!other.events().iter().any(|event| matches!(event, Kind::Inspected(_))));
}

#[test]
fn what_processes_keep_is_not_for_connections_that_are_not_authenticated() {
    let mut bench = Bench::new();
    tick(&mut bench);
    let mut client = bench.join_as(Access::Insecure);
    bench.ask(&client, request(7, 1, 80, Keeps::Dictionary));
    assert!(client.refusals()[0].contains("not authenticated"));
    assert!(bench.wants.copy().inspections.is_empty());
}

#[test]
fn what_cannot_be_asked_is_refused_at_once_and_an_answer_that_does_not_come_is_given_up() {
    let mut bench = Bench::new();
    tick(&mut bench);
    let mut client = bench.join();
    for (request, words) in [
        (request(1, 1, u64::MAX, Keeps::State), "no Erlang process can be"),
        (request(2, 0, 80, Keeps::State), "needs an Erlang process"),
        (request(3, 9, 80, Keeps::State), "no Erlang VM here"),
        (request(4, 2, 80, Keeps::State), "vm-2 cannot be asked: it hangs"),
        (request(5, 1, 80, Keeps::Unspecified), "what to show"),
    ] {
        bench.ask(&client, request);
        let refusals = client.refusals();
        assert!(refusals.len() == 1 && refusals[0].contains(words), "{refusals:?}");
    }
    bench.ask(&client, request(6, 1, 80, Keeps::State));
    for _ in 0..21 {
        tick(&mut bench);
    }
    assert!(client.refusals()[0].contains("no answer"));
    assert!(bench.desk.inspections.wanted().is_empty());
}
