//! Recordings of every version are read for ever: a file that was made once is compared with what it says.
//!
//! `MIDAIR_BLESS=1` writes the file of this version where there is none yet, and never over one that there is: a change
//! that cannot read it needs a new major version.

use std::{fs, path::Path};

use midair_recording::{MAJOR, read_all};

use crate::sample::{blocks, header, said, told, write};

#[test]
fn version_1_is_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/version-1.midair");
    if !path.exists() && std::env::var_os("MIDAIR_BLESS").is_some() {
        assert_eq!(MAJOR, 1, "files of older versions are made by them");
        fs::write(&path, write(&blocks(3), true).0).unwrap();
    }
    let bytes = fs::read(&path).unwrap();
    let (entries, damage) = read_all(&bytes).unwrap();
    assert_eq!(entries.into_iter().map(said).collect::<Vec<_>>(), told(&blocks(3)));
    assert_eq!(damage, []);
    let mut reader = midair_recording::Reader::open(std::io::Cursor::new(bytes)).unwrap();
    assert_eq!(reader.header(), Some(&header()));
    assert_eq!((reader.blocks().len(), reader.marks().unwrap().len()), (3, 3));
}
