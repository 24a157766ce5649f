//! `cargo +nightly fuzz run reader` (in `recording/`): whatever a file holds, it is read without a panic, in order, and a
//! seek shows what reading through shows.

#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use midair_recording::{Piece, Reader};

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut reader) = Reader::open(Cursor::new(bytes)) else { return };
    let (range, _, _) = (reader.range(), reader.marks(), reader.rollups().len());
    let mut newest_us = 0;
    let mut moments = Vec::new();
    for piece in reader.by_ref() {
        let Ok(Piece::Entry(entry)) = piece else { continue };
        if !entry.is_standing {
            assert!(entry.at_us >= newest_us, "moments only rise");
            newest_us = entry.at_us;
            moments.push(entry.at_us);
        }
    }
    for at_us in [0, newest_us / 2, newest_us, u64::MAX].into_iter().chain(range.map(|(first, _)| first)) {
        if reader.seek(at_us).is_ok() {
            let told = reader.by_ref().take(10_000).filter_map(Result::ok);
            let told = told.filter_map(|piece| if let Piece::Entry(entry) = piece { Some(entry) } else { None });
            assert!(told.filter(|entry| !entry.is_standing).all(|entry| moments.contains(&entry.at_us)));
        }
    }
});
