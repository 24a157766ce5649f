//! A feed of entries that were written down before.

use tokio::sync::mpsc;

use crate::{
    entry::Entry,
    feed::{CONTROLS_MAX, Feed},
};

/// A feed that yields these entries, one after the other, and ends. Nobody hears its controls: what was not asked for
/// then cannot be asked for now.
pub fn replay(entries: Vec<Entry>) -> Feed {
    let (sender, receiver) = mpsc::channel(entries.len().max(1));
    let (controls, _) = mpsc::channel(CONTROLS_MAX);
    for entry in entries {
        sender.try_send(entry).expect("the channel was made with room for every entry");
    }
    Feed::new(receiver, controls)
}
