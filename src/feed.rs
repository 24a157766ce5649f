//! Where entries come from: live agents, or a recording. Nothing above knows which.

pub mod backoff;
pub mod clock_offset;
pub mod file;
pub mod incident;
pub mod live;
pub mod local;
pub mod pages;
pub mod record;
pub mod replay;
pub mod tape;

pub use live::live;
pub use record::{Recording, record};
pub use replay::replay;

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    path::PathBuf,
};

use tokio::sync::mpsc;

use crate::{
    entry::{Entry, Item},
    event::{Control, Input, NodeId, Stamp},
    feed::file::{Note, Notebook, Recorder},
};

/// Most entries between a feed and the screen. When the screen is that far behind, links stop reading, and the agents
/// drop samples for it and say how many.
pub const ENTRIES_MAX: usize = 1_024;
/// Most bundles of controls between the screen and a feed; see [`Feed::controls`].
pub const CONTROLS_MAX: usize = 256;

/// Notes of before are told that are about so long ago at most, microseconds.
const NOTES_US: u64 = 24 * 3_600_000_000;

/// Entries out, controls in.
#[derive(Debug)]
pub struct Feed {
    entries: mpsc::Receiver<Entry>,
    controls: mpsc::Sender<Vec<Control>>,
    recording: Option<Recording>,
    recorder: Option<Recorder>,
    notebook: Notebook,
    /// Notes of before, by node, that are told once it is heard.
    notes: BTreeMap<NodeId, Vec<Note>>,
    /// What is told next.
    waiting: VecDeque<Entry>,
}

impl Feed {
    /// A feed at the ends of two channels.
    pub fn new(entries: mpsc::Receiver<Entry>, controls: mpsc::Sender<Vec<Control>>) -> Self {
        let (notebook, notes, waiting) = (Notebook::default(), BTreeMap::new(), VecDeque::new());
        Self { entries, controls, recording: None, recorder: None, notebook, notes, waiting }
    }

    /// One from which nothing comes, and that nobody hears.
    pub fn silent() -> Self {
        let (_, entries) = mpsc::channel(1);
        let (controls, _) = mpsc::channel(1);
        Self::new(entries, controls)
    }

    /// Keeps notes in this book. Those of the last day that stand in it are told as if their nodes had them, once these
    /// are heard.
    #[must_use]
    pub fn with_notebook(mut self, notebook: Notebook, now: Stamp) -> Self {
        for note in notebook.read().into_iter().filter(|note| now.since_us(note.at) <= NOTES_US) {
            for node in &note.nodes {
                let one = Note { nodes: vec![node.clone()], ..note.clone() };
                self.notes.entry(node.0.clone()).or_default().push(one);
            }
        }
        self.notebook = notebook;
        self
    }

    /// Keeps a note; the file in which it stands then, and what is to be told of it.
    ///
    /// # Errors
    /// When there is no place for it.
    pub fn keep(&mut self, note: &Note, at: Stamp) -> io::Result<(PathBuf, Vec<Entry>)> {
        let path = self.notebook.keep(note)?;
        let entries = note.entries(at);
        entries.iter().for_each(|entry| self.note(entry));
        Ok((path, entries))
    }

    /// The next entry; `None` when the feed has ended. Nothing is lost when this is dropped half way.
    pub async fn next(&mut self) -> Option<Entry> {
        let entry = match self.waiting.pop_front() {
            Some(entry) => entry,
            None => self.entries.recv().await?,
        };
        self.note(&entry);
        Some(entry)
    }

    /// The next entry, where one waits already.
    pub fn next_waiting(&mut self) -> Option<Entry> {
        let entry = self.waiting.pop_front().or_else(|| self.entries.try_recv().ok())?;
        self.note(&entry);
        Some(entry)
    }

    /// What a person did, as an entry: noted in order with those that came from outside, so that a replay shows the
    /// same screens.
    pub fn input(&mut self, at: Stamp, input: Input) -> Entry {
        let entry = Entry { at, item: Item::Input(input) };
        self.note(&entry);
        entry
    }

    /// Asks something of the agents. False when it could not be taken: the feed has ended, or is far behind.
    pub fn control(&self, control: Control) -> bool {
        self.controls(vec![control])
    }

    /// Asks all this of the agents, or nothing of it: one thing of each of thousands, perhaps.
    pub fn controls(&self, controls: Vec<Control>) -> bool {
        controls.is_empty() || self.controls.try_send(controls).is_ok()
    }

    /// Writes what passes from now on into a file; the recorder before, which has to be finished.
    pub fn record_into(&mut self, recorder: Option<Recorder>) -> Option<Recorder> {
        std::mem::replace(&mut self.recorder, recorder)
    }

    /// The file into which it records.
    pub fn recorder(&self) -> Option<&Recorder> {
        self.recorder.as_ref()
    }

    /// What was written down since [`record`] began; `None` where nothing was.
    pub fn into_recording(self) -> Option<Recording> {
        self.recording
    }

    fn note(&mut self, entry: &Entry) {
        if !self.notes.is_empty()
            && let Item::Envelope(_, envelope) = &entry.item
            && let Some(notes) = envelope.node.as_deref().and_then(|node| self.notes.remove(&NodeId::new(node)))
        {
            self.waiting.extend(notes.iter().flat_map(|note| note.entries(entry.at)));
        }
        if let Some(recording) = &mut self.recording {
            recording.push(entry);
        }
        if let Some(recorder) = &self.recorder {
            recorder.push(entry);
        }
    }
}
