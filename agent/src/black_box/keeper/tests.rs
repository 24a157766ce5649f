//! The keeper under a scripted clock, told by a desk that is made up.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use midair_proto::v1::{Description, Sample};
use midair_recording::{Entry, Piece};
use tempfile::TempDir;

use super::*;
use crate::{
    Config,
    config::{BlackBoxConfig, Place},
    encode,
    identity::Identity,
};

struct Bench {
    keeper: Keeper,
    clock: Clock,
    status: Status,
    outgoing: Outgoing,
    outbox: outbox::Outbox,
    wall_us: u64,
    seq: u64,
    _asker: mpsc::SyncSender<Asked>,
}

impl Bench {
    fn new(directory: PathBuf, bytes: u64) -> Self {
        let clock = Clock::scripted(1_000_000);
        let identity = Identity::read(&Config { node: Some("node-1".into()), ..Config::default() }).unwrap();
        let age = Duration::from_secs(86_400);
        let config = BlackBoxConfig { place: Place::Directory(directory), bytes, age };
        let home = Home::of(&config, &identity).unwrap();
        let (status, (desk, _)) = (Status::default(), mpsc::sync_channel(1));
        let (_asker, asked) = mpsc::sync_channel(1);
        let keeper = Keeper::new(home, clock.clone(), status.clone(), ThreadTimes::default(), desk, asked);
        let (outbox, outgoing) = outbox::outbox();
        let mut bench = Self { keeper, clock, status, outgoing, outbox, wall_us: 1_000_000_000_000, seq: 0, _asker };
        bench.word(Kind::Described(Description::default()));
        bench
    }

    fn word(&mut self, kind: Kind) {
        let envelope = self.envelope(kind);
        self.keeper.take(&envelope, &self.outgoing);
    }

    fn envelope(&self, kind: Kind) -> Envelope {
        Envelope {
            mono_us: Some(self.clock.mono_us()),
            wall_us: Some(self.wall_us),
            payload: Some(encode::payload(kind)),
            ..Envelope::default()
        }
    }

    /// A second with a sample, which is a key where one was asked for.
    fn second(&mut self) {
        self.clock.forward(1_000_000);
        self.wall_us += 1_000_000;
        self.seq += 1;
        let key = Some(self.outbox.take_asked_key() || self.seq == 1);
        // As unlike the one before as can be: it packs to about 4 KiB.
        let noise = |n: u64| (self.seq * 1_000 + n).wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_pow(3) as u32;
        let sample = Sample { cgroups_left: (0..1_000).map(noise).collect(), ..Sample::default() };
        let envelope = Envelope { seq: Some(self.seq), key, ..self.envelope(Kind::Sample(sample)) };
        self.keeper.take(&envelope, &self.outgoing);
        self.keeper.settle();
    }

    fn health(&self) -> Option<Health> {
        self.status.state().map(|state| state.health)
    }

    fn kept(&self) -> Vec<Entry> {
        let pieces = self.keeper.opened.ring.history(0, u64::MAX);
        let entry = |piece: std::io::Result<Piece>| match piece.unwrap() {
            Piece::Entry(entry) => Some(entry),
            Piece::Damage(_) => None,
        };
        pieces.filter_map(entry).collect()
    }
}

fn n_bytes(directory: &Path) -> u64 {
    fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
}

fn sample(entry: &Entry) -> Option<Envelope> {
    let Body::Envelope { bytes, .. } = &entry.body else { return None };
    Some(Envelope::decode(bytes.clone()).unwrap()).filter(|envelope| envelope.seq.is_some())
}

#[test]
fn it_never_grows_beyond_its_bound_and_keeps_the_last() {
    let folder = TempDir::new().unwrap();
    let mut bench = Bench::new(folder.path().into(), 1 << 20);
    for _ in 0..900 {
        bench.second();
        assert!(n_bytes(folder.path()) <= 1 << 20, "{}", n_bytes(folder.path()));
    }
    assert!(n_bytes(folder.path()) > 1 << 19, "{}", n_bytes(folder.path()));
    let samples: Vec<Envelope> = bench.kept().iter().filter_map(sample).collect();
    assert_eq!(samples[0].key, Some(true));
    let numbers: Vec<u64> = samples.iter().map(|sample| sample.seq.unwrap()).collect();
    assert!(numbers[0] > 1 && numbers.windows(2).all(|two| two[1] == two[0] + 1));
    assert_eq!(numbers.last(), Some(&900));
}

#[test]
fn each_block_begins_with_the_description_and_a_key() {
    let folder = TempDir::new().unwrap();
    let mut bench = Bench::new(folder.path().into(), 8 << 20);
    for _ in 0..200 {
        bench.second();
    }
    let keys = bench.kept().iter().filter_map(sample).filter(|sample| sample.key == Some(true)).count();
    assert_eq!(keys, 4, "one a minute, and no more were asked for");
    // Who asks for the last minute is told all that is needed for it.
    let history = bench.keeper.opened.ring.history(bench.wall_us - 10_000_000, u64::MAX);
    let told: Vec<Entry> = history
        .map(|piece| if let Piece::Entry(entry) = piece.unwrap() { entry } else { panic!("nothing is damaged") })
        .collect();
    assert!(told[0].is_standing && sample(&told[0]).is_none());
    assert_eq!(sample(&told[1]).unwrap().key, Some(true));
    assert!(told.len() < 100, "{}", told.len());
}

