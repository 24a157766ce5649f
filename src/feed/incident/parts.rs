//! What an agent told, in a file without a name until all is put in order.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read as _, Seek as _, Write as _},
    path::Path,
};

use midair_proto::{MESSAGE_MAX, v1::Envelope};
use prost::Message as _;

/// Envelopes one after the other. The file is gone when this is, also after a crash.
#[derive(Debug)]
pub(super) struct Parts {
    file: BufWriter<File>,
}

/// Tells them again.
#[derive(Debug)]
pub(super) struct Told {
    file: BufReader<File>,
}

impl Parts {
    pub(super) fn new(folder: &Path) -> io::Result<Self> {
        Ok(Self { file: BufWriter::new(tempfile::tempfile_in(folder)?) })
    }

    pub(super) fn push(&mut self, envelope: &Envelope) -> io::Result<()> {
        let bytes = envelope.encode_to_vec();
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        self.file.write_all(&length.to_le_bytes())?;
        self.file.write_all(&bytes)
    }

    pub(super) fn told(self) -> io::Result<Told> {
        let mut file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(Told { file: BufReader::new(file) })
    }
}

impl Told {
    pub(super) fn next(&mut self) -> io::Result<Option<Envelope>> {
        let mut length = [0; 4];
        match self.file.read_exact(&mut length) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let length = u32::from_le_bytes(length) as usize;
        // What was written came through a connection that takes no larger ones.
        if length > 2 * MESSAGE_MAX {
            return Err(io::Error::other("a part is larger than any message"));
        }
        let mut bytes = vec![0; length];
        self.file.read_exact(&mut bytes)?;
        Envelope::decode(bytes.as_slice()).map(Some).map_err(io::Error::other)
    }
}
