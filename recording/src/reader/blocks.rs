//! Where the blocks are: from the index at the end of a file, or from a look at every head.

use std::io::{self, Read, Seek};

use midair_proto::v1::{RecordedMark, RecordedNode, RecordedRollup, RecordingBlock, RecordingIndex};
use prost::Message;

use crate::layout::{
    BLOCK_HEAD, BlockHead, HOLDS_MARK, MAJOR, MESSAGE_MAX, RECORD_HEAD, RecordHead, TAG_INDEX, TAG_TRAILER, TRAILER,
};

use super::records::{Found, Record, Records};

/// A block of a recording: a part of at most a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Where it begins, in bytes from the start of the file.
    pub offset: u64,
    /// From 0.
    pub number: u32,
    /// The moment at which it begins, microseconds on the recording's clock.
    pub first_us: u64,
    /// The moment of its last entry; up to a millisecond early where the index had to be made anew.
    pub last_us: u64,
    /// Wall time at its beginning, microseconds since 1970.
    pub wall_us: u64,
    /// Entries in it, without those that repeat what was said before.
    pub n_entries: u64,
    /// Entries in the file before it.
    pub n_before: u64,
    /// True when it can be read without those before it.
    pub is_keyed: bool,
    /// True when it may hold marks.
    pub(super) holds_mark: bool,
}

impl Block {
    fn of(offset: u64, head: &BlockHead) -> Self {
        Self {
            offset,
            number: head.number,
            first_us: head.first_us,
            last_us: head.first_us,
            wall_us: head.wall_us,
            n_entries: 0,
            n_before: head.n_before,
            is_keyed: head.is_keyed,
            holds_mark: false,
        }
    }

    fn listed(block: &RecordingBlock) -> Self {
        Self {
            offset: block.offset(),
            number: block.number(),
            first_us: block.first_us(),
            last_us: block.last_us(),
            wall_us: block.wall_us(),
            n_entries: block.n_entries(),
            n_before: block.n_before(),
            is_keyed: block.keyed(),
            holds_mark: false,
        }
    }
}

/// What the end of a file says.
#[derive(Debug)]
pub(super) enum End {
    /// An index.
    Indexed(Index),
    /// There is none: the file was not closed.
    Open,
    /// There is one, and it is not of this file, or damaged.
    Wrong,
}

/// An index that was read and is in order.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) blocks: Vec<Block>,
    pub(super) marks: Vec<RecordedMark>,
    pub(super) nodes: Vec<RecordedNode>,
    pub(super) rollups: Vec<RecordedRollup>,
    pub(super) n_entries: u64,
}

/// Reads the index by the trailer at the end of the file.
pub(super) fn index<R: Read + Seek>(records: &mut Records<R>, file_id: Option<u64>) -> io::Result<End> {
    let Some(at) = records.length()?.checked_sub(TRAILER as u64) else { return Ok(End::Open) };
    let mut bytes = [0; TRAILER];
    let n = records.fill(at, &mut bytes)?;
    let trailer = RecordHead::decode(&bytes[..n], 0).filter(|head| head.tag == TAG_TRAILER);
    let Some(trailer) = trailer else { return Ok(End::Open) };
    let body = &bytes[RECORD_HEAD..];
    let (offset, id) = body.split_at(8);
    let (Ok(offset), Ok(id)) = (<[u8; 8]>::try_from(offset), <[u8; 8]>::try_from(id)) else { return Ok(End::Wrong) };
    let (offset, id) = (u64::from_le_bytes(offset), u64::from_le_bytes(id));
    if crc32fast::hash(body) != trailer.crc || file_id.is_some_and(|known| known != id) || offset >= at {
        return Ok(End::Wrong);
    }
    let Record::Other(head) = records.record(offset, 0)? else { return Ok(End::Wrong) };
    let body = records.body(offset, &head, MESSAGE_MAX)?.filter(|body| crc32fast::hash(body) == head.crc);
    let index = body.filter(|_| head.tag == TAG_INDEX).and_then(|body| RecordingIndex::decode(body.as_slice()).ok());
    let Some(index) = index else { return Ok(End::Wrong) };
    let blocks: Vec<Block> = index.blocks.iter().map(Block::listed).collect();
    let rises = |a: &Block, b: &Block| a.offset < b.offset && a.first_us <= b.first_us && a.number < b.number;
    let is_in_order = blocks.is_sorted_by(rises) && blocks.last().is_none_or(|last| last.offset < offset);
    if !is_in_order {
        return Ok(End::Wrong);
    }
    let n_entries = index.n_entries();
    let RecordingIndex { marks, nodes, rollups, .. } = index;
    Ok(End::Indexed(Index { blocks, marks, nodes, rollups, n_entries }))
}

/// A walk over the heads of a file, chunk by chunk; it goes on where it stopped when the file has grown.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    at: u64,
    chain: Option<u32>,
}

impl Walk {
    /// Begins where the first block should be.
    pub(super) fn from(at: u64) -> Self {
        Self { at, chain: None }
    }

    /// Adds the blocks up to the end of the file; true where it passed a trailer: the file was closed since. Bodies are
    /// passed over, so their damage is not seen.
    pub(super) fn go_on<R: Read + Seek>(
        &mut self,
        records: &mut Records<R>,
        file_id: Option<u64>,
        blocks: &mut Vec<Block>,
    ) -> io::Result<bool> {
        let length = records.length()?;
        let mut is_closed = false;
        loop {
            match (records.record(self.at, self.chain.unwrap_or(0))?, self.chain) {
                (Record::End | Record::Torn, _) => return Ok(is_closed),
                (Record::Block(head), _) if is_ours(&head, file_id) => {
                    // What goes back in time cannot be listed, and no midair writes it.
                    let follows = |last: &Block| last.first_us <= head.first_us && last.number < head.number;
                    self.chain = blocks.last().is_none_or(follows).then_some(head.crc);
                    if self.chain.is_some() {
                        blocks.push(Block::of(self.at, &head));
                    }
                    self.at += BLOCK_HEAD as u64;
                }
                (Record::Chunk(head), Some(_)) => {
                    if head.end(self.at) > length {
                        return Ok(is_closed);
                    }
                    if let Some(block) = blocks.last_mut() {
                        block.last_us = block.first_us.saturating_add(u64::from(head.last_ms) * 1_000);
                        block.n_entries += u64::from(head.n_entries);
                        block.holds_mark |= head.flags & HOLDS_MARK != 0;
                    }
                    self.chain = Some(head.crc);
                    self.at = head.end(self.at);
                }
                (Record::Other(head), _) => {
                    if head.end(self.at) > length {
                        return Ok(is_closed);
                    }
                    is_closed |= head.tag == TAG_TRAILER;
                    self.at = head.end(self.at);
                }
                (Record::Block(_) | Record::Chunk(_) | Record::Bad, _) => match records.search(self.at + 1)? {
                    Found::Block(at) => (self.at, self.chain) = (at, None),
                    Found::End(end) => {
                        // The next look begins where a block may have been cut.
                        self.at = end.saturating_sub(BLOCK_HEAD as u64).max(self.at + 1);
                        self.chain = None;
                        return Ok(is_closed);
                    }
                },
            }
        }
    }
}

/// True for a block of this file that this code can read.
pub(super) fn is_ours(head: &BlockHead, file_id: Option<u64>) -> bool {
    head.major <= MAJOR && file_id.is_none_or(|id| id == head.file_id)
}
