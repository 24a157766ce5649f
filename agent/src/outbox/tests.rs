use tokio_stream::StreamExt;

use super::*;

fn numbered(seq: u64) -> Envelope {
    Envelope { seq: Some(seq), ..Envelope::default() }
}

#[tokio::test]
async fn words_go_before_samples_and_the_end_comes_after_what_waits() {
    let (mut outbox, mut outgoing) = outbox();
    assert_eq!(outbox.sample(numbered(2)), Reader::There);
    assert_eq!(outbox.answer(numbered(3)), Reader::There);
    assert_eq!(outbox.word(numbered(1)), Reader::There);
    drop(outbox);
    let mut seen = Vec::new();
    while let Some(envelope) = outgoing.next().await {
        seen.push(envelope.unwrap().seq.unwrap());
    }
    assert_eq!(seen, [1, 2, 3]);
}

#[test]
fn a_full_outbox_counts_what_it_loses() {
    let (mut outbox, outgoing) = outbox();
    for seq in 0..N_SAMPLES as u64 + 3 {
        assert_eq!(outbox.sample(numbered(seq)), Reader::There);
    }
    assert!(outbox.needs_key() && !outbox.has_room_for_key());
    assert_eq!(outbox.take_lost(), 3);
    assert!(!outbox.needs_key());
    drop(outgoing);
    assert_eq!(outbox.sample(numbered(9)), Reader::Gone);
}

#[test]
fn a_watcher_that_lets_words_pile_up_is_let_go() {
    let (outbox, _outgoing) = outbox();
    for n in 0..N_WORDS as u64 {
        assert_eq!(outbox.word(numbered(n)), Reader::There);
    }
    assert_eq!(outbox.word(numbered(0)), Reader::Gone);
}

#[test]
fn answers_beyond_the_bound_are_dropped_without_ending_the_watch() {
    let (outbox, _outgoing) = outbox();
    for n in 0..N_ANSWERS as u64 * 2 {
        assert_eq!(outbox.answer(numbered(n)), Reader::There);
    }
}
