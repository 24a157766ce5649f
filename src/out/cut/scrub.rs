//! Texts without who and where: addresses, names of nodes and hosts, and home folders are replaced, each always by the same.

use std::{cell::RefCell, collections::BTreeMap, net::IpAddr};

/// Ends of names with an `@` that are no hosts: instances of systemd's templates.
const UNITS: [&str; 6] = [".service", ".slice", ".scope", ".socket", ".timer", ".mount"];

/// Names that stand for what is not to be told.
#[derive(Debug, Default)]
pub(super) struct Scrub {
    /// What is known to be a name of a node or host, in small letters, the longest first, and what stands for it.
    known: Vec<(String, String)>,
    /// What was met on the way.
    met: RefCell<BTreeMap<String, String>>,
}

impl Scrub {
    /// With names that are known from the start.
    pub(super) fn new(mut known: Vec<(String, String)>) -> Self {
        known.retain(|(name, _)| !name.is_empty());
        known.iter_mut().for_each(|(name, _)| *name = name.to_lowercase());
        known.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        Self { known, met: RefCell::default() }
    }

    /// What stands for a text wherever it occurs: "user-3".
    pub(super) fn stands_for(&self, what: &str, text: &str) -> String {
        let mut met = self.met.borrow_mut();
        let n = met.keys().filter(|key| key.starts_with(&format!("{what} "))).count() + 1;
        met.entry(format!("{what} {text}")).or_insert_with(|| format!("{what}-{n}")).clone()
    }

    /// The text without them.
    pub(super) fn text(&self, text: &str) -> String {
        let is_part = |c: char| c.is_alphanumeric() || "._:@%[]-".contains(c);
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let n = rest.find(|c| is_part(c) != is_part(first)).unwrap_or(rest.len());
            let (token, after) = rest.split_at(n);
            let is_home = ["/home/", "/Users/"].iter().any(|home| out.ends_with(home));
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
        let known = self.names(bare);
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
    fn address(&self, token: &str) -> Option<String> {
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

    /// Known names in a token, where they stand as words; a domain behind them goes with them.
    fn names(&self, token: &str) -> String {
        // Positions in small letters are those in the token only where both are as long.
        let small = token.to_ascii_lowercase();
        let mut out = String::new();
        let mut n = 0;
        while n < token.len() {
            let is_start = !out.ends_with(char::is_alphanumeric);
            let found = self.known.iter().filter(|_| is_start).find(|(name, _)| {
                let after = small[n..].strip_prefix(name.as_str());
                after.is_some_and(|after| !after.starts_with(char::is_alphanumeric))
            });
            if let Some((name, instead)) = found {
                out.push_str(instead);
                n += name.len();
                if token[n..].starts_with('.') {
                    n += token[n..].find([':', '@', '%', '[', ']']).unwrap_or(token.len() - n);
                }
            } else {
                let next = token[n..].chars().next().map_or(1, char::len_utf8);
                out.push_str(&token[n..n + next]);
                n += next;
            }
        }
        out
    }
}
