//! Writes a recording to anything that takes bytes; only ever appends.

mod pack;
mod rollups;

use std::{collections::HashMap, io, io::Write, sync::Arc};

use midair_proto::v1::{RecordedMark, RecordedNode, RecordedRollup, RecordingBlock, RecordingHeader, RecordingIndex};
use prost::Message;

use crate::{
    entry::{self, ADDRESS_MAX, Body, LINKS_MAX},
    layout::{self, BLOCK_US, BlockHead, CHUNK_MAX, ENTRY_MAX, FileHead, HOLDS_MARK, RecordHead, TAG_CHUNK},
};

use pack::Packer;
use rollups::Rollups;

/// A block is full when it holds so many bytes, unpacked, beside what stands: a seek reads half of one.
const BLOCK_BYTES: u64 = 8 << 20;
/// Most marks and nodes in an index.
const MARKS_MAX: usize = 4_096;
const NODES_MAX: usize = 16_384;

/// How hard a writer packs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// zstd's level, 1 to 19.
    pub level: i32,
    /// Base-2 logarithm of the window in bytes, 10 to 23: how far back likeness is looked for.
    pub window_log: u8,
    /// Base-2 logarithm of the places of both tables in which likeness is looked up, four bytes each; `None` as the level has
    /// it, 768 KiB. With smaller ones more short likeness is looked for.
    pub table_log: Option<u8>,
}

impl Default for Options {
    fn default() -> Self {
        Self { level: 3, window_log: 20, table_log: None }
    }
}

/// Why something was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The place to which it goes takes no more. The writer has stopped; what stands there stays readable.
    #[error("cannot write the recording: {0}; it keeps what was written before")]
    Io(#[from] io::Error),
    /// The writer stopped before this.
    #[error("the recording was stopped by an error before; it keeps what was written until then")]
    Stopped,
    /// One entry was refused, and only that.
    #[error("an entry of {n_bytes} bytes is larger than a recording takes ({max})")]
    TooLarge {
        /// Its size, in bytes.
        n_bytes: usize,
        /// What there is room for, in bytes.
        max: usize,
    },
    /// A block holds no more links.
    #[error("more than {LINKS_MAX} links in a block")]
    Links,
}

/// Appends to a recording.
///
/// Entries gather in memory until [`Writer::flush_chunk`], which is to be called about once a second: what was flushed
/// outlives a crash of the program. The clock of entries only rises: an older moment is taken for the newest.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    packer: Packer,
    options: Options,
    file_id: u64,
    n_bytes: u64,
    n_entries: u64,
    block: Option<Open>,
    n_blocks: u32,
    /// CRC of the last record of a block.
    chain: u32,
    last_us: u64,
    index: RecordingIndex,
    rollups: Rollups,
    has_stopped: bool,
}

/// The block that is being written.
///
/// INVARIANT: `chunk` holds the entries since the last flush, of which `n_chunk` are counted.
#[derive(Debug)]
struct Open {
    first_us: u64,
    wall_us: u64,
    links: HashMap<Arc<str>, u64>,
    newest_us: u64,
    /// Bytes of counted entries. What stands would be repeated by the next block as well: it fills none.
    n_counted_bytes: u64,
    chunk: Vec<u8>,
    n_chunk: u16,
    chunk_first_us: u64,
    flags: u8,
}

impl<W: Write> Writer<W> {
    /// Begins a recording. `file_id` is a random number: it keeps blocks of two files apart.
    ///
    /// # Errors
    /// When the header cannot be written, or zstd refuses the options.
    pub fn new(mut out: W, header: &RecordingHeader, file_id: u64, options: Options) -> Result<Self, WriteError> {
        let head = FileHead::encode(file_id, &header.encode_to_vec());
        let packer = Packer::new(options)?;
        out.write_all(&head)?;
        Ok(Self {
            out,
            packer,
            options,
            file_id,
            n_bytes: head.len() as u64,
            n_entries: 0,
            block: None,
            n_blocks: 0,
            chain: 0,
            last_us: 0,
            index: RecordingIndex { nodes: header.nodes.clone(), ..RecordingIndex::default() },
            rollups: Rollups::default(),
            has_stopped: false,
        })
    }

    /// True when it is time for [`Writer::begin_block`], so that whoever writes puts keys first.
    pub fn needs_block(&self, at_us: u64) -> bool {
        match &self.block {
            None => true,
            Some(block) => at_us.saturating_sub(block.first_us) >= BLOCK_US || block.n_counted_bytes >= BLOCK_BYTES,
        }
    }

