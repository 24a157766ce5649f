//! Bytes to terms (`erl_ext_dist`), whatever the bytes are.
//!
//! A length on the wire is a claim. Nothing is reserved on one before as many bytes are seen to be there, nesting has a
//! bound, and so has the memory of what is made: a byte of wire can become [`size_of::<Term>`](Term) bytes here.

use super::{
    Atom, BigInt, Export, Pid, Port, Reference, Term, VERSION,
    atom::{Atoms, MOST_CHARS},
    ids::Words,
};

/// How far a term from outside may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Tuples, lists and maps within each other.
    pub depth: usize,
    /// Bytes of memory for all that one frame holds.
    pub memory: usize,
}

impl Default for Bounds {
    /// 256 levels (the decoder's stack stays far below that of a thread) and 256 MiB.
    fn default() -> Self {
        Self { depth: 256, memory: 256 << 20 }
    }
}

/// Why bytes are no term that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end within a term.
    #[error("a term is cut off")]
    Short,
    /// Not the version of the external term format that all of Erlang speaks.
    #[error("a term of version {0}, where 131 is known")]
    Version(u8),
    /// A tag that is not known, or that the handshake did not allow.
    #[error("a term with the unknown tag {0}")]
    Tag(u8),
    /// More levels than are taken.
    #[error("a term is nested too deeply")]
    Deep,
    /// More memory than is given to one frame.
    #[error("a term is too large for the memory given to one frame")]
    Large,
    /// A value that its type does not have.
    #[error("a term has a wrong {0}")]
    Value(&'static str),
}

/// Reads terms of one connection: atoms are shared between them.
#[derive(Debug, Default)]
pub struct Decoder {
    bounds: Bounds,
    atoms: Atoms,
}

impl Decoder {
    /// A decoder with these bounds.
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, atoms: Atoms::default() }
    }

    /// The term at the start of the bytes, version byte first, and the bytes after it.
    pub fn decode<'a>(&mut self, bytes: &'a [u8]) -> Result<(Term, &'a [u8]), DecodeError> {
        let mut reading = Reading { rest: bytes, memory: self.bounds.memory, atoms: &mut self.atoms };
        match reading.u8()? {
            VERSION => Ok((reading.term(self.bounds.depth)?, reading.rest)),
            other => Err(DecodeError::Version(other)),
        }
    }

    #[cfg(test)]
    pub(crate) fn n_atoms(&self) -> usize {
        self.atoms.n()
    }
}

struct Reading<'a, 'd> {
    rest: &'a [u8],
    /// Bytes of memory that may still be taken.
    memory: usize,
    atoms: &'d mut Atoms,
}

type Read<T> = Result<T, DecodeError>;

