//! The fixed parts of the file, to and from bytes: header, heads of blocks and of records. All numbers are little-endian.
//!
//! What is read here is data from outside: a head that does not check is `None`, and lengths have caps.

/// Version of the format that this code writes, and the newest that it reads: another major one is refused.
pub const MAJOR: u8 = 1;
/// Minor version: what a newer one adds can be skipped.
pub const MINOR: u8 = 0;

/// Longest time that a block covers, in microseconds; a head has room for 65 s.
pub const BLOCK_US: u64 = 60_000_000;
/// Largest entry, in bytes: the largest message of the contract, and its envelope.
pub const ENTRY_MAX: usize = (1 << 20) + (64 << 10);
/// Most that a chunk holds, unpacked, in bytes.
pub(crate) const CHUNK_MAX: usize = 4 << 20;
/// Most that the body of a record has, packed, in bytes: what zstd makes of a chunk that cannot be compressed.
pub(crate) const BODY_MAX: usize = CHUNK_MAX + (64 << 10);
/// Largest header message and largest index, in bytes.
pub(crate) const MESSAGE_MAX: usize = 32 << 20;
/// Largest window that a reader grants a block: 2^23, 8 MiB.
pub(crate) const WINDOW_LOG_MAX: u8 = 23;

pub(crate) const FILE_HEAD: usize = 28;
pub(crate) const BLOCK_HEAD: usize = 56;
pub(crate) const RECORD_HEAD: usize = 20;
/// Index trailer: the head of a record and 16 bytes.
pub(crate) const TRAILER: usize = RECORD_HEAD + 16;

pub(crate) const MAGIC: [u8; 8] = *b"\x89midair\n";
pub(crate) const SYNC: [u8; 8] = *b"\xF1midblk\n";
pub(crate) const TAG_CHUNK: u8 = 0xC5;
pub(crate) const TAG_INDEX: u8 = 0xD1;
pub(crate) const TAG_TRAILER: u8 = 0xD2;

/// The chunk holds a mark.
pub(crate) const HOLDS_MARK: u8 = 1;
/// The block can be read without what stands before it.
const KEYED: u8 = 1;

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes[at..at + 2].try_into().map_or(0, u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes[at..at + 4].try_into().map_or(0, u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes[at..at + 8].try_into().map_or(0, u64::from_le_bytes)
}

/// How the file begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileHead {
    pub(crate) major: u8,
    pub(crate) minor: u8,
    /// Length of the header message that follows, in bytes.
    pub(crate) length: u32,
    /// A random number that all blocks of the file repeat.
    pub(crate) file_id: u64,
    /// CRC-32 of what stands before it, and of the message.
    pub(crate) crc: u32,
}

impl FileHead {
    pub(crate) fn encode(file_id: u64, message: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(FILE_HEAD + message.len());
        bytes.extend(MAGIC);
        bytes.extend([MAJOR, MINOR, 0, 0]);
        bytes.extend(u32::try_from(message.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend(file_id.to_le_bytes());
        let crc = Self::crc_of(&bytes, message);
        bytes.extend(crc.to_le_bytes());
        bytes.extend(message);
        bytes
    }

    /// What the head says, not yet checked: the message stands behind it. `None` where it is no such head.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() < FILE_HEAD || bytes[..8] != MAGIC {
            return None;
        }
        let (major, minor) = (bytes[8], bytes[9]);
        Some(Self { major, minor, length: u32_at(bytes, 12), file_id: u64_at(bytes, 16), crc: u32_at(bytes, 24) })
    }

    pub(crate) fn crc_of(head: &[u8], message: &[u8]) -> u32 {
        let mut crc = crc32fast::Hasher::new();
        crc.update(&head[..24]);
        crc.update(message);
        crc.finalize()
    }
}

/// How a block begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct BlockHead {
    pub(crate) major: u8,
    pub(crate) minor: u8,
    pub(crate) is_keyed: bool,
    /// Base-2 logarithm of the window that unpacking needs.
    pub(crate) window_log: u8,
    /// From 0.
    pub(crate) number: u32,
    pub(crate) file_id: u64,
    /// The moment at which it begins, on the recording's clock.
    pub(crate) first_us: u64,
    pub(crate) wall_us: u64,
    /// Entries in the file before it.
    pub(crate) n_before: u64,
    /// CRC of the last record of the block before; 0 in the first.
    pub(crate) previous: u32,
    /// CRC-32 of this head: where the chain of its chunks begins.
    pub(crate) crc: u32,
}

