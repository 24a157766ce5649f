use midair_proto::v1::{Envelope, RecordingHeader};
use midair_recording::{Body, Options, Writer};
use prost::Message as _;

use crate::cli::Info;

/// Three blocks of a minute, in which these nodes say something at the first and the thirtieth second; where a chunk ends.
fn three_blocks(nodes: &[&str]) -> (Vec<u8>, Vec<usize>) {
    let mut writer = Writer::new(Vec::new(), &RecordingHeader::default(), 7, Options::default()).unwrap();
    let mut chunks = Vec::new();
    for minute in 1..=3 {
        let at_us = minute * 60_000_000;
        writer.begin_block(at_us, at_us, true).unwrap();
        for second in [1, 30] {
            for node in nodes {
                let envelope = Envelope { node: Some((*node).into()), ..Envelope::default() };
                let said = Body::Envelope { link: "a".into(), bytes: envelope.encode_to_vec().into() };
                writer.push(at_us + second * 1_000_000, false, &said).unwrap();
            }
            chunks.push(usize::try_from(writer.n_bytes()).unwrap());
            writer.flush_chunk().unwrap();
        }
    }
    (writer.finish().unwrap(), chunks)
}

/// What `midair info` says of damage.
fn damage(bytes: &[u8]) -> Vec<String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let info = Info::read(file.path()).unwrap().to_string();
    info.lines().filter_map(|line| line.strip_prefix("damage    ")).map(str::to_owned).collect()
}

#[test]
fn damage_is_told_by_the_time_that_it_took_and_of_whom() {
    for (nodes, of) in [(&["n1"][..], "of n1"), (&["n1", "n2"][..], "of all nodes")] {
        let (bytes, chunks) = three_blocks(nodes);
        assert_eq!(damage(&bytes), [""; 0]);
        // The second chunk of a block is lost: up to the next there is nothing.
        let mut torn = bytes.clone();
        torn[chunks[1] + 22] ^= 1;
        let told = damage(&torn);
        let words =
            format!("1970-01-01T00:01:01Z to 1970-01-01T00:02:01Z is lost (60 s), {of}: a chunk is damaged at byte");
        assert!(told.len() == 1 && told[0].starts_with(&words), "{told:?}");
        // The first: the rest of its block goes with it.
        let mut torn = bytes.clone();
        torn[chunks[2] + 22] ^= 1;
        let told = damage(&torn);
        let words = format!("1970-01-01T00:01:30Z to 1970-01-01T00:03:01Z is lost (91 s), {of}: ");
        assert!(told.len() == 1 && told[0].starts_with(&words), "{told:?}");
        // An end that was torn off.
        let told = damage(&bytes[..chunks[5] + 10]);
        let words = format!("what came after 1970-01-01T00:03:01Z is lost, {of}: the file ends");
        assert!(told.len() == 1 && told[0].starts_with(&words), "{told:?}");
    }
}
