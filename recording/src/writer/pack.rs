//! One zstd stream per block, flushed at the end of each chunk.

use std::{fmt, io};

use zstd::{
    stream::raw::{CParameter, Encoder, InBuffer, Operation, OutBuffer},
    zstd_safe::compress_bound,
};

use super::Options;

/// Packs chunks, one after the other; likeness to those before is used until the restart.
pub(super) struct Packer {
    encoder: Encoder<'static>,
    packed: Vec<u8>,
}

impl fmt::Debug for Packer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packer").finish_non_exhaustive()
    }
}

impl Packer {
    pub(super) fn new(options: Options) -> io::Result<Self> {
        let mut encoder = Encoder::new(options.level)?;
        encoder.set_parameter(CParameter::WindowLog(u32::from(options.window_log)))?;
        if let Some(log) = options.table_log.map(u32::from) {
            encoder.set_parameter(CParameter::HashLog(log))?;
            encoder.set_parameter(CParameter::ChainLog(log))?;
            encoder.set_parameter(CParameter::MinMatch(4))?;
        }
        // Each chunk has a checksum of its own, and its length is not known at the start.
        encoder.set_parameter(CParameter::ContentSizeFlag(false))?;
        encoder.set_parameter(CParameter::ChecksumFlag(false))?;
        Ok(Self { encoder, packed: Vec::new() })
    }

    /// What comes next is packed as if nothing had come before.
    pub(super) fn restart(&mut self) -> io::Result<()> {
        self.encoder.reinit()
    }

    /// A chunk, packed so that whoever has read those before can unpack all of it.
    pub(super) fn pack(&mut self, chunk: &[u8]) -> io::Result<&[u8]> {
        self.packed.clear();
        // Room for the worst, and for the head of the frame and the end of the flush.
        self.packed.reserve(compress_bound(chunk.len()) + 64);
        let mut input = InBuffer::around(chunk);
        let mut output = OutBuffer::around(&mut self.packed);
        while input.pos() < chunk.len() {
            self.encoder.run(&mut input, &mut output)?;
        }
        while self.encoder.flush(&mut output)? > 0 {
            if output.pos() == output.capacity() {
                return Err(io::Error::other("zstd needs more room than it said"));
            }
        }
        Ok(&self.packed)
    }
}
