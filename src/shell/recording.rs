//! `R`: what is received goes into a file, the last minutes first.

use std::{path::PathBuf, sync::Arc};

use super::Shell;
use crate::{
    app::{Message, Recording, Told, utc},
    feed::file::Recorder,
};

impl Shell {
    /// Begins to record, or ends it.
    pub(super) fn toggle_recording(&mut self) {
        if self.end_recording() {
            return;
        }
        let now = self.clock.now();
        // 2026-11-23T14:03:27Z without what file names should not hold.
        let path = PathBuf::from(format!("midair-{}.midair", utc(now).replace([':', '-'], "")));
        match Recorder::start_after(self.session.received(), &path, "what a dashboard received", now) {
            Ok(recorder) => {
                self.say(Message::Notice(format!("recording into {}", path.display())));
                drop(self.feed.record_into(Some(recorder)));
                self.watch_recording();
            }
            Err(error) => self.say(Message::Refusal(format!("{error:#}"))),
        }
    }

    /// Closes the file, where one is written; whether one was.
    pub(super) fn end_recording(&mut self) -> bool {
        let Some(recorder) = self.feed.record_into(None) else { return false };
        let path = recorder.path().display().to_string();
        let state = recorder.finish();
        self.session.tell(Told::Recording(None));
        let (n_kib, lost) = (state.n_bytes.div_ceil(1024), state.lost());
        self.say(match state.failed {
            Some(why) => Message::Refusal(why),
            None => Message::Notice(format!("recorded {path}, {n_kib} KiB{lost}")),
        });
        true
    }

    /// Shows how large the file is, and ends what cannot go on.
    pub(super) fn watch_recording(&mut self) {
        let Some(recorder) = self.feed.recorder() else { return };
        let state = recorder.state();
        if state.failed.is_some() {
            self.end_recording();
            return;
        }
        let name: Arc<str> = recorder.path().display().to_string().into();
        self.session.tell(Told::Recording(Some(Recording { name, n_bytes: state.n_bytes })));
    }

    fn say(&mut self, message: Message) {
        self.session.tell(Told::Said(message));
    }
}