#[test]
fn how_long_a_time_fits_is_said_once_it_is_measured() {
    let folder = TempDir::new().unwrap();
    let mut bench = Bench::new(folder.path().into(), 24 << 20);
    let note = |bench: &Bench| bench.status.state().and_then(|state| state.note).unwrap_or_default().to_string();
    (0..300).for_each(|_| bench.second());
    assert!(note(&bench).starts_with("each second of 4 min") && !note(&bench).contains("fit"), "{}", note(&bench));
    (0..500).for_each(|_| bench.second());
    // 4 KiB a second into nearly 22 MiB.
    let (note, end) = (note(&bench), " min of each second fit");
    let minutes = note.strip_suffix(end).and_then(|note| note.rsplit_once('~')).map(|(_, minutes)| minutes.parse());
    assert!(matches!(minutes, Some(Ok(60..=115))), "{note}");
}

#[test]
fn a_wall_clock_that_is_set_begins_a_block() {
    let folder = TempDir::new().unwrap();
    let mut bench = Bench::new(folder.path().into(), 8 << 20);
    (0..10).for_each(|_| bench.second());
    bench.wall_us += 3_600_000_000;
    (0..10).for_each(|_| bench.second());
    let kept = bench.kept();
    let late = kept.iter().filter(|entry| sample(entry).is_some_and(|sample| sample.seq > Some(11)));
    for entry in late {
        assert_eq!(Some(entry.wall_us), sample(entry).unwrap().wall_us);
    }
}

#[test]
fn a_place_that_cannot_be_had_is_said_and_tried_again_each_minute() {
    let folder = TempDir::new().unwrap();
    let place = folder.path().join("taken");
    fs::write(&place, "a file").unwrap();
    let mut bench = Bench::new(place.clone(), 8 << 20);
    bench.second();
    let Some(Health::Off(why)) = bench.health() else { panic!("{:?}", bench.health()) };
    assert!(why.contains("cannot make") && why.contains("taken"), "{why}");
    fs::remove_file(&place).unwrap();
    (0..50).for_each(|_| bench.second());
    assert!(matches!(bench.health(), Some(Health::Off(_))), "not before its time");
    (0..15).for_each(|_| bench.second());
    assert_eq!(bench.health(), Some(Health::Ok));
    let samples: Vec<Envelope> = bench.kept().iter().filter_map(sample).collect();
    assert_eq!(samples[0].key, Some(true));
}

/// What is said of a box of which a part alone is in trouble.
fn trouble(bench: &Bench) -> String {
    match bench.health() {
        Some(Health::Degraded(why)) => why.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn where_a_summary_alone_cannot_be_kept_the_rest_goes_on_and_it_is_tried_again_each_minute() {
    let folder = TempDir::new().unwrap();
    let broken = folder.path().join("10s");
    fs::write(&broken, "a file").unwrap();
    let mut bench = Bench::new(folder.path().into(), 8 << 20);
    (0..50).for_each(|_| bench.second());
    let words = trouble(&bench);
    assert!(words.starts_with("each second of ") && words.contains(": summaries over 10s are off: "), "{words}");
    fs::remove_file(&broken).unwrap();
    (0..15).for_each(|_| bench.second());
    assert_eq!(bench.health(), Some(Health::Ok));
    let numbers: Vec<u64> = bench.kept().iter().filter_map(sample).filter_map(|sample| sample.seq).collect();
    assert_eq!(numbers, (1..=65).collect::<Vec<_>>(), "none is missing, and none stands twice");
}

#[test]
fn a_summary_that_breaks_while_it_is_kept_takes_nothing_from_the_rest() {
    let folder = TempDir::new().unwrap();
    let broken = folder.path().join("10s/000000000000.midair");
    let mut bench = Bench::new(folder.path().into(), 8 << 20);
    // The file of its segment cannot be made, and what is in the way is nothing that could be removed or counted.
    std::os::unix::fs::symlink("nowhere", &broken).unwrap();
    let rollup = |bench: &mut Bench, us: u64| {
        bench.word(Kind::Rollup(Rollup { window_us: Some(us), ..Rollup::default() }));
    };
    (0..10).for_each(|_| bench.second());
    assert_eq!(bench.health(), Some(Health::Ok));
    for n in 0..200 {
        if n % 10 == 0 {
            rollup(&mut bench, 10_000_000);
        }
        bench.second();
        assert!(trouble(&bench).contains("10s"), "second {n}");
    }
    rollup(&mut bench, 300_000_000);
    bench.second();
    let keys = bench.kept().iter().filter_map(sample).filter(|sample| sample.key == Some(true)).count();
    assert_eq!((bench.kept().iter().filter_map(sample).count(), keys), (211, 4), "one a minute, and none more");
    let n_kept = |bench: &Bench| bench.keeper.opened.summaries.histories(0, u64::MAX).map(Iterator::count);
    assert_eq!(n_kept(&bench), [0, 1], "the other summary is kept");
    fs::remove_file(&broken).unwrap();
    (0..65).for_each(|_| bench.second());
    assert_eq!(bench.health(), Some(Health::Ok));
    rollup(&mut bench, 10_000_000);
    assert_eq!(n_kept(&bench), [1, 1]);
}

#[test]
fn a_mark_from_before_the_first_block_stands_with_the_summaries_too() {
    let folder = TempDir::new().unwrap();
    let mut bench = Bench::new(folder.path().into(), 8 << 20);
    bench.word(Kind::Mark(Mark { text: Some("started".into()), wall_us: Some(bench.wall_us), ..Mark::default() }));
    bench.second();
    let [_, with_marks] = bench.keeper.opened.summaries.histories(0, u64::MAX);
    let is_mark = |piece: std::io::Result<Piece>| {
        let Piece::Entry(Entry { body: Body::Envelope { bytes, .. }, .. }) = piece.unwrap() else { return false };
        matches!(Envelope::decode(bytes).unwrap().kind(), Some(Kind::Mark(mark)) if mark.text() == "started")
    };
    assert_eq!(with_marks.map(is_mark).collect::<Vec<_>>(), [true]);
}
