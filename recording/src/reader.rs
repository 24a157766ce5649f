//! Reads a recording: from its start, from a moment, and on while it is still being written.

mod blocks;
mod marks;
mod position;
mod records;
mod wall;

use std::io::{self, Cursor, Read, Seek};

use midair_proto::v1::{RecordedMark, RecordedNode, RecordedRollup, RecordingHeader};
use prost::Message;

use crate::{
    damage::{Damage, Why},
    entry::Entry,
    layout::{FILE_HEAD, FileHead, MAJOR, MESSAGE_MAX},
};

pub use blocks::Block;
use blocks::{End, Index, Walk};
use position::{Position, Whole};
use records::{Found, Record, Records};
use wall::Wall;

/// What a recording tells next.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Something that happened.
    Entry(Entry),
    /// A part cannot be read; what follows begins with a block.
    Damage(Damage),
}

/// Why a file is not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be read.
    #[error("cannot read the recording: {0}")]
    Io(#[from] io::Error),
    /// It is something else, or nothing of it is left.
    #[error("this is no midair recording, or nothing of it is left")]
    NotARecording,
    /// A newer midair wrote it.
    #[error("this recording is of version {0} of the format, and this midair reads up to {MAJOR}; take a newer midair")]
    Newer(u8),
}

/// Reads a recording. As an iterator it goes on from where it stands, at first the start; at the end of a file that is
/// still being written it yields `None`, and more when there is more.
///
/// However long the file and whatever its lengths say, it holds at most a few chunks of 4 MiB, a window of 8 MiB and a
/// line for each block.
#[derive(Debug)]
pub struct Reader<R> {
    records: Records<R>,
    header: Option<RecordingHeader>,
    whole: Whole,
    start: u64,
    blocks: Vec<Block>,
    walk: Option<Walk>,
    marks: Option<Vec<RecordedMark>>,
    nodes: Vec<RecordedNode>,
    rollups: Vec<RecordedRollup>,
    damage: Vec<Damage>,
    position: Position,
    /// Where moments are told by the wall clock.
    wall: Option<Wall>,
}

impl<R: Read + Seek> Reader<R> {
    /// Reads the header, and the index where there is one; else a look at each chunk's head finds the blocks.
    ///
    /// # Errors
    /// When it cannot be read, is no recording, or one of a newer version.
    pub fn open(inner: R) -> Result<Self, OpenError> {
        let mut records = Records::new(inner);
        let (header, mut whole, start) = header(&mut records)?;
        let mut damage = Vec::new();
        if header.is_none() {
            damage.push(Damage { from: 0, until: start, why: Why::Header, n_lost: None });
        }
        let (index, walk) = match blocks::index(&mut records, whole.file_id)? {
            End::Indexed(index) => (index, None),
            end => {
                if matches!(end, End::Wrong) {
                    let until = records.length()?;
                    damage.push(Damage { from: until, until, why: Why::Index, n_lost: None });
                }
                (Index::default(), Some(Walk::from(start)))
            }
        };
        if walk.is_none() {
            whole.n_entries = Some(index.n_entries);
        }
        let nodes = if walk.is_none() { index.nodes } else { header.iter().flat_map(|h| h.nodes.clone()).collect() };
        let mut reader = Self {
            records,
            header,
            whole,
            start,
            blocks: index.blocks,
            marks: walk.is_none().then_some(index.marks),
            walk,
            nodes,
            rollups: index.rollups,
            damage,
            position: Position::at(start),
            wall: None,
        };
        reader.refresh()?;
        Ok(reader)
    }

    /// From now on each moment, asked for or told, is by the recorder's wall clock, which only rises here. A dashboard's
    /// recording counts by it anyway; that of a black box by a clock that is no one else's.
    #[must_use]
    pub fn by_wall(mut self) -> Self {
        self.tell_by_wall();
        self
    }

    fn tell_by_wall(&mut self) {
        let wall = Wall::of(&self.blocks);
        for at_us in self.rollups.iter_mut().filter_map(|rollup| rollup.at_us.as_mut()) {
            *at_us = wall.wall(*at_us);
        }
        self.wall = Some(wall);
    }

