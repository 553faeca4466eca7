//! The fast path of a replay: plain entries are collected as columns and decided many at a time.
//!
//! A record that is not a plain entry is answered by the general path, in its place between the entries. Both paths
//! give the same answers to the records that both can read.

mod answer;
mod batch;
mod collected;
mod entry;
mod json;
mod keys;
mod line;
mod names;
mod number;
mod position;
mod rows;
mod step;
#[cfg(test)]
mod tests;
mod values;

use portcullis::{
    decide::{DecisionColumns, Engine},
    record::Scratch,
    types::Timestamp,
};

#[cfg(test)]
use self::collected::NAMES_MAX;
use self::{
    batch::Batch,
    collected::{Deferred, DeferredRecord, Place},
    entry::PlainEntry,
    json::JsonLines,
    keys::{ID, POSITION_ONLY},
    line::{LineReader, PlainLine},
    rows::PlainRows,
};
pub(super) use self::{
    collected::{Entries, EntrySettings, PendingRow},
    position::PlainPosition,
};
use super::{
    chunk_output::{AnswerBuffer, ChunkOutput},
    timeline::Timeline,
};
use crate::tape::{Chunk, Record, Records};

/// The reader of plain entries, and the entries of a chunk that are not decided yet.
#[derive(Debug, Default)]
pub(crate) struct EntryBatch {
    reader: EntryReader,
    pending: Pending,
}

/// A record that was taken from a chunk.
pub(super) enum Taken<'a> {
    /// A plain entry, which was added to the batch.
    Entry,
    /// A plain position, and the id of its record.
    Position(Box<PlainPosition>, Option<&'a str>),
    /// Another record.
    Other(Record<'a>),
}

/// Entries that are not decided yet. They are all decided under the same policy.
#[derive(Debug, Default)]
struct Pending {
    entries: Entries,
    /// The ids of the entries, if answers are written, and the end of each.
    ids: (Vec<u8>, Vec<usize>),
    /// The records between the entries.
    deferred: Vec<Deferred>,
    /// The positions among these records, and their ids.
    positions: Vec<(Box<PlainPosition>, Option<Box<str>>)>,
    decisions: DecisionColumns,
    json: JsonLines,
    /// The memory of the general path.
    scratch: Scratch,
    /// The times from which and before which the policy of these entries is active.
    active: Option<(Timestamp, Option<Timestamp>)>,
}

impl EntryBatch {
    /// Prepares the reading of a chunk.
    pub(super) fn begin(&mut self, chunk: &Chunk) {
        self.reader.begin(chunk);
    }

    /// Takes the next record, and adds it to the batch if it is a plain entry. Returns `None` if there is no record.
    #[inline]
    pub(super) fn take<'c>(
        &mut self,
        settings: &EntrySettings<'_>,
        (chunk, records, n): (&'c Chunk, &mut Records<'c>, u64),
        timeline: &Timeline,
        output: &mut ChunkOutput,
    ) -> Option<Taken<'c>> {
        let Self { reader, pending } = self;
        let Some(rest) = records.rest() else {
            let record = records.next()?;
            let added = reader
                .read(settings.engine, chunk, record)
                .and_then(|(entry, at)| {
                    pending.push(settings, (chunk, (n, at), &entry), timeline, output)
                });
            return Some(added.map_or(Taken::Other(record), |()| Taken::Entry));
        };
        // The end of a line that is not plain is not known.
        let Some((line, len)) = reader.lines.read(rest) else {
            return records.next().map(Taken::Other);
        };
        if line.keys & POSITION_ONLY != 0 {
            let position = settings.position.and_then(|_| PlainPosition::of(&line));
            let id = line.place(ID);
            let taken = position.and_then(|position| {
                let text = records.take_line(len)?.text()?;
                Some(Taken::Position(
                    Box::new(position),
                    id.and_then(|id| text.get(id)),
                ))
            });
            return taken.or_else(|| records.next().map(Taken::Other));
        }
        let Some((entry, line)) = entry_of(&line, settings.engine)
            .and_then(|entry| Some((entry, records.take_line(len)?)))
        else {
            return records.next().map(Taken::Other);
        };
        let record = Record::Line(line);
        let added = Place::of(chunk, record)
            .and_then(|(at, _)| pending.push(settings, (chunk, (n, at), &entry), timeline, output));
        Some(added.map_or(Taken::Other(record), |()| Taken::Entry))
    }

    /// Adds a record that the general path answers after the entries so far. The record must not change the policy.
    /// Returns `None` if there are no entries before the record, or if it cannot be read again.
    pub(super) fn defer(&mut self, (chunk, record, n): (&Chunk, Record<'_>, u64)) -> Option<()> {
        let (at, _) = Place::of(chunk, record)?;
        self.pending.defer(n, DeferredRecord::Other(at))
    }

    /// Adds a position, with the id of its record, that is answered after the entries so far.
    ///
    /// # Errors
    /// Returns the position if there are no entries before it.
    pub(super) fn defer_position(
        &mut self,
        position: Box<PlainPosition>,
        id: Option<&str>,
        n: u64,
    ) -> Result<(), Box<PlainPosition>> {
        let record = DeferredRecord::Position(self.pending.positions.len());
        if self.pending.defer(n, record).is_none() {
            return Err(position);
        }
        self.pending.positions.push((position, id.map(Box::from)));
        Ok(())
    }

    /// Decides all entries of the batch, and writes their answers and those of the records between them. Must be called
    /// before the timeline changes, and at the end of a chunk.
    pub(super) fn decide(
        &mut self,
        settings: &EntrySettings<'_>,
        chunk: &Chunk,
        timeline: &Timeline,
        output: &mut ChunkOutput,
    ) {
        self.pending.decide(settings, chunk, timeline, output);
    }
}

