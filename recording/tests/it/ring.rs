//! The black box: bounded, and whole again after a crash.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use midair_proto::v1::RecordingHeader;
use midair_recording::{Body, Bounds, Options, Piece, Ring, State};

const SECOND: u64 = 1_000_000;
const WALL_US: u64 = 1_700_000_000 * SECOND;

fn open(directory: Option<&Path>, bounds: Bounds) -> Ring {
    let header = RecordingHeader { why: Some("black box".into()), ..RecordingHeader::default() };
    Ring::open(directory, header, bounds, Options::default(), 42)
}

/// Writes one sample a second, which does not compress, with a key at the start of each block.
fn fill(ring: &mut Ring, from_s: u64, until_s: u64) {
    for s in from_s..until_s {
        let (at_us, wall_us) = (s * SECOND, WALL_US + s * SECOND);
        let is_key = ring.needs_block(at_us);
        if is_key {
            ring.begin_block(at_us, wall_us);
        }
        ring.envelope(at_us, wall_us, &sample(s, is_key));
        ring.flush();
    }
}

fn sample(s: u64, is_key: bool) -> Vec<u8> {
    let mut state = s.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut noise = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    let head = format!("{s} {} ", if is_key { "key" } else { "delta" });
    head.bytes().chain((0..200).map(|_| noise())).collect()
}

/// The seconds that a range tells, and whether it begins with a key.
fn told(ring: &Ring, from_s: u64, to_s: u64) -> Vec<u64> {
    let mut seconds = Vec::new();
    let mut is_first = true;
    for piece in ring.history(WALL_US + from_s * SECOND, WALL_US + to_s * SECOND) {
        let Piece::Entry(entry) = piece.unwrap() else { continue };
        let Body::Envelope { bytes, .. } = entry.body else { continue };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let mut words = text.split(' ');
        let s: u64 = words.next().unwrap().parse().unwrap();
        assert_eq!(bytes, sample(s, words.next() == Some("key")), "second {s}");
        assert!(!is_first || text.contains("key"), "it begins with a key: {s}");
        assert_eq!(entry.wall_us, WALL_US + s * SECOND);
        is_first = false;
        seconds.push(s);
    }
    seconds
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "midair"));
    files.sort();
    files
}

fn size(directory: &Path) -> u64 {
    files(directory).iter().map(|path| fs::metadata(path).unwrap().len()).sum()
}

#[test]
fn a_range_is_told_from_the_key_before_it_to_its_end() {
    let directory = tempfile::tempdir().unwrap();
    for place in [Some(directory.path()), None] {
        let mut ring = open(place, Bounds::default());
        fill(&mut ring, 0, 300);
        assert_eq!(told(&ring, 130, 190), (120..=190).collect::<Vec<_>>());
        assert_eq!(told(&ring, 0, 9_999), (0..300).collect::<Vec<_>>());
        assert_eq!(told(&ring, 400, 500), [0; 0]);
        assert_eq!(ring.range(), Some((WALL_US, WALL_US + 299 * SECOND)));
    }
}

#[test]
fn its_bytes_are_bounded_and_the_oldest_go() {
    let bounds = Bounds { disk_bytes: 400_000, memory_bytes: 200_000, ..Bounds::default() };
    let directory = tempfile::tempdir().unwrap();
    for (place, most) in [(Some(directory.path()), 400_000), (None, 200_000)] {
        let mut ring = open(place, bounds);
        for part in 0..60 {
            fill(&mut ring, part * 100, (part + 1) * 100);
            assert!(ring.n_bytes() <= most, "{} bytes", ring.n_bytes());
            assert!(size(directory.path()) <= 400_000);
        }
        assert!(ring.n_bytes() > most * 3 / 4, "what there is room for is kept: {}", ring.n_bytes());
        let seconds = told(&ring, 0, 6_000);
        let first = seconds[0];
        assert!(first > 3_000, "the oldest are gone: {first}");
        assert_eq!(seconds, (first..6_000).collect::<Vec<_>>(), "without a hole");
    }
}

#[test]
fn how_long_a_time_fits_is_measured_by_what_it_holds() {
    // About 260 bytes a second.
    let bounds = Bounds { disk_bytes: 1_000_000, memory_bytes: 1_000_000, ..Bounds::default() };
    let mut ring = open(None, bounds);
    fill(&mut ring, 0, 300);
    assert_eq!(ring.fits_us(), None, "too little is known");
    fill(&mut ring, 300, 900);
    let fits_s = ring.fits_us().unwrap() / SECOND;
    fill(&mut ring, 900, 20_000);
    let (first, last) = ring.range().unwrap();
    let held_s = (last - first) / SECOND;
    assert!((held_s * 9 / 10..held_s * 11 / 10).contains(&fits_s), "{fits_s} s were to fit, {held_s} s are held");
    let later_s = ring.fits_us().unwrap() / SECOND;
    assert!((held_s * 9 / 10..held_s * 11 / 10).contains(&later_s), "{later_s} s are to fit, {held_s} s are held");
    // Of few bytes no more than what is not too old.
    let mut ring = open(None, Bounds { age_us: 3_600 * SECOND, ..Bounds::default() });
    fill(&mut ring, 0, 900);
    assert_eq!(ring.fits_us(), Some(3_600 * SECOND));
}

