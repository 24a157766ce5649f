//! Marks without who and where. What an agent notes by rule is of a few forms; what people note may be anything.

use midair_proto::v1;

use super::{AGENT, Mask, names::Use, place};

impl Mask {
    pub(super) fn mark(&self, mark: v1::Mark) -> v1::Mark {
        let is_by_rule = mark.automatic.unwrap_or(false) || mark.author.as_deref() == Some(AGENT);
        v1::Mark {
            wall_us: mark.wall_us,
            text: mark.text.map(|text| if is_by_rule { self.by_rule(&text) } else { self.note(&text) }),
            author: mark.author.map(|author| if author == AGENT { author } else { self.user(&author) }),
            focus: mark.focus.and_then(|focus| self.focus(&focus)),
            automatic: mark.automatic,
        }
    }

    /// A note of a person's: labels with their values, cgroups, and whatever [`super::Scrub::note`] knows.
    pub(super) fn note(&self, text: &str) -> String {
        let (mut out, mut plain, mut n) = (String::with_capacity(text.len()), String::new(), 0);
        while let Some(c) = text[n..].chars().next() {
            let is_start = !text[..n].ends_with(char::is_alphanumeric);
            let masked = if is_start { self.label_at(&text[n..]).or_else(|| self.group_at(&text[n..])) } else { None };
            let Some((masked, length)) = masked else {
                plain.push(c);
                n += c.len_utf8();
                continue;
            };
            out += &self.scrub.note(&std::mem::take(&mut plain));
            out += &masked;
            n += length;
        }
        out + &self.scrub.note(&plain)
    }

    /// What an agent notes by rule: where the kernel killed, which labels are new, which Erlang process ended.
    fn by_rule(&self, text: &str) -> String {
        if let Some(labels) = text.strip_prefix("labels: ") {
            return format!("labels: {}", self.labels(labels));
        }
        if let Some(n) = text.find(" in /").filter(|_| text.starts_with("out of memory: ")) {
            let (who, cgroup) = text.split_at(n + " in ".len());
            return self.note(who) + &place::group(&self.scrub, cgroup);
        }
        let end = text.strip_suffix(" ended").map(str::len).or_else(|| text.rfind(" ended; at last "));
        if let Some((who, used)) = end.map(|end| text.split_at(end)) {
            return match who.rsplit_once(" of ") {
                Some((name, vm)) => format!("{} of {}{used}", place::process(&self.scrub, name), self.note(vm)),
                None => self.note(text),
            };
        }
        const HOT: &str = " tasks ended that were hot: ";
        match text.split_once(HOT) {
            // A label may hold a comma itself, so it is not told which of several it is.
            Some((n, names)) if !names.trim_end_matches(" ...").split(", ").all(is_code) => {
                format!("{n}{HOT}{}", self.scrub.stands_for("label", names))
            }
            _ => self.note(text),
        }
    }

    /// `tenant=acme -> b, role=x is new`: a value may look like all of it, so what is no known key is masked as well.
    fn labels(&self, text: &str) -> String {
        let value = |value: &str| self.scrub.stands_for("value", value);
        let told = |told: &str| {
            let Some((key, rest)) = told.split_once('=') else { return value(told) };
            let key = if self.keys.contains(key) { key.to_owned() } else { self.scrub.stands_for("key", key) };
            let ends = [" is new", " is gone"].into_iter();
            let end = ends.clone().find(|end| rest.ends_with(end)).unwrap_or_default();
            let values = rest[..rest.len() - end.len()].split(" -> ").map(value);
            format!("{key}={}{end}", values.collect::<Vec<_>>().join(" -> "))
        };
        text.split(", ").map(told).collect::<Vec<_>>().join(", ")
    }

    /// `tenant=acme`, or `tenant=acme -> b`, of a known key: masked, and how many bytes of the text that is.
    fn label_at(&self, text: &str) -> Option<(String, usize)> {
        let key =
            self.keys.iter().find(|key| text.strip_prefix(key.as_str()).is_some_and(|rest| rest.starts_with('=')))?;
        let (mut out, mut n) = (format!("{key}="), key.len() + 1);
        loop {
            let value = self.value_at(&text[n..]);
            if !value.is_empty() {
                out += &self.scrub.stands_for("value", value);
            }
            n += value.len();
            if !text[n..].starts_with(" -> ") {
                return Some((out, n));
            }
            out += " -> ";
            n += " -> ".len();
        }
    }

    /// The value at the start of a text: the longest that is known, what is quoted, or a word.
    fn value_at<'a>(&self, text: &'a str) -> &'a str {
        let is_whole = |value: &&String| {
            text.strip_prefix(value.as_str()).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
        };
        let known = self.values.iter().filter(is_whole).map(String::len).max();
        let quote = text.chars().next().filter(|first| "\"'".contains(*first));
        let quoted = quote.and_then(|quote| Some(text[1..].find(quote)? + 2));
        let is_end = |c: char| c.is_whitespace() || ",;)".contains(c);
        &text[..known.or(quoted).or_else(|| text.find(is_end)).unwrap_or(text.len())]
    }

    /// The path of a cgroup, masked, and how many bytes of the text it is.
    fn group_at(&self, text: &str) -> Option<(String, usize)> {
        if !text.starts_with('/') {
            return None;
        }
        let word = &text[..text.find(char::is_whitespace).unwrap_or(text.len())];
        let path = word.trim_end_matches(['.', ',', ';', ':', ')', '"', '\'']);
        let is_group = self.uses.holds(Use::Group, path) || place::is_group(path);
        is_group.then(|| (place::group(&self.scrub, path), path.len()))
    }

    /// `NODE/RUNTIME/TASK`, `NODE/cgroup/PATH`, as `--go` takes it; `None` where it cannot be told what is who.
    fn focus(&self, focus: &str) -> Option<String> {
        let (node, within) = focus.split_once('/').map_or((focus, None), |(node, within)| (node, Some(within)));
        let node = self.nodes.get(node)?;
        let Some(within) = within else { return Some(node.clone()) };
        let (runtime, task) = within.split_once('/').map_or((within, None), |(vm, task)| (vm, Some(task)));
        let is_number = |text: &str| text.chars().all(|c| c.is_ascii_digit() || "<>.".contains(c));
        match task {
            Some(path) if runtime == "cgroup" => Some(format!("{node}/cgroup/{}", place::group(&self.scrub, path))),
            Some(task) if is_number(task) => Some(format!("{node}/{}/{task}", self.scrub.text(runtime))),
            Some(_) => None,
            None => Some(format!("{node}/{}", self.scrub.text(runtime))),
        }
    }
}

/// Whether a name in a list, with how many there were of it, is one of code.
fn is_code(name: &str) -> bool {
    let bare = name.trim_start_matches(|c: char| c.is_ascii_digit());
    place::is_code(bare.strip_prefix(' ').filter(|_| bare.len() < name.len()).unwrap_or(name))
}

#[cfg(test)]
mod tests;
