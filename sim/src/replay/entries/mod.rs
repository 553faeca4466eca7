//! The fast path of a replay: plain entries are collected as columns and decided many at a time.
//!
//! A record that is not a plain entry is answered by the general path, in its place between the entries. Both paths
//! give the same answers to the records that both can read.

mod answer;
mod batch;
mod collected;
mod columns;
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

use std::ops::Range;

use portcullis::{
    decide::{DecideAt, DecisionColumns, Engine},
    record::Scratch,
    types::Timestamp,
};

#[cfg(test)]
use self::collected::NAMES_MAX;
use self::{
    batch::{Batch, BatchMemory},
    collected::{Deferred, DeferredRecord, Ids, Place},
    entry::PlainEntry,
    json::JsonLines,
    keys::{ID, POSITION_ONLY},
    line::{LineReader, PlainLine},
    rows::EntryRows,
};
pub(super) use self::{
    collected::{Entries, EntrySettings, PendingRow},
    position::PlainPosition,
    rows::RowNeeds,
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
    /// The ids of the entries, if answers are written.
    ids: Ids,
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
    /// Prepares the reading of a chunk whose answers are written to these.
    pub(super) fn begin(
        &mut self,
        settings: &EntrySettings<'_>,
        chunk: &Chunk,
        answers: &AnswerBuffer,
    ) {
        let needs = RowNeeds {
            time: matches!(settings.at, DecideAt::EventTime),
            details: needs_details(answers),
        };
        let entries = &mut self.pending.entries;
        self.reader.begin(chunk, settings.engine, needs, entries);
        if let Some(rows) = &self.reader.rows {
            entries.columns.push_entries(&rows.columns());
        }
    }

    /// Takes the next line, and adds it to the batch if it is a plain entry. Returns `None` if there is no line.
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
            return records.next().map(Taken::Other);
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

    /// Returns true if the row of the chunk is a plain entry.
    pub(super) fn is_plain(&self, row: usize) -> bool {
        let rows = self.reader.rows.as_ref();
        rows.is_some_and(|rows| rows.is_plain(row))
    }

    /// Decides rows of the chunk, and writes the answers to all of them. `n` is the number of the record of the first of
    /// these rows. No row may change the policy.
    pub(super) fn decide_rows(
        &mut self,
        settings: &EntrySettings<'_>,
        (chunk, mut rows, mut n): (&Chunk, Range<usize>, u64),
        timeline: &Timeline,
        output: &mut ChunkOutput,
    ) {
        let Some(entries) = &self.reader.rows else {
            return;
        };
        while !rows.is_empty() {
            let (at, end) = active_rows(entries, rows.clone(), settings, timeline);
            let decided = rows.start..end;
            let count = u64::try_from(decided.len()).unwrap_or(u64::MAX);
            self.pending.decide_rows(
                settings,
                (chunk, decided, n),
                (entries, at),
                timeline,
                output,
            );
            (rows.start, n) = (end, n.saturating_add(count));
        }
    }

    /// Removes the rows of the chunk.
    pub(super) fn end_rows(&mut self) {
        self.pending.entries.clear();
    }
}

/// Returns true if the answers contain the evidence of skips, or the digest, which depends on it.
fn needs_details(answers: &AnswerBuffer) -> bool {
    !matches!(answers, AnswerBuffer::Table(to) if to.detail.is_none())
}

