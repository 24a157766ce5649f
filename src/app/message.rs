//! What the footer says until the next key, or for a few seconds: how it went, or why not.

use super::State;

/// So long it stands without a key, microseconds.
const LASTS_US: u64 = 8_000_000;

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
        self.say(Message::Notice(text.into()));
    }

    /// Says that something was not done, and why.
    pub(super) fn refuse(&mut self, text: impl Into<String>) {
        self.say(Message::Refusal(text.into()));
    }

    pub(super) fn say(&mut self, message: Message) {
        (self.message, self.read_since, self.is_dirty) = (Some(message), None, true);
    }

    /// Time passes: what was said long enough goes. What is waited for stays until it has come.
    pub(super) fn let_go(&mut self) {
        if self.message.is_none() || self.to_be_held().is_some() {
            return;
        }
        let since = *self.read_since.get_or_insert(self.clock);
        if self.clock.since_us(since) >= LASTS_US {
            (self.message, self.is_dirty) = (None, true);
        }
    }
}