    /// Flushes and begins a block at a moment, `wall_us` by the wall clock. `is_keyed` promises that the entries which
    /// come next, standing or not, are all that is needed to understand those after them.
    ///
    /// # Errors
    /// When it cannot be written: the writer has then stopped.
    pub fn begin_block(&mut self, at_us: u64, wall_us: u64, is_keyed: bool) -> Result<(), WriteError> {
        self.flush_chunk()?;
        self.last_us = self.last_us.max(at_us);
        let mut head = BlockHead {
            major: layout::MAJOR,
            minor: layout::MINOR,
            is_keyed,
            window_log: self.options.window_log,
            number: self.n_blocks,
            file_id: self.file_id,
            first_us: self.last_us,
            wall_us,
            n_before: self.n_entries,
            previous: self.chain,
            crc: 0,
        };
        let bytes = head.encode();
        self.packer.restart()?;
        self.index.blocks.push(RecordingBlock {
            offset: Some(self.n_bytes),
            number: Some(head.number),
            first_us: Some(head.first_us),
            last_us: Some(head.first_us),
            wall_us: Some(wall_us),
            n_entries: Some(0),
            n_before: Some(head.n_before),
            keyed: Some(is_keyed),
        });
        self.append(&bytes)?;
        self.chain = head.crc;
        self.n_blocks += 1;
        self.block = Some(Open::new(head.first_us, wall_us));
        Ok(())
    }

    /// Takes an entry: at a moment, `at_us`; where it `is_standing`, said then, before the block.
    ///
    /// # Errors
    /// When it is too large, or cannot be written: only then the writer has stopped.
    pub fn push(&mut self, at_us: u64, is_standing: bool, body: &Body) -> Result<(), WriteError> {
        let link = match body {
            Body::Envelope { link, .. } => Some(&**link),
            _ => None,
        };
        self.take(at_us, is_standing, link, |number| body.encode(number))?;
        match body {
            Body::Mark(mark) if !is_standing => self.note_mark(mark.clone()),
            _ => {}
        }
        Ok(())
    }

    /// Takes an encoded `Envelope` that came on a link: as `push`, without a copy.
    ///
    /// # Errors
    /// As `push`.
    pub fn envelope(&mut self, at_us: u64, link: &str, bytes: &[u8]) -> Result<(), WriteError> {
        self.take(at_us, false, Some(link), |number| (entry::ENVELOPE, entry::envelope(number, bytes)))
    }

    /// Lists in the index a mark that stands in the last envelope, which is not read here.
    pub fn note_mark(&mut self, mark: RecordedMark) {
        if let Some(block) = &mut self.block {
            block.flags |= HOLDS_MARK;
        }
        if self.index.marks.len() < MARKS_MAX {
            self.index.marks.push(mark);
        }
    }

    /// Lists a node in the index.
    pub fn note_node(&mut self, node: RecordedNode) {
        if self.index.nodes.len() < NODES_MAX && !self.index.nodes.contains(&node) {
            self.index.nodes.push(node);
        }
    }

    /// Lists in the index a rollup that stands in the last envelope: the severities of its node, no more.
    pub fn note_rollup(&mut self, rollup: RecordedRollup) {
        self.rollups.push(rollup);
    }

    /// Writes what has gathered: from now on a crash does not lose it.
    ///
    /// # Errors
    /// When it cannot be written: the writer has then stopped.
    pub fn flush_chunk(&mut self) -> Result<(), WriteError> {
        let Some(block) = self.block.as_mut().filter(|block| !block.chunk.is_empty()) else {
            return if self.has_stopped { Err(WriteError::Stopped) } else { Ok(()) };
        };
        let body = match self.packer.pack(&block.chunk) {
            Ok(body) => body,
            Err(error) => {
                self.has_stopped = true;
                return Err(error.into());
            }
        };
        let ms = |us: u64| u16::try_from(us.saturating_sub(block.first_us) / 1_000).unwrap_or(u16::MAX);
        let head = RecordHead {
            tag: TAG_CHUNK,
            flags: block.flags,
            n_entries: block.n_chunk,
            length: u32::try_from(body.len()).unwrap_or(u32::MAX),
            first_ms: ms(block.chunk_first_us),
            last_ms: ms(self.last_us),
            crc: crc32fast::hash(body),
        };
        let mut bytes = Vec::with_capacity(layout::RECORD_HEAD + body.len());
        bytes.extend(head.encode(self.chain));
        bytes.extend_from_slice(body);
        if let Some(listed) = self.index.blocks.last_mut() {
            listed.last_us = Some(self.last_us);
            listed.n_entries = Some(listed.n_entries() + u64::from(block.n_chunk));
        }
        block.emptied();
        self.chain = head.crc;
        self.append(&bytes)
    }

