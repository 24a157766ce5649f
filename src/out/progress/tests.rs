use super::*;

#[test]
fn what_is_left_is_reckoned_from_what_was_done() {
    let line = |done_s: u64, took_s: u64| {
        let (from, to) = (Stamp(7_000_000), Stamp(407_000_000));
        Line { at: Stamp(7_000_000 + done_s * 1_000_000), range: (from, to), took_us: took_s * 1_000_000 }.to_string()
    };
    assert_eq!(line(100, 2), "25 %, 50 times as fast as time, 6s left");
    assert_eq!(line(400, 8), "100 %, 50 times as fast as time, 0s left");
    assert_eq!(line(500, 8), "100 %, 50 times as fast as time, 0s left");
    assert_eq!(line(0, 0), "reads what comes before");
}
