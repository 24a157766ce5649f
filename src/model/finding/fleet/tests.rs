use super::*;
use crate::{
    event::{Event, Stamped},
    model::script::*,
};

/// Twenty nodes of role chat for some time, the first four of version 417; what each does is up to the caller.
fn fleet(change: impl Fn(usize, f64, &mut crate::event::Sample)) -> Vec<Stamped> {
    fleet_for(15, change)
}

fn fleet_for(n_seconds: u32, change: impl Fn(usize, f64, &mut crate::event::Sample)) -> Vec<Stamped> {
    let mut events = Vec::new();
    for n in 0..20 {
        let mut told = described(0.1, &format!("n{n:02}"));
        if let Event::Described(described) = &mut told.event {
            let version = if n < 4 { "417" } else { "416" };
            let rack = format!("r{}", n % 5);
            described.labels =
                vec![("role".into(), "chat".into()), ("version".into(), version.into()), ("rack".into(), rack.into())];
        }
        events.extend([up(0.0, &format!("n{n:02}")), told]);
    }
    for second in 1..=n_seconds {
        for n in 0..20 {
            let seconds = f64::from(second);
            events.push(sample_with(seconds, &format!("n{n:02}"), |sample| {
                // All work a little differently.
                sample.reading.cpu.user_us = Some((seconds * 1e4 * (50.0 + n as f64)) as u64);
                change(n, seconds, sample);
            }));
        }
    }
    events
}

fn said(events: &[Stamped]) -> Vec<String> {
    let model = told(events);
    let words = |parts: &[Part]| {
        let word = |part: &Part| match part {
            Part::Words(words) => (*words).to_owned(),
            Part::Name(name) => name.to_string(),
            Part::Count(n) => n.to_string(),
            Part::Cores(n) | Part::Number(n) => format!("{n:.1}"),
            Part::Growth(n, _) => format!("{:+.0}M", n / f64::from(1 << 20)),
            Part::Time(us) => format!("{} s", us / 1_000_000),
            other => format!("{other:?}"),
        };
        parts.iter().map(word).collect::<String>()
    };
    super::super::findings(&model, None, model.now).iter().map(|finding| words(&finding.parts)).collect()
}

#[test]
fn nodes_that_are_alike_are_no_findings() {
    assert_eq!(said(&fleet(|_, _, _| {})), [""; 0]);
}

#[test]
fn a_node_that_stands_out_of_its_peers_is_told_with_what_is_usual() {
    let busy = |n: usize, seconds: f64, sample: &mut crate::event::Sample| {
        if n == 7 {
            sample.reading.cpu.user_us = Some((seconds * 4e6) as u64);
        }
    };
    assert_eq!(said(&fleet(busy)), ["n07: 4.0 in use, the median of 20 of role chat is 0.6"]);
    let little = |n: usize, seconds: f64, sample: &mut crate::event::Sample| {
        if n == 7 {
            sample.reading.cpu.user_us = Some((seconds * 1.3e6) as u64);
        }
    };
    assert_eq!(said(&fleet(little)), [""; 0], "less than a CPU more than the others is no matter");
    let mut few = fleet(busy);
    few.retain(|event| !matches!(&event.event, Event::Sample(sample) if &*sample.node.0 > "n07"));
    assert_eq!(said(&few).len(), 1, "eight are enough");
    few.retain(|event| !matches!(&event.event, Event::Sample(sample) if &*sample.node.0 == "n00"));
    assert_eq!(said(&few), [""; 0], "seven do not say what is usual");
}

