use super::*;
use crate::{
    event::Stamped,
    model::{finding::Topic, script::*},
};

/// Node `a` for so long, with memory that is short between two moments, and a tick with each sample.
fn short_of_memory(n_seconds: u32, (from, to): (u32, u32)) -> Vec<Stamped> {
    let sample = |second: u32| {
        let is_short = (from..to).contains(&second);
        let one = sample_with(second.into(), "a", |sample| {
            sample.reading.mem_available_bytes = Some(if is_short { 20 << 20 } else { 500 << 20 });
        });
        [one, tick(f64::from(second) + 0.1)]
    };
    (1..=n_seconds).flat_map(sample).collect()
}

fn looked(events: &[Stamped]) -> Model {
    let mut model = Model::default();
    for event in events {
        model.apply(event);
        model.look_for_findings();
    }
    model
}

fn ended(n_seconds: u32, short: (u32, u32)) -> Vec<Topic> {
    let model = looked(&short_of_memory(n_seconds, short));
    model.found.ended(None, model.now).into_iter().map(|finding| finding.subject.topic).collect()
}

#[test]
fn what_has_ended_is_told_for_a_while() {
    assert_eq!(ended(10, (5, 20)), [], "it goes on");
    assert_eq!(ended(22, (5, 20)), [Topic::Mem]);
    let model = looked(&short_of_memory(24, (5, 20)));
    let first = &model.found.ended(None, model.now)[0];
    assert_eq!(first.parts[..3], [Part::Words("ended "), Part::Time(4_100_000), Part::Words(" ago: ")]);
    assert_eq!(ended(40, (5, 20)), [], "long ago");
    assert_eq!(ended(22, (18, 20)), [], "what was there for a moment has not ended");
}

#[test]
fn who_is_worst_is_worth_a_closer_look_and_stays_so_for_a_while() {
    let suspects = |n_seconds| {
        let model = looked(&short_of_memory(n_seconds, (5, 8)));
        model.found.suspects().cloned().collect::<Vec<_>>()
    };
    assert_eq!(suspects(3), []);
    assert_eq!(suspects(6), [id("a")]);
    assert_eq!(suspects(20), [id("a")]);
    assert_eq!(suspects(60), []);
}
