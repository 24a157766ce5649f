use super::{
    super::tests::{described, entry, sample, severities},
    *,
};
use crate::feed::file::Film;
use midair_proto::v1::payload::Kind;

fn envelope(entry: &Entry) -> v1::Envelope {
    match &entry.item {
        Item::Envelope(_, envelope) => (**envelope).clone(),
        other => panic!("no envelope: {other:?}"),
    }
}

fn batch(seq: u64, is_key: bool) -> v1::Envelope {
    let fleet = v1::Fleet { mono_us: Some(seq), ..v1::Fleet::default() };
    let said = v1::Envelope { seq: Some(seq), key: Some(is_key), ..v1::Envelope::default() };
    envelope(&entry("hub", 0, said, Kind::Fleet(fleet)))
}

/// A second passes, in which these nodes are hot.
fn tick(record: &mut Record, s: u64, hot: &[&str]) {
    let at = Stamp(1_800_000_000_000_000 + s * 1_000_000);
    let description = envelope(&described("hub", 1, &[], 0));
    let hot: Vec<_> = hot.iter().map(|id| ((*id).into(), envelope(&described(id, 1, &[], 0)))).collect();
    let told = Told { at, batch: &batch(s, false), key: &[batch(s, true)], description: &description, hot: &hot };
    record.batch(&told);
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn batches_stand_in_it_and_hot_nodes_from_their_next_key_on() {
    let folder = tempfile::tempdir().unwrap();
    let wanted = Wanted { directory: folder.path().join("deep/er"), most_bytes: 1 << 30 };
    let mut record = Record::new(wanted.clone(), "hub-1");
    let say = |record: &mut Record, node: &str, seq: u64, is_key: bool| {
        record.entry(&sample(node, (1, seq, is_key), severities(1, 1), 1_800_000_000_000_000));
    };
    tick(&mut record, 1, &["a"]);
    say(&mut record, "a", 5, false);
    say(&mut record, "a", 6, true);
    say(&mut record, "a", 7, false);
    say(&mut record, "b", 7, true);
    tick(&mut record, 2, &["a", "b"]);
    say(&mut record, "b", 8, false);
    tick(&mut record, 3, &["b"]);
    say(&mut record, "a", 8, false);
    drop(record.recorder.take().unwrap().finish());
    let [file] = &files(&wanted.directory)[..] else { panic!("one file") };
    let mut film = Film::open(file).unwrap();
    let told: Vec<Entry> = std::iter::from_fn(|| film.next_until(Stamp(u64::MAX)).unwrap()).collect();
    let seqs = |address: &str| -> Vec<Option<u64>> {
        let said = told.iter().filter_map(|entry| match &entry.item {
            Item::Envelope(at, envelope) if **at == *address => Some(envelope.seq),
            _ => None,
        });
        said.collect()
    };
    assert_eq!(seqs("hub-1"), [None, Some(1), Some(2), Some(3)]);
    assert_eq!(seqs("hub-1 > a"), [None, Some(6), Some(7)]);
    assert_eq!(seqs("hub-1 > b"), [None]);
}