#[test]
fn the_time_when_nobody_ran_is_not_held_and_does_not_fit() {
    let directory = tempfile::tempdir().unwrap();
    let bounds = Bounds { disk_bytes: 4_000_000, ..Bounds::default() };
    for (n, start_s) in [(1, 0), (2, 20_000), (3, 40_000)] {
        let mut ring = open(Some(directory.path()), bounds);
        fill(&mut ring, start_s, start_s + 300);
        assert_eq!(ring.held_us(), n * 299 * SECOND);
        let hours = ring.fits_us().map(|us| us / SECOND / 3_600);
        // About 250 bytes a second into nearly 4 MB.
        assert_eq!(hours, if n < 3 { None } else { Some(4) });
    }
}

#[test]
fn what_is_too_old_goes() {
    let directory = tempfile::tempdir().unwrap();
    let bounds = Bounds { age_us: 3_600 * SECOND, ..Bounds::default() };
    let mut ring = open(Some(directory.path()), bounds);
    fill(&mut ring, 0, 9_000);
    let first = told(&ring, 0, 9_000)[0];
    assert!((9_000 - 3_600 - 600..9_000 - 3_600).contains(&first), "the first is {first}");
}

#[test]
fn a_crash_costs_what_was_not_flushed() {
    let directory = tempfile::tempdir().unwrap();
    let mut ring = open(Some(directory.path()), Bounds::default());
    fill(&mut ring, 0, 100);
    ring.envelope(100 * SECOND, WALL_US + 100 * SECOND, &sample(100, false));
    // Nothing is closed: the lock goes with the process, the file stays as it is, torn in its last chunk.
    drop(ring);
    let file = files(directory.path())[0].clone();
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() - 5]).unwrap();
    let mut ring = open(Some(directory.path()), Bounds::default());
    assert_eq!(*ring.state(), State::Disk);
    fill(&mut ring, 200, 230);
    assert_eq!(told(&ring, 0, 300), (0..99).chain(200..230).collect::<Vec<_>>());
    let gap = ring.history(WALL_US, WALL_US + 300 * SECOND).find_map(|piece| match piece.unwrap() {
        Piece::Entry(entry) => match entry.body {
            Body::Gap(gap) => Some(gap),
            _ => None,
        },
        Piece::Damage(_) => None,
    });
    let gap = gap.unwrap();
    assert_eq!(gap.why(), "the agent was not running");
    assert_eq!((gap.from_us() - WALL_US) / SECOND, 98);
    assert_eq!(gap.to_us(), WALL_US + 200 * SECOND);
}

#[test]
fn a_gap_within_a_run_does_not_say_that_nobody_ran() {
    let directory = tempfile::tempdir().unwrap();
    let mut ring = open(Some(directory.path()), Bounds::default());
    fill(&mut ring, 0, 10);
    drop(ring);
    let mut ring = open(Some(directory.path()), Bounds::default()).again();
    fill(&mut ring, 70, 80);
    let why = |piece: std::io::Result<Piece>| match piece.unwrap() {
        Piece::Entry(midair_recording::Entry { body: Body::Gap(gap), .. }) => gap.why,
        Piece::Entry(_) | Piece::Damage(_) => None,
    };
    let gaps: Vec<String> = ring.history(0, u64::MAX).filter_map(why).collect();
    assert_eq!(gaps, ["nothing was kept"]);
}

#[test]
fn a_clean_end_leaves_an_index() {
    let directory = tempfile::tempdir().unwrap();
    let mut ring = open(Some(directory.path()), Bounds::default());
    fill(&mut ring, 0, 100);
    ring.close();
    assert_eq!(told(&ring, 0, 100).len(), 100, "and can still be read");
    let file = fs::File::open(&files(directory.path())[0]).unwrap();
    assert!(midair_recording::Reader::open(file).unwrap().is_closed());
}

#[test]
fn garbage_in_its_directory_costs_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let mut ring = open(Some(directory.path()), Bounds::default());
    fill(&mut ring, 0, 100);
    drop(ring);
    fs::write(directory.path().join("000000000007.midair"), b"nothing of the kind").unwrap();
    fs::write(directory.path().join("notes.txt"), b"somebody's").unwrap();
    fs::write(directory.path().join("incident.midair"), b"somebody's").unwrap();
    let mut ring = open(Some(directory.path()), Bounds::default());
    fill(&mut ring, 200, 210);
    assert_eq!(told(&ring, 0, 300).len(), 110);
    assert!(directory.path().join("notes.txt").exists());
    assert!(directory.path().join("incident.midair").exists());
    assert!(!directory.path().join("000000000007.midair").exists(), "nothing of it is left");
}

