use super::*;

#[test]
fn a_greeting_says_which_contract_and_who() {
    assert_eq!(greeting("n-7"), b"MIDAIR1\n\x03n-7");
    assert_eq!(GREETING[6], b'0' + u8::try_from(crate::CONTRACT).unwrap());
    let long = greeting(&"ä".repeat(200));
    assert_eq!((long.len(), usize::from(long[8])), (9 + 254, 254), "cut between letters");
}

#[test]
fn a_refusal_is_one_line_that_is_read_again() {
    assert_eq!(refused(&refusal("you are\na viewer", true)), Some(("you are a viewer".into(), true)));
    assert_eq!(refused(&refusal("later", false)), Some(("later".into(), false)));
    let long = refusal(&"x".repeat(1_000), true);
    assert_eq!((long.len(), long.last()), (NO_BYTES, Some(&b'\n')));
    assert_eq!(refused(b"HTTP/1.1 400 Bad Request\r\n"), None);
}
