//! Rows are derived on as many threads as there are CPUs: each is told of some nodes alone, as if the recording held no
//! others, and what came of each entry is written in the order of the recording, whoever derived it.

use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{self, Scope, ScopedJoinHandle},
};

use anyhow::Context as _;

use super::{Form, Sink, rows::Rows};
use crate::{
    entry::{Entry, Item},
    out::{
        progress::Progress,
        telling::{Said, Teller, Telling},
    },
    wire::Carries,
};

/// A batch ends with so many entries, or so many bytes of them: about a second of a hundred nodes.
const ENTRIES_MAX: usize = 128;
const BYTES_MAX: usize = 1 << 20;

/// Batches that are on their way at once.
const BATCHES_MAX: usize = 2;

/// What a thread has ended of that is still needed, it has said itself.
const ENDED: &str = "a thread that derives rows has ended";

/// What one is told at once: what was said, and whether the rows of it are its own.
type Part = Vec<(Said, bool)>;

/// What has come of a part.
struct Made<R> {
    rows: R,
    n_rows: u64,
}

/// One that derives rows on a thread of its own.
struct Worker<'s, R> {
    parts: SyncSender<Part>,
    made: Receiver<anyhow::Result<Made<R>>>,
    /// Ends with which nodes it has met.
    thread: ScopedJoinHandle<'s, Rows>,
}

/// Tells all that is left to so many workers, and puts what comes of it where it goes; how many rows that were.
///
/// # Errors
/// When the recording cannot be read, the place not be written, or the work is to stop.
pub(super) fn tell<F, S>(
    telling: &mut Telling,
    rows: &mut Rows,
    (n_workers, form): (usize, impl Fn() -> F),
    sink: &mut S,
    progress: &mut Progress,
) -> anyhow::Result<u64>
where
    F: Form,
    S: Sink<Rows = F::Rows>,
{
    thread::scope(|scope| {
        let workers: Vec<_> = (0..n_workers.max(1)).map(|_| Worker::start(scope, rows.clone(), form())).collect();
        let mut on_their_way = VecDeque::new();
        let mut n_rows = 0;
        while let Some(batch) = Batch::read(telling, workers.len(), progress)? {
            for (worker, part) in workers.iter().zip(batch.parts) {
                worker.parts.send(part).context(ENDED)?;
            }
            on_their_way.push_back(batch.owners);
            let is_full = on_their_way.len() >= BATCHES_MAX;
            if let Some(owners) = on_their_way.pop_front_if(|_| is_full) {
                n_rows += put(&workers, &owners, sink)?;
            }
        }
        for owners in on_their_way {
            n_rows += put(&workers, &owners, sink)?;
        }
        for worker in workers {
            // Nothing more comes: so it ends.
            drop(worker.parts);
            rows.join(worker.thread.join().map_err(|_| anyhow::anyhow!(ENDED))?);
        }
        Ok(n_rows)
    })
}

/// Puts what has come of a batch, in the order of its entries.
fn put<S: Sink>(workers: &[Worker<'_, S::Rows>], owners: &[usize], sink: &mut S) -> anyhow::Result<u64> {
    let made = |worker: &Worker<'_, S::Rows>| worker.made.recv().context(ENDED)?;
    let mut made = workers.iter().map(made).collect::<anyhow::Result<Vec<_>>>()?;
    for owner in owners {
        sink.put(&mut made[*owner].rows)?;
    }
    Ok(made.iter().map(|made| made.n_rows).sum())
}

impl<'s, R: Send + 's> Worker<'s, R> {
    fn start<F: Form<Rows = R> + 's>(scope: &'s Scope<'s, '_>, rows: Rows, form: F) -> Self {
        let (parts, of_parts) = sync_channel(BATCHES_MAX);
        let (to_made, made) = sync_channel(BATCHES_MAX);
        let thread = scope.spawn(move || work(rows, form, &of_parts, &to_made));
        Self { parts, made, thread }
    }
}

