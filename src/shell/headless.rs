//! Recording without a screen: until it is told to stop, or the time is over.

use std::{
    io::{self, Write as _},
    time::Duration,
};

use anyhow::Context as _;
use tokio::{
    select,
    time::{Instant, interval, sleep_until},
};

use super::{
    Ending,
    signals::{Asked, Signals},
};
use crate::feed::{Feed, file::Recorder};

/// How the recording does is said so often.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// Longer than any recording: no end was given.
const LONG: Duration = Duration::from_secs(100 * 365 * 86_400);

/// Records what a feed yields until a signal, or for so long.
///
/// # Errors
/// When the recording fails: what was written stays.
pub async fn record(mut feed: Feed, recorder: Recorder, length: Option<Duration>) -> anyhow::Result<Ending> {
    let mut signals = Signals::new().context("cannot listen to signals")?;
    let path = recorder.path().display().to_string();
    drop(feed.record_into(Some(recorder)));
    say(&format!("recording into {path}; ^C ends it"));
    let mut every = interval(SAY_EVERY);
    every.tick().await;
    let end = sleep_until(Instant::now() + length.unwrap_or(LONG));
    tokio::pin!(end);
    loop {
        select! {
            entry = feed.next() => if entry.is_none() { break },
            asked = signals.next() => if matches!(asked, Asked::End(_)) { break },
            () = &mut end => break,
            _ = every.tick() => {
                let state = feed.recorder().map(Recorder::state).unwrap_or_default();
                if state.failed.is_some() { break }
                say(&format!("{} KiB", state.n_bytes.div_ceil(1024)));
            }
        }
    }
    let state = feed.record_into(None).map(Recorder::finish).unwrap_or_default();
    if let Some(why) = &state.failed {
        anyhow::bail!("{path}: {why}");
    }
    say(&format!("{path}: {} bytes{}", state.n_bytes, state.lost()));
    Ok(Ending::Quit)
}

/// Not `eprintln!`: it panics where nobody reads any more.
fn say(text: &str) {
    drop(writeln!(io::stderr(), "midair: {text}"));
}