/// Returns the time of the first plain row, and the end of the rows that are decided under the policy at that time. Rows
/// that are not plain have no effect.
fn active_rows(
    entries: &EntryRows,
    rows: Range<usize>,
    settings: &EntrySettings<'_>,
    timeline: &Timeline,
) -> (Timestamp, usize) {
    let time = |row: usize| settings.now(row).or_else(|| entries.emitted_at(row));
    let is_same_time = matches!(settings.at, DecideAt::Time(_));
    let mut plain = rows.clone().filter(|row| entries.is_plain(*row));
    let Some(at) = plain.next().and_then(time) else {
        return (Timestamp::MIN, rows.end);
    };
    let Some((from, until)) = timeline.bounds_at(at).filter(|_| !is_same_time) else {
        return (at, rows.end);
    };
    if from == Timestamp::MIN && until.is_none() {
        return (at, rows.end);
    }
    let is_active = |at: Timestamp| from <= at && until.is_none_or(|until| at < until);
    let end = plain.find(|row| !time(*row).is_some_and(is_active));
    (at, end.unwrap_or(rows.end))
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
        let at = settings.now(0).or(entry.times.event_time)?;
        let is_active = |(from, until): (Timestamp, Option<Timestamp>)| {
            from <= at && until.is_none_or(|until| at < until)
        };
        if !self.active.is_some_and(is_active) {
            self.decide(settings, chunk, timeline, output);
            self.active = timeline.bounds_at(at);
        }
        self.entries.push(entry, record)?;
        if !matches!(output.answers, AnswerBuffer::Nothing) {
            self.ids.push(entry.id, record.0);
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
        let at = settings.now(0).or(first.ts).unwrap_or(Timestamp::MIN);
        let rows = 0..self.entries.columns.len();
        let (batch, memory) = self.batch(settings, (chunk, rows), at, timeline);
        batch.write_lines(memory, output);
        self.entries.clear();
        self.deferred.clear();
        self.positions.clear();
        self.ids.clear();
    }

    /// Decides rows of a table under the policy at the time `at`, and writes the answers to all of them.
    fn decide_rows(
        &mut self,
        settings: &EntrySettings<'_>,
        (chunk, rows, n): (&Chunk, Range<usize>, u64),
        (entries, at): (&EntryRows, Timestamp),
        timeline: &Timeline,
        output: &mut ChunkOutput,
    ) {
        let needs_details = needs_details(&output.answers);
        let has_ids = !matches!(output.answers, AnswerBuffer::Nothing) && needs_details;
        for (row, n) in rows.clone().zip(n..).filter(|_| has_ids) {
            self.ids.push(entries.id(row), n);
        }
        let (batch, memory) = self.batch(settings, (chunk, rows), at, timeline);
        match needs_details {
            true => batch.write_rows((entries, n), memory, output),
            false => batch.write_columns((entries, n), memory, output),
        }
        self.ids.clear();
    }

    /// Decides entries under the policy at the time `at`. Returns them with the memory that is needed to write their
    /// answers.
    fn batch<'a>(
        &'a mut self,
        settings: &'a EntrySettings<'a>,
        (chunk, rows): (&'a Chunk, Range<usize>),
        at: Timestamp,
        timeline: &'a Timeline,
    ) -> (Batch<'a>, BatchMemory<'a>) {
        let policy = timeline.at(at);
        let state = match settings.assume_in_force {
            true => policy.state.assume_in_force(),
            false => policy.state,
        };
        let (columns, first) = (&self.entries.columns, rows.start);
        settings
            .engine
            .decide_rows(state, columns, rows, settings.at, &mut self.decisions);
        let batch = Batch {
            settings,
            chunk,
            timeline,
            state,
            policy_number: policy.number,
            entries: &self.entries,
            ids: &self.ids,
            decisions: &self.decisions,
            positions: &self.positions,
            first,
        };
        let memory = BatchMemory {
            deferred: &self.deferred,
            json: &mut self.json,
            scratch: &mut self.scratch,
        };
        (batch, memory)
    }
}

/// A reader of plain entries.
#[derive(Debug, Default)]
pub(super) struct EntryReader {
    lines: LineReader,
    /// The entries of the current chunk, if it has rows.
    rows: Option<Box<EntryRows>>,
}

impl EntryReader {
    /// Prepares the reading of a chunk.
    pub(super) fn begin(
        &mut self,
        chunk: &Chunk,
        engine: &Engine,
        needs: RowNeeds,
        names: &mut Entries,
    ) {
        let rows = chunk.rows();
        let rows = rows.map(|rows| Box::new(EntryRows::new(rows, engine, needs, names)));
        self.rows = rows;
    }

    /// Appends a record to the entries and returns the time of its intent. Returns `None` if it is not a plain entry.
    #[inline(always)]
    pub(super) fn push(
        &mut self,
        engine: &Engine,
        (chunk, record, n): (&Chunk, Record<'_>, u64),
        entries: &mut Entries,
    ) -> Option<Timestamp> {
        if let Record::Row(row) = record {
            let rows = self.rows.as_ref()?;
            rows.is_plain(row.index).then_some(())?;
            return entries.push_row(rows, row.index, n);
        }
        let (entry, at) = self.line(engine, chunk, record)?;
        let emitted_at = entry.times.event_time?;
        entries.push(&entry, (n, at))?;
        Some(emitted_at)
    }

    /// Reads the plain entry of a line.
    #[inline(always)]
    fn line<'a>(
        &'a mut self,
        engine: &Engine,
        chunk: &'a Chunk,
        record: Record<'a>,
    ) -> Option<(PlainEntry<'a>, Place)> {
        let Record::Line(line) = record else {
            return None;
        };
        let (place, bytes) = Place::of(chunk, record)?;
        let (plain, len) = self.lines.read(bytes)?;
        let entry = entry_of(&plain, engine)?;
        (len == line.text()?.len()).then_some((entry, place))
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
