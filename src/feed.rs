//! Where entries come from: live agents, or a recording. Nothing above knows which.

pub mod backoff;
pub mod clock_offset;
pub mod file;
pub mod incident;
pub mod live;
pub mod local;
pub mod record;
pub mod replay;
pub mod tape;

pub use live::live;
pub use record::{Recording, record};
pub use replay::replay;

use tokio::sync::mpsc;

use crate::{
    entry::{Entry, Item},
    event::{Control, Input, Stamp},
    feed::file::Recorder,
};

/// Most entries between a feed and the screen. When the screen is that far behind, links stop reading, and the agents
/// drop samples for it and say how many.
pub const ENTRIES_MAX: usize = 1_024;
/// Most controls between the screen and a feed; see [`Feed::control`].
pub const CONTROLS_MAX: usize = 256;

/// Entries out, controls in.
#[derive(Debug)]
pub struct Feed {
    entries: mpsc::Receiver<Entry>,
    controls: mpsc::Sender<Control>,
    recording: Option<Recording>,
    recorder: Option<Recorder>,
}

impl Feed {
    /// A feed at the ends of two channels.
    pub fn new(entries: mpsc::Receiver<Entry>, controls: mpsc::Sender<Control>) -> Self {
        Self { entries, controls, recording: None, recorder: None }
    }

    /// One from which nothing comes, and that nobody hears.
    pub fn silent() -> Self {
        let (_, entries) = mpsc::channel(1);
        let (controls, _) = mpsc::channel(1);
        Self::new(entries, controls)
    }

    /// The next entry; `None` when the feed has ended. Nothing is lost when this is dropped half way.
    pub async fn next(&mut self) -> Option<Entry> {
        let entry = self.entries.recv().await?;
        self.note(&entry);
        Some(entry)
    }

    /// The next entry, where one waits already.
    pub fn next_waiting(&mut self) -> Option<Entry> {
        let entry = self.entries.try_recv().ok()?;
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
        self.controls.try_send(control).is_ok()
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
        if let Some(recording) = &mut self.recording {
            recording.push(entry);
        }
        if let Some(recorder) = &self.recorder {
            recorder.push(entry);
        }
    }
}
