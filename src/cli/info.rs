//! What a recording is, in a few lines: `midair info`.

use std::{collections::BTreeMap, fmt, fs::File, io::BufReader, path::Path, sync::Arc};

use anyhow::Context as _;
use midair_proto::v1::{RecordedMark, RecordedNode, RecordingHeader, RecordingOrder, payload::Kind};
use midair_recording::{Entry, Piece, Reader};
use prost::Message as _;

use crate::{
    app::utc,
    entry::Item,
    event::{Gap, Stamp},
    feed::file::{self, Notebook},
    out::Losses,
    view::format,
    wire::Carries,
};

/// Most nodes, marks and gaps that are listed, each.
const LISTED_MAX: usize = 100;

/// What a recording is.
#[derive(Clone, Debug, PartialEq)]
pub struct Info {
    name: Arc<str>,
    lines: Vec<(&'static str, String)>,
}

/// What its entries say of it.
#[derive(Debug, Default)]
struct Counted {
    /// Envelopes of each node, by id, and their bytes before compression.
    nodes: BTreeMap<String, (u64, u64)>,
    /// Summaries by the length of their window, microseconds.
    rollups: BTreeMap<u64, u64>,
    /// Whether some node of it is made up.
    is_demo: bool,
    n_gaps: usize,
    gaps: Vec<Gap>,
}

impl Info {
    /// Reads it, all of it: what is damaged is met only there.
    ///
    /// # Errors
    /// When there is no such file, it is no recording, or one of a newer version.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        let reader = Reader::open(BufReader::new(file)).with_context(|| path.display().to_string())?;
        let lines = lines(path, reader.by_wall()).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self { name: path.display().to_string().into(), lines })
    }
}

fn lines(path: &Path, mut reader: Reader<BufReader<File>>) -> anyhow::Result<Vec<(&'static str, String)>> {
    let header = reader.header().cloned().unwrap_or_default();
    let mut lines = of_header(&header);
    if let Some((first, last)) = reader.range() {
        let seconds = last.saturating_sub(first) / 1_000_000;
        let length = format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        lines.push(("from", utc(Stamp(first))));
        lines.push(("to", format!("{}, {length} later", utc(Stamp(last)))));
    }
    let n_bytes = reader.length()?;
    let n_entries: u64 = reader.blocks().iter().map(|block| block.n_entries).sum();
    let n_blocks = reader.blocks().len();
    let state = if reader.is_closed() { "" } else { ", still being written or not closed" };
    lines.push(("size", format!("{n_bytes} bytes, {n_entries} entries, {n_blocks} blocks{state}")));
    let marks = of_marks(path, &mut reader)?;
    let mut losses = Losses::on_opening(reader.damage());
    reader.seek(0)?;
    losses.go(reader.range().map(|(first, _)| Stamp(first)));
    let mut counted = Counted::default();
    for piece in reader.by_ref() {
        match piece? {
            Piece::Entry(entry) => {
                losses.pass(&entry);
                counted.take(entry);
            }
            Piece::Damage(found) => losses.meet(found),
        }
    }
    reader.torn().cloned().into_iter().for_each(|torn| losses.meet(torn));
    lines.extend(counted.is_demo.then(|| ("DEMO", "its nodes are made up, by midair demo".to_owned())));
    lines.extend(counted.lines(reader.nodes()));
    lines.extend(marks);
    lines.extend(header.masked.iter().map(|masked| ("masked", masked.clone())));
    let only = counted.only(reader.nodes());
    lines.extend(losses.met().iter().map(|lost| ("damage", lost.words(only.as_deref()))));
    Ok(lines)
}

fn of_header(header: &RecordingHeader) -> Vec<(&'static str, String)> {
    let order = match header.order() {
        RecordingOrder::AsSeen => "as seen by a dashboard",
        RecordingOrder::AsMeasured => "as measured by an agent",
        RecordingOrder::Unspecified => "not said",
    };
    vec![
        ("recorded", format!("{} by {}", or_dash(header.program.as_deref()), or_dash(header.author.as_deref()))),
        ("why", or_dash(header.why.as_deref()).to_owned()),
        ("order", order.to_owned()),
    ]
}

/// How many marks there are by whom, and which; those that somebody put on the recording later stand last.
fn of_marks(path: &Path, reader: &mut Reader<BufReader<File>>) -> anyhow::Result<Vec<(&'static str, String)>> {
    let mut marks = reader.marks()?;
    // A mark stands at the moment that it is about; who was asked twice told of it twice.
    let about = |mark: &RecordedMark| mark.mark.as_ref().and_then(|m| m.wall_us).or(mark.at_us).min(mark.at_us);
    marks.sort_by_cached_key(|mark| (about(mark), mark.node.clone(), mark.mark.as_ref().and_then(|m| m.text.clone())));
    marks.dedup_by(|later, first| about(later) == about(first) && later.node == first.node && later.mark == first.mark);
    let n_by_rule = marks.iter().filter(|mark| mark.mark.as_ref().is_some_and(|mark| mark.automatic())).count();
    let id = reader.file_id().map(|id| format!("{id:016x}")).unwrap_or_default();
    let notes = Notebook::of_user().on(path, id).read();
    let mut lines = Vec::new();
    if !marks.is_empty() || !notes.is_empty() {
        let (n_by_people, n_notes) = (marks.len() - n_by_rule, notes.len());
        lines.push(("marks", format!("{n_by_people} by people, {n_by_rule} by rule, {n_notes} noted on it later")));
    }
    let of_file = marks.iter().map(|mark| {
        let (at, node) = (Stamp(about(mark).unwrap_or(0)), mark.node.as_deref().unwrap_or_default());
        let mark = mark.mark.as_ref();
        let sign = if mark.is_some_and(|mark| mark.automatic()) { " (by rule)" } else { "" };
        (
            "mark",
            format!("{}  {node}  {}{sign}", utc(at), mark.and_then(|mark| mark.text.as_deref()).unwrap_or_default()),
        )
    });
    let later = notes.iter().map(|note| ("noted", format!("{}  {}", utc(note.at), note.text)));
    lines.extend(of_file.take(LISTED_MAX));
    lines.extend(more("mark", marks.len()));
    lines.extend(later.take(LISTED_MAX));
    lines.extend(more("noted", notes.len()));
    Ok(lines)
}

