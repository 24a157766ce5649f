//! What is said of a process that does not answer.

use super::*;

#[test]
fn whose_fault_a_silence_is_is_said() {
    let said =
        |does_node_answer| Silence { last: None, lasts: Duration::from_millis(12_900), does_node_answer }.to_string();
    assert_eq!(said(true), "it has not answered for 12 s; it is inside a BIF or NIF that does not yield");
    assert_eq!(said(false), "neither it nor its node has answered for 12 s");
}
