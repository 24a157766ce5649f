//! Erlang terms, owned: what a VM answers and what it is asked.

mod atom;
mod decode;
mod display;
mod encode;
mod ids;
mod integer;

pub use atom::Atom;
pub use decode::{Bounds, DecodeError, Decoder};
pub use encode::{EncodeError, encode};
pub use ids::{Export, Pid, Port, Reference, Words};
pub use integer::BigInt;

/// The first byte of a term in the external format (`erl_ext_dist`, "version number").
pub(crate) const VERSION: u8 = 131;

/// One term of Erlang.
///
/// Equality is of structure, not Erlang's `==`: maps compare in the order they came in, `1` is not `1.0`, and a big integer
/// never stands for one that fits an `i64`.
///
/// What is rare is boxed: a reply of a million pids is a million of these.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// An integer that fits.
    Int(i64),
    /// An integer beyond `i64`.
    Big(Box<BigInt>),
    /// A float; never infinite nor NaN.
    Float(f64),
    /// An atom.
    Atom(Atom),
    /// A binary: whole bytes.
    Binary(Vec<u8>),
    /// A bitstring: bytes, and how many bits of the last one count (1 to 7).
    Bits(Vec<u8>, u8),
    /// A tuple.
    Tuple(Vec<Term>),
    /// A proper list. A string comes as the list of its characters.
    List(Vec<Term>),
    /// A list with a tail that is no list: `[a, b | c]`.
    Improper(Vec<Term>, Box<Term>),
    /// A map, in the order of the wire.
    Map(Vec<(Term, Term)>),
    /// A process.
    Pid(Pid),
    /// A port.
    Port(Box<Port>),
    /// A reference.
    Reference(Box<Reference>),
    /// A fun with its environment, unread: it can be sent back as it came.
    Fun(Vec<u8>),
    /// An external fun, `fun module:function/arity`.
    Export(Box<Export>),
}

impl Term {
    /// An atom from a literal.
    pub fn atom(name: &'static str) -> Self {
        Self::Atom(Atom::fixed(name))
    }

    /// A tuple of these.
    pub fn tuple(items: impl Into<Vec<Term>>) -> Self {
        Self::Tuple(items.into())
    }

    /// A proper list of these.
    pub fn list(items: impl Into<Vec<Term>>) -> Self {
        Self::List(items.into())
    }

    /// A binary of these bytes.
    pub fn binary(bytes: impl Into<Vec<u8>>) -> Self {
        Self::Binary(bytes.into())
    }

    /// A string as Erlang has it: the list of its characters.
    pub fn string(text: &str) -> Self {
        Self::List(text.chars().map(|c| Self::Int(u32::from(c).into())).collect())
    }

    /// The integer, where it is one that fits.
    pub fn as_int(&self) -> Option<i64> {
        if let Self::Int(n) = self { Some(*n) } else { None }
    }

    /// The integer as a count, where it is one: bytes and reductions may pass `i64`.
    pub fn as_count(&self) -> Option<u64> {
        match self {
            Self::Int(n) => u64::try_from(*n).ok(),
            Self::Big(big) => big.to_u64(),
            _ => None,
        }
    }

    /// The number, where it is one, as a float.
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Self::Float(x) => Some(*x),
            Self::Int(n) => Some(*n as f64),
            Self::Big(big) => Some(big.to_f64()),
            _ => None,
        }
    }

    /// The text of an atom.
    pub fn as_atom(&self) -> Option<&str> {
        if let Self::Atom(atom) = self { Some(atom.as_str()) } else { None }
    }

    /// The bytes of a binary.
    pub fn as_binary(&self) -> Option<&[u8]> {
        if let Self::Binary(bytes) = self { Some(bytes) } else { None }
    }

    /// The items of a tuple.
    pub fn as_tuple(&self) -> Option<&[Term]> {
        if let Self::Tuple(items) = self { Some(items) } else { None }
    }

    /// The items of a proper list.
    pub fn as_list(&self) -> Option<&[Term]> {
        if let Self::List(items) = self { Some(items) } else { None }
    }

    /// The process, where it is one.
    pub fn as_pid(&self) -> Option<&Pid> {
        if let Self::Pid(pid) = self { Some(pid) } else { None }
    }

    /// The value under an atom key: of a map, or of a list of pairs (`proplists`, `process_info/2`).
    pub fn get(&self, key: &str) -> Option<&Term> {
        match self {
            Self::Map(pairs) => pairs.iter().find(|(k, _)| k.as_atom() == Some(key)).map(|(_, value)| value),
            Self::List(items) => items.iter().find_map(|item| match item.as_tuple() {
                Some([k, value]) if k.as_atom() == Some(key) => Some(value),
                _ => None,
            }),
            _ => None,
        }
    }

    /// The text of a list of characters or of a UTF-8 binary.
    pub fn to_text(&self) -> Option<String> {
        match self {
            Self::Binary(bytes) => String::from_utf8(bytes.clone()).ok(), // Bytes that are no text have none.
            Self::List(items) => items.iter().map(|c| char::from_u32(u32::try_from(c.as_int()?).ok()?)).collect(),
            _ => None,
        }
    }
}

impl From<i64> for Term {
    fn from(n: i64) -> Self {
        Self::Int(n)
    }
}

impl From<i32> for Term {
    fn from(n: i32) -> Self {
        Self::Int(n.into())
    }
}

impl From<f64> for Term {
    fn from(x: f64) -> Self {
        Self::Float(x)
    }
}

impl From<Pid> for Term {
    fn from(pid: Pid) -> Self {
        Self::Pid(pid)
    }
}

impl From<Reference> for Term {
    fn from(reference: Reference) -> Self {
        Self::Reference(Box::new(reference))
    }
}

impl From<Atom> for Term {
    fn from(atom: Atom) -> Self {
        Self::Atom(atom)
    }
}

#[cfg(test)]
mod tests;
