use super::*;

fn incoming(limit: usize) -> Incoming {
    Incoming::new(Decoder::default(), limit)
}

#[test]
fn a_length_that_is_only_claimed_takes_no_memory() {
    let mut incoming = incoming(64 << 20);
    incoming.room().extend_from_slice(&(64_u32 << 20).to_be_bytes());
    for _ in 0..100 {
        incoming.room().extend_from_slice(b"x");
        assert!(matches!(incoming.next(), Ok(None)));
    }
    assert!(incoming.bytes.capacity() <= 2 * LEAST_ROOM, "{}", incoming.bytes.capacity());
}

#[test]
fn memory_of_a_large_frame_is_given_back() {
    let mut incoming = incoming(64 << 20);
    let n = 8 << 20;
    let head = [b"p\x83m", &u32::to_be_bytes(n)[..]].concat();
    incoming.room().extend_from_slice(&(n + head.len() as u32).to_be_bytes());
    incoming.room().extend_from_slice(&head);
    incoming.room().extend_from_slice(&vec![7; n as usize]);
    let Ok(Some(Frame::Message(Term::Binary(bytes), None))) = incoming.next() else { panic!("no binary") };
    assert_eq!(bytes.len(), n as usize);
    assert!(incoming.room().capacity() <= 2 * LEAST_ROOM, "{}", incoming.bytes.capacity());
}

#[test]
fn frames_come_one_after_the_other_however_they_are_cut() {
    let stream = [&[0, 0, 0, 0][..], b"\0\0\0\x05p\x83w\x01a", b"\0\0\0\x08p\x83w\x01b\x83a\x07", &[0; 4]].concat();
    for step in 1..stream.len() {
        let (mut incoming, mut kinds) = (incoming(100), String::new());
        for piece in stream.chunks(step) {
            incoming.room().extend_from_slice(piece);
            while let Some(frame) = incoming.next().unwrap() {
                kinds += match frame {
                    Frame::Tick => "t",
                    Frame::Message(_, None) => "m",
                    Frame::Message(_, Some(Ok(_))) => "p",
                    Frame::Message(_, Some(Err(_))) => "x",
                };
            }
        }
        assert_eq!(kinds, "tmpt", "in steps of {step}");
    }
}

#[test]
fn what_cannot_be_read_after_a_control_message_is_told_with_it() {
    let mut incoming = incoming(100);
    incoming.room().extend_from_slice(b"\0\0\0\x07p\x83w\x01b\x83P");
    assert!(matches!(incoming.next(), Ok(Some(Frame::Message(_, Some(Err(_)))))));
    incoming.room().extend_from_slice(b"\0\0\0\x65");
    assert_eq!(incoming.next().unwrap_err(), Ended::LargeFrame { length: 101, limit: 100 });
}
