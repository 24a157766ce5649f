//! What an envelope carries.

use prost::Message as _;

use crate::v1::{Envelope, Payload, payload::Kind};

impl Envelope {
    /// What it carries, decoded; `None` where it carries nothing, nothing that this build knows, or bytes that are no payload.
    /// Who has to tell these apart decodes by itself.
    pub fn kind(&self) -> Option<Kind> {
        Payload::decode(self.payload.clone()?).ok()?.kind
    }
}
