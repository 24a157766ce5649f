//! Numbers in as few bytes as they need: LEB128, as in protobuf.

/// Appends a number: seven bits a byte, the lowest first, the high bit where more follow.
pub(crate) fn put(into: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        into.push(n as u8 | 0x80);
        n >>= 7;
    }
    into.push(n as u8);
}

/// Takes a number off the front; `None` where it is cut short or does not fit 64 bits.
pub(crate) fn take(from: &mut &[u8]) -> Option<u64> {
    let mut n = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = from.split_first()?;
        *from = rest;
        // The tenth byte has room for one bit.
        if shift == 63 && byte > 1 {
            return None;
        }
        n |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Some(n);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_taken() {
        for n in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            put(&mut bytes, n);
            assert_eq!(take(&mut bytes.as_slice()), Some(n));
            assert_eq!(take(&mut &bytes[..bytes.len() - 1]), None, "cut short");
        }
    }

    #[test]
    fn more_than_64_bits_are_refused() {
        assert_eq!(take(&mut [0xFF; 11].as_slice()), None);
    }
}
