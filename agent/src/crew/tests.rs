use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::oneshot;

use super::*;
use crate::{outbox::outbox, reading::Reading};

/// Says how often it was read.
struct Counted(Arc<AtomicU64>);

impl Source for Counted {
    fn read(&mut self, _: &Wants, into: &mut Reading) {
        let n = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        into.node.mem_total_bytes = Some(n);
    }
}

fn crew(n: usize) -> (Crew, Vec<Door>, Vec<Arc<AtomicU64>>) {
    let mut crew = Crew::new(Duration::from_secs(1));
    let (mut doors, mut reads) = (Vec::new(), Vec::new());
    for number in 0..n {
        let (config, count) = (Config { budget_milli: None, ..Config::default() }, Arc::new(AtomicU64::new(0)));
        let identity = Identity::told(&config, &format!("node-{number}"), "boot".into(), "instance".into());
        doors.push(crew.add(
            &config,
            identity,
            Clock::scripted(1_000_000),
            vec![Box::new(Counted(Arc::clone(&count)))],
        ));
        reads.push(count);
    }
    (crew, doors, reads)
}

fn counts(reads: &[Arc<AtomicU64>]) -> Vec<u64> {
    reads.iter().map(|n| n.load(Ordering::Relaxed)).collect()
}

#[test]
fn only_who_is_watched_is_read() {
    let (mut crew, _doors, reads) = crew(3);
    let clock = Clock::scripted(1_000_000);
    crew.clock = clock.clone();
    crew.spread();
    let (outbox, _outgoing) = outbox();
    let join = Command::Join {
        id: crate::desk::WatcherId(0),
        outbox,
        viewer: String::new(),
        access: crate::access::Access::Local,
    };
    crew.handle(1, join);
    assert_eq!(counts(&reads), [0, 1, 0], "who comes is told how things are now");
    for _ in 0..5 {
        clock.forward(1_000_000);
        while crew.read_due() {}
    }
    assert_eq!(counts(&reads), [0, 6, 0]);
}

#[test]
fn moments_lie_over_the_whole_interval_and_missed_ones_are_left_out() {
    let (mut crew, _doors, reads) = crew(4);
    let clock = Clock::scripted(1_000_000);
    crew.clock = clock.clone();
    crew.spread();
    let moments: Vec<u64> = crew.due.iter().map(|(at_us, _)| *at_us).collect();
    assert_eq!(moments, [1_000_000, 1_250_000, 1_500_000, 1_750_000]);
    let mut kept = Vec::new();
    for number in 0..4 {
        let (outbox, outgoing) = outbox();
        kept.push(outgoing);
        let id = crate::desk::WatcherId(0);
        crew.handle(number, Command::Join { id, outbox, viewer: String::new(), access: crate::access::Access::Local });
    }
    clock.forward(10_000_000);
    while crew.read_due() {}
    assert_eq!(counts(&reads), [2, 2, 2, 2], "one reading at the arrival, one for the ten moments that were missed");
}

#[tokio::test]
async fn each_door_leads_to_its_own_desk() {
    let (crew, doors, _reads) = crew(2);
    let running = tokio::spawn(crew.run());
    for (number, door) in doors.iter().enumerate() {
        let (reply, answer) = oneshot::channel();
        door.send(Command::Describe { reply, is_insecure: true }).await.expect("the crew runs");
        let described = answer.await.expect("it answers");
        assert_eq!(described.node.as_deref(), Some(format!("node-{number}").as_str()));
        assert_eq!(described.mem_total_bytes, Some(1), "it was read to say so");
    }
    running.abort();
}
