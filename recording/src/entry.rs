//! What a recording holds: one thing that happened, when, and how it stands in a chunk.
//!
//! In a chunk an entry is: kind (a byte, its high bit set where the entry is *standing*), time, length, bytes; time and
//! length as LEB128. What is not an envelope is a message of `recording.proto`.

use std::sync::Arc;

use bytes::Bytes;
use midair_proto::v1::{
    RecordedClock, RecordedFocus, RecordedGap, RecordedInput, RecordedLink, RecordedLoss, RecordedMark,
};
use prost::Message;

use crate::varint;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When, in microseconds on the recording's clock, which only rises.
    pub at_us: u64,
    /// The same by the recorder's wall clock, microseconds since 1970.
    pub wall_us: u64,
    /// True for what was said before the block and is repeated so that the block can be read alone. Only who comes from
    /// elsewhere is told: after a seek, after damage, at the start.
    pub is_standing: bool,
    /// What.
    pub body: Body,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// An event of an agent, unread: an encoded `Envelope`, and the link on which it came.
    Envelope {
        /// Address of the link; in a black box, whose link leads nowhere, it is empty.
        link: Arc<str>,
        /// The encoded `Envelope`.
        bytes: Bytes,
    },
    /// A connection changed.
    Link(RecordedLink),
    /// A new estimate of an agent's clock.
    Clock(RecordedClock),
    /// Time passed.
    Tick,
    /// Forget all: what follows is told anew.
    Reset,
    /// A person did something.
    Input(RecordedInput),
    /// A time of which nothing, or less, was recorded.
    Gap(RecordedGap),
    /// Entries that the recorder had to leave out.
    Loss(RecordedLoss),
    /// A note on the time line, put by who recorded; those of agents come as envelopes.
    Mark(RecordedMark),
    /// What the person looked at from here on.
    Focus(RecordedFocus),
    /// Something that a newer midair wrote, kept as it is.
    Unknown {
        /// Its kind, 1 to 127.
        kind: u8,
        /// What it is made of.
        bytes: Bytes,
    },
}

pub(crate) const ENVELOPE: u8 = 1;
/// A number for the address of a link, good until the end of the block. Readers resolve it and tell nobody.
const NAME: u8 = 2;
const LINK: u8 = 3;
const CLOCK: u8 = 4;
const TICK: u8 = 5;
const RESET: u8 = 6;
const INPUT: u8 = 7;
const GAP: u8 = 8;
const LOSS: u8 = 9;
const MARK: u8 = 10;
const FOCUS: u8 = 11;

const STANDING: u8 = 0x80;
/// Most links of a block, and most bytes of an address: data from outside has a cap.
pub(crate) const LINKS_MAX: usize = 1 << 16;
pub(crate) const ADDRESS_MAX: usize = 1 << 10;

impl Body {
    /// Kind and bytes; an envelope's address is a number already.
    pub(crate) fn encode(&self, link: u64) -> (u8, Vec<u8>) {
        match self {
            Self::Envelope { bytes, .. } => (ENVELOPE, envelope(link, bytes)),
            Self::Link(message) => (LINK, message.encode_to_vec()),
            Self::Clock(message) => (CLOCK, message.encode_to_vec()),
            Self::Tick => (TICK, Vec::new()),
            Self::Reset => (RESET, Vec::new()),
            Self::Input(message) => (INPUT, message.encode_to_vec()),
            Self::Gap(message) => (GAP, message.encode_to_vec()),
            Self::Loss(message) => (LOSS, message.encode_to_vec()),
            Self::Mark(message) => (MARK, message.encode_to_vec()),
            Self::Focus(message) => (FOCUS, message.encode_to_vec()),
            Self::Unknown { kind, bytes } => (kind & !STANDING, bytes.to_vec()),
        }
    }
}

/// What stands in an envelope's entry.
pub(crate) fn envelope(link: u64, bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(bytes.len() + 2);
    varint::put(&mut body, link);
    body.extend_from_slice(bytes);
    body
}

/// What stands in the entry that gives a link its number.
pub(crate) fn name(link: u64, address: &str) -> (u8, Vec<u8>) {
    (NAME, envelope(link, address.as_bytes()))
}

/// Appends an entry to a chunk.
pub(crate) fn put(chunk: &mut Vec<u8>, kind: u8, is_standing: bool, time_us: u64, body: &[u8]) {
    chunk.push(kind | if is_standing { STANDING } else { 0 });
    varint::put(chunk, time_us);
    varint::put(chunk, body.len() as u64);
    chunk.extend_from_slice(body);
}

/// An entry as it stands in a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Framed {
    pub(crate) kind: u8,
    pub(crate) is_standing: bool,
    /// Microseconds since the entry before; of a standing one, before the block.
    pub(crate) time_us: u64,
    /// Where its bytes are in the chunk.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Framed {
    /// The entry at an offset of a chunk; `None` where there is no whole one.
    pub(crate) fn read(chunk: &[u8], at: usize) -> Option<Self> {
        let mut rest = chunk.get(at..)?;
        let (&kind, after) = rest.split_first()?;
        rest = after;
        let time_us = varint::take(&mut rest)?;
        let length = usize::try_from(varint::take(&mut rest)?).ok().filter(|n| *n <= rest.len())?;
        let start = chunk.len() - rest.len();
        let is_standing = kind & STANDING != 0;
        Some(Self { kind: kind & !STANDING, is_standing, time_us, start, end: start + length })
    }

    /// True for what is told: names are not.
    pub(crate) fn is_told(&self) -> bool {
        self.kind != NAME
    }

    /// The number and address that a name gives; `None` where it is something else, or out of bounds.
    pub(crate) fn name<'a>(&self, chunk: &'a [u8]) -> Option<(u64, &'a str)> {
        let mut bytes = chunk.get(self.start..self.end).filter(|_| self.kind == NAME)?;
        let link = varint::take(&mut bytes).filter(|link| *link < LINKS_MAX as u64)?;
        let address = std::str::from_utf8(bytes).ok().filter(|a| a.len() <= ADDRESS_MAX)?;
        Some((link, address))
    }

    /// What it says. A kind that is known with bytes that are not is kept as an unknown one.
    pub(crate) fn body(&self, chunk: &Bytes, links: &[Arc<str>]) -> Body {
        let bytes = chunk.slice(self.start..self.end);
        self.known(&bytes, links).unwrap_or(Body::Unknown { kind: self.kind, bytes })
    }

    fn known(&self, bytes: &Bytes, links: &[Arc<str>]) -> Option<Body> {
        fn message<M: Message + Default>(bytes: &Bytes, body: fn(M) -> Body) -> Option<Body> {
            M::decode(bytes.clone()).ok().map(body)
        }
        match self.kind {
            ENVELOPE => {
                let mut rest: &[u8] = bytes;
                let link = usize::try_from(varint::take(&mut rest)?).ok()?;
                let link = links.get(link)?.clone();
                Some(Body::Envelope { link, bytes: bytes.slice(bytes.len() - rest.len()..) })
            }
            LINK => message(bytes, Body::Link),
            CLOCK => message(bytes, Body::Clock),
            TICK => Some(Body::Tick),
            RESET => Some(Body::Reset),
            INPUT => message(bytes, Body::Input),
            GAP => message(bytes, Body::Gap),
            LOSS => message(bytes, Body::Loss),
            MARK => message(bytes, Body::Mark),
            FOCUS => message(bytes, Body::Focus),
            _ => None,
        }
    }
}
