//! The cookie of a VM: as an operator said, else where the VM itself has it from.

use std::{
    fs::File,
    io::{self, Read},
};

use midair_beam::Cookie;
use rustix::fs::{OFlags, ResolveFlags};

use super::place::{self, Arguments, variable};
use crate::config::{BeamConfig, COOKIE_VARIABLE};

/// No cookie is longer.
const MOST_BYTES: u64 = 4096;

/// Finds it. What is said on failure names where it was sought, never what was found.
pub(super) fn find(pid: u32, name: Option<&str>, args: &Arguments, config: &BeamConfig) -> Result<Cookie, String> {
    let words = |error: midair_beam::CookieError| error.to_string();
    if let Some(path) = config.cookie_file_of(name.unwrap_or_default()) {
        return Cookie::from_file(path).map_err(words);
    }
    if let Ok(cookie) = Cookie::from_env(COOKIE_VARIABLE) {
        return Ok(cookie);
    }
    if let Some(text) = args.value(&["-setcookie"]) {
        return Cookie::from_text(text).map_err(words);
    }
    if let Some(text) = variable(pid, "RELEASE_COOKIE") {
        return Cookie::from_text(&text).map_err(words);
    }
    let home = args.value(&["-home"]).map(str::to_owned).or_else(|| variable(pid, "HOME"));
    let home = home.ok_or("no cookie: its home directory is not known; say --cookie-file")?;
    let path = format!("{}/.erlang.cookie", home.trim_end_matches('/'));
    let text = read_inside(pid, &path).map_err(|error| {
        format!("cannot read its cookie in {path}: {error}; run as its owner, or say --cookie-file or MIDAIR_COOKIE")
    })?;
    Cookie::from_text(&text).map_err(words)
}

/// Reads a file as a process sees it.
fn read_inside(pid: u32, path: &str) -> io::Result<String> {
    let file = File::from(place::open_inside(pid, "root", path, OFlags::RDONLY, ResolveFlags::IN_ROOT)?);
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut text = String::new();
    file.take(MOST_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests;
