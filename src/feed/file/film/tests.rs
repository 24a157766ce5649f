use midair_proto::v1::RecordingHeader;
use midair_recording::{Body, Options, Writer};

use super::*;

/// Three blocks of a minute: in each something stands, and then comes something.
fn three_blocks() -> (Vec<u8>, Vec<usize>) {
    let said = |node: &str| {
        let envelope = Envelope { node: Some(node.into()), ..Envelope::default() };
        Body::Envelope { link: "a".into(), bytes: envelope.encode_to_vec().into() }
    };
    let mut writer = Writer::new(Vec::new(), &RecordingHeader::default(), 7, Options::default()).unwrap();
    let mut chunks = Vec::new();
    for n in 1..=3 {
        let at_us = n * 60_000_000;
        writer.begin_block(at_us, at_us, true).unwrap();
        writer.push(at_us - 1, true, &said(&format!("stands {n}"))).unwrap();
        for s in [1, 30] {
            writer.push(at_us + s * 1_000_000, false, &said(&format!("{n} {s}"))).unwrap();
            chunks.push(usize::try_from(writer.n_bytes()).unwrap());
            writer.flush_chunk().unwrap();
        }
    }
    (writer.finish().unwrap(), chunks)
}

fn told(film: &mut Film) -> Vec<String> {
    let mut told = Vec::new();
    while let Some(entry) = film.next_until(Stamp(u64::MAX)).unwrap() {
        let Item::Envelope(_, envelope) = entry.item else { panic!("nothing else was said") };
        told.push(envelope.node().to_owned());
    }
    told
}

#[test]
fn after_damage_it_tells_what_stands_though_all_up_to_a_moment_before_was_known() {
    let (bytes, chunks) = three_blocks();
    let file = tempfile::NamedTempFile::new().unwrap();
    // The last chunk of the first block, and of the second.
    for (damaged, expected) in [
        (None, ["1 30", "2 1", "2 30", "3 1", "3 30"]),
        (Some(1), ["stands 2", "2 1", "2 30", "3 1", "3 30"]),
        (Some(3), ["1 30", "2 1", "stands 3", "3 1", "3 30"]),
    ] {
        let mut bytes = bytes.clone();
        if let Some(n) = damaged {
            bytes[chunks[n] + 22] ^= 1;
        }
        std::fs::write(file.path(), &bytes).unwrap();
        let mut film = Film::open(file.path()).unwrap();
        film.go_on_from(Stamp(61_000_000)).unwrap();
        assert_eq!(told(&mut film), expected);
        assert_eq!(film.take_damage().len(), usize::from(damaged.is_some()));
    }
}