#[test]
fn what_several_have_in_common_is_named() {
    let leak = |n: usize, seconds: f64, sample: &mut crate::event::Sample| {
        // What comes and goes is more than what is lost in ten seconds.
        let wave = ((seconds / 1.6 + n as f64).sin() * 60.0 + 60.0) as u64;
        let leaked = if n < 4 { (seconds * 8.0) as u64 } else { 0 };
        sample.reading.mem_available_bytes = Some((900 - leaked - wave) << 20);
    };
    let all = said(&fleet_for(60, leak));
    let told = all.iter().find(|line| line.contains("memory grows")).unwrap();
    assert!(told.starts_with("4 nodes, n0") && told.ends_with(": just those of version 417"), "{told}");
    assert!(said(&fleet_for(25, leak)).iter().all(|line| !line.contains("memory grows")), "it is too early to say");
}

#[test]
fn nodes_that_fall_silent_together_are_one_finding_before_the_others() {
    let mut events = fleet(|_, _, _| {});
    events.extend([0, 5, 10, 15].map(|n| down(16.0, &format!("n{n:02}"))));
    let all = said(&events);
    assert_eq!(all[0], "4 of 20 nodes silent: just those of rack r0");
    assert_eq!(all.iter().filter(|line| line.contains(" silent for ")).count(), 4, "each is told as well");
    events.truncate(events.len() - 2);
    assert!(said(&events).iter().all(|line| !line.contains("nodes silent")), "two are two");
}

#[test]
fn a_clock_that_is_off_what_most_say_is_told() {
    let mut events = fleet(|_, _, _| {});
    let clock = |n: usize, offset_us| {
        let node = id(&format!("n{n:02}"));
        stamped(16.0, Event::Clock { node, offset_us, uncertainty_us: 1_000, is_step: false })
    };
    // This host's own clock is the one that is off.
    events.extend((0..20).map(|n| clock(n, -5_000_000 + 20 * n as i64)));
    assert_eq!(said(&events), [""; 0]);
    events.push(clock(3, 2_000_000));
    assert_eq!(said(&events), ["clock of n03 is 7 s ahead"]);
}

#[test]
fn the_same_trouble_on_many_nodes_is_said_once_before_each() {
    let storm = |n: usize, seconds: f64, sample: &mut crate::event::Sample| {
        if n < 4 {
            let depth = (seconds * 1e3) as u64 * (n as u64 + 1);
            let mut task = with_mailbox(task(7, seconds, 0.0, 0.0), depth);
            task.name = Some("fanout".into());
            sample.tasks = vec![task];
        }
    };
    let all = said(&fleet(storm));
    assert!(all[0].starts_with("4 nodes: just those of version 417; the worst: mailbox of fanout (7)"), "{all:?}");
    assert!(all[0].contains("on n03"), "{all:?}");
    assert_eq!(all.iter().filter(|line| line.starts_with("mailbox of fanout")).count(), 4);
}

#[test]
fn a_release_of_which_all_nodes_grow_is_told_within_seconds() {
    let leak = |n_of: usize, per_second: f64| {
        move |n: usize, seconds: f64, sample: &mut crate::event::Sample| {
            let wave = ((seconds / 1.6 + n as f64).sin() * 4.0 + 4.0) as u64;
            let leaked = if n < n_of { (seconds * per_second) as u64 } else { 0 };
            sample.reading.mem_available_bytes = Some((900 - leaked - wave) << 20);
        }
    };
    // A fifth is of the release: five of twenty-five are a group.
    let five = |mut events: Vec<Stamped>| {
        for event in &mut events {
            if let Event::Described(described) = &mut event.event
                && &*described.node.0 == "n04"
            {
                described.labels[1].1 = "417".into();
            }
        }
        events
    };
    let all = said(&five(fleet_for(14, leak(5, 20.0))));
    assert!(all[0].starts_with("5 nodes of version 417 grow: median +20M, of their peers "), "{all:?}");
    assert_eq!(said(&five(fleet_for(14, leak(5, 1.0)))), [""; 0], "a megabyte a second is no matter in itself");
    let some = said(&five(fleet_for(14, leak(3, 20.0))));
    assert!(some.iter().all(|line| !line.contains("version 417")), "three of them are not the release: {some:?}");
}
