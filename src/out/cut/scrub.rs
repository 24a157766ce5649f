//! Texts without who and where: addresses, names of nodes and hosts, and home folders are replaced, each always by the same.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    net::IpAddr,
};

/// Ends of names with an `@` that are no hosts: instances of systemd's templates.
const UNITS: [&str; 6] = [".service", ".slice", ".scope", ".socket", ".timer", ".mount"];

/// Folders in which each user has one.
const HOMES: [&str; 4] = ["/home/", "/Users/", "/run/user/", "/var/spool/mail/"];

/// Names that stand for what is not to be told.
#[derive(Debug, Default)]
pub(super) struct Scrub {
    /// What is known to be a name of a node or host, in small letters, the longest first, and what stands for it.
    known: Vec<(String, String)>,
    /// Those of them that are more than a word.
    phrases: Vec<(String, String)>,
    /// The same of words that only notes are cleaned of.
    of_notes: Vec<(String, String)>,
    /// What was met on the way: what it is, and which of these it is.
    met: RefCell<BTreeMap<String, HashMap<String, usize>>>,
}

impl Scrub {
    /// Gets to know names, and words that are too common to be looked for in more than notes; each with what stands for it.
    pub(super) fn know(&mut self, known: Vec<(String, String)>, of_notes: Vec<(String, String)>) {
        let (known, phrases) = known.into_iter().partition(|(name, _)| name.chars().all(is_part));
        (self.known, self.phrases) = (longest_first(known), longest_first(phrases));
        self.of_notes = longest_first(of_notes);
    }

    /// A note without them: it is any text, and may say all.
    pub(super) fn note(&self, text: &str) -> String {
        words(&self.of_notes, &self.text(text), false)
    }

    /// What stands for a text wherever it occurs: "user-3".
    pub(super) fn stands_for(&self, what: &str, text: &str) -> String {
        let mut met = self.met.borrow_mut();
        if !met.contains_key(what) {
            met.insert(what.to_owned(), HashMap::new());
        }
        let of_kind = met.get_mut(what).expect("it was put there");
        let next = of_kind.len() + 1;
        let n = of_kind.get(text).copied().unwrap_or_else(|| *of_kind.entry(text.to_owned()).or_insert(next));
        format!("{what}-{n}")
    }

    /// The text without them.
    pub(super) fn text(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let whole = words(&self.phrases, text, false);
        let mut rest = &*whole;
        while let Some(first) = rest.chars().next() {
            let n = rest.find(|c| is_part(c) != is_part(first)).unwrap_or(rest.len());
            let (token, after) = rest.split_at(n);
            let is_home = HOMES.iter().any(|home| out.ends_with(home));
            match (is_part(first), is_home) {
                (true, true) => out.push_str("masked"),
                (true, false) => out.push_str(&self.token(token)),
                (false, _) => out.push_str(token),
            }
            rest = after;
        }
        out
    }

    fn token(&self, token: &str) -> String {
        let bare = token.trim_end_matches(['.', ':', '-']);
        let end = &token[bare.len()..];
        if let Some(masked) = self.address(bare) {
            return masked + end;
        }
        let known = words(&self.known, bare, true);
        if known != bare {
            return known + end;
        }
        match bare.split_once('@') {
            Some((name, host)) if !host.is_empty() && !UNITS.iter().any(|unit| host.ends_with(unit)) => {
                format!("{name}@{}{end}", self.stands_for("host", host))
            }
            _ => token.to_owned(),
        }
    }

    /// An address, with or without its port; one of this host says nothing of where.
    pub(super) fn address(&self, token: &str) -> Option<String> {
        let (host, port) = match token.rsplit_once(':') {
            _ if token.parse::<IpAddr>().is_ok() => (token, ""),
            Some((host, port)) if !port.is_empty() && port.chars().all(|c| c.is_ascii_digit()) => {
                (host, &token[host.len()..])
            }
            _ => (token, ""),
        };
        let plain = host.trim_start_matches('[').trim_end_matches(']');
        let ip: IpAddr = plain.split('%').next()?.parse().ok()?;
        let says_nothing = ip.is_loopback() || ip.is_unspecified();
        Some(if says_nothing { token.to_owned() } else { self.stands_for("address", &ip.to_string()) + port })
    }
}

/// Whether a letter may be part of an address or a name.
fn is_part(c: char) -> bool {
    c.is_alphanumeric() || "._:@%[]-".contains(c)
}

fn longest_first(mut known: Vec<(String, String)>) -> Vec<(String, String)> {
    known.retain(|(name, _)| !name.is_empty());
    known.iter_mut().for_each(|(name, _)| *name = name.to_ascii_lowercase());
    known.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    known
}

/// Known names in a text, where they stand as words; a domain behind them goes with them where they are names of hosts.
fn words(known: &[(String, String)], text: &str, is_host: bool) -> String {
    // Positions in small letters are those in the text only where both are as long.
    let small = text.to_ascii_lowercase();
    let mut out = String::new();
    let mut n = 0;
    while n < text.len() {
        let is_start = !text[..n].ends_with(char::is_alphanumeric);
        let found = known.iter().filter(|_| is_start).find(|(name, _)| {
            let after = small[n..].strip_prefix(name.as_str());
            after.is_some_and(|after| !after.starts_with(char::is_alphanumeric))
        });
        if let Some((name, instead)) = found {
            out.push_str(instead);
            n += name.len();
            if is_host && text[n..].starts_with('.') {
                n += text[n..].find([':', '@', '%', '[', ']']).unwrap_or(text.len() - n);
            }
        } else {
            let next = text[n..].chars().next().map_or(1, char::len_utf8);
            out.push_str(&text[n..n + next]);
            n += next;
        }
    }
    out
}
