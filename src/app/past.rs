//! What black boxes were asked for the moment shown, and what came of it.

use std::sync::Arc;

use crate::event::Stamp;

/// Names that are spelled out.
const NAMED: usize = 3;

/// A moment before all that was received: who was asked for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Who has not answered yet, by name.
    pub asked: Vec<Arc<str>>,
    /// Who has nothing of that moment, by name: why, in words.
    pub lacking: Vec<(Arc<str>, Lack)>,
    /// Nodes that were not asked, for there are too many.
    pub n_passed_over: usize,
}

/// Why a node has nothing to tell of a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// It keeps no past.
    NoBlackBox,
    /// It kept nothing then, as far as is known because it did not yet keep anything.
    Nothing(Option<Stamp>),
    /// It did not tell, or not all.
    Trouble(Arc<str>),
}

impl Lack {
    /// In words, after the node's name.
    pub fn words(&self, clock: impl Fn(Stamp) -> String) -> String {
        match self {
            Self::NoBlackBox => "has no black box".to_owned(),
            Self::Nothing(None) => "kept nothing then".to_owned(),
            Self::Nothing(Some(since)) => format!("keeps since {}", clock(*since)),
            Self::Trouble(why) => format!("did not tell all: {why}"),
        }
    }
}

impl Looked {
    /// What there is to say of it; `None` where all that is shown was told.
    pub fn words(&self, at: &str, clock: impl Fn(Stamp) -> String) -> Option<String> {
        let mut parts = Vec::new();
        match &self.asked[..] {
            [] => {}
            [one] => parts.push(format!("asking the black box of {one} for {at}")),
            all => parts.push(format!("asking {} black boxes for {at}: {}", all.len(), listed(all.iter().cloned()))),
        }
        parts.extend(self.lacking.iter().take(NAMED).map(|(name, lack)| format!("{name} {}", lack.words(&clock))));
        match self.lacking.len().saturating_sub(NAMED) {
            0 => {}
            n => parts.push(format!("and {n} more")),
        }
        if self.n_passed_over > 0 {
            let more = if self.asked.is_empty() && self.lacking.is_empty() { "" } else { " more" };
            parts.push(format!(
                "{}{more} nodes are not shown as of then: select one, and its black box is asked",
                self.n_passed_over
            ));
        }
        (!parts.is_empty()).then(|| parts.join(" · "))
    }
}

fn listed(names: impl ExactSizeIterator<Item = Arc<str>>) -> String {
    let more = if names.len() > NAMED { " ..." } else { "" };
    let named: Vec<Arc<str>> = names.take(NAMED).collect();
    format!("{}{more}", named.join(", "))
}
