//! Marks that no agent keeps: lines of JSON, beside a recording or in a file of the user's.
//!
//! Nothing else is ever written to a recording once it is there: what somebody notes on it while it is played stands in
//! `FILE.marks`, or where that cannot be written in the user's own file, under the recording's id.

use std::{
    ffi::OsString,
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use midair_proto::v1::{self, payload::Kind};
use prost::Message as _;
use serde_json::{Value, json};

use crate::{
    entry::{Entry, Item},
    event::{Mark, NodeId, Stamp},
};

/// Longest text of a note, bytes, as of any mark.
const TEXT_BYTES: usize = 500;

/// A file that has grown beyond this is cut down to its newer half.
const FILE_BYTES: u64 = 1 << 20;

/// Most nodes that one note is on.
const N_NODES: usize = 64;

/// A mark that no agent keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// On which nodes, each with its wall time, microseconds since 1970; none: on the whole cluster.
    pub nodes: Vec<(NodeId, u64)>,
    /// The moment that it is about, on the clock of who noted it.
    pub at: Stamp,
    /// The note.
    pub text: String,
    /// Who noted it.
    pub author: Option<String>,
    /// What it is about, as `--go` takes it.
    pub focus: Option<String>,
    /// Id of the recording that it is about, where it does not stand beside it.
    pub recording: Option<String>,
}

/// Where notes are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notebook {
    /// The recording that is played: the file beside it, and its id.
    beside: Option<(PathBuf, String)>,
    /// The user's own file.
    own: Option<PathBuf>,
}

impl Notebook {
    /// The user's own: in `$XDG_STATE_HOME/midair`, else `~/.local/state/midair`.
    pub fn of_user() -> Self {
        let given = |name: &str| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        let state = given("XDG_STATE_HOME").or_else(|| Some(given("HOME")?.join(".local/state")));
        Self { beside: None, own: state.map(|state| state.join("midair/marks.midair-marks")) }
    }

    /// A file in place of the user's own.
    #[must_use]
    pub fn in_file(self, own: PathBuf) -> Self {
        Self { own: Some(own), ..self }
    }

    /// For a recording with this id.
    #[must_use]
    pub fn on(self, recording: &Path, id: String) -> Self {
        let mut name = OsString::from(recording);
        name.push(".marks");
        Self { beside: Some((name.into(), id)), ..self }
    }

    /// All that was noted: on the recording, or where there is none on what was live.
    pub fn read(&self) -> Vec<Note> {
        let own = self.own.as_deref().map(read).unwrap_or_default();
        let Some((path, id)) = &self.beside else {
            return own.into_iter().filter(|note| note.recording.is_none()).collect();
        };
        let of_it = own.into_iter().filter(|note| note.recording.as_ref() == Some(id));
        read(path).into_iter().chain(of_it).collect()
    }

    /// Keeps a note; where it stands then.
    ///
    /// # Errors
    /// When there is no place for it.
    pub fn keep(&self, note: &Note) -> io::Result<PathBuf> {
        let own = || self.own.as_ref().ok_or_else(|| io::Error::other("there is no home directory to keep it in"));
        let Some((path, id)) = &self.beside else {
            return append(own()?, note).map(|()| own().cloned())?;
        };
        if append(path, note).is_ok() {
            return Ok(path.clone());
        }
        let note = Note { recording: Some(id.clone()), ..note.clone() };
        append(own()?, &note).map(|()| own().cloned())?
    }
}

impl Note {
    /// The marks that it is, one for each of its nodes, in the order of these.
    pub fn marks(&self) -> Vec<Mark> {
        let mark = |node: Option<NodeId>, wall_us: u64| Mark {
            node,
            wall_us,
            text: self.text.as_str().into(),
            author: self.author.as_deref().map(Arc::from),
            focus: self.focus.as_deref().map(Arc::from),
            is_automatic: false,
        };
        match self.nodes.as_slice() {
            [] => vec![mark(None, self.at.0)],
            nodes => nodes.iter().map(|(node, wall_us)| mark(Some(node.clone()), *wall_us)).collect(),
        }
    }

    /// The same as if its nodes had told it: what the screen and recordings take.
    pub fn entries(&self, at: Stamp) -> Vec<Entry> {
        self.entries_on(&Arc::from(""), at)
    }

    /// The same as if it had come from an address.
    pub fn entries_on(&self, address: &Arc<str>, at: Stamp) -> Vec<Entry> {
        let entry = |(node, wall_us): &(NodeId, u64)| {
            let mark = v1::Mark {
                wall_us: Some(*wall_us),
                text: Some(self.text.clone()),
                author: self.author.clone(),
                focus: self.focus.clone(),
                automatic: Some(false),
            };
            let payload = v1::Payload { kind: Some(Kind::Mark(mark)) }.encode_to_vec().into();
            let node = Some(node.0.to_string());
            let envelope = v1::Envelope { node, wall_us: Some(*wall_us), payload: Some(payload), ..Default::default() };
            Entry { at, item: Item::Envelope(Arc::clone(address), Arc::new(envelope)) }
        };
        self.nodes.iter().map(entry).collect()
    }

    fn line(&self) -> String {
        let nodes: Vec<Value> = self.nodes.iter().map(|(id, wall_us)| json!([&*id.0, wall_us])).collect();
        let line = json!({
            "at_us": self.at.0, "text": self.text, "author": self.author, "focus": self.focus, "nodes": nodes,
            "recording": self.recording,
        });
        format!("{line}\n")
    }

    /// `None` for what is no note: the file may hold anything.
    fn parse(line: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(line).ok()?;
        let text = |name: &str| value.get(name)?.as_str().filter(|text| text.len() <= TEXT_BYTES).map(str::to_owned);
        let node = |pair: &Value| {
            let id = pair.get(0)?.as_str().filter(|id| !id.is_empty() && id.len() <= TEXT_BYTES)?;
            Some((NodeId::new(id), pair.get(1)?.as_u64()?))
        };
        let nodes = value.get("nodes").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        Some(Self {
            nodes: nodes.iter().take(N_NODES).filter_map(node).collect(),
            at: Stamp(value.get("at_us")?.as_u64()?),
            text: text("text").filter(|text| !text.is_empty())?,
            author: text("author"),
            focus: text("focus"),
            recording: text("recording"),
        })
    }
}

/// The notes of a file; none where there is no such file, or it cannot be read.
fn read(path: &Path) -> Vec<Note> {
    tail(path).unwrap_or_default().lines().filter_map(Note::parse).collect()
}

/// The newest of a file, as far as that is bounded; half a line at its start is no note.
fn tail(path: &Path) -> io::Result<String> {
    let mut file = fs::File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(2 * FILE_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(2 * FILE_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn append(path: &Path, note: &Note) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut file = OpenOptions::new().create(true).append(true).read(true).mode(0o600).open(path)?;
    let length = file.metadata()?.len();
    if length > FILE_BYTES {
        return rewrite(path, note);
    }
    let mut last = [b'\n'];
    if length > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    // A line that was torn off ends here; and all of this one is written at once, for others may write as well.
    let line = if last == [b'\n'] { note.line() } else { format!("\n{}", note.line()) };
    file.write_all(line.as_bytes())
}

/// The newer half, and this one.
fn rewrite(path: &Path, note: &Note) -> io::Result<()> {
    let notes = read(path);
    let lines: String = notes.iter().skip(notes.len() / 2).chain([note]).map(Note::line).collect();
    let mut new = OsString::from(path);
    new.push(".new");
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&new)?;
    file.write_all(lines.as_bytes())?;
    fs::rename(new, path)
}

#[cfg(test)]
mod tests;
