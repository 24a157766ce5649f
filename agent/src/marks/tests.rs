use super::*;

fn ask(marks: &mut Marks, text: &str, at_s: u64) -> Result<Mark, String> {
    put(marks, text, at_s * 1_000_000, &mut None)
}

/// A mark of somebody who made the last one at a moment.
fn put(marks: &mut Marks, text: &str, at_us: u64, last_us: &mut Option<u64>) -> Result<Mark, String> {
    let request = MarkRequest { text: Some(text.into()), ..MarkRequest::default() };
    marks.take(request, ("ann", last_us), at_us, 77)
}

#[test]
fn one_mark_a_second_is_taken_of_each() {
    let mut marks = Marks::default();
    let (mut ann, mut bob) = (None, None);
    let mark = put(&mut marks, "deploy", 1_000_000, &mut ann).unwrap();
    assert_eq!((mark.author.as_deref(), mark.wall_us, mark.automatic), (Some("ann"), Some(77), Some(false)));
    assert!(put(&mut marks, "again", 1_999_999, &mut ann).unwrap_err().contains("one mark a second"));
    assert!(put(&mut marks, "me too", 1_000_001, &mut bob).is_ok(), "one hand does not hold another's");
    assert!(put(&mut marks, "again", 2_000_000, &mut ann).is_ok());
    assert_eq!(marks.kept().count(), 3);
}

#[test]
fn a_crowd_puts_eight_marks_a_second_together() {
    let mut marks = Marks::default();
    let taken = (0..50).filter(|n| put(&mut marks, "x", 1_000_000 + n, &mut None).is_ok()).count();
    assert_eq!(taken, N_TOGETHER);
    let mut last_us = None;
    let refused = put(&mut marks, "mine", 1_500_000, &mut last_us).unwrap_err();
    assert!(refused.contains("others") && last_us.is_none(), "{refused}");
    assert!(put(&mut marks, "mine", 2_000_000, &mut last_us).is_ok());
}

#[test]
fn five_hundred_bytes_are_the_most() {
    let mut marks = Marks::default();
    assert!(ask(&mut marks, &"x".repeat(501), 1).unwrap_err().contains("501"));
    assert!(ask(&mut marks, "", 1).is_err());
    assert!(ask(&mut marks, &"x".repeat(500), 1).is_ok());
}

#[test]
fn the_last_256_are_kept() {
    let mut marks = Marks::default();
    for n in 0..300 {
        ask(&mut marks, &n.to_string(), n).unwrap();
    }
    assert_eq!(marks.kept().count(), N_MARKS);
    assert_eq!(marks.kept().next().unwrap().text.as_deref(), Some("44"));
}
