//! Entries and damage by chance: what was written is read, and nothing panics or tells what nobody said.

use std::collections::HashSet;

use bytes::Bytes;
use midair_recording::{Body, Options, Writer, read_all};
use proptest::{collection::vec, prelude::*, sample::Index};

use crate::sample::{FILE_ID, WALL_US, blocks, header, said, write};

fn body() -> impl Strategy<Value = Body> {
    let bytes = vec(any::<u8>(), 0..300).prop_map(Bytes::from);
    prop_oneof![
        4 => ("[a-c]", bytes.clone()).prop_map(|(link, bytes)| Body::Envelope { link: link.into(), bytes }),
        1 => Just(Body::Tick),
        1 => Just(Body::Reset),
        1 => (12_u8..128, bytes).prop_map(|(kind, bytes)| Body::Unknown { kind, bytes }),
    ]
}

#[derive(Clone, Debug)]
enum Step {
    Push(u64, Body),
    Flush,
    Block(bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0_u64..4_000_000, body()).prop_map(|(after, body)| Step::Push(after, body)),
        2 => Just(Step::Flush),
        1 => any::<bool>().prop_map(Step::Block),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_written_is_read(steps in vec(step(), 0..120)) {
        let mut writer = Writer::new(Vec::new(), &header(), FILE_ID, Options::default()).unwrap();
        let (mut now, mut expected) = (0, Vec::new());
        for step in steps {
            match step {
                Step::Push(after, body) => {
                    now += after;
                    writer.push(now, false, &body).unwrap();
                    expected.push((now, false, body));
                }
                Step::Flush => writer.flush_chunk().unwrap(),
                Step::Block(is_keyed) => writer.begin_block(now, WALL_US, is_keyed).unwrap(),
            }
        }
        let (entries, damage) = read_all(&writer.finish().unwrap()).unwrap();
        prop_assert_eq!(entries.into_iter().map(said).collect::<Vec<_>>(), expected);
        prop_assert_eq!(damage, vec![]);
    }

    #[test]
    fn random_bytes_never_panic(bytes in vec(any::<u8>(), 0..2_000)) {
        if let Ok((entries, _)) = read_all(&bytes) {
            prop_assert!(entries.is_empty());
        }
    }

    #[test]
    fn a_mutated_file_tells_nothing_that_nobody_said(changes in vec(change(), 1..12)) {
        let blocks = blocks(3);
        let (mut bytes, _) = write(&blocks, true);
        for change in changes {
            change.apply(&mut bytes);
        }
        let true_ones: HashSet<String> = blocks.iter().flatten().flatten().map(|s| format!("{s:?}")).collect();
        if let Ok((entries, _)) = read_all(&bytes) {
            for entry in entries {
                let told = format!("{:?}", said(entry));
                prop_assert!(true_ones.contains(&told), "nobody said {}", told);
            }
        }
    }
}

/// What a fuzzer does to a file.
#[derive(Clone, Debug)]
enum Change {
    Set(Index, u8),
    Remove(Index, usize),
    Insert(Index, Vec<u8>),
    /// A part is repeated elsewhere.
    Copy(Index, Index, usize),
    Cut(Index),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        6 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        2 => (any::<Index>(), 1..200_usize).prop_map(|(at, n)| Change::Remove(at, n)),
        2 => (any::<Index>(), vec(any::<u8>(), 1..100)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        2 => (any::<Index>(), any::<Index>(), 1..600_usize).prop_map(|(from, to, n)| Change::Copy(from, to, n)),
        1 => any::<Index>().prop_map(Change::Cut),
    ]
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        match self {
            Self::Set(at, byte) => *at.get_mut(bytes) = *byte,
            Self::Remove(at, n) => {
                let at = at.index(bytes.len());
                bytes.drain(at..(at + n).min(bytes.len()));
            }
            Self::Insert(at, more) => {
                let at = at.index(bytes.len());
                bytes.splice(at..at, more.iter().copied());
            }
            Self::Copy(from, to, n) => {
                let from = from.index(bytes.len());
                let part = bytes[from..(from + n).min(bytes.len())].to_vec();
                let to = to.index(bytes.len());
                bytes.splice(to..to, part);
            }
            Self::Cut(at) => bytes.truncate(at.index(bytes.len())),
        }
    }
}
