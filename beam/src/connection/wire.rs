//! Frames out of bytes, and bytes that wait to be written. No IO.

use bytes::{Buf, BytesMut};

use super::{
    control::{PASS_THROUGH, Payload},
    ended::{Ended, Garbage},
};
use crate::term::{Decoder, Term};

/// A read takes at least so many bytes, if they are there.
const LEAST_ROOM: usize = 8 << 10;
/// A buffer that grew beyond this for one frame is given back.
const KEPT: usize = 1 << 20;

/// One frame.
#[derive(Debug)]
pub(super) enum Frame {
    /// It lives.
    Tick,
    /// A control message, and what came with it.
    Message(Term, Option<Payload>),
}

/// Bytes that came and are no whole frame yet. It holds what has arrived and no more, whatever lengths say.
#[derive(Debug)]
pub(super) struct Incoming {
    bytes: BytesMut,
    decoder: Decoder,
    limit: usize,
}

impl Incoming {
    pub(super) fn new(decoder: Decoder, limit: usize) -> Self {
        Self { bytes: BytesMut::new(), decoder, limit }
    }

    /// Where to read to: there is always some room, and as much again as has come.
    pub(super) fn room(&mut self) -> &mut BytesMut {
        self.bytes.reserve(LEAST_ROOM);
        &mut self.bytes
    }

    /// The next frame, where it is all there.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, Ended> {
        let Some(head) = self.bytes.first_chunk() else { return Ok(None) };
        let length = u32::from_be_bytes(*head) as usize;
        if length > self.limit {
            return Err(Ended::LargeFrame { length, limit: self.limit });
        }
        if self.bytes.len() - 4 < length {
            return Ok(None);
        }
        self.bytes.advance(4);
        let frame = self.bytes.split_to(length);
        if self.bytes.is_empty() && length > KEPT {
            self.bytes = BytesMut::new();
        }
        read(&mut self.decoder, &frame).map(Some).map_err(Ended::from)
    }
}

fn read(decoder: &mut Decoder, frame: &[u8]) -> Result<Frame, Garbage> {
    match frame.split_first() {
        None => Ok(Frame::Tick),
        Some((&PASS_THROUGH, body)) => {
            let (control, rest) = decoder.decode(body)?;
            let payload = (!rest.is_empty()).then(|| decoder.decode(rest).map(|(term, _)| term));
            Ok(Frame::Message(control, payload))
        }
        Some((other, _)) => Err(Garbage::Start(*other)),
    }
}

#[cfg(test)]
mod tests;
