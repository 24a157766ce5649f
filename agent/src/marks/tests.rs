use super::*;

fn ask(marks: &mut Marks, text: &str, at_s: u64) -> Result<Mark, String> {
    let request = MarkRequest { text: Some(text.into()), ..MarkRequest::default() };
    marks.take(request, "ann", at_s * 1_000_000, 77)
}

#[test]
fn one_mark_a_second_is_taken() {
    let mut marks = Marks::default();
    let mark = ask(&mut marks, "deploy", 1).unwrap();
    assert_eq!((mark.author.as_deref(), mark.wall_us, mark.automatic), (Some("ann"), Some(77), Some(false)));
    assert!(ask(&mut marks, "again", 1).unwrap_err().contains("one mark a second"));
    assert!(ask(&mut marks, "again", 2).is_ok());
    assert_eq!(marks.kept().count(), 2);
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
