//! Terms to bytes, in the new forms that OTP 25 and later demand.

use super::{Atom, Pid, Reference, Term, VERSION};

/// What cannot be said in the external term format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// More items or bytes than a length of 32 bits tells.
    #[error("a term of more than 4 billion bytes or items cannot be sent")]
    Large,
}

/// Appends a term with its version byte.
pub fn encode(term: &Term, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    out.push(VERSION);
    put(term, out)
}

fn put(term: &Term, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    match term {
        Term::Int(n) => put_int(*n, out),
        Term::Big(big) => put_big(big.is_negative(), big.magnitude(), out)?,
        Term::Float(x) => {
            out.push(70);
            out.extend(x.to_be_bytes());
        }
        Term::Atom(atom) => put_atom(atom, out),
        Term::Binary(bytes) => {
            put_head(109, bytes.len(), out)?;
            out.extend(bytes);
        }
        Term::Bits(bytes, bits) => {
            put_head(77, bytes.len(), out)?;
            out.push(*bits);
            out.extend(bytes);
        }
        Term::Tuple(items) => put_tuple(items, out)?,
        Term::List(items) if items.is_empty() => out.push(106),
        Term::List(items) => {
            put_head(108, items.len(), out)?;
            put_all(items, out)?;
            out.push(106);
        }
        Term::Improper(items, tail) => {
            put_head(108, items.len(), out)?;
            put_all(items, out)?;
            put(tail, out)?;
        }
        Term::Map(pairs) => {
            put_head(116, pairs.len(), out)?;
            pairs.iter().try_for_each(|(key, value)| put(key, out).and_then(|()| put(value, out)))?;
        }
        Term::Pid(pid) => put_pid(pid, out),
        Term::Port(port) => {
            out.push(120);
            put_atom(&port.node, out);
            out.extend(port.id.to_be_bytes());
            out.extend(port.creation.to_be_bytes());
        }
        Term::Reference(reference) => put_reference(reference, out),
        Term::Fun(raw) => out.extend(raw),
        Term::Export(fun) => {
            out.push(113);
            put_atom(&fun.module, out);
            put_atom(&fun.function, out);
            out.extend([97, fun.arity]);
        }
    }
    Ok(())
}

fn put_head(tag: u8, n: usize, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    out.push(tag);
    out.extend(u32::try_from(n).map_err(|_| EncodeError::Large)?.to_be_bytes());
    Ok(())
}

fn put_all(items: &[Term], out: &mut Vec<u8>) -> Result<(), EncodeError> {
    items.iter().try_for_each(|item| put(item, out))
}

fn put_tuple(items: &[Term], out: &mut Vec<u8>) -> Result<(), EncodeError> {
    match u8::try_from(items.len()) {
        Ok(n) => out.extend([104, n]),
        Err(_) => put_head(105, items.len(), out)?,
    }
    put_all(items, out)
}

fn put_int(n: i64, out: &mut Vec<u8>) {
    if let Ok(byte) = u8::try_from(n) {
        out.extend([97, byte]);
    } else if let Ok(word) = i32::try_from(n) {
        out.push(98);
        out.extend(word.to_be_bytes());
    } else {
        let magnitude = n.unsigned_abs().to_le_bytes();
        let used = 8 - n.unsigned_abs().leading_zeros() as usize / 8;
        out.extend([110, used as u8, n.is_negative().into()]);
        out.extend(&magnitude[..used]);
    }
}

fn put_big(is_negative: bool, magnitude: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
    match u8::try_from(magnitude.len()) {
        Ok(n) => out.extend([110, n]),
        Err(_) => put_head(111, magnitude.len(), out)?,
    }
    out.push(is_negative.into());
    out.extend(magnitude);
    Ok(())
}

fn put_atom(atom: &Atom, out: &mut Vec<u8>) {
    let text = atom.as_str().as_bytes();
    match u8::try_from(text.len()) {
        Ok(n) => out.extend([119, n]),
        Err(_) => {
            out.push(118);
            // INVARIANT of an atom: 255 characters, so at most 1020 bytes.
            out.extend((text.len() as u16).to_be_bytes());
        }
    }
    out.extend(text);
}

fn put_pid(pid: &Pid, out: &mut Vec<u8>) {
    out.push(88);
    put_atom(&pid.node, out);
    for word in [pid.id, pid.serial, pid.creation] {
        out.extend(word.to_be_bytes());
    }
}

fn put_reference(reference: &Reference, out: &mut Vec<u8>) {
    let words = reference.words.as_slice();
    out.push(90);
    out.extend((words.len() as u16).to_be_bytes());
    put_atom(&reference.node, out);
    out.extend(reference.creation.to_be_bytes());
    words.iter().for_each(|word| out.extend(word.to_be_bytes()));
}
