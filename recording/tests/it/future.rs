//! Files of versions to come.

use midair_recording::{Body, read_all};

use crate::sample::{blocks, said, told, write};

const HEADER: usize = 28;
const BLOCK: usize = 56;

fn block_offsets(bytes: &[u8]) -> Vec<usize> {
    (0..bytes.len() - 8).filter(|n| bytes[*n..].starts_with(b"\xF1midblk\n")).collect()
}

/// The file with another version in its header and its blocks, and all checksums right.
fn of_version(bytes: &[u8], major: u8, minor: u8) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    let starts = block_offsets(bytes);
    changed[8..10].copy_from_slice(&[major, minor]);
    let mut crc = crc32fast::Hasher::new();
    crc.update(&changed[..24]);
    crc.update(&changed[HEADER..starts[0]]);
    changed[24..28].copy_from_slice(&crc.finalize().to_le_bytes());
    for start in starts {
        changed[start + 8..start + 10].copy_from_slice(&[major, minor]);
        let crc = crc32fast::hash(&changed[start..start + 52]);
        changed[start + 52..start + BLOCK].copy_from_slice(&crc.to_le_bytes());
        // The chain of the chunks begins with that.
        let mut chain = crc;
        let mut at = start + BLOCK;
        while changed.get(at) == Some(&0xC5) {
            let mut check = crc32fast::Hasher::new();
            check.update(&chain.to_le_bytes());
            check.update(&changed[at..at + 16]);
            chain = u32::from_le_bytes(changed[at + 12..at + 16].try_into().unwrap());
            changed[at + 16..at + 20].copy_from_slice(&check.finalize().to_le_bytes());
            at += 20 + u32::from_le_bytes(changed[at + 4..at + 8].try_into().unwrap()) as usize;
        }
    }
    changed
}

#[test]
fn a_newer_minor_version_is_read() {
    let blocks = blocks(2);
    let (bytes, _) = write(&blocks, true);
    let (entries, damage) = read_all(&of_version(&bytes, 1, 7)).unwrap();
    assert_eq!(entries.into_iter().map(said).collect::<Vec<_>>(), told(&blocks));
    assert_eq!(damage, []);
}

#[test]
fn a_newer_major_version_is_refused_in_words() {
    let (bytes, _) = write(&blocks(2), true);
    let newer = of_version(&bytes, 2, 0);
    let words = read_all(&newer).unwrap_err().to_string();
    assert!(words.contains("version 2") && words.contains("take a newer midair"), "{words}");
    let mut damaged = newer;
    damaged[0] = 0;
    assert_eq!(read_all(&damaged).unwrap_err().to_string(), words, "its blocks say so, too");
}

#[test]
fn what_is_no_recording_is_refused_in_words() {
    for bytes in [&b""[..], b"\x7FELF", b"\x89midair\n", &[0; 100_000]] {
        let words = read_all(bytes).unwrap_err().to_string();
        assert!(words.contains("no midair recording"), "{words}");
    }
}

#[test]
fn a_record_of_a_kind_to_come_is_passed_over() {
    let blocks = blocks(2);
    let (bytes, ends) = write(&blocks, false);
    let body = b"a dictionary, perhaps";
    let mut record = vec![0xE7, 0, 0, 0];
    record.extend(u32::try_from(body.len()).unwrap().to_le_bytes());
    record.extend([0; 4]);
    record.extend(crc32fast::hash(body).to_le_bytes());
    let mut check = crc32fast::Hasher::new();
    check.update(&[0; 4]);
    check.update(&record);
    record.extend(check.finalize().to_le_bytes());
    record.extend(body);
    for at in [ends[1], ends[4]] {
        let with = [&bytes[..at], &record, &bytes[at..]].concat();
        let (entries, damage) = read_all(&with).unwrap();
        assert_eq!(entries.into_iter().map(said).collect::<Vec<_>>(), told(&blocks), "at {at}");
        assert_eq!(damage, [], "at {at}");
    }
}

#[test]
fn an_entry_of_a_kind_to_come_is_kept() {
    let (bytes, _) = write(&blocks(1), true);
    let (entries, _) = read_all(&bytes).unwrap();
    let unknown = |body: &Body| matches!(body, Body::Unknown { kind: 99, bytes } if &bytes[..] == b"from the future");
    assert_eq!(entries.iter().filter(|entry| unknown(&entry.body)).count(), 1);
}
