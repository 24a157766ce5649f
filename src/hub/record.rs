//! What a hub records: what a dashboard would that looks through it and follows the nodes that are hot. All batches, a key each
//! half minute, and of hot nodes all that they say, unread. Files of about a sixteenth of the bound, each complete in itself;
//! the oldest go.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use midair_proto::v1;

use crate::{
    app::utc,
    entry::{Entry, Item},
    event::{self, Cause, LinkState, NodeId, Stamp, through},
    feed::file::{Recorder, RecorderState},
    wire::Carries,
};

/// In how many files a recording is kept, at least.
const PARTS: u64 = 16;

/// Batches from one key to the next.
const KEY_EVERY: u32 = 30;

/// After a failure it is tried again after so long, microseconds.
const AGAIN_US: u64 = 60_000_000;

/// Where a hub records, and how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// A directory; it is made where it is not there.
    pub directory: PathBuf,
    /// All its files together, bytes.
    pub most_bytes: u64,
}

/// What a batch is recorded with.
pub(super) struct Told<'a> {
    /// When.
    pub(super) at: Stamp,
    /// The batch.
    pub(super) batch: &'a v1::Envelope,
    /// Everything, as of this batch; empty unless it was asked for.
    pub(super) key: &'a [v1::Envelope],
    /// The hub's own description.
    pub(super) description: &'a v1::Envelope,
    /// The hot nodes, and how they describe themselves.
    pub(super) hot: &'a [(Arc<str>, v1::Envelope)],
}

/// A recording that goes on.
#[derive(Debug)]
pub(super) struct Record {
    wanted: Wanted,
    hub: Arc<str>,
    recorder: Option<Recorder>,
    /// By their ids.
    followed: HashMap<Arc<str>, Followed>,
    n_since_key: u32,
    again_at: Stamp,
    /// Bytes of files that are finished, and entries that no disk took, cumulative.
    n_bytes: u64,
    n_lost: u64,
}

/// A node whose own words are recorded.
#[derive(Debug)]
struct Followed {
    /// The address of a watch of it through the hub.
    address: Arc<str>,
    /// A key of it stands in the file: from there on its deltas are understood.
    has_key: bool,
}

impl Record {
    /// Nothing yet.
    pub(super) fn new(wanted: Wanted, hub: &str) -> Self {
        Self {
            wanted,
            hub: hub.into(),
            recorder: None,
            followed: HashMap::new(),
            n_since_key: 0,
            again_at: Stamp(0),
            n_bytes: 0,
            n_lost: 0,
        }
    }

    /// Bytes written so far, and entries that the disk was too slow for.
    pub(super) fn written(&self) -> (u64, u64) {
        let now = self.recorder.as_ref().map(Recorder::state).unwrap_or_default();
        (self.n_bytes + now.n_bytes, self.n_lost + now.n_lost)
    }

    /// Whether the next batch is to come with a key.
    pub(super) fn wants_key(&self, at: Stamp) -> bool {
        if self.recorder.is_some() { self.n_since_key + 1 >= KEY_EVERY } else { at >= self.again_at }
    }

    /// Takes what came, where it is of a node that is followed, and marks of all.
    pub(super) fn entry(&mut self, entry: &Entry) {
        let (Some(recorder), Item::Envelope(_, envelope)) = (&self.recorder, &entry.item) else { return };
        let Some(node) = envelope.node.as_deref() else { return };
        let carries = Carries::of(envelope);
        let address = match self.followed.get_mut(node) {
            Some(followed) => {
                followed.has_key |= carries == Carries::Sample && envelope.key == Some(true);
                if carries == Carries::Sample && !followed.has_key {
                    return;
                }
                followed.address.clone()
            }
            None if carries == Carries::Mark => through(&self.hub, &NodeId::new(node)),
            None => return,
        };
        recorder.push(&Entry { at: entry.at, item: Item::Envelope(address, envelope.clone()) });
    }

    /// Takes what a black box told of a time in which a node was not heard.
    pub(super) fn backfilled(&self, at: Stamp, node: &Arc<str>, told: &[v1::Envelope]) {
        let Some(recorder) = &self.recorder else { return };
        let address = through(&self.hub, &NodeId(node.clone()));
        for envelope in told {
            recorder.push(&Entry { at, item: Item::Envelope(address.clone(), Arc::new(envelope.clone())) });
        }
    }

    /// Takes a batch.
    pub(super) fn batch(&mut self, told: &Told<'_>) {
        let Some(recorder) = &self.recorder else { return self.open(told) };
        if self.is_over(&recorder.state()) {
            // The next one begins with the next batch.
            return self.close(told.at);
        }
        self.n_since_key += 1;
        let envelope = |envelope: &v1::Envelope| {
            let item = Item::Envelope(self.hub.clone(), Arc::new(envelope.clone()));
            recorder.push(&Entry { at: told.at, item });
        };
        if !told.key.is_empty() {
            self.n_since_key = 0;
            told.key.iter().for_each(envelope);
        } else {
            envelope(told.batch);
        }
        self.follow(told);
    }

