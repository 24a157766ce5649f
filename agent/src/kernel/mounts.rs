//! What is mounted where: `/proc/self/mountinfo` (proc(5)).

use std::{ffi::OsString, os::unix::ffi::OsStringExt as _, path::PathBuf};

use super::text::{lines, number, words};

/// One mount, as this process sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mount {
    /// Its number, unique as long as it is mounted.
    pub id: u64,
    /// Major and minor number of its device; filesystems without one have major 0.
    pub device: (u32, u32),
    /// What of the filesystem is mounted: `/` where it is the whole.
    pub root: PathBuf,
    /// Where.
    pub point: PathBuf,
    /// Type of the filesystem.
    pub kind: String,
    /// Options of the filesystem itself, of the old cgroups the controllers among them.
    pub options: String,
}

/// The mounts of a mountinfo text; lines that are not understood are passed over.
pub(super) fn mounts(text: &[u8]) -> impl Iterator<Item = Mount> {
    lines(text).filter_map(mount)
}

/// `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`; any number of fields before the dash.
fn mount(line: &[u8]) -> Option<Mount> {
    let mut fields = words(line);
    let id = fields.next().and_then(number)?;
    let device = fields.nth(1)?;
    let colon = device.iter().position(|b| *b == b':')?;
    let part = |word| number(word).and_then(|n| u32::try_from(n).ok());
    let device = (part(&device[..colon])?, part(&device[colon + 1..])?);
    let (root, point) = (path(fields.next()?), path(fields.next()?));
    let mut rest = fields.skip_while(|word| *word != b"-").skip(1);
    let text = |word: &[u8]| String::from_utf8_lossy(word).into_owned();
    let kind = text(rest.next()?);
    // The source may be empty, and then the options stand in its place.
    let options = rest.last().map(text).unwrap_or_default();
    Some(Mount { id, device, root, point, kind, options })
}

/// Space, tab, newline and backslash are written as `\040`: three octal digits (fs/proc_namespace.c, `mangle`).
fn path(word: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some((first, after)) = rest.split_first() {
        let digits = after.first_chunk::<3>().filter(|_| *first == b'\\');
        let octal = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        bytes.push(octal.unwrap_or(*first));
        rest = if octal.is_some() { &after[3..] } else { after };
    }
    OsString::from_vec(bytes).into()
}

#[cfg(test)]
mod tests;
