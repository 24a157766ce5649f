//! What an earlier run of an agent left in its black box: its marks, what it said of itself last, and how it ended.

use std::{fs::File, io::BufReader};

use midair_proto::v1::{Description, Envelope, Payload, RecordedMark, payload::Kind};
use prost::Message;

use super::{
    Ring,
    segment::{Place, Segment},
};
use crate::{
    entry::Body,
    reader::{Piece, Reader},
};

/// What an earlier run left.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Before {
    /// Its marks, in order.
    pub marks: Vec<RecordedMark>,
    /// Who it said it was, last.
    pub description: Option<Description>,
    /// Wall time of the last that it kept, microseconds.
    pub last_wall_us: u64,
    /// True where it ended well; one that was killed or crashed leaves its last file open.
    pub ended_well: bool,
}

impl Ring {
    /// What an earlier run left, with its marks about what was at a wall time or later; `None` where there was none. To
    /// be asked before anything is written. What cannot be read is passed over.
    pub fn before(&self, since_wall_us: u64) -> Option<Before> {
        let last = self.closed.back()?;
        let mut before = Before { last_wall_us: last.last_wall_us, ..Before::default() };
        for segment in self.closed.iter().filter(|segment| segment.last_wall_us >= since_wall_us) {
            let Some(mut reader) = reader(segment) else { continue };
            // A file that is damaged may have lost its marks; the others have theirs.
            before.marks.extend(reader.marks().unwrap_or_default());
        }
        let about = |mark: &RecordedMark| mark.mark.as_ref().and_then(|mark| mark.wall_us);
        before.marks.retain(|mark| about(mark).is_some_and(|wall_us| wall_us >= since_wall_us));
        before.marks.sort_by_key(about);
        if let Some(mut reader) = reader(last) {
            before.ended_well = reader.is_closed();
            before.description = last_description(&mut reader);
        }
        Some(before)
    }
}

fn reader(segment: &Segment) -> Option<Reader<BufReader<File>>> {
    let Place::File(path) = &segment.place else { return None };
    // One that cannot be opened is read by nobody else, either.
    Reader::open(BufReader::new(File::open(path).ok()?)).ok()
}

/// Each block begins with what was said last: those after the start of the last one are read.
fn last_description(reader: &mut Reader<BufReader<File>>) -> Option<Description> {
    let last_us = reader.blocks().last()?.first_us;
    // Where it cannot be read, nothing is known.
    reader.seek(last_us).ok()?;
    let mut last = None;
    for piece in reader {
        let Ok(piece) = piece else { break };
        let Piece::Entry(entry) = piece else { continue };
        let Body::Envelope { bytes, .. } = entry.body else { continue };
        last = described(bytes).or(last);
    }
    last
}

fn described(bytes: bytes::Bytes) -> Option<Description> {
    /// A payload that is a description begins so; samples are not decoded to see that they are none.
    const TAG: u8 = 1 << 3 | 2;
    let payload = Envelope::decode(bytes).ok()?.payload.filter(|payload| payload.first() == Some(&TAG))?;
    match Payload::decode(payload).ok()?.kind? {
        Kind::Described(description) => Some(description),
        _ => None,
    }
}
