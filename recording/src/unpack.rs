//! Unpacks the chunks of a block, and checks what they hold before anything of it is told.

use std::{fmt, io, sync::Arc};

use bytes::Bytes;
use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

use crate::{
    entry::{Entry, Framed},
    layout::{BlockHead, CHUNK_MAX, WINDOW_LOG_MAX},
};

/// A block that is being read: what its chunks have told so far.
pub(crate) struct Unpacker {
    head: BlockHead,
    decoder: Decoder<'static>,
    links: Vec<Arc<str>>,
    /// The moment of its last entry.
    newest_us: u64,
    /// The standing entries are left out: who reads knows them.
    skips_standing: bool,
}

/// A chunk, unpacked and checked.
#[derive(Debug)]
pub(crate) struct Chunk {
    bytes: Bytes,
    at: usize,
}

impl fmt::Debug for Unpacker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unpacker").field("head", &self.head).finish_non_exhaustive()
    }
}

impl Unpacker {
    /// For the block with this head. The one before lends its memory.
    ///
    /// # Errors
    /// When zstd cannot be had.
    pub(crate) fn new(head: BlockHead, skips_standing: bool, before: Option<Self>) -> io::Result<Self> {
        let decoder = match before {
            Some(Self { mut decoder, .. }) => {
                decoder.reinit()?;
                decoder
            }
            None => {
                let mut decoder = Decoder::new()?;
                decoder.set_parameter(DParameter::WindowLogMax(u32::from(WINDOW_LOG_MAX)))?;
                decoder
            }
        };
        Ok(Self { head, decoder, links: Vec::new(), newest_us: head.first_us, skips_standing })
    }

    /// Unpacks the next chunk; `None` where it is not what `n_entries` and the format say.
    pub(crate) fn unpack(&mut self, body: &[u8], n_entries: u16) -> Option<Chunk> {
        let bytes = Bytes::from(self.bytes(body)?);
        let (mut at, mut n) = (0, 0_u64);
        while at < bytes.len() {
            let framed = Framed::read(&bytes, at)?;
            if !framed.is_told() {
                // Links are numbered in order, so a number from outside is no size of a table.
                let (link, address) = framed.name(&bytes)?;
                (usize::try_from(link).ok()? == self.links.len()).then(|| self.links.push(address.into()))?;
            } else if !framed.is_standing {
                n += 1;
            }
            at = framed.end;
        }
        (n == u64::from(n_entries)).then_some(Chunk { bytes, at: 0 })
    }

    /// The next entry of a chunk.
    pub(crate) fn next(&mut self, chunk: &mut Chunk) -> Option<Entry> {
        loop {
            let framed = Framed::read(&chunk.bytes, chunk.at)?;
            chunk.at = framed.end;
            if !framed.is_told() || (framed.is_standing && self.skips_standing) {
                continue;
            }
            let at_us = if framed.is_standing {
                self.head.first_us.saturating_sub(framed.time_us)
            } else {
                self.newest_us = self.newest_us.saturating_add(framed.time_us);
                self.newest_us
            };
            return Some(Entry {
                at_us,
                wall_us: self.head.wall_us.saturating_add(at_us).saturating_sub(self.head.first_us),
                is_standing: framed.is_standing,
                body: framed.body(&chunk.bytes, &self.links),
            });
        }
    }

    fn bytes(&mut self, body: &[u8]) -> Option<Vec<u8>> {
        let mut unpacked = Vec::with_capacity(body.len().saturating_mul(4).clamp(1 << 10, CHUNK_MAX));
        let mut input = InBuffer::around(body);
        loop {
            if unpacked.len() == unpacked.capacity() {
                unpacked.reserve((unpacked.len()).min(CHUNK_MAX + 1 - unpacked.len()).max(1));
            }
            let before = unpacked.len();
            let mut output = OutBuffer::around_pos(&mut unpacked, before);
            // What cannot be unpacked is damage, whatever zstd calls it.
            self.decoder.run(&mut input, &mut output).ok()?;
            if unpacked.len() > CHUNK_MAX {
                return None;
            }
            if input.pos() == body.len() && unpacked.len() < unpacked.capacity() {
                // Entries share these bytes, and may be kept for long.
                unpacked.shrink_to_fit();
                return Some(unpacked);
            }
        }
    }
}