    fn is_over(&self, state: &RecorderState) -> bool {
        state.failed.is_some() || state.n_bytes >= self.wanted.most_bytes / PARTS
    }

    /// Begins a file with all that is known.
    fn open(&mut self, told: &Told<'_>) {
        if told.key.is_empty() {
            return;
        }
        self.followed.clear();
        self.n_since_key = 0;
        let (at, hub) = (told.at, &self.hub);
        let up = LinkState::Up { note: "recorded by the hub itself".into() };
        let link = Item::Link(event::Link { address: hub.clone(), state: up });
        let envelopes = std::iter::once(told.description).chain(told.key);
        let envelopes = envelopes.map(|envelope| Item::Envelope(hub.clone(), Arc::new(envelope.clone())));
        let known = std::iter::once(link).chain(envelopes).map(|item| Entry { at, item }).collect();
        let path = self.wanted.directory.join(format!("{}.midair", utc(at).replace([':', '-'], "")));
        let begun = fs::create_dir_all(&self.wanted.directory).map_err(anyhow::Error::from);
        match begun.and_then(|()| Recorder::start_after(known, &path, "midair hub", at)) {
            Ok(recorder) => self.recorder = Some(recorder),
            Err(error) => {
                tracing::warn!("not recorded: {error:#}; tried again in a minute");
                self.again_at = Stamp(at.0 + AGAIN_US);
            }
        }
        self.follow(told);
    }

    fn close(&mut self, at: Stamp) {
        let Some(recorder) = self.recorder.take() else { return };
        let state = recorder.state();
        (self.n_bytes, self.n_lost) = (self.n_bytes + state.n_bytes, self.n_lost + state.n_lost);
        if let Some(why) = &state.failed {
            tracing::warn!(path = %recorder.path().display(), why, "recording stopped; tried again in a minute");
            self.again_at = Stamp(at.0 + AGAIN_US);
        }
        let wanted = self.wanted.clone();
        // The rest is written and the oldest removed while the hub goes on.
        let finish = move || {
            drop(recorder.finish());
            if let Err(error) = shrink(&wanted) {
                tracing::warn!(path = %wanted.directory.display(), %error, "old recordings stay");
            }
        };
        if let Err(error) = std::thread::Builder::new().name("midair-finish".into()).spawn(finish) {
            tracing::warn!(%error, "a recording is not finished");
        }
    }

    /// Nodes that are hot are followed from here on, others no more.
    fn follow(&mut self, told: &Told<'_>) {
        let Some(recorder) = &self.recorder else { return };
        let link = |address: &Arc<str>, state: LinkState| {
            let item = Item::Link(event::Link { address: address.clone(), state });
            recorder.push(&Entry { at: told.at, item });
        };
        self.followed.retain(|id, followed| {
            let is_hot = told.hot.iter().any(|(hot, _)| hot == id);
            if !is_hot {
                let reason = "no longer among the hottest".into();
                link(&followed.address, LinkState::Down { cause: Cause::Left, reason, retry_at: Stamp(u64::MAX) });
            }
            is_hot
        });
        for (id, description) in told.hot {
            if self.followed.contains_key(id) {
                continue;
            }
            let address = through(&self.hub, &NodeId(id.clone()));
            link(&address, LinkState::Up { note: "recorded by the hub itself".into() });
            let item = Item::Envelope(address.clone(), Arc::new(description.clone()));
            recorder.push(&Entry { at: told.at, item });
            self.followed.insert(id.clone(), Followed { address, has_key: false });
        }
    }
}

/// Removes the oldest files until there is room for one more.
fn shrink(wanted: &Wanted) -> std::io::Result<()> {
    let mut files: Vec<(PathBuf, u64)> = Vec::new();
    for file in fs::read_dir(&wanted.directory)? {
        let file = file?;
        let (path, found) = (file.path(), file.metadata()?);
        if is_ours(&path) && found.is_file() {
            files.push((path, found.len()));
        }
    }
    // Their names are their beginnings.
    files.sort();
    let mut n_bytes: u64 = files.iter().map(|(_, n_bytes)| n_bytes).sum();
    let room = wanted.most_bytes - wanted.most_bytes / PARTS;
    // The last one is being written.
    files.pop();
    for (path, len) in files {
        if n_bytes <= room {
            break;
        }
        fs::remove_file(&path)?;
        n_bytes -= len;
    }
    Ok(())
}

fn is_ours(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let stem = name.strip_suffix("Z.midair").unwrap_or_default();
    stem.len() == "20261123T140327".len() && stem.chars().all(|c| c.is_ascii_digit() || c == 'T')
}

#[cfg(test)]
mod tests;
