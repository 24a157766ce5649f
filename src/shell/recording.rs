//! `R`: what is received goes into a file, the last minutes first.

use std::{path::PathBuf, sync::Arc};

use super::Shell;
use crate::{
    app::{Message, Msg, Recording, utc},
    feed::file::{Recorder, RecorderState},
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
        let author = std::env::var("USER").unwrap_or_else(|_| "somebody".to_owned());
        match Recorder::start(&path, &author, "what a dashboard received", now, now.0 ^ u64::from(std::process::id())) {
            Ok(recorder) => {
                self.session.received().iter().for_each(|entry| recorder.push(entry));
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
        let RecorderState { n_bytes, n_lost, failed } = recorder.finish();
        self.session.tell(Msg::Recording(None));
        let lost = if n_lost > 0 { format!(", {n_lost} entries lost: the disk is too slow") } else { String::new() };
        self.say(match failed {
            Some(why) => Message::Refusal(why),
            None => Message::Notice(format!("recorded {path}, {} KiB{lost}", n_bytes.div_ceil(1024))),
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
        self.session.tell(Msg::Recording(Some(Recording { name, n_bytes: state.n_bytes })));
    }

    fn say(&mut self, message: Message) {
        self.session.tell(Msg::Said(message));
    }
}
