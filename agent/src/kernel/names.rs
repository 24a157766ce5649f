//! Names around a task that many tasks share: users and cgroups, each kept once.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, OnceLock},
};

use rustix::process::geteuid;

use super::text::{lines, number};

/// Strings of which each is kept once, as long as somebody uses it.
#[derive(Debug, Default)]
pub(super) struct Shared {
    known: HashSet<Arc<str>>,
    sweep_at: usize,
}

impl Shared {
    /// The shared copy of a text; what is no UTF-8 in it becomes U+FFFD.
    pub(super) fn share(&mut self, text: &[u8]) -> Arc<str> {
        let text = String::from_utf8_lossy(text);
        if let Some(known) = self.known.get(&*text) {
            return known.clone();
        }
        if self.known.len() >= self.sweep_at {
            self.known.retain(|name| Arc::strong_count(name) > 1);
            self.sweep_at = (self.known.len() * 2).max(256);
        }
        let name: Arc<str> = text.into();
        self.known.insert(name.clone());
        name
    }
}

/// Names of users, from `/etc/passwd`; a user without a name is shown by number.
#[derive(Debug, Default)]
pub(super) struct Users {
    names: HashMap<u32, Arc<str>>,
}

impl Users {
    /// The name of a user. The file is read again whenever a user is seen for the first time.
    pub(super) fn name(&mut self, uid: u32) -> Arc<str> {
        if let Some(name) = self.names.get(&uid) {
            return name.clone();
        }
        // Users that come from a directory service stand in no file: their number is still true.
        let passwd = std::fs::read("/etc/passwd").unwrap_or_default();
        let name = name_in(&passwd, uid).unwrap_or_else(|| uid.to_string().into());
        self.names.insert(uid, name.clone());
        name
    }
}

/// The name of the user as whom this program runs; it does not change while it runs.
pub(super) fn own_user() -> Arc<str> {
    static NAME: OnceLock<Arc<str>> = OnceLock::new();
    NAME.get_or_init(|| Users::default().name(geteuid().as_raw())).clone()
}

/// The name of a user in the text of a passwd(5) file.
fn name_in(passwd: &[u8], uid: u32) -> Option<Arc<str>> {
    lines(passwd).find_map(|line| {
        let mut fields = line.split(|b| *b == b':');
        let name = fields.next()?;
        (fields.nth(1).and_then(number) == Some(u64::from(uid))).then(|| String::from_utf8_lossy(name).into())
    })
}

#[cfg(test)]
mod tests;
