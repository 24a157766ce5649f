//! How often something was learnt of a node: what was made of it before is made anew then.

/// A count of changes, since the node was first heard of. It says nothing of the node itself: nodes of which the same is known
/// are equal, however that came to be known.
#[derive(Clone, Copy, Debug, Default, Eq)]
pub struct Changes(pub u64);

impl PartialEq for Changes {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