    /// Writes the rest and the index, and gives back what was written to.
    ///
    /// # Errors
    /// When it cannot be written; what stands there is readable without the index.
    pub fn finish(mut self) -> Result<W, WriteError> {
        self.flush_chunk()?;
        let offset = self.n_bytes;
        let rollups = std::mem::take(&mut self.rollups).listed();
        let index = RecordingIndex { n_entries: Some(self.n_entries), rollups, ..std::mem::take(&mut self.index) };
        self.append(&layout::record(layout::TAG_INDEX, &index.encode_to_vec()))?;
        let mut trailer = offset.to_le_bytes().to_vec();
        trailer.extend(self.file_id.to_le_bytes());
        self.append(&layout::record(layout::TAG_TRAILER, &trailer))?;
        self.out.flush()?;
        Ok(self.out)
    }

    /// How many bytes were written.
    pub fn n_bytes(&self) -> u64 {
        self.n_bytes
    }

    /// How many entries were taken: those that repeat what was said are not counted.
    pub fn n_entries(&self) -> u64 {
        self.n_entries
    }

    /// What it writes to.
    pub fn get_ref(&self) -> &W {
        &self.out
    }

    fn take(
        &mut self,
        at_us: u64,
        is_standing: bool,
        link: Option<&str>,
        encode: impl FnOnce(u64) -> (u8, Vec<u8>),
    ) -> Result<(), WriteError> {
        if self.has_stopped {
            return Err(WriteError::Stopped);
        }
        self.make_room(at_us, is_standing)?;
        let Some(block) = &mut self.block else { return Err(WriteError::Stopped) };
        let number = match link {
            Some(address) => block.number(address)?,
            None => 0,
        };
        let (kind, body) = encode(number);
        if body.len() > ENTRY_MAX {
            return Err(WriteError::TooLarge { n_bytes: body.len(), max: ENTRY_MAX });
        }
        if is_standing {
            entry::put(&mut block.chunk, kind, true, block.first_us.saturating_sub(at_us), &body);
            return Ok(());
        }
        let at_us = at_us.max(self.last_us);
        let since_us = at_us - block.newest_us;
        block.newest_us = at_us;
        if block.n_chunk == 0 {
            block.chunk_first_us = at_us;
        }
        block.n_chunk += 1;
        let n_before = block.chunk.len();
        entry::put(&mut block.chunk, kind, false, since_us, &body);
        block.n_counted_bytes += (block.chunk.len() - n_before) as u64;
        self.last_us = at_us;
        self.n_entries += 1;
        Ok(())
    }

    /// Begins a block where there must be one, and writes the chunk where it could not take one more entry.
    ///
    /// No block begins within what stands: it would come after a head that promises all that must be known.
    fn make_room(&mut self, at_us: u64, is_standing: bool) -> Result<(), WriteError> {
        let at_us = at_us.max(self.last_us);
        let over = match &self.block {
            None => Some(at_us),
            // A head has room for 65 s.
            Some(b)
                if !is_standing
                    && (at_us - b.first_us >= BLOCK_US + 5_000_000 || b.n_counted_bytes >= 2 * BLOCK_BYTES) =>
            {
                Some(b.wall_us.saturating_add(at_us - b.first_us))
            }
            Some(b) if b.n_chunk == u16::MAX || b.chunk.len() + ENTRY_MAX + ADDRESS_MAX + 64 > CHUNK_MAX => {
                return self.flush_chunk();
            }
            Some(_) => return Ok(()),
        };
        match over {
            Some(wall_us) => self.begin_block(at_us, wall_us, false),
            None => Ok(()),
        }
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        if self.has_stopped {
            return Err(WriteError::Stopped);
        }
        self.out.write_all(bytes).inspect_err(|_| self.has_stopped = true)?;
        self.n_bytes += bytes.len() as u64;
        Ok(())
    }
}

impl Open {
    fn new(first_us: u64, wall_us: u64) -> Self {
        Self {
            first_us,
            wall_us,
            links: HashMap::new(),
            newest_us: first_us,
            n_counted_bytes: 0,
            chunk: Vec::new(),
            n_chunk: 0,
            chunk_first_us: first_us,
            flags: 0,
        }
    }

    /// The number of a link, which is named first where it is new to the block.
    fn number(&mut self, address: &str) -> Result<u64, WriteError> {
        if let Some(number) = self.links.get(address) {
            return Ok(*number);
        }
        if address.len() > ADDRESS_MAX {
            return Err(WriteError::TooLarge { n_bytes: address.len(), max: ADDRESS_MAX });
        }
        if self.links.len() == LINKS_MAX {
            return Err(WriteError::Links);
        }
        let number = self.links.len() as u64;
        let (kind, body) = entry::name(number, address);
        // It is nothing that happened: it takes no time.
        entry::put(&mut self.chunk, kind, true, 0, &body);
        self.links.insert(address.into(), number);
        Ok(number)
    }

    fn emptied(&mut self) {
        self.chunk.clear();
        self.n_chunk = 0;
        self.flags = 0;
    }
}
