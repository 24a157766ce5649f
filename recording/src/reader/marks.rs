//! The marks of a recording that has no index: looked for in the blocks whose chunks say that they hold one.

use std::io::{self, Read, Seek};

use midair_proto::v1::{Envelope, Payload, RecordedMark, payload};
use prost::Message;

use crate::entry::{Body, Entry};

use super::{
    Piece,
    blocks::Block,
    position::{Position, Whole},
    records::Records,
};

/// A payload that is a mark begins so: field 8, length-delimited. Samples are not decoded to see that they are none.
const MARK_TAG: u8 = 8 << 3 | 2;

/// The marks, in order.
pub(super) fn find<R: Read + Seek>(
    records: &mut Records<R>,
    whole: &mut Whole,
    blocks: &[Block],
) -> io::Result<Vec<RecordedMark>> {
    let mut marks = Vec::new();
    for (n, block) in blocks.iter().enumerate().filter(|(_, block)| block.holds_mark) {
        let end = blocks.get(n + 1).map_or(u64::MAX, |next| next.n_before);
        let mut position = Position::at(block.offset);
        let mut n_read = block.n_before;
        while n_read < end {
            match position.step(records, whole)? {
                Some(Piece::Entry(entry)) if entry.is_standing => {}
                Some(Piece::Entry(entry)) => {
                    n_read += 1;
                    marks.extend(mark(entry));
                }
                Some(Piece::Damage(_)) | None => break,
            }
        }
    }
    Ok(marks)
}

fn mark(entry: Entry) -> Option<RecordedMark> {
    match entry.body {
        Body::Mark(mark) => Some(mark),
        Body::Envelope { bytes, .. } => {
            let envelope = Envelope::decode(bytes).ok()?;
            let payload = envelope.payload.filter(|payload| payload.first() == Some(&MARK_TAG))?;
            let Some(payload::Kind::Mark(mark)) = Payload::decode(payload).ok()?.kind else { return None };
            Some(RecordedMark { at_us: Some(entry.at_us), node: envelope.node, mark: Some(mark) })
        }
        _ => None,
    }
}
