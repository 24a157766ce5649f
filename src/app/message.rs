//! What the footer says until the next key: how it went, or why not.

use super::State;

/// A line for the footer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Something was done.
    Notice(String),
    /// Something was not done, or cannot be: why, and what would help.
    Refusal(String),
}

impl Message {
    /// Its words.
    pub fn text(&self) -> &str {
        match self {
            Self::Notice(text) | Self::Refusal(text) => text,
        }
    }
}

impl State {
    /// Says that something was done.
    pub(super) fn notice(&mut self, text: impl Into<String>) {
        self.message = Some(Message::Notice(text.into()));
    }

    /// Says that something was not done, and why.
    pub(super) fn refuse(&mut self, text: impl Into<String>) {
        self.message = Some(Message::Refusal(text.into()));
    }
}
