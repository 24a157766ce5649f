//! A sample without its rows: they are most of its bytes, and are passed over unread.

use bytes::{Bytes, BytesMut};
use prost::{
    bytes::{Buf as _, BufMut as _},
    encoding::{DecodeContext, WireType, decode_key, decode_varint, encode_key, encode_varint, skip_field},
};

/// `Payload.sample`.
const SAMPLE: u32 = 2;

/// Of `Sample`: `tasks`, `left`, `names` are by number 2, 3 and 5, and `gains`, which speaks of rows by their place, 18. The
/// names stay: cgroups are told by them.
const ROWS: [u32; 3] = [2, 3, 18];

/// The payload of a sample with nothing of its rows; any other, and one that cannot be read, as it is.
pub(super) fn rowless(payload: &Bytes) -> Bytes {
    without(payload).unwrap_or_else(|| payload.clone())
}

fn without(payload: &Bytes) -> Option<Bytes> {
    let mut rest = payload.clone();
    let (SAMPLE, WireType::LengthDelimited) = decode_key(&mut rest).ok()? else { return None };
    let length = usize::try_from(decode_varint(&mut rest).ok()?).ok()?;
    // What has one field is what the contract says; the rest is read as it stands.
    let mut sample = (rest.len() == length).then_some(rest)?;
    let mut kept = BytesMut::with_capacity(1 << 10);
    while sample.has_remaining() {
        let field = sample.clone();
        let (number, wire) = decode_key(&mut sample).ok()?;
        skip_field(wire, number, &mut sample, DecodeContext::default()).ok()?;
        if !ROWS.contains(&number) {
            kept.put_slice(&field[..field.len() - sample.len()]);
        }
    }
    let mut all = BytesMut::with_capacity(kept.len() + 8);
    encode_key(SAMPLE, WireType::LengthDelimited, &mut all);
    encode_varint(kept.len() as u64, &mut all);
    all.put_slice(&kept);
    Some(all.freeze())
}

#[cfg(test)]
mod tests;