impl Counted {
    fn take(&mut self, recorded: Entry) {
        if recorded.is_standing {
            return;
        }
        let Some(entry) = file::entry(recorded) else { return };
        match entry.item {
            Item::Envelope(_, envelope) => {
                let n_bytes = envelope.encoded_len() as u64;
                if Carries::of(&envelope) == Carries::Rollup
                    && let Some(Kind::Rollup(rollup)) = envelope.kind()
                {
                    *self.rollups.entry(rollup.window_us()).or_default() += 1;
                }
                if Carries::of(&envelope) == Carries::Description
                    && let Some(Kind::Described(described)) = envelope.kind()
                {
                    self.is_demo |= described.capabilities.iter().any(|word| word == "demo");
                }
                let Some(id) = &envelope.node else { return };
                if !self.nodes.contains_key(id) {
                    self.nodes.insert(id.clone(), (0, 0));
                }
                let (n_entries, n_all) = self.nodes.get_mut(id).expect("it was put there");
                (*n_entries, *n_all) = (*n_entries + 1, *n_all + n_bytes);
            }
            Item::Gap(gap) => {
                self.n_gaps += 1;
                if self.gaps.len() < LISTED_MAX {
                    self.gaps.push(gap);
                }
            }
            Item::Link(_)
            | Item::Clock(..)
            | Item::Tick
            | Item::Reset
            | Item::Input(_)
            | Item::Page(_)
            | Item::Notice(_) => {}
        }
    }

    /// The name of the only node that there is.
    fn only(&self, listed: &[RecordedNode]) -> Option<String> {
        let named = |id: &String| listed.iter().find(|node| node.node.as_ref() == Some(id))?.name.clone();
        match (self.nodes.keys().next(), listed) {
            (Some(id), [] | [_]) if self.nodes.len() == 1 => Some(named(id).unwrap_or_else(|| id.clone())),
            _ => None,
        }
    }

    /// Nodes that are listed and those that were met; summaries; gaps.
    fn lines(&self, listed: &[RecordedNode]) -> Vec<(&'static str, String)> {
        let n_all: u64 = self.nodes.values().map(|(_, n_bytes)| n_bytes).sum();
        let met = |id: &str| match self.nodes.get(id) {
            Some((n_entries, n_bytes)) => {
                let share = format::percent_sign(Some(*n_bytes as f64 / n_all.max(1) as f64));
                let size = format::bytes(Some(*n_bytes as f64));
                format!(": {n_entries} entries, {size} before compression, {share} of all")
            }
            None => ": nothing".to_owned(),
        };
        let id_of = |node: &RecordedNode| node.node.clone().unwrap_or_default();
        let mut nodes: Vec<String> = listed
            .iter()
            .map(|node| {
                let (id, link) = (or_dash(node.node.as_deref()), or_dash(node.link.as_deref()));
                format!("{} ({id}, {link}){}", or_dash(node.name.as_deref()), met(&id_of(node)))
            })
            .collect();
        let unlisted = self.nodes.keys().filter(|id| listed.iter().all(|node| id_of(node) != **id));
        nodes.extend(unlisted.map(|id| format!("{id}{}", met(id))));
        let n_nodes = nodes.len();
        let mut lines: Vec<_> = nodes.into_iter().take(LISTED_MAX).map(|node| ("node", node)).collect();
        lines.extend(more("node", n_nodes));
        if !self.rollups.is_empty() {
            let of = |(window_us, n): (&u64, &u64)| format!("{n} over {}", format::duration(*window_us));
            lines.push(("rollups", self.rollups.iter().map(of).collect::<Vec<_>>().join(", ")));
        }
        for gap in &self.gaps {
            let of = gap.node.as_ref().map_or("all", |node| &*node.0);
            let what = match gap.n_lost {
                Some(n_lost) => format!("{n_lost} entries lost"),
                None => format!("for {}", format::span(gap.to.since_us(gap.from))),
            };
            lines.push(("gap", format!("{}  {what}, of {of}: {}", utc(gap.from), gap.why)));
        }
        lines.extend(more("gap", self.n_gaps));
        lines
    }
}

/// That there are more than are listed.
fn more(word: &'static str, n: usize) -> Option<(&'static str, String)> {
    n.checked_sub(LISTED_MAX).filter(|n| *n > 0).map(|n| (word, format!("and {n} more")))
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
