use super::{
    super::tests::{Known, described, fleet, sample, severities},
    *,
};
use crate::wire::Carries;

fn desk() -> Desk {
    let config = midair_agent::Config { node: Some("hub".into()), ..midair_agent::Config::default() };
    let identity = Identity::told(&config, "hub", "boot".into(), "instance".into());
    let (asks, _) = mpsc::channel(1);
    Desk::new(&Shared::new(Arc::new(identity), Clock::system(), midair_agent::Clock::scripted(1), asks), None)
}

fn join(desk: &mut Desk, viewer: u64) -> mpsc::Receiver<Result<v1::Envelope, Status>> {
    let (out, events) = mpsc::channel(EVENTS_MAX);
    desk.answer(Ask::Fleet { viewer, out });
    events
}

fn change(desk: &mut Desk, n: u64) {
    desk.rows.fold(&sample("a", (1, n, n == 1), severities(n as u32 % 2 * 500, 1), n * 1_000_000));
    desk.tick(Stamp(n * 1_000_000));
}

/// Everything that waits for a viewer.
fn all(events: &mut mpsc::Receiver<Result<v1::Envelope, Status>>) -> Vec<v1::Envelope> {
    std::iter::from_fn(|| events.try_recv().ok()).map(Result::unwrap).collect()
}

#[tokio::test]
async fn a_viewer_that_does_not_read_is_told_what_it_lost_and_disturbs_nobody() {
    let mut desk = desk();
    desk.rows.fold(&described("a", 1, &[], 0));
    let (mut reads, mut sleeps) = (join(&mut desk, 1), join(&mut desk, 2));
    let mut seqs = Vec::new();
    for n in 1..=40 {
        change(&mut desk, n);
        seqs.extend(all(&mut reads).iter().map(|envelope| (envelope.seq, envelope.key)));
    }
    let expected = std::iter::once((Some(0), Some(true))).chain((1..=40).map(|n| (Some(n), Some(false))));
    assert!(seqs.into_iter().eq(expected), "who reads hears every batch");
    let waited = all(&mut sleeps);
    assert_eq!(waited.len(), EVENTS_MAX);
    change(&mut desk, 41);
    let [lost, key] = &all(&mut sleeps)[..] else { panic!("a word and a key") };
    assert_eq!(lost.kind(), Some(Kind::Lost(v1::Lost { n_samples: Some(41 - (EVENTS_MAX as u64 - 1)) })));
    assert_eq!((key.seq, key.key), (Some(41), Some(true)));
    // The batch after the key goes on from it.
    let mut known = Known::of_key(&[key.payload.clone().unwrap()]);
    change(&mut desk, 42);
    let [batch] = &all(&mut sleeps)[..] else { panic!("a batch") };
    assert_eq!(batch.seq, Some(42));
    known.take(fleet(batch.payload.as_ref().unwrap()));
    let [told] = &all(&mut join(&mut desk, 3))[..] else { panic!("a key") };
    assert_eq!(Known::of_key(&[told.payload.clone().unwrap()]).values, known.values);
}

#[tokio::test]
async fn one_encoding_serves_all_viewers() {
    let mut desk = desk();
    desk.rows.fold(&described("a", 1, &[], 0));
    let mut viewers = [join(&mut desk, 1), join(&mut desk, 2)];
    change(&mut desk, 1);
    let told = viewers.each_mut().map(all);
    let pointer = |n: usize, event: usize| told[n][event].payload.as_ref().map(|bytes| bytes.as_ptr());
    assert_eq!(told[0].len(), 2);
    assert_eq!((pointer(0, 0), pointer(0, 1)), (pointer(1, 0), pointer(1, 1)));
}

#[tokio::test]
async fn a_node_that_is_not_reached_has_a_past_all_the_same() {
    let mut desk = desk();
    desk.rows.fold(&described("a", 1, &[], 0));
    for n in 1..=60 {
        change(&mut desk, n);
    }
    desk.rows.fold(&super::super::tests::down("a", 61_000_000));
    assert_eq!(desk.reach("a").unwrap_err(), "closed");
    assert!(desk.reach("b").unwrap_err().contains("no node b"));
    let told = desk.past("a", (0, u64::MAX));
    assert_eq!(told.len(), 6);
    assert!(told.iter().all(|envelope| Carries::of(envelope) == Carries::Rollup));
    assert_eq!(told[5].wall_us, Some(60_000_000));
}