impl<'a> Reading<'a, '_> {
    /// One term, of at most so many levels.
    fn term(&mut self, depth: usize) -> Read<Term> {
        let at_tag = self.rest;
        Ok(match self.u8()? {
            97 => Term::Int(self.u8()?.into()),
            98 => Term::Int(i32::from_be_bytes(self.array()?).into()),
            99 => Term::Float(self.old_float()?),
            70 => Term::Float(finite(f64::from_be_bytes(self.array()?))?),
            tag @ (100 | 115 | 118 | 119) => Term::Atom(self.atom_text(tag)?),
            104 => {
                let n = self.u8()?.into();
                Term::Tuple(self.terms(n, depth)?)
            }
            105 => {
                let n = self.length()?;
                Term::Tuple(self.terms(n, depth)?)
            }
            106 => Term::List(Vec::new()),
            107 => self.string()?,
            108 => self.list(depth)?,
            109 => {
                let n = self.length()?;
                Term::Binary(self.owned(n)?)
            }
            77 => self.bits()?,
            110 => {
                let n = self.u8()?.into();
                self.big(n)?
            }
            111 => {
                let n = self.length()?;
                self.big(n)?
            }
            112 => Term::Fun(self.fun(at_tag)?),
            113 => Term::Export(self.boxed(Self::export)?),
            116 => self.map(depth)?,
            tag @ (88 | 103) => Term::Pid(self.pid(tag)?),
            tag @ (89 | 102 | 120) => Term::Port(self.boxed(|r| r.port(tag))?),
            tag @ (90 | 101 | 114) => Term::Reference(self.boxed(|r| r.reference(tag))?),
            tag => return Err(DecodeError::Tag(tag)),
        })
    }

    fn take(&mut self, n: usize) -> Read<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(n).ok_or(DecodeError::Short)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(DecodeError::Short)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn u8(&mut self) -> Read<u8> {
        Ok(self.array::<1>()?[0])
    }

    fn u16(&mut self) -> Read<u16> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    fn u32(&mut self) -> Read<u32> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    fn length(&mut self) -> Read<usize> {
        usize::try_from(self.u32()?).map_err(|_| DecodeError::Large)
    }

    fn spend(&mut self, bytes: usize) -> Read<()> {
        self.memory = self.memory.checked_sub(bytes).ok_or(DecodeError::Large)?;
        Ok(())
    }

    fn boxed<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<Box<T>> {
        self.spend(size_of::<T>())?;
        read(self).map(Box::new)
    }

    fn owned(&mut self, n: usize) -> Read<Vec<u8>> {
        let bytes = self.take(n)?;
        self.spend(n)?;
        Ok(bytes.to_vec())
    }

    /// Room for `n` things of at least `wire` bytes each: as many bytes must be there.
    fn room<T>(&mut self, n: usize, wire: usize) -> Read<Vec<T>> {
        if n.checked_mul(wire).is_none_or(|least| least > self.rest.len()) {
            return Err(DecodeError::Short);
        }
        self.spend(n.saturating_mul(size_of::<T>()))?;
        Ok(Vec::with_capacity(n))
    }

    fn terms(&mut self, n: usize, depth: usize) -> Read<Vec<Term>> {
        let depth = depth.checked_sub(1).ok_or(DecodeError::Deep)?;
        let mut items = self.room(n, 1)?;
        for _ in 0..n {
            items.push(self.term(depth)?);
        }
        Ok(items)
    }

    fn list(&mut self, depth: usize) -> Read<Term> {
        let n = self.length()?;
        let items = self.terms(n, depth)?;
        // `terms` has seen that there is a level left. A tail may be a list again (`[a | [b]]` in full): one level deeper.
        match self.term(depth - 1)? {
            Term::List(tail) if tail.is_empty() => Ok(Term::List(items)),
            Term::List(tail) => self.joined(items, tail).map(Term::List),
            tail if items.is_empty() => Ok(tail),
            Term::Improper(middle, tail) => Ok(Term::Improper(self.joined(items, middle)?, tail)),
            tail => {
                self.spend(size_of::<Term>())?;
                Ok(Term::Improper(items, Box::new(tail)))
            }
        }
    }

    fn joined(&mut self, mut items: Vec<Term>, mut tail: Vec<Term>) -> Read<Vec<Term>> {
        self.spend(tail.len().saturating_mul(size_of::<Term>()))?;
        items.append(&mut tail);
        Ok(items)
    }

    fn string(&mut self) -> Read<Term> {
        let n = self.u16()?.into();
        let chars = self.take(n)?;
        self.spend(n * size_of::<Term>())?;
        Ok(Term::List(chars.iter().map(|c| Term::Int((*c).into())).collect()))
    }

    fn map(&mut self, depth: usize) -> Read<Term> {
        let n = self.length()?;
        let depth = depth.checked_sub(1).ok_or(DecodeError::Deep)?;
        let mut pairs = self.room(n, 2)?;
        for _ in 0..n {
            pairs.push((self.term(depth)?, self.term(depth)?));
        }
        Ok(Term::Map(pairs))
    }

    fn bits(&mut self) -> Read<Term> {
        let n = self.length()?;
        match self.u8()? {
            8 => Ok(Term::Binary(self.owned(n)?)),
            bits @ 1..=7 if n > 0 => Ok(Term::Bits(self.owned(n)?, bits)),
            _ => Err(DecodeError::Value("count of bits")),
        }
    }

    fn big(&mut self, n: usize) -> Read<Term> {
        let is_negative = match self.u8()? {
            0 => false,
            1 => true,
            _ => return Err(DecodeError::Value("sign")),
        };
        let magnitude = self.take(n)?;
        self.spend(n)?;
        Ok(BigInt::from_bytes(is_negative, magnitude))
    }

    /// `FLOAT_EXT`: as text, 31 bytes, filled with zeros.
    fn old_float(&mut self) -> Read<f64> {
        let text = self.take(31)?.split(|byte| *byte == 0).next().unwrap_or_default();
        let text = std::str::from_utf8(text).map_err(|_| DecodeError::Value("float"))?;
        finite(text.trim().parse().map_err(|_| DecodeError::Value("float"))?)
    }

    fn atom(&mut self) -> Read<Atom> {
        match self.u8()? {
            tag @ (100 | 115 | 118 | 119) => self.atom_text(tag),
            tag => Err(DecodeError::Tag(tag)),
        }
    }

    fn atom_text(&mut self, tag: u8) -> Read<Atom> {
        let n = if matches!(tag, 100 | 118) { self.u16()?.into() } else { self.u8()?.into() };
        let bytes = self.take(n)?;
        self.spend(n)?;
        if tag == 100 || tag == 115 {
            let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
            return self.shared(&text);
        }
        self.shared(std::str::from_utf8(bytes).map_err(|_| DecodeError::Value("atom"))?)
    }

    fn shared(&mut self, text: &str) -> Read<Atom> {
        if text.chars().count() > MOST_CHARS {
            return Err(DecodeError::Value("atom"));
        }
        Ok(self.atoms.share(text))
    }

    fn creation(&mut self, is_old: bool) -> Read<u32> {
        if is_old { Ok(self.u8()?.into()) } else { self.u32() }
    }

    fn pid(&mut self, tag: u8) -> Read<Pid> {
        let (node, id, serial) = (self.atom()?, self.u32()?, self.u32()?);
        Ok(Pid { node, id, serial, creation: self.creation(tag == 103)? })
    }

    fn port(&mut self, tag: u8) -> Read<Port> {
        let node = self.atom()?;
        let id = if tag == 120 { u64::from_be_bytes(self.array()?) } else { self.u32()?.into() };
        Ok(Port { node, id, creation: self.creation(tag == 102)? })
    }

    fn reference(&mut self, tag: u8) -> Read<Reference> {
        if tag == 101 {
            let (node, id) = (self.atom()?, self.u32()?);
            let words = Words::new(&[id]).ok_or(DecodeError::Value("reference"))?;
            return Ok(Reference { node, words, creation: self.creation(true)? });
        }
        let n = usize::from(self.u16()?);
        let node = self.atom()?;
        let creation = self.creation(tag == 114)?;
        if n > Words::MOST {
            return Err(DecodeError::Value("reference"));
        }
        let mut words = [0; Words::MOST];
        for word in &mut words[..n] {
            *word = self.u32()?;
        }
        let words = Words::new(&words[..n]).ok_or(DecodeError::Value("reference"))?;
        Ok(Reference { node, creation, words })
    }

    /// `NEW_FUN_EXT`, from its tag to its end: its size counts itself but not the tag.
    fn fun(&mut self, at_tag: &[u8]) -> Read<Vec<u8>> {
        let size = self.length()?;
        self.take(size.checked_sub(4).ok_or(DecodeError::Value("size of a fun"))?)?;
        self.spend(size + 1)?;
        Ok(at_tag[..size + 1].to_vec())
    }

    fn export(&mut self) -> Read<Export> {
        let (module, function) = (self.atom()?, self.atom()?);
        match (self.u8()?, self.u8()?) {
            (97, arity) => Ok(Export { module, function, arity }),
            (tag, _) => Err(DecodeError::Tag(tag)),
        }
    }
}

fn finite(x: f64) -> Read<f64> {
    if x.is_finite() { Ok(x) } else { Err(DecodeError::Value("float")) }
}
