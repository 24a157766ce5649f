//! What a recording is, in a few lines: `midair info`.

use std::{fmt, fs::File, io::BufReader, path::Path, sync::Arc};

use anyhow::Context as _;
use midair_proto::v1::RecordingOrder;
use midair_recording::{Piece, Reader};

use crate::{app::utc, event::Stamp, feed::file::Notebook};

/// What a recording is.
#[derive(Clone, Debug, PartialEq)]
pub struct Info {
    name: Arc<str>,
    lines: Vec<(&'static str, String)>,
}

impl Info {
    /// Reads it, all of it: what is damaged is met only there.
    ///
    /// # Errors
    /// When there is no such file, it is no recording, or one of a newer version.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        let mut reader = Reader::open(BufReader::new(file)).with_context(|| path.display().to_string())?.by_wall();
        let header = reader.header().cloned().unwrap_or_default();
        let order = match header.order() {
            RecordingOrder::AsSeen => "as seen by a dashboard",
            RecordingOrder::AsMeasured => "as measured by an agent",
            RecordingOrder::Unspecified => "not said",
        };
        let mut lines = vec![
            ("recorded", format!("{} by {}", or_dash(header.program.as_deref()), or_dash(header.author.as_deref()))),
            ("why", or_dash(header.why.as_deref()).to_owned()),
            ("order", order.to_owned()),
        ];
        if let Some((first, last)) = reader.range() {
            let seconds = last.saturating_sub(first) / 1_000_000;
            lines.push(("from", utc(Stamp(first))));
            lines.push((
                "to",
                format!("{}, {}:{:02}:{:02} later", utc(Stamp(last)), seconds / 3600, seconds / 60 % 60, seconds % 60),
            ));
        }
        let n_bytes = reader.length().with_context(|| format!("cannot read {}", path.display()))?;
        let n_entries: u64 = reader.blocks().iter().map(|block| block.n_entries).sum();
        let n_blocks = reader.blocks().len();
        let state = if reader.is_closed() { "" } else { ", still being written or not closed" };
        lines.push(("size", format!("{n_bytes} bytes, {n_entries} entries, {n_blocks} blocks{state}")));
        for node in reader.nodes() {
            let name = or_dash(node.name.as_deref());
            lines.push((
                "node",
                format!("{name} ({}, {})", or_dash(node.node.as_deref()), or_dash(node.link.as_deref())),
            ));
        }
        for mark in reader.marks().with_context(|| format!("cannot read {}", path.display()))? {
            let text = mark.mark.and_then(|mark| mark.text).unwrap_or_default();
            lines.push(("mark", format!("{}  {text}", utc(Stamp(mark.at_us.unwrap_or(0))))));
        }
        let id = reader.file_id().map(|id| format!("{id:016x}")).unwrap_or_default();
        for note in Notebook::of_user().on(path, id).read() {
            lines.push(("noted", format!("{}  {}", utc(note.at), note.text)));
        }
        lines.extend(header.masked.iter().map(|masked| ("masked", masked.clone())));
        let mut damage = reader.damage().to_vec();
        reader.seek(0).with_context(|| format!("cannot read {}", path.display()))?;
        for piece in reader.by_ref() {
            if let Piece::Damage(found) = piece.with_context(|| format!("cannot read {}", path.display()))? {
                damage.push(found);
            }
        }
        damage.extend(reader.torn().cloned());
        lines.extend(damage.iter().map(|damage| ("damage", damage.to_string())));
        Ok(Self { name: path.display().to_string().into(), lines })
    }
}

fn or_dash(text: Option<&str>) -> &str {
    text.filter(|text| !text.is_empty()).unwrap_or("-")
}

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.name)?;
        for (word, text) in &self.lines {
            // What others have written is data: control characters never reach the terminal.
            let text: String = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
            writeln!(f, "{word:9} {text}")?;
        }
        Ok(())
    }
}
