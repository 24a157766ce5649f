//! What is said before HTTP/2 on a connection that an agent has dialled: it calls in at a hub, and serves there as if the hub
//! had dialled it.
//!
//! The agent says its greeting: these eight bytes, the length of its node id in one byte, and the id. The hub answers with
//! the first words of an HTTP/2 client ([`PREFACE`]), and all goes on as on any connection; or with one line that begins
//! with [`NO`] and says why not, and hangs up.

/// The first bytes of an agent that calls in. The number is that of the contract.
pub const GREETING: [u8; 8] = *b"MIDAIR1\n";

/// What greetings of every contract begin with.
pub const ANY_GREETING: [u8; 6] = *b"MIDAIR";

/// The first bytes of whoever is an HTTP/2 client (RFC 9113, section 3.4).
pub const PREFACE: [u8; 8] = *b"PRI * HT";

/// A refusal begins so, in place of the preface.
pub const NO: &str = "NO ";

/// A refusal that only a person can mend begins so: the agent calls again after a minute.
pub const NEVER: &str = "NO! ";

/// A line of refusal is at most so long, bytes.
pub const NO_BYTES: usize = 256;

/// A node id is at most so long here, bytes; of a longer one the first are said.
pub const NODE_BYTES: usize = u8::MAX as usize;

/// What an agent with this node id says first.
pub fn greeting(node: &str) -> Vec<u8> {
    let id = &node.as_bytes()[..node.floor_char_boundary(NODE_BYTES)];
    let length = u8::try_from(id.len()).expect("it was cut");
    [&GREETING[..], &[length], id].concat()
}

/// Why an agent is not taken, as a line. `is_final`: only a person can mend it.
pub fn refusal(words: &str, is_final: bool) -> Vec<u8> {
    let head = if is_final { NEVER } else { NO };
    let words: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words = &words[..words.floor_char_boundary(NO_BYTES - head.len() - 1)];
    format!("{head}{words}\n").into_bytes()
}

/// The words of such a line and whether only a person can mend it; `None`: it is none.
pub fn refused(line: &[u8]) -> Option<(String, bool)> {
    let line = String::from_utf8_lossy(line);
    let (words, is_final) = match line.strip_prefix(NEVER) {
        Some(words) => (words, true),
        None => (line.strip_prefix(NO)?, false),
    };
    Some((words.trim_end().chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect(), is_final))
}

#[cfg(test)]
mod tests;
