//! The cookie: whoever has it runs any code on the node. It is held here, hashed into a digest, and goes nowhere else.

use std::{
    env, fmt,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use md5::{Digest, Md5};

/// No cookie is longer; a file that is longer is something else.
const MOST_BYTES: u64 = 4096;

/// The secret that a node and we share. `Debug` does not show it, and nothing reads it but the handshake.
#[derive(Clone)]
pub struct Cookie(Vec<u8>);

/// Why there is no cookie. It names where one was sought, never what was found.
#[derive(Debug, thiserror::Error)]
pub enum CookieError {
    /// The file cannot be read.
    #[error("cannot read the cookie in {path}: {source}; run as its owner, or name another file")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Longer than any cookie.
    #[error("{0} holds more than 4096 bytes: that is no cookie")]
    Long(PathBuf),
    /// The variable is not set.
    #[error("no cookie: the variable {0} is not set")]
    Unset(String),
    /// Nothing but white space.
    #[error("the cookie from {0} is empty")]
    Empty(String),
}

impl Cookie {
    /// The cookie as somebody wrote it, on a command line or in a configuration.
    pub fn from_text(text: &str) -> Result<Self, CookieError> {
        Self::trimmed(text.as_bytes(), "the text given")
    }

    /// The cookie in an environment variable.
    pub fn from_env(variable: &str) -> Result<Self, CookieError> {
        let value = env::var_os(variable).ok_or_else(|| CookieError::Unset(variable.into()))?;
        Self::trimmed(value.as_encoded_bytes(), variable)
    }

    /// The cookie in a file, `~/.erlang.cookie` of the owner of a node for one. That it can be read is all that is asked.
    pub fn from_file(path: &Path) -> Result<Self, CookieError> {
        let failed = |source| CookieError::File { path: path.into(), source };
        let mut bytes = Vec::new();
        File::open(path).map_err(failed)?.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(CookieError::Long(path.into()));
        }
        Self::trimmed(&bytes, &path.display().to_string())
    }

    /// Erlang itself takes a cookie file up to its first line's end.
    fn trimmed(bytes: &[u8], from: &str) -> Result<Self, CookieError> {
        let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(bytes.len());
        if bytes[..end].trim_ascii().is_empty() {
            return Err(CookieError::Empty(from.into()));
        }
        Ok(Self(bytes[..end].to_vec()))
    }

    /// The proof of knowing it: MD5 of the cookie and the challenge in decimal (`dist_util:gen_digest/2`).
    pub(crate) fn digest(&self, challenge: u32) -> [u8; 16] {
        Md5::new().chain_update(&self.0).chain_update(challenge.to_string()).finalize().into()
    }
}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cookie(hidden)")
    }
}

#[cfg(test)]
mod tests;