    /// Reads the same recording at another place: what is known of its blocks is known there too, and nothing is listed.
    pub fn beside(&self, inner: R) -> Self {
        Self {
            records: Records::new(inner),
            header: self.header.clone(),
            whole: self.whole,
            start: self.start,
            blocks: self.blocks.clone(),
            walk: self.walk.clone(),
            marks: None,
            nodes: Vec::new(),
            rollups: Vec::new(),
            damage: Vec::new(),
            position: Position::at(self.start),
            wall: self.wall.clone(),
        }
    }

    /// The number that tells its blocks from those of other recordings; `None` where that is damaged.
    pub fn file_id(&self) -> Option<u64> {
        self.whole.file_id
    }

    /// Who recorded, and why; `None` where that is damaged.
    pub fn header(&self) -> Option<&RecordingHeader> {
        self.header.as_ref()
    }

    /// The blocks that are known; [`Reader::refresh`] adds those that have come since.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The first and last moment, microseconds on the recording's clock; `None` while it is empty.
    pub fn range(&self) -> Option<(u64, u64)> {
        Some((self.told(self.blocks.first()?.first_us), self.told(self.blocks.last()?.last_us)))
    }

    /// A moment, as it is told.
    fn told(&self, at_us: u64) -> u64 {
        self.wall.as_ref().map_or(at_us, |wall| wall.wall(at_us))
    }

    /// The nodes that were heard, where the file was closed; else those that were asked for.
    pub fn nodes(&self) -> &[RecordedNode] {
        &self.nodes
    }

    /// The rollups of all nodes, in order, where the file was closed: what a time line of all of it is drawn from.
    pub fn rollups(&self) -> &[RecordedRollup] {
        &self.rollups
    }

    /// True for a file that was closed: nothing more comes.
    pub fn is_closed(&self) -> bool {
        self.walk.is_none()
    }

    /// What was found wrong on opening; what is met while reading is told there.
    pub fn damage(&self) -> &[Damage] {
        &self.damage
    }

    /// How many bytes it has now.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn length(&mut self) -> io::Result<u64> {
        self.records.length()
    }

    /// Where the file ends within a chunk, after `None`: it is being written, or whoever wrote it was stopped.
    pub fn torn(&self) -> Option<&Damage> {
        self.position.torn()
    }

    /// Looks for blocks that have come since, so that [`Reader::seek`] and [`Reader::range`] know them. Where the file was
    /// closed meanwhile, what its index says is known from now on.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn refresh(&mut self) -> io::Result<()> {
        if self.walk_on()?
            && let End::Indexed(index) = blocks::index(&mut self.records, self.whole.file_id)?
        {
            self.close(index);
        }
        Ok(())
    }

    /// True where a trailer has come since.
    fn walk_on(&mut self) -> io::Result<bool> {
        let Some(walk) = &mut self.walk else { return Ok(false) };
        let is_closed = walk.go_on(&mut self.records, self.whole.file_id, &mut self.blocks);
        if let Some(wall) = &mut self.wall {
            *wall = Wall::of(&self.blocks);
        }
        is_closed
    }

    /// Nothing more comes: the index says what there is.
    fn close(&mut self, index: Index) {
        self.walk = None;
        self.whole.n_entries = Some(index.n_entries);
        (self.blocks, self.nodes, self.rollups) = (index.blocks, index.nodes, index.rollups);
        self.marks = Some(index.marks);
        if self.wall.is_some() {
            self.tell_by_wall();
        }
    }

    /// Goes to the block that holds a moment, or the last keyed one before it: what comes next, up to the moment, is
    /// what must be known there. Where the block begins; `None` when there is none, and reading goes on at the start.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn seek(&mut self, at_us: u64) -> io::Result<Option<u64>> {
        let at_us = self.wall.as_ref().map_or(at_us, |wall| wall.moment(at_us));
        let Some(block) = self.block_before(at_us)? else {
            self.position = Position::at(self.start);
            return Ok(None);
        };
        self.position = Position::at(block.offset);
        Ok(Some(self.told(block.first_us)))
    }

    /// As [`Reader::seek`], by the wall clock. Where that was set back, the first time that it showed the moment counts.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn seek_wall(&mut self, wall_us: u64) -> io::Result<Option<u64>> {
        let after = self.blocks.iter().position(|block| block.wall_us > wall_us);
        let block = after.map_or(self.blocks.last(), |n| self.blocks.get(n.saturating_sub(1)));
        let Some(first_us) = block.map(|block| block.first_us) else { return self.seek(0) };
        self.seek(first_us)
    }

    /// The marks. Where the file was not closed, the blocks that hold one are read for it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn marks(&mut self) -> io::Result<Vec<RecordedMark>> {
        let mut marks = match &self.marks {
            Some(marks) => marks.clone(),
            None => marks::find(&mut self.records, &mut self.whole, &self.blocks)?,
        };
        for at_us in marks.iter_mut().filter_map(|mark| mark.at_us.as_mut()) {
            *at_us = self.told(*at_us);
        }
        Ok(marks)
    }

    fn block_before(&mut self, at_us: u64) -> io::Result<Option<Block>> {
        let found = nearest(&self.blocks, at_us);
        let Some(block) = found else { return Ok(None) };
        let head = self.records.block(block.offset)?;
        if self.walk.is_some() || head.is_some_and(|h| h.number == block.number && h.first_us == block.first_us) {
            return Ok(Some(block));
        }
        // The index is of another file, or its block is damaged: what stands there counts.
        let until = self.records.length()?;
        self.damage.push(Damage { from: until, until, why: Why::Index, n_lost: None });
        self.blocks.clear();
        self.rollups.clear();
        (self.marks, self.walk) = (None, Some(Walk::from(self.start)));
        self.whole.n_entries = None;
        // It stays so: this index is not asked again.
        self.walk_on()?;
        Ok(nearest(&self.blocks, at_us))
    }
}

