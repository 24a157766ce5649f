//! Access to the file by offset: what stands there, and where the next block begins after damage.

use std::io::{self, Read, Seek, SeekFrom};

use crate::layout::{BLOCK_HEAD, BODY_MAX, BlockHead, RECORD_HEAD, RecordHead, SYNC, TAG_CHUNK};

/// Read at once: heads of chunks of about a kilobyte lie side by side.
const BUFFER: usize = 16 << 10;
/// Searched at once for the start of a block: little first, since the next may be near.
const SEARCH: (usize, usize) = (4 << 10, 256 << 10);

/// A file of records.
#[derive(Debug)]
pub(super) struct Records<R> {
    inner: R,
    buffer: Vec<u8>,
    buffer_at: u64,
}

/// What stands at an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// The file ends here.
    End,
    /// The file ends within this record.
    Torn,
    Block(BlockHead),
    Chunk(RecordHead),
    /// An index, a trailer, or something of a newer version: to be passed over.
    Other(RecordHead),
    /// Nothing that checks.
    Bad,
}

/// Where the next block begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Block(u64),
    /// There is none; the file ends there.
    End(u64),
}

impl<R: Read + Seek> Records<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, buffer: Vec::new(), buffer_at: 0 }
    }

    /// Length of the file now, in bytes.
    pub(super) fn length(&mut self) -> io::Result<u64> {
        self.inner.seek(SeekFrom::End(0))
    }

    /// Reads what there is from an offset on, up to the length of `into`; how much that was.
    pub(super) fn fill(&mut self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        if let Some(held) = self.held(at, into.len()) {
            into.copy_from_slice(held);
            return Ok(into.len());
        }
        if into.len() > BUFFER {
            return self.read_at(at, into);
        }
        // What a file that grows had at its end before is read again.
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.resize(BUFFER, 0);
        let n = self.read_at(at, &mut buffer)?;
        buffer.truncate(n);
        (self.buffer, self.buffer_at) = (buffer, at);
        let n = n.min(into.len());
        into[..n].copy_from_slice(&self.buffer[..n]);
        Ok(n)
    }

    /// What stands at an offset; a chunk only where it follows what the chain says.
    pub(super) fn record(&mut self, at: u64, chain: u32) -> io::Result<Record> {
        let mut bytes = [0; BLOCK_HEAD];
        let n = self.fill(at, &mut bytes)?;
        let bytes = &bytes[..n];
        if n == 0 {
            return Ok(Record::End);
        }
        if bytes[0] == SYNC[0] {
            let is_cut = n < BLOCK_HEAD && bytes.iter().zip(SYNC).all(|(a, b)| *a == b);
            return Ok(match BlockHead::decode(bytes) {
                Some(head) => Record::Block(head),
                None if is_cut => Record::Torn,
                None => Record::Bad,
            });
        }
        Ok(match RecordHead::decode(bytes, chain) {
            Some(head) if head.tag == TAG_CHUNK && head.length as usize > BODY_MAX => Record::Bad,
            Some(head) if head.tag == TAG_CHUNK => Record::Chunk(head),
            Some(head) => Record::Other(head),
            None if n < RECORD_HEAD => Record::Torn,
            None => Record::Bad,
        })
    }

    /// The body of the record whose head is at an offset; `None` where the file ends before it does, or where it is
    /// longer than `most`.
    pub(super) fn body(&mut self, at: u64, head: &RecordHead, most: usize) -> io::Result<Option<Vec<u8>>> {
        let length = head.length as usize;
        if length > most {
            return Ok(None);
        }
        let mut body = vec![0; length];
        let n = self.fill(at.saturating_add(RECORD_HEAD as u64), &mut body)?;
        Ok((n == length).then_some(body))
    }

    /// The first offset from `from` on at which a block begins.
    pub(super) fn search(&mut self, from: u64) -> io::Result<Found> {
        let mut buffer = Vec::new();
        let mut at = from;
        loop {
            buffer.resize((buffer.len() * 4).clamp(SEARCH.0, SEARCH.1), 0);
            let n = self.read_at(at, &mut buffer)?;
            let hay = &buffer[..n];
            let heads = hay.windows(SYNC.len()).enumerate().filter(|(_, window)| *window == SYNC);
            for (n, _) in heads {
                let head = match hay.get(n..n + BLOCK_HEAD) {
                    Some(bytes) => BlockHead::decode(bytes),
                    None => self.block(at + n as u64)?,
                };
                if head.is_some() {
                    return Ok(Found::Block(at + n as u64));
                }
            }
            if n < buffer.len() {
                return Ok(Found::End(at + n as u64));
            }
            // The word may lie across two reads.
            at += (n - (SYNC.len() - 1)) as u64;
        }
    }

    /// The head of the block at an offset, where there is one.
    pub(super) fn block(&mut self, at: u64) -> io::Result<Option<BlockHead>> {
        let mut bytes = [0; BLOCK_HEAD];
        let n = self.fill(at, &mut bytes)?;
        Ok(BlockHead::decode(&bytes[..n]))
    }

    fn held(&self, at: u64, n: usize) -> Option<&[u8]> {
        let start = usize::try_from(at.checked_sub(self.buffer_at)?).ok()?;
        self.buffer.get(start..start.checked_add(n)?)
    }

    fn read_at(&mut self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        self.inner.seek(SeekFrom::Start(at))?;
        let mut n = 0;
        while n < into.len() {
            match self.inner.read(&mut into[n..]) {
                Ok(0) => break,
                Ok(more) => n += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(n)
    }
}