impl Pending {
    fn defer(&mut self, n: u64, record: DeferredRecord) -> Option<()> {
        let entries = self.entries.rows.len();
        (entries > 0).then_some(())?;
        self.deferred.push(Deferred { entries, n, record });
        Some(())
    }

    #[inline(always)]
    fn push(
        &mut self,
        settings: &EntrySettings<'_>,
        (chunk, record, entry): (&Chunk, (u64, Place), &PlainEntry<'_>),
        timeline: &Timeline,
        output: &mut ChunkOutput,
    ) -> Option<()> {
        let at = settings.now.or(entry.times.event_time)?;
        let is_active = |(from, until): (Timestamp, Option<Timestamp>)| {
            from <= at && until.is_none_or(|until| at < until)
        };
        if !self.active.is_some_and(is_active) {
            self.decide(settings, chunk, timeline, output);
            self.active = timeline.bounds_at(at);
        }
        self.entries.push(entry, record)?;
        if !matches!(output.answers, AnswerBuffer::Nothing) {
            let (bytes, ends) = &mut self.ids;
            match entry.id {
                Some(id) => bytes.extend_from_slice(id),
                None => bytes.extend_from_slice(record.0.to_string().as_bytes()),
            }
            ends.push(bytes.len());
        }
        Some(())
    }

    fn decide(
        &mut self,
        settings: &EntrySettings<'_>,
        chunk: &Chunk,
        timeline: &Timeline,
        output: &mut ChunkOutput,
    ) {
        self.active = None;
        let Some(first) = self.entries.rows.first() else {
            return;
        };
        let at = settings.now.or(first.ts);
        let policy = timeline.at(at.unwrap_or(Timestamp::MIN));
        let state = match settings.assume_in_force {
            true => policy.state.assume_in_force(),
            false => policy.state,
        };
        let columns = &self.entries.columns;
        settings
            .engine
            .decide_columns(state, columns, settings.now, &mut self.decisions);
        let batch = Batch {
            settings,
            chunk,
            timeline,
            state,
            policy_number: policy.number,
            entries: &self.entries,
            ids: (&self.ids.0, &self.ids.1),
            decisions: &self.decisions,
            positions: &self.positions,
        };
        batch.write(&self.deferred, &mut self.json, &mut self.scratch, output);
        self.entries.clear();
        self.deferred.clear();
        self.positions.clear();
        self.ids.0.clear();
        self.ids.1.clear();
    }
}

/// A reader of plain entries.
#[derive(Debug, Default)]
pub(super) struct EntryReader {
    lines: LineReader,
    /// The columns of the current chunk, if it has rows.
    rows: Option<Box<PlainRows>>,
}

impl EntryReader {
    /// Prepares the reading of a chunk.
    pub(super) fn begin(&mut self, chunk: &Chunk) {
        self.rows = chunk.rows().map(|rows| Box::new(PlainRows::new(rows)));
    }

    /// Appends a record to the entries and returns the time of its intent. Returns `None` if it is not a plain entry.
    #[inline(always)]
    pub(super) fn push(
        &mut self,
        engine: &Engine,
        (chunk, record, n): (&Chunk, Record<'_>, u64),
        entries: &mut Entries,
    ) -> Option<Timestamp> {
        let (entry, at) = self.read(engine, chunk, record)?;
        let emitted_at = entry.times.event_time?;
        entries.push(&entry, (n, at))?;
        Some(emitted_at)
    }

    /// Reads a plain entry.
    #[inline(always)]
    fn read<'a>(
        &'a mut self,
        engine: &Engine,
        chunk: &'a Chunk,
        record: Record<'a>,
    ) -> Option<(PlainEntry<'a>, Place)> {
        let (place, bytes) = Place::of(chunk, record)?;
        let entry = match record {
            Record::Line(line) => {
                let (entry, len) = self.read_line(engine, bytes)?;
                (len == line.text()?.len()).then_some(entry)?
            }
            Record::Row(row) => {
                let entry = PlainEntry::of(&self.rows.as_ref()?.row(row.index)?)?;
                is_unambiguous(&entry, engine).then_some(entry)?
            }
        };
        Some((entry, place))
    }

    /// Reads the plain entry in the line at the beginning of a text, and returns its length.
    #[inline(always)]
    fn read_line<'a>(
        &'a mut self,
        engine: &Engine,
        text: &'a [u8],
    ) -> Option<(PlainEntry<'a>, usize)> {
        let (line, len) = self.lines.read(text)?;
        Some((entry_of(&line, engine)?, len))
    }
}

/// Returns the entry of a line; `None` if the general path must read it.
#[inline(always)]
fn entry_of<'a>(line: &PlainLine<'a>, engine: &Engine) -> Option<PlainEntry<'a>> {
    (line.keys & POSITION_ONLY == 0).then_some(())?;
    let entry = PlainEntry::of(line)?;
    is_unambiguous(&entry, engine).then_some(entry)
}

/// Returns false if the meaning of a time depends on the guardrails.
fn is_unambiguous(entry: &PlainEntry<'_>, engine: &Engine) -> bool {
    !(entry.times.is_stamped && engine.guardrails().has_candle_times())
}
