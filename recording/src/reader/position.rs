//! A place in a recording from which it is read on: entries, and damage as it is met.

use std::io::{self, Read, Seek};

use crate::{
    damage::{Damage, Why},
    layout::{BLOCK_HEAD, BODY_MAX, BlockHead, MAJOR, WINDOW_LOG_MAX},
    unpack::{Chunk, Unpacker},
};

use super::{
    Piece,
    records::{Found, Record, Records},
};

/// Where reading stands.
#[derive(Debug, Default)]
pub(super) struct Position {
    at: u64,
    block: Option<Unpacker>,
    chain: u32,
    chunk: Option<Chunk>,
    /// The number of the next block, where the one before was read.
    next_block: Option<u32>,
    /// The moment of the newest entry or block that was read.
    newest_us: u64,
    /// Entries before this place, where that is known.
    n_entries: Option<u64>,
    /// Damage that the next block ends.
    open: Option<Damage>,
    /// Nothing checks from here to the end, as far as it was searched.
    is_lost: bool,
    torn: Option<Damage>,
}

/// What is known of the whole file.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Whole {
    /// What the blocks of this file repeat.
    pub(super) file_id: Option<u64>,
    /// Entries in all, where an index says.
    pub(super) n_entries: Option<u64>,
}

impl Position {
    /// At the head of a block, or where there will be one.
    pub(super) fn at(offset: u64) -> Self {
        Self { at: offset, ..Self::default() }
    }

    /// Where the file ended within a record, when the last step found its end.
    pub(super) fn torn(&self) -> Option<&Damage> {
        self.torn.as_ref()
    }

    /// The next piece; `None` at the end as it is now.
    pub(super) fn step<R: Read + Seek>(
        &mut self,
        records: &mut Records<R>,
        whole: &mut Whole,
    ) -> io::Result<Option<Piece>> {
        self.torn = None;
        loop {
            if let (Some(block), Some(chunk)) = (&mut self.block, &mut self.chunk) {
                if let Some(entry) = block.next(chunk) {
                    if !entry.is_standing {
                        self.newest_us = self.newest_us.max(entry.at_us);
                    }
                    return Ok(Some(Piece::Entry(entry)));
                }
                self.chunk = None;
            }
            if self.is_lost && !self.search_on(records)? {
                return Ok(None);
            }
            let told = match records.record(self.at, self.chain)? {
                Record::End => return Ok(None),
                Record::Torn => return Ok(self.tear(records.length()?)),
                Record::Block(head) => match self.unfit(&head, whole) {
                    Some(why) => self.lose(records, whole, why)?,
                    None => self.enter(head, whole)?,
                },
                Record::Chunk(head) if self.block.is_some() => {
                    let Some(body) = records.body(self.at, &head, BODY_MAX)? else {
                        return Ok(self.tear(records.length()?));
                    };
                    let is_intact = crc32fast::hash(&body) == head.crc;
                    let block = self.block.as_mut().filter(|_| is_intact);
                    self.chunk = block.and_then(|block| block.unpack(&body, head.n_entries));
                    if self.chunk.is_some() {
                        (self.at, self.chain) = (head.end(self.at), head.crc);
                        self.n_entries = self.n_entries.map(|n| n.saturating_add(u64::from(head.n_entries)));
                        continue;
                    }
                    self.lose(records, whole, if is_intact { Why::Content } else { Why::Bytes })?
                }
                Record::Other(head) => {
                    let length = records.length()?;
                    if head.end(self.at) > length {
                        return Ok(self.tear(length));
                    }
                    self.at = head.end(self.at);
                    None
                }
                Record::Chunk(_) | Record::Bad => self.lose(records, whole, Why::Head)?,
            };
            if let Some(damage) = told {
                return Ok(Some(Piece::Damage(damage)));
            }
        }
    }

    fn tear(&mut self, length: u64) -> Option<Piece> {
        self.torn = Some(Damage { from: self.at, until: length.max(self.at), why: Why::Torn, n_lost: None });
        None
    }

    /// Begins a block. What ended before it is told now: its head says how much that was.
    fn enter(&mut self, head: BlockHead, whole: &mut Whole) -> io::Result<Option<Damage>> {
        whole.file_id = Some(head.file_id);
        let n_lost = self.n_entries.map(|n| head.n_before.saturating_sub(n));
        let follows = self.open.is_none() && self.next_block == Some(head.number) && n_lost == Some(0);
        let was_missing = self.open.is_none() && self.next_block.is_some() && !follows;
        let missing = Damage { from: self.at, until: self.at, why: Why::Missing, n_lost: None };
        let damage = self.open.take().or(was_missing.then_some(missing)).map(|damage| Damage { n_lost, ..damage });
        self.at += BLOCK_HEAD as u64;
        self.chain = head.crc;
        self.newest_us = head.first_us;
        self.next_block = Some(head.number.wrapping_add(1));
        self.n_entries = Some(head.n_before);
        self.block = Some(Unpacker::new(head, follows, self.block.take())?);
        Ok(damage)
    }

    /// Nothing from here to the next block can be read.
    fn lose<R: Read + Seek>(
        &mut self,
        records: &mut Records<R>,
        whole: &Whole,
        why: Why,
    ) -> io::Result<Option<Damage>> {
        (self.block, self.chunk) = (None, None);
        let from = self.at;
        let found = records.search(from + 1)?;
        let (Found::Block(until) | Found::End(until)) = found;
        let damage = Damage { until, ..self.open.take().unwrap_or(Damage { from, until, why, n_lost: None }) };
        self.at = until;
        if matches!(found, Found::Block(_)) {
            self.open = Some(damage);
            return Ok(None);
        }
        // Of a file that grows, the end may be the start of a block that is not all there.
        self.at = until.saturating_sub(BLOCK_HEAD as u64).max(from + 1);
        self.is_lost = true;
        let n_lost = whole.n_entries.zip(self.n_entries).map(|(all, read)| all.saturating_sub(read));
        Ok(Some(Damage { n_lost, ..damage }))
    }

    /// Looks for a block in what has come since; true when there is one.
    fn search_on<R: Read + Seek>(&mut self, records: &mut Records<R>) -> io::Result<bool> {
        match records.search(self.at)? {
            Found::Block(until) => {
                self.open = Some(Damage { from: self.at, until, why: Why::Head, n_lost: None });
                (self.at, self.is_lost) = (until, false);
                Ok(true)
            }
            Found::End(end) => {
                self.at = end.saturating_sub(BLOCK_HEAD as u64).max(self.at);
                Ok(false)
            }
        }
    }

    /// Why a block whose head checks is not read.
    fn unfit(&self, head: &BlockHead, whole: &Whole) -> Option<Why> {
        if head.major > MAJOR {
            return Some(Why::Newer(head.major));
        }
        if whole.file_id.is_some_and(|id| id != head.file_id) {
            return Some(Why::Foreign);
        }
        // Moments only rise, so what is read once is not told again.
        if self.next_block.is_some_and(|next| head.number < next) || head.first_us < self.newest_us {
            return Some(Why::Backwards);
        }
        (head.window_log > WINDOW_LOG_MAX).then_some(Why::Content)
    }
}
