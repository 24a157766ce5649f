//! What a feed yields and a recording keeps: events as they arrived, unread, with their stamps.

use std::sync::Arc;

use midair_proto::v1::Envelope;

use crate::event::{Gap, Input, Link, Stamp};

/// One thing that arrived, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When it arrived.
    pub at: Stamp,
    /// What it is.
    pub item: Item,
}

/// What arrives. Envelopes stay as they came: a field added by a newer agent survives an older dashboard.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// An event of an agent, and the address of the link on which it came.
    Envelope(Arc<str>, Arc<Envelope>),
    /// A connection changed.
    Link(Link),
    /// A new estimate of the clock of the agent behind an address: offset and uncertainty in microseconds, and whether
    /// it jumped.
    Clock(Arc<str>, i64, u64, bool),
    /// A time of which nothing, or less, was recorded.
    Gap(Gap),
    /// A piece of what a black box was asked for.
    Page(Page),
    /// What the feed has to say to who looks, of itself and of no node: of now, and in no recording.
    Notice(Arc<str>),
    /// Time passed.
    Tick,
    /// Forget all: what follows is told anew (a seek).
    Reset,
    /// A person did something. Kept in recordings so that a replay shows the same screens.
    Input(Input),
}

/// A piece of the answer of a black box. It is of the past: it is kept beside the tape, and in no recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The address of the link on which it came.
    pub address: Arc<str>,
    /// Number of the question.
    pub id: u32,
    /// The piece.
    pub part: Part,
}

/// Of an answer either some events, in their order, or its end.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Some of what was kept.
    Told(Vec<Arc<Envelope>>),
    /// Nothing more comes.
    End(Ending),
}

/// How an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All that is kept of the range has come.
    Whole,
    /// Nothing comes: why, in words.
    Refused(Arc<str>),
    /// What came is not all: why, in words.
    Broken(Arc<str>),
}
