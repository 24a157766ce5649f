//! A disk that is full: the writer stops in words, and what stands there is read.

use std::io::{self, ErrorKind, Write};

use midair_recording::{Options, WriteError, Writer, read_all};

use crate::sample::{FILE_ID, envelope, header};

/// Takes so many bytes, and part of what would be too much.
struct Full {
    bytes: Vec<u8>,
    n_max: usize,
}

impl Write for &mut Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = bytes.len().min(self.n_max - self.bytes.len());
        if n == 0 {
            return Err(ErrorKind::StorageFull.into());
        }
        self.bytes.extend_from_slice(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_stops_it_and_keeps_what_is_there() {
    let mut disk = Full { bytes: Vec::new(), n_max: 2_000 };
    let mut writer = Writer::new(&mut disk, &header(), FILE_ID, Options::default()).unwrap();
    let mut n_kept = 0;
    let error = loop {
        let written = writer.push(n_kept, false, &envelope("a", &format!("sample {n_kept}")));
        match written.and_then(|()| writer.flush_chunk()) {
            Ok(()) => n_kept += 1,
            Err(error) => break error,
        }
    };
    assert!(n_kept > 10);
    let words = error.to_string();
    assert!(words.starts_with("cannot write the recording: no storage space"), "{words}");
    assert!(words.ends_with("it keeps what was written before"), "{words}");
    assert!(matches!(writer.push(9, false, &envelope("a", "more")), Err(WriteError::Stopped)));
    assert!(matches!(writer.flush_chunk(), Err(WriteError::Stopped)));
    assert!(matches!(writer.finish(), Err(WriteError::Stopped)));
    let (entries, damage) = read_all(&disk.bytes).unwrap();
    assert_eq!(entries.len() as u64, n_kept);
    assert_eq!(damage.len(), 1, "the torn tail: {damage:?}");
}
