//! Terms as the Erlang shell would print them, cut to a length: for errors and logs.

use std::fmt::{self, Write};

use super::{Atom, Term};

/// Characters of a term that are worth reading in an error.
const MOST_CHARS: usize = 400;

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Cut { text: String::new(), left: MOST_CHARS };
        if write_term(&mut text, self).is_err() {
            text.text.push_str("...");
        }
        f.write_str(&text.text)
    }
}

impl fmt::Display for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.as_str();
        let is_plain = text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '@');
        if is_plain { f.write_str(text) } else { write!(f, "'{}'", text.escape_debug()) }
    }
}

/// Takes so many characters, then refuses: a term of a gigabyte must not be printed to be cut.
struct Cut {
    text: String,
    left: usize,
}

impl Write for Cut {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            self.left = self.left.checked_sub(1).ok_or(fmt::Error)?;
            self.text.push(c);
        }
        Ok(())
    }
}

fn write_term(out: &mut Cut, term: &Term) -> fmt::Result {
    match term {
        Term::Int(n) => write!(out, "{n}"),
        Term::Big(big) => write!(out, "{:e}", big.to_f64()),
        Term::Float(x) => write!(out, "{x:?}"),
        Term::Atom(atom) => write!(out, "{atom}"),
        Term::Binary(bytes) => write_binary(out, bytes),
        Term::Bits(bytes, bits) => write!(out, "<<{} bytes, {bits} bits in the last>>", bytes.len()),
        Term::Tuple(items) => write_items(out, "{", items, "}"),
        Term::List(items) if !items.is_empty() && items.iter().all(is_printable) => write_string(out, items),
        Term::List(items) => write_items(out, "[", items, "]"),
        Term::Improper(items, tail) => {
            write_items(out, "[", items, "|")?;
            write_term(out, tail)?;
            out.write_str("]")
        }
        Term::Map(pairs) => write_pairs(out, pairs),
        Term::Pid(pid) => write!(out, "{pid}"),
        Term::Port(port) => write!(out, "#Port<0.{}>", port.id),
        Term::Reference(reference) => write!(out, "#Ref<{:?}>", reference.words.as_slice()),
        Term::Fun(_) => out.write_str("#Fun<>"),
        Term::Export(fun) => write!(out, "fun {}:{}/{}", fun.module, fun.function, fun.arity),
    }
}

fn write_items(out: &mut Cut, open: &str, items: &[Term], close: &str) -> fmt::Result {
    out.write_str(open)?;
    for (n, item) in items.iter().enumerate() {
        out.write_str(if n > 0 { "," } else { "" })?;
        write_term(out, item)?;
    }
    out.write_str(close)
}

fn write_pairs(out: &mut Cut, pairs: &[(Term, Term)]) -> fmt::Result {
    out.write_str("#{")?;
    for (n, (key, value)) in pairs.iter().enumerate() {
        out.write_str(if n > 0 { "," } else { "" })?;
        write_term(out, key)?;
        out.write_str(" => ")?;
        write_term(out, value)?;
    }
    out.write_str("}")
}

fn write_binary(out: &mut Cut, bytes: &[u8]) -> fmt::Result {
    match std::str::from_utf8(&bytes[..bytes.len().min(MOST_CHARS)]) {
        Ok(text) => write!(out, "<<\"{}\">>", text.escape_debug()),
        Err(_) => write!(out, "<<{} bytes>>", bytes.len()),
    }
}

fn is_printable(term: &Term) -> bool {
    matches!(term, Term::Int(32..=126 | 9 | 10))
}

fn write_string(out: &mut Cut, items: &[Term]) -> fmt::Result {
    out.write_str("\"")?;
    for c in items.iter().filter_map(Term::as_int).filter_map(|n| u8::try_from(n).ok()) {
        write!(out, "{}", char::from(c).escape_debug())?;
    }
    out.write_str("\"")
}
