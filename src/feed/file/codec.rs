//! Entries as recordings keep them, and back.

use std::sync::Arc;

use midair_proto::v1::{
    Envelope, RecordedCause, RecordedClock, RecordedGap, RecordedInput, RecordedLink, RecordedLinkState as WireState,
    RecordedLoss,
};
use midair_recording::{Body, Entry as Recorded};
use prost::Message as _;

use crate::{
    entry::{Entry, Item},
    event::{Cause, Gap, Input, Key, Link, LinkState, Mouse, MouseKind, NodeId, Stamp},
};

/// What a recording keeps of an entry; `None` for what is of the past, and not of what is recorded.
pub(super) fn body(item: &Item) -> Option<Body> {
    Some(match item {
        Item::Page(_) | Item::Notice(_) => return None,
        Item::Envelope(link, envelope) => {
            Body::Envelope { link: Arc::clone(link), bytes: envelope.encode_to_vec().into() }
        }
        Item::Link(link) => Body::Link(recorded_link(link)),
        Item::Clock(address, offset_us, uncertainty_us, is_step) => Body::Clock(RecordedClock {
            address: Some(address.to_string()),
            offset_us: Some(*offset_us),
            uncertainty_us: Some(*uncertainty_us),
            step: Some(*is_step),
        }),
        Item::Gap(gap) => recorded_gap(gap),
        Item::Tick => Body::Tick,
        Item::Reset => Body::Reset,
        Item::Input(input) => Body::Input(recorded_input(*input)),
    })
}

/// The entry that a recording kept; `None` for what is not for the screen, what a newer midair wrote, and what cannot be
/// read: a recording is data from outside.
pub(crate) fn entry(recorded: Recorded) -> Option<Entry> {
    let at = Stamp(recorded.at_us);
    let item = match recorded.body {
        Body::Envelope { link, bytes } => Item::Envelope(link, Arc::new(Envelope::decode(bytes).ok()?)),
        Body::Link(link) => Item::Link(read_link(link)?),
        Body::Clock(clock) => Item::Clock(
            clock.address?.into(),
            clock.offset_us?,
            clock.uncertainty_us.unwrap_or(0),
            clock.step.unwrap_or(false),
        ),
        Body::Tick => Item::Tick,
        Body::Reset => Item::Reset,
        Body::Input(input) => Item::Input(read_input(&input)?),
        Body::Gap(gap) => Item::Gap(read_gap(gap, at, recorded.wall_us)),
        Body::Loss(loss) => Item::Gap(read_loss(loss, at)),
        Body::Mark(_) | Body::Focus(_) | Body::Unknown { .. } => return None,
    };
    Some(Entry { at, item })
}

fn recorded_gap(gap: &Gap) -> Body {
    let (node, why) = (gap.node.as_ref().map(|node| node.0.to_string()), Some(gap.why.to_string()));
    match gap.n_lost {
        Some(n) => Body::Loss(RecordedLoss { n_entries: Some(n), node, why }),
        None => Body::Gap(RecordedGap { from_us: Some(gap.from.0), to_us: Some(gap.to.0), node, why }),
    }
}

/// The ends of a gap are in wall time, which may run beside the recording's clock.
fn read_gap(gap: RecordedGap, at: Stamp, wall_us: u64) -> Gap {
    let on_ours = |us: u64| Stamp(at.0.saturating_add(us).saturating_sub(wall_us));
    let to = gap.to_us.map_or(at, on_ours);
    Gap {
        node: gap.node.as_deref().map(NodeId::new),
        from: gap.from_us.map_or(to, on_ours).min(to),
        to,
        n_lost: None,
        why: gap.why.unwrap_or_default().into(),
    }
}

fn read_loss(loss: RecordedLoss, at: Stamp) -> Gap {
    Gap {
        node: loss.node.as_deref().map(NodeId::new),
        from: at,
        to: at,
        n_lost: Some(loss.n_entries.unwrap_or(1)),
        why: loss.why.unwrap_or_default().into(),
    }
}

fn recorded_link(link: &Link) -> RecordedLink {
    let address = Some(link.address.to_string());
    match &link.state {
        LinkState::Connecting => {
            RecordedLink { address, state: Some(WireState::Connecting.into()), ..RecordedLink::default() }
        }
        LinkState::Up { note } => RecordedLink {
            address,
            state: Some(WireState::Up.into()),
            note: Some(note.to_string()),
            ..RecordedLink::default()
        },
        LinkState::Down { cause, reason, retry_at } => RecordedLink {
            address,
            state: Some(WireState::Down.into()),
            cause: Some(recorded_cause(*cause).into()),
            reason: Some(reason.to_string()),
            retry_at_us: Some(retry_at.0),
            ..RecordedLink::default()
        },
        LinkState::Left { reason } => RecordedLink {
            address,
            state: Some(WireState::Left.into()),
            reason: Some(reason.to_string()),
            ..RecordedLink::default()
        },
    }
}

