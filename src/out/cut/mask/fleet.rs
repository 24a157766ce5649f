//! What a hub says of all its nodes, without who and where.

use std::collections::HashMap;

use midair_proto::v1;

use super::{Mask, Roster};
use crate::event::Cause;

/// Texts of labels by number, as one hub gives them.
pub(in crate::out::cut) type Texts = HashMap<u32, String>;

impl Roster {
    /// Takes the names of nodes, and keys and values of their labels.
    pub(in crate::out::cut) fn meet_fleet(&mut self, texts: &mut Texts, fleet: v1::Fleet) {
        for node in fleet.nodes {
            texts.extend((node.first_text.unwrap_or(0)..).zip(node.texts));
            if let Some(id) = node.node {
                self.names.entry(id).or_default().extend(node.name);
            }
            for label in node.labels.chunks(2) {
                self.keys.extend(label.first().and_then(|key| texts.get(key)).cloned());
                self.labels.extend(label.get(1).and_then(|value| texts.get(value)).cloned());
            }
        }
    }
}

impl Mask {
    pub(super) fn fleet(&self, mut fleet: v1::Fleet) -> v1::Fleet {
        for node in &mut fleet.nodes {
            node.node = node.node.take().map(|id| self.node(&id));
            node.name.clone_from(&node.node);
            node.address = node.address.take().map(|address| self.scrub.stands_for("link", &address));
            for text in &mut node.texts {
                // One that is a key as well as a value may say whose it is.
                if !self.keys.contains(text) || self.values.contains(text) {
                    *text = self.scrub.stands_for("value", text);
                }
            }
        }
        for presence in &mut fleet.presences {
            presence.cause = presence.cause.take().filter(|word| Cause::from_word(word).is_some());
            self.scrub_in(&mut presence.reason);
        }
        fleet
    }
}