/// Derives rows until there is nothing more, or nobody who wants them.
fn work<F: Form>(
    mut rows: Rows,
    mut form: F,
    parts: &Receiver<Part>,
    made: &SyncSender<anyhow::Result<Made<F::Rows>>>,
) -> Rows {
    let mut teller = Teller::default();
    while let Ok(part) = parts.recv() {
        if made.send(derive(&part, &mut teller, &mut rows, &mut form)).is_err() {
            break;
        }
    }
    rows
}

fn derive<F: Form>(part: &Part, teller: &mut Teller, rows: &mut Rows, form: &mut F) -> anyhow::Result<Made<F::Rows>> {
    let mut n_rows = 0;
    for (said, is_own) in part {
        teller.tell(said, &mut |model, at, told| {
            rows.of(model, at, told, &mut |row| {
                n_rows += 1;
                form.row(row)
            })
        })?;
        if *is_own {
            form.end()?;
        }
    }
    Ok(Made { rows: form.take()?, n_rows })
}

/// A stretch of the recording, dealt out.
struct Batch {
    parts: Vec<Part>,
    /// Whose the rows are, of each that may have some.
    owners: Vec<usize>,
}

impl Batch {
    /// The next stretch; `None` at the end.
    fn read(telling: &mut Telling, n_workers: usize, progress: &mut Progress) -> anyhow::Result<Option<Self>> {
        let mut batch = Self { parts: vec![Part::new(); n_workers], owners: Vec::new() };
        let mut n_bytes = 0;
        for n in 0..ENTRIES_MAX {
            let next = if n_bytes < BYTES_MAX { telling.next(progress)? } else { break };
            match next {
                Some(said) => {
                    n_bytes += size(&said);
                    batch.deal(said);
                }
                None if n == 0 => return Ok(None),
                None => break,
            }
        }
        Ok(Some(batch))
    }

    /// What a node says goes to whose it is; what concerns others too, to all: it is no rows.
    fn deal(&mut self, said: Said) {
        if is_for_all(&said) {
            self.parts.iter_mut().for_each(|part| part.push((said.clone(), false)));
            return;
        }
        let owner = owner(&said, self.parts.len());
        self.owners.push(owner);
        self.parts[owner].push((said, true));
    }
}

/// Links, clocks and ticks, and who answers where.
fn is_for_all(said: &Said) -> bool {
    let Said::Entry(entry, _) = said else { return false };
    match &entry.item {
        Item::Envelope(_, envelope) => Carries::of(envelope) == Carries::Description,
        Item::Gap(_) => false,
        Item::Link(_)
        | Item::Clock(..)
        | Item::Tick
        | Item::Reset
        | Item::Input(_)
        | Item::Page(_)
        | Item::Notice(_) => true,
    }
}

/// Whose the node is of which it tells. What is of no node is the first one's.
fn owner(said: &Said, n_workers: usize) -> usize {
    let node = match said {
        Said::Mark(_, mark) => mark.node.as_deref(),
        Said::Note(_, mark) => mark.node.as_ref().map(|node| &*node.0),
        Said::Entry(Entry { item: Item::Envelope(_, envelope), .. }, _) => envelope.node.as_deref(),
        Said::Entry(Entry { item: Item::Gap(gap), .. }, _) => gap.node.as_ref().map(|node| &*node.0),
        Said::Entry(..) => None,
    };
    let Some(node) = node else { return 0 };
    let mut hasher = DefaultHasher::new();
    node.hash(&mut hasher);
    (hasher.finish() % n_workers as u64) as usize
}

fn size(said: &Said) -> usize {
    match said {
        Said::Entry(Entry { item: Item::Envelope(_, envelope), .. }, _) => {
            envelope.payload.as_ref().map_or(0, |b| b.len())
        }
        Said::Entry(..) | Said::Mark(..) | Said::Note(..) => 0,
    }
}