#[test]
fn a_directory_has_one_owner() {
    let directory = tempfile::tempdir().unwrap();
    let mut first = open(Some(directory.path()), Bounds::default());
    let mut second = open(Some(directory.path()), Bounds::default());
    let words = second.state().to_string();
    assert!(words.contains("another agent"), "{words}");
    fill(&mut first, 0, 10);
    fill(&mut second, 0, 10);
    assert!(!second.needs_block(0));
    assert_eq!((told(&first, 0, 10).len(), told(&second, 0, 10).len()), (10, 0));
    drop(first);
    assert_eq!(*open(Some(directory.path()), Bounds::default()).state(), State::Disk);
}

#[test]
fn a_directory_that_cannot_be_made_turns_it_off_in_words() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut ring = open(Some(&file.path().join("below")), Bounds::default());
    let words = ring.state().to_string();
    assert!(words.starts_with("off: cannot make") && words.contains("Not a directory"), "{words}");
    fill(&mut ring, 0, 100);
    assert_eq!((ring.range(), ring.n_bytes()), (None, 0));
}

#[test]
fn a_disk_that_takes_no_more_turns_it_off_in_words() {
    // The file of the next segment cannot be made: there is something else in its place.
    let directory = tempfile::tempdir().unwrap();
    let bounds = Bounds { disk_bytes: 160_000, ..Bounds::default() };
    let mut ring = open(Some(directory.path()), bounds);
    fs::create_dir(directory.path().join("000000000001.midair")).unwrap();
    fill(&mut ring, 0, 200);
    assert!(matches!(ring.state(), State::Off(_)));
    let words = ring.state().to_string();
    assert!(words.contains(&directory.path().display().to_string()) && words.contains("exists"), "{words}");
    assert_eq!(told(&ring, 0, 200), (0..60).collect::<Vec<_>>(), "what it kept can be read");
    fill(&mut ring, 200, 300);
    assert_eq!(told(&ring, 0, 300).len(), 60);
}

/// A file system of its own, in memory.
struct Disk(PathBuf);

impl Disk {
    /// `None` where that is not allowed: it takes root.
    fn mount(at: &Path, size: &str) -> Option<Self> {
        let options = format!("size={size}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(at).output().unwrap();
        if !mounted.status.success() {
            println!("not looked at, this takes root: {}", String::from_utf8_lossy(&mounted.stderr));
        }
        mounted.status.success().then(|| Self(at.to_path_buf()))
    }

    fn make_read_only(&self) {
        assert!(Command::new("mount").args(["-o", "remount,ro"]).arg(&self.0).status().unwrap().success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a ring may still hold its lock there.
        assert!(Command::new("umount").arg("-l").arg(&self.0).status().unwrap().success());
    }
}

#[test]
fn a_full_disk_turns_it_off_in_words_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let Some(_disk) = Disk::mount(directory.path(), "64k") else { return };
    let mut ring = open(Some(directory.path()), Bounds::default());
    fill(&mut ring, 0, 1_000);
    let words = ring.state().to_string();
    assert!(words.starts_with("off: ") && words.contains("No space left on device"), "{words}");
    let seconds = told(&ring, 0, 1_000);
    assert!(seconds.len() > 100, "what was kept before can be read: {}", seconds.len());
    assert_eq!(seconds, (0..seconds.len() as u64).collect::<Vec<_>>());
}

#[test]
fn a_read_only_disk_turns_it_off_in_words_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::mount(directory.path(), "1m") else { return };
    let mut ring = open(Some(directory.path()), Bounds::default());
    fill(&mut ring, 0, 100);
    drop(ring);
    disk.make_read_only();
    let mut ring = open(Some(directory.path()), Bounds::default());
    let words = ring.state().to_string();
    assert!(words.starts_with("off: ") && words.contains("Read-only file system"), "{words}");
    fill(&mut ring, 100, 200);
}

#[test]
fn one_entry_that_is_too_large_is_refused_by_itself() {
    let mut ring = open(None, Bounds::default());
    fill(&mut ring, 0, 10);
    ring.envelope(10 * SECOND, WALL_US + 10 * SECOND, &vec![0; 4 << 20]);
    fill(&mut ring, 11, 20);
    assert_eq!((ring.n_refused(), ring.state()), (1, &State::Memory));
    assert_eq!(told(&ring, 0, 20).len(), 19);
}

#[test]
fn a_wall_clock_that_is_set_back_loses_nothing() {
    let mut ring = open(None, Bounds::default());
    fill(&mut ring, 0, 120);
    for s in 120..240 {
        let wall_us = WALL_US + (s - 100) * SECOND;
        if ring.needs_block(s * SECOND) {
            ring.begin_block(s * SECOND, wall_us);
        }
        ring.envelope(s * SECOND, wall_us, b"later");
        ring.flush();
    }
    let all = ring.history(0, u64::MAX).filter(|piece| matches!(piece, Ok(Piece::Entry(_)))).count();
    assert_eq!(all, 240);
}
