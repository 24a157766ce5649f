//! Small recordings for the tests, and what they say.

use bytes::Bytes;
use midair_proto::v1::{
    Mark, RecordedClock, RecordedFocus, RecordedGap, RecordedInput, RecordedLink, RecordedLoss, RecordedMark,
    RecordedNode, RecordingHeader, RecordingOrder,
};
use midair_recording::{Body, Damage, Entry, Options, Piece, Reader, Writer};

/// When the samples begin, by both clocks.
pub(crate) const FIRST_US: u64 = 5_000_000;
pub(crate) const WALL_US: u64 = 1_700_000_000_000_000;
pub(crate) const FILE_ID: u64 = 0x0123_4567_89AB_CDEF;

/// An entry that a test writes: moment, standing, what.
pub(crate) type Said = (u64, bool, Body);

pub(crate) fn header() -> RecordingHeader {
    RecordingHeader {
        program: Some("midair 0.1.0".into()),
        author: Some("ann@laptop".into()),
        why: Some("a test".into()),
        wall_us: Some(WALL_US),
        order: Some(RecordingOrder::AsSeen.into()),
        nodes: vec![node("a"), node("b")],
        masked: vec!["arguments".into()],
    }
}

pub(crate) fn node(name: &str) -> RecordedNode {
    RecordedNode { node: Some(name.into()), name: Some(name.into()), link: Some(format!("{name}:7070")) }
}

pub(crate) fn envelope(link: &str, text: &str) -> Body {
    Body::Envelope { link: link.into(), bytes: Bytes::copy_from_slice(text.as_bytes()) }
}

pub(crate) fn mark(at_us: u64, text: &str) -> Body {
    let mark = Mark { text: Some(text.into()), ..Mark::default() };
    Body::Mark(RecordedMark { at_us: Some(at_us), node: Some("a".into()), mark: Some(mark) })
}

/// One entry of each kind, from a moment on.
pub(crate) fn each_kind(at_us: u64) -> Vec<Said> {
    let link = RecordedLink { address: Some("a:7070".into()), ..RecordedLink::default() };
    let clock = RecordedClock { offset_us: Some(-5), uncertainty_us: Some(9), ..RecordedClock::default() };
    let input = RecordedInput { key: Some("j".into()), ..RecordedInput::default() };
    let gap = RecordedGap { from_us: Some(1), why: Some("asleep".into()), ..RecordedGap::default() };
    let bodies = [
        envelope("a:7070", "one"),
        envelope("b:7070", "two"),
        Body::Link(link),
        Body::Clock(clock),
        Body::Tick,
        Body::Reset,
        Body::Input(input),
        Body::Gap(gap),
        Body::Loss(RecordedLoss { n_entries: Some(3), ..RecordedLoss::default() }),
        mark(at_us, "deployed"),
        Body::Focus(RecordedFocus { focus: Some("a/os/1".into()) }),
        Body::Unknown { kind: 99, bytes: Bytes::from_static(b"from the future") },
    ];
    bodies.into_iter().zip(0..).map(|(body, n)| (at_us + n * 1_000, false, body)).collect()
}

/// Blocks of a few entries: in each what stands, and then one chunk for each element.
pub(crate) fn blocks(n_blocks: u64) -> Vec<Vec<Vec<Said>>> {
    let block = |n: u64| {
        let at = FIRST_US + n * 60_000_000;
        let standing = (at - 7, true, envelope("a:7070", &format!("what stood before block {n}")));
        let key = (at, false, envelope("a:7070", &format!("key {n}")));
        let deltas = (1..4).map(|s| vec![(at + s * 1_000_000, false, envelope("a:7070", &format!("delta {n} {s}")))]);
        let mut chunks = vec![vec![standing, key], each_kind(at + 500_000)];
        chunks.extend(deltas);
        chunks
    };
    (0..n_blocks).map(block).collect()
}

/// Writes blocks; the file, and where each chunk and block ends.
pub(crate) fn write(blocks: &[Vec<Vec<Said>>], closes: bool) -> (Vec<u8>, Vec<usize>) {
    let mut writer = Writer::new(Vec::new(), &header(), FILE_ID, Options::default()).unwrap();
    let mut ends = Vec::new();
    for chunks in blocks {
        let first = chunks.iter().flatten().find(|said| !said.1).unwrap().0;
        assert!(writer.needs_block(first));
        writer.begin_block(first, WALL_US + first - FIRST_US, true).unwrap();
        for chunk in chunks {
            for (at_us, is_standing, body) in chunk {
                writer.push(*at_us, *is_standing, body).unwrap();
            }
            writer.flush_chunk().unwrap();
            ends.push(usize::try_from(writer.n_bytes()).unwrap());
        }
    }
    let bytes = if closes { writer.finish().unwrap() } else { writer.get_ref().clone() };
    (bytes, ends)
}

/// What a reader that begins at the first of these blocks tells, when nothing is wrong.
pub(crate) fn told(blocks: &[Vec<Vec<Said>>]) -> Vec<Said> {
    let all = blocks.iter().enumerate().flat_map(|(n, chunks)| chunks.iter().flatten().map(move |said| (n, said)));
    all.filter(|(n, said)| *n == 0 || !said.1).map(|(_, said)| said.clone()).collect()
}

pub(crate) fn said(entry: Entry) -> Said {
    (entry.at_us, entry.is_standing, entry.body)
}

/// What a reader tells from where it stands.
pub(crate) fn rest<R: std::io::Read + std::io::Seek>(reader: &mut Reader<R>) -> (Vec<Said>, Vec<Damage>) {
    let (mut entries, mut damage) = (Vec::new(), Vec::new());
    for piece in reader {
        match piece.unwrap() {
            Piece::Entry(entry) => entries.push(said(entry)),
            Piece::Damage(found) => damage.push(found),
        }
    }
    (entries, damage)
}
