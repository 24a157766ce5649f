//! How a sample, an answer or a close look changes a node.