impl<R: Read + Seek> Iterator for Reader<R> {
    type Item = io::Result<Piece>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut step = self.position.step(&mut self.records, &mut self.whole).transpose();
        if let Some(Ok(Piece::Entry(entry))) = &mut step {
            entry.at_us = self.told(entry.at_us);
        }
        step
    }
}

/// Reads all of a file that is in memory: what it holds, and what is wrong with it.
///
/// # Errors
/// When it is no recording, or one of a newer version.
pub fn read_all(bytes: &[u8]) -> Result<(Vec<Entry>, Vec<Damage>), OpenError> {
    let mut reader = Reader::open(Cursor::new(bytes))?;
    let (mut entries, mut damage) = (Vec::new(), reader.damage().to_vec());
    for piece in reader.by_ref() {
        match piece? {
            Piece::Entry(entry) => entries.push(entry),
            Piece::Damage(found) => damage.push(found),
        }
    }
    damage.extend(reader.torn().cloned());
    Ok((entries, damage))
}

/// The last keyed block that begins at or before a moment; where none does, the last that does, else the first.
fn nearest(blocks: &[Block], at_us: u64) -> Option<Block> {
    let n = blocks.partition_point(|block| block.first_us <= at_us);
    let before = &blocks[..n];
    before.iter().rev().find(|block| block.is_keyed).or(before.last()).or(blocks.first()).copied()
}

/// The header, what it says of the blocks, and where they begin.
fn header<R: Read + Seek>(records: &mut Records<R>) -> Result<(Option<RecordingHeader>, Whole, u64), OpenError> {
    let mut bytes = [0; FILE_HEAD];
    let n = records.fill(0, &mut bytes)?;
    let head = FileHead::decode(&bytes[..n]).filter(|head| head.length as usize <= MESSAGE_MAX);
    if let Some(head) = head {
        let mut message = Vec::new();
        // A length from outside reserves nothing: what is there is read.
        if records.length()? >= FILE_HEAD as u64 + u64::from(head.length) {
            message.resize(head.length as usize, 0);
        }
        let n = records.fill(FILE_HEAD as u64, &mut message)?;
        if n == head.length as usize && FileHead::crc_of(&bytes, &message) == head.crc {
            if head.major > MAJOR {
                return Err(OpenError::Newer(head.major));
            }
            let whole = Whole { file_id: Some(head.file_id), n_entries: None };
            let header = RecordingHeader::decode(message.as_slice()).ok();
            return Ok((header, whole, FILE_HEAD as u64 + u64::from(head.length)));
        }
    }
    // Its blocks repeat what is needed.
    let Found::Block(start) = records.search(0)? else { return Err(OpenError::NotARecording) };
    let Record::Block(block) = records.record(start, 0)? else { return Err(OpenError::NotARecording) };
    if block.major > MAJOR {
        return Err(OpenError::Newer(block.major));
    }
    Ok((None, Whole { file_id: Some(block.file_id), n_entries: None }, start))
}
