//! Recording without a screen: until it is told to stop, or the time is over.

use std::{
    io::{self, IsTerminal as _, Write as _},
    path::Path,
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
use crate::{
    app::utc,
    clock::Clock,
    entry::{Entry, Item},
    feed::{
        Feed,
        file::Recorder,
        incident::{self, Wanted},
        live::Target,
    },
    out::{OutError, Place},
};

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
            entry = feed.next() => match entry {
                Some(Entry { item: Item::Notice(words), .. }) => say(&words),
                Some(_) => {}
                None => break,
            },
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

/// Records what the black boxes of these agents kept, or says what that would be.
///
/// # Errors
/// When no agent has anything, or the file cannot be written. It has its name once it is whole: what is half written when
/// that fails or a signal comes is removed.
pub async fn record_past(
    targets: Vec<Target>,
    wanted: Wanted,
    out: &Path,
    is_dry_run: bool,
    clock: Clock,
) -> anyhow::Result<Ending> {
    let taken = |error: anyhow::Error| match error.is::<OutError>() {
        true => anyhow::anyhow!("cannot record into {}: there is such a file already", out.display()),
        false => error,
    };
    // Hours of others' work are not fetched for a name that is taken.
    let place = if is_dry_run { None } else { Some(Place::reserve(out, false).map_err(taken)?) };
    let mut signals = Signals::new().context("cannot listen to signals")?;
    let (from, to) = (wanted.from, wanted.to);
    let plan = select! {
        plan = incident::plan(targets, wanted, clock) => plan?,
        ended = stopped(&mut signals) => return Ok(ended),
    };
    plan.lines().iter().for_each(|line| say(line));
    // A time of day may be of more than one day.
    say(&format!("  from {} to {}", utc(from), utc(to)));
    let Some(place) = place else { return Ok(Ending::Quit) };
    let gathering = plan.gather(place.partial(), clock, |n_bytes| {
        if io::stderr().is_terminal() && n_bytes > 0 {
            drop(write!(io::stderr(), "\rmidair: {} KiB have come", n_bytes / 1024));
        }
    });
    let gathered = select! {
        gathered = gathering => gathered,
        ended = stopped(&mut signals) => return Ok(ended),
    };
    if io::stderr().is_terminal() {
        drop(writeln!(io::stderr()));
    }
    let gathered = gathered?;
    place.finish().map_err(taken)?;
    gathered.missing.iter().for_each(|line| say(&format!("left out {line}")));
    say(&format!("{}: {} bytes", out.display(), gathered.n_bytes));
    Ok(Ending::Quit)
}

/// Waits until a signal, or for so long.
///
/// # Errors
/// When signals cannot be heard.
pub async fn wait(length: Option<Duration>) -> anyhow::Result<Ending> {
    let mut signals = Signals::new().context("cannot listen to signals")?;
    say("the agents listen; ^C ends them");
    select! {
        // Being told to stop is how it is meant to end.
        _ = stopped(&mut signals) => {}
        () = tokio::time::sleep(length.unwrap_or(LONG)) => {}
    }
    Ok(Ending::Quit)
}

/// Does something that has no end of its own until a signal.
///
/// # Errors
/// When signals cannot be heard, or it ends nevertheless.
pub async fn until_told(doing: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<Ending> {
    let mut signals = Signals::new().context("cannot listen to signals")?;
    select! {
        // Being told to stop is how it is meant to end.
        _ = stopped(&mut signals) => Ok(Ending::Quit),
        done = doing => done.map(|()| Ending::Quit),
    }
}

async fn stopped(signals: &mut Signals) -> Ending {
    loop {
        if let Asked::End(number) = signals.next().await {
            return Ending::Signal(number);
        }
    }
}

/// Not `eprintln!`: it panics where nobody reads any more.
fn say(text: &str) {
    drop(writeln!(io::stderr(), "midair: {text}"));
}