fn read_link(link: RecordedLink) -> Option<Link> {
    let state = match link.state() {
        WireState::Unspecified => return None,
        WireState::Connecting => LinkState::Connecting,
        WireState::Up => LinkState::Up { note: link.note.as_deref().unwrap_or("").into() },
        WireState::Down => LinkState::Down {
            cause: read_cause(link.cause()),
            reason: link.reason.as_deref().unwrap_or("").into(),
            retry_at: Stamp(link.retry_at_us.unwrap_or(0)),
        },
        WireState::Left => LinkState::Left { reason: link.reason.as_deref().unwrap_or("").into() },
    };
    Some(Link { address: link.address?.into(), state })
}

fn recorded_cause(cause: Cause) -> RecordedCause {
    match cause {
        Cause::Refused => RecordedCause::Refused,
        Cause::Timeout => RecordedCause::Timeout,
        Cause::Reset => RecordedCause::Reset,
        Cause::Name => RecordedCause::Name,
        Cause::Protocol => RecordedCause::Protocol,
        Cause::Version => RecordedCause::Version,
        Cause::Denied => RecordedCause::Denied,
        Cause::Conflict => RecordedCause::Conflict,
        Cause::Left => RecordedCause::Left,
        // Made up while the past is shown, never received.
        Cause::BlackBox => RecordedCause::Unspecified,
    }
}

/// A cause that a newer midair knows is a connection that was closed.
fn read_cause(cause: RecordedCause) -> Cause {
    match cause {
        RecordedCause::Refused => Cause::Refused,
        RecordedCause::Timeout => Cause::Timeout,
        RecordedCause::Reset | RecordedCause::Unspecified => Cause::Reset,
        RecordedCause::Name => Cause::Name,
        RecordedCause::Protocol => Cause::Protocol,
        RecordedCause::Version => Cause::Version,
        RecordedCause::Denied => Cause::Denied,
        RecordedCause::Conflict => Cause::Conflict,
        RecordedCause::Left => Cause::Left,
    }
}

/// Keys that have a name, as recordings write them.
const KEYS: [(Key, &str); 14] = [
    (Key::Enter, "Enter"),
    (Key::Esc, "Esc"),
    (Key::Tab, "Tab"),
    (Key::BackTab, "BackTab"),
    (Key::Backspace, "Backspace"),
    (Key::Delete, "Delete"),
    (Key::Up, "Up"),
    (Key::Down, "Down"),
    (Key::Left, "Left"),
    (Key::Right, "Right"),
    (Key::PageUp, "PageUp"),
    (Key::PageDown, "PageDown"),
    (Key::Home, "Home"),
    (Key::End, "End"),
];

/// What the mouse does, as recordings write it.
const MOUSE: [(MouseKind, &str); 4] = [
    (MouseKind::Click, "Click"),
    (MouseKind::DoubleClick, "DoubleClick"),
    (MouseKind::WheelUp, "WheelUp"),
    (MouseKind::WheelDown, "WheelDown"),
];

fn recorded_input(input: Input) -> RecordedInput {
    match input {
        Input::Key(key) => RecordedInput { key: Some(key_text(key)), ..RecordedInput::default() },
        Input::Mouse(mouse) => RecordedInput {
            mouse: MOUSE.iter().find(|(kind, _)| *kind == mouse.kind).map(|(_, word)| (*word).to_owned()),
            column: Some(mouse.column.into()),
            row: Some(mouse.row.into()),
            ..RecordedInput::default()
        },
        Input::Resize(columns, rows) => {
            RecordedInput { columns: Some(columns.into()), rows: Some(rows.into()), ..RecordedInput::default() }
        }
    }
}

fn key_text(key: Key) -> String {
    match key {
        Key::Char(c) => c.to_string(),
        Key::Ctrl(c) => format!("Ctrl+{c}"),
        Key::F(n) => format!("F{n}"),
        named => KEYS.iter().find(|(key, _)| *key == named).map_or("", |(_, word)| word).to_owned(),
    }
}

fn read_input(input: &RecordedInput) -> Option<Input> {
    let short = |n: Option<u32>| u16::try_from(n?).ok();
    if let Some(text) = &input.key {
        return read_key(text).map(Input::Key);
    }
    if let Some(word) = &input.mouse {
        let (kind, _) = MOUSE.iter().find(|(_, known)| known == word)?;
        return Some(Input::Mouse(Mouse { kind: *kind, column: short(input.column)?, row: short(input.row)? }));
    }
    Some(Input::Resize(short(input.columns)?, short(input.rows)?))
}

fn read_key(text: &str) -> Option<Key> {
    let mut letters = text.chars();
    match (letters.next()?, letters.as_str()) {
        (only, "") => Some(Key::Char(only)),
        ('F', number) if number.chars().all(|c| c.is_ascii_digit()) => number.parse().ok().map(Key::F),
        _ => match text.strip_prefix("Ctrl+") {
            Some(letter) => letter.parse().ok().map(Key::Ctrl),
            None => KEYS.iter().find(|(_, word)| *word == text).map(|(key, _)| *key),
        },
    }
}

#[cfg(test)]
mod tests;