impl BlockHead {
    /// Its bytes; `crc` is made here.
    pub(crate) fn encode(&mut self) -> [u8; BLOCK_HEAD] {
        let mut bytes = [0; BLOCK_HEAD];
        bytes[..8].copy_from_slice(&SYNC);
        bytes[8..12].copy_from_slice(&[self.major, self.minor, u8::from(self.is_keyed) * KEYED, self.window_log]);
        bytes[12..16].copy_from_slice(&self.number.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.file_id.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.first_us.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.wall_us.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.n_before.to_le_bytes());
        bytes[48..52].copy_from_slice(&self.previous.to_le_bytes());
        self.crc = crc32fast::hash(&bytes[..52]);
        bytes[52..].copy_from_slice(&self.crc.to_le_bytes());
        bytes
    }

    /// `None` where that is no head of a block, or a damaged one.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..BLOCK_HEAD).filter(|b| b[..8] == SYNC)?;
        let crc = u32_at(bytes, 52);
        (crc32fast::hash(&bytes[..52]) == crc).then(|| Self {
            major: bytes[8],
            minor: bytes[9],
            is_keyed: bytes[10] & KEYED != 0,
            window_log: bytes[11],
            number: u32_at(bytes, 12),
            file_id: u64_at(bytes, 16),
            first_us: u64_at(bytes, 24),
            wall_us: u64_at(bytes, 32),
            n_before: u64_at(bytes, 40),
            previous: u32_at(bytes, 48),
            crc,
        })
    }
}

/// How a chunk begins, and any other record that is no block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RecordHead {
    pub(crate) tag: u8,
    pub(crate) flags: u8,
    pub(crate) n_entries: u16,
    /// Length of the body that follows, in bytes.
    pub(crate) length: u32,
    /// First and last entry, in milliseconds since the start of the block, rounded down.
    pub(crate) first_ms: u16,
    pub(crate) last_ms: u16,
    /// CRC-32 of the body.
    pub(crate) crc: u32,
}

impl RecordHead {
    /// Its bytes. `chain` ties a chunk to what stands before it: the CRC of the block's head, or of the chunk before;
    /// 0 for a record that is no chunk.
    pub(crate) fn encode(self, chain: u32) -> [u8; RECORD_HEAD] {
        let mut bytes = [0; RECORD_HEAD];
        bytes[..2].copy_from_slice(&[self.tag, self.flags]);
        bytes[2..4].copy_from_slice(&self.n_entries.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.length.to_le_bytes());
        bytes[8..10].copy_from_slice(&self.first_ms.to_le_bytes());
        bytes[10..12].copy_from_slice(&self.last_ms.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.crc.to_le_bytes());
        let check = Self::check_of(&bytes, chain);
        bytes[16..].copy_from_slice(&check.to_le_bytes());
        bytes
    }

    /// `None` where that is no head of a record, or a damaged one, or a chunk that does not follow what stands before.
    pub(crate) fn decode(bytes: &[u8], chain: u32) -> Option<Self> {
        let bytes = bytes.get(..RECORD_HEAD)?;
        let head = Self {
            tag: bytes[0],
            flags: bytes[1],
            n_entries: u16_at(bytes, 2),
            length: u32_at(bytes, 4),
            first_ms: u16_at(bytes, 8),
            last_ms: u16_at(bytes, 10),
            crc: u32_at(bytes, 12),
        };
        let chain = if head.tag == TAG_CHUNK { chain } else { 0 };
        (Self::check_of(bytes, chain) == u32_at(bytes, 16)).then_some(head)
    }

    fn check_of(bytes: &[u8], chain: u32) -> u32 {
        let mut crc = crc32fast::Hasher::new();
        crc.update(&chain.to_le_bytes());
        crc.update(&bytes[..16]);
        crc.finalize()
    }

    /// Where its body ends when its head is at an offset.
    pub(crate) fn end(&self, at: u64) -> u64 {
        at.saturating_add(RECORD_HEAD as u64).saturating_add(u64::from(self.length))
    }
}

/// A record that is no chunk, with its body.
pub(crate) fn record(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let head = RecordHead { tag, length, crc: crc32fast::hash(body), ..RecordHead::default() };
    let mut bytes = head.encode(0).to_vec();
    bytes.extend(body);
    bytes
}

#[cfg(test)]
mod tests;
