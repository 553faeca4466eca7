//! The fast path of a replay: plain entries are collected as columns and decided many at a time.
//!
//! A line that is not a plain entry is answered by the general path in its place. Both paths give the same answers for
//! every line; this path only reads fewer lines. It is used if no answers are written and no report is made.

mod entry;
mod keys;
mod line;
mod names;
mod rows;
mod step;
#[cfg(test)]
mod tests;

use portcullis::{
    answer::Verdict,
    decide::{DecisionColumns, Engine, EntryRow, IntentColumns, LeverageFrom, Outcome, SkipCode},
    intent::Size,
    policy::Policy,
    types::{Price, Side, Symbol, Timestamp},
};
use xxhash_rust::xxh3::xxh3_64;

use self::{entry::PlainEntry, line::LineReader, names::Names, rows::PlainRows};
use super::{
    chunk_output::ChunkOutput,
    digest::{self, ROW_BYTES, SizeSource},
    timeline::Timeline,
};
use crate::tape::{Chunk, Line, Record};

/// The largest number of symbols or sources that are kept from one batch to the next.
const NAMES_MAX: usize = 4_096;

/// The settings of a replay that entries depend on.
pub(super) struct EntrySettings<'a> {
    pub(super) engine: &'a Engine,
    /// The time at which all entries are decided; `None` if each is decided at its own time.
    pub(super) now: Option<Timestamp>,
    pub(super) assume_in_force: bool,
    /// Answers the record of a line by the general path, and keeps its skip as an example of the reason.
    pub(super) add_sample: &'a dyn Fn(Line<'_>, u64, &Timeline, &mut ChunkOutput),
}

/// The reader of plain entries, and the entries of a chunk that are not decided yet.
#[derive(Debug, Default)]
pub(crate) struct EntryBatch {
    reader: EntryReader,
    pending: Pending,
}

/// The place of a record in its chunk.
#[derive(Debug, Clone, Copy)]
enum Place {
    Line {
        number: u64,
        /// Where the text starts in the bytes of the chunk, and its length.
        start: usize,
        len: usize,
    },
    /// The index of a row.
    Row(usize),
}

/// Entries that are not decided yet. They are all decided under the same policy.
#[derive(Debug, Default)]
struct Pending {
    entries: Entries,
    decisions: DecisionColumns,
    /// The times from which and before which the policy of these entries is active.
    active: Option<(Timestamp, Option<Timestamp>)>,
}

/// Entries as columns.
#[derive(Debug, Default)]
pub(super) struct Entries {
    pub(super) columns: IntentColumns,
    symbols: Names,
    sources: Names,
    /// The digests of the symbols, by their numbers in `columns`.
    symbol_hashes: Vec<u64>,
    pub(super) rows: Vec<PendingRow>,
}

/// The values of an entry that are written into its answer next to the decision.
#[derive(Debug, Clone, Copy)]
pub(super) struct PendingRow {
    /// The offset of its row in the digest rows of the chunk.
    place: usize,
    pub(super) n: u64,
    at: Place,
    id_hash: u64,
    ts: Timestamp,
    pub(super) symbol: u32,
    side: Side,
    requested: Option<f64>,
    size: Size,
    size_source: SizeSource,
    quantity: Option<f64>,
    price: Option<Price>,
}

impl EntryBatch {
    /// Prepares the reading of a chunk.
    pub(super) fn begin(&mut self, chunk: &Chunk) {
        self.reader.begin(chunk);
    }

    /// Adds a record to the batch. Returns `None` if it is not a plain entry.
    #[inline]
    pub(super) fn push(
        &mut self,
        settings: &EntrySettings<'_>,
        (chunk, record, n): (&Chunk, Record<'_>, u64),
        timeline: &Timeline,
        output: &mut ChunkOutput,
    ) -> Option<()> {
        let (entry, at) = self.reader.read(settings.engine, chunk, record)?;
        self.pending
            .push(settings, (chunk, (n, at), &entry), timeline, output)
    }

    /// Decides all entries of the batch and writes their answers. Must be called before the timeline changes, and at
    /// the end of a chunk.
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
    #[inline(always)]
    fn push(
        &mut self,
        settings: &EntrySettings<'_>,
        (chunk, record, entry): (&Chunk, (u64, Place), &PlainEntry<'_>),
        timeline: &Timeline,
        output: &mut ChunkOutput,
    ) -> Option<()> {
        let at = settings.now.unwrap_or(entry.times.emitted_at);
        let is_active = |(from, until): (Timestamp, Option<Timestamp>)| {
            from <= at && until.is_none_or(|until| at < until)
        };
        if !self.active.is_some_and(is_active) {
            self.decide(settings, chunk, timeline, output);
            self.active = timeline.bounds_at(at);
        }
        self.entries.push(entry, record, output.rows.len())?;
        output.rows.extend_from_slice(&[0; ROW_BYTES]);
        output.counts.offset_assumed += u64::from(entry.times.is_offset_assumed);
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
        let entries = &mut self.entries;
        let Some(first) = entries.rows.first() else {
            return;
        };
        let policy = timeline.at(settings.now.unwrap_or(first.ts));
        let state = match settings.assume_in_force {
            true => policy.state.assume_in_force(),
            false => policy.state,
        };
        let (columns, decisions) = (&entries.columns, &mut self.decisions);
        settings
            .engine
            .decide_columns(state, columns, settings.now, decisions);
        let symbols = columns.symbols().iter().zip(&entries.symbol_hashes);
        let symbols: Vec<_> = symbols
            .map(|(symbol, hash)| (*symbol, *hash, timeline.symbol_number(symbol)))
            .collect();
        let known = state.policy().ok();
        for (index, row) in entries.rows.iter().enumerate() {
            let place = usize::try_from(row.symbol).ok();
            let Some((symbol, symbol_hash, number)) = place.and_then(|it| symbols.get(it)).copied()
            else {
                continue;
            };
            let common = digest::EntryRow {
                ts: row.ts,
                id_hash: row.id_hash,
                symbol_hash,
                side: row.side,
            };
            let (verdict, reason, policy_of_row, bytes) = match decisions.outcomes().get(index) {
                Some(Outcome::Trade) => {
                    let trade = row.trade(decisions, index, known, settings);
                    (Verdict::Trade, None, known, common.trade(&trade))
                }
                Some(Outcome::Skip(reason)) => {
                    let under =
                        known.filter(|_| reason.number() >= SkipCode::PolicyMissing.number());
                    let hash = under.map(Policy::hash);
                    (
                        Verdict::Skip,
                        Some(*reason),
                        under,
                        common.skip(*reason, hash),
                    )
                }
                // The answer is missing then, which a replay reports.
                Some(Outcome::ExitByOwner | Outcome::ExitByDelegate) | None => continue,
            };
            if let Some(to) = output.rows.get_mut(row.place..row.place + ROW_BYTES) {
                to.copy_from_slice(&bytes);
            }
            if let Some(reason) = reason
                && output.counts.samples.lacks(reason, row.n, &symbol)
            {
                row.add_sample(settings, chunk, timeline, output);
            }
            let policy_number = policy.number.filter(|_| policy_of_row.is_some());
            output
                .counts
                .add_entry((verdict, reason), row.ts, number, policy_number);
        }
        entries.clear();
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
        entries.push(&entry, (n, at), 0)?;
        Some(entry.times.emitted_at)
    }

    /// Reads a plain entry.
    #[inline(always)]
    fn read<'a>(
        &'a mut self,
        engine: &Engine,
        chunk: &'a Chunk,
        record: Record<'a>,
    ) -> Option<(PlainEntry<'a>, Place)> {
        let (entry, place) = match record {
            Record::Line(line) => {
                let text = line.text()?;
                let chunk_start = chunk.bytes().as_ptr().addr();
                let start = text.as_ptr().addr().checked_sub(chunk_start)?;
                let bytes = chunk.bytes().get(start..)?;
                let entry = PlainEntry::of(&self.lines.read(bytes, text.len())?)?;
                let (number, len) = (line.number, text.len());
                (entry, Place::Line { number, start, len })
            }
            Record::Row(row) => {
                let entry = PlainEntry::of(&self.rows.as_ref()?.row(row.index)?)?;
                (entry, Place::Row(row.index))
            }
        };
        let is_ambiguous = entry.times.is_stamped && engine.guardrails().has_candle_times();
        (!is_ambiguous).then_some((entry, place))
    }
}

impl Entries {
    /// Appends an entry. `offset` is that of its row in the digest rows. Returns `None` if the symbol is not valid.
    #[inline(always)]
    fn push(&mut self, entry: &PlainEntry<'_>, (n, at): (u64, Place), offset: usize) -> Option<()> {
        let symbol = self.symbols.number(entry.symbol, |name| {
            let symbol = Symbol::new(name).ok()?;
            let number = self.columns.symbol_number(symbol);
            if usize::try_from(number).ok()? == self.symbol_hashes.len() {
                self.symbol_hashes.push(xxh3_64(symbol.as_str().as_bytes()));
            }
            Some(number)
        })?;
        let source = match entry.source {
            None => self.columns.source_number(None),
            Some(name) => self
                .sources
                .number(name, |name| Some(self.columns.source_number(Some(name))))?,
        };
        self.columns.push_entry(&EntryRow {
            symbol,
            source,
            leverage: entry.leverage,
            size: Some(entry.size),
            price_deviation: entry.price_deviation,
            stop_distance: entry.stop_distance,
            emitted_at: Some(entry.times.emitted_at),
            sent: Some(entry.times.sent),
        });
        self.rows.push(PendingRow {
            place: offset,
            n,
            at,
            id_hash: xxh3_64(entry.id),
            ts: entry.times.emitted_at,
            symbol,
            side: entry.side,
            requested: entry.leverage,
            size: entry.size,
            size_source: entry.size_source,
            quantity: entry.quantity,
            price: entry.price,
        });
        Some(())
    }

    /// Removes the entries. Symbols and sources keep their numbers, unless there are too many of them.
    pub(super) fn clear(&mut self) {
        self.rows.clear();
        let (symbols, sources) = (self.columns.symbols().len(), self.columns.source_count());
        if symbols.max(sources) > NAMES_MAX {
            self.columns.clear();
            self.symbols.clear();
            self.sources.clear();
            self.symbol_hashes.clear();
        } else {
            self.columns.clear_rows();
        }
    }
}

impl PendingRow {
    /// Returns the record of the entry.
    pub(super) fn record<'c>(&self, chunk: &'c Chunk) -> Option<Record<'c>> {
        match self.at {
            Place::Line { number, start, len } => {
                let bytes = chunk.bytes().get(start..)?.get(..len)?;
                let line = Line::new(number, std::str::from_utf8(bytes).ok()?);
                Some(Record::Line(line))
            }
            Place::Row(index) => chunk.record_of_row(index),
        }
    }

    fn trade(
        &self,
        decisions: &DecisionColumns,
        index: usize,
        policy: Option<&Policy>,
        settings: &EntrySettings<'_>,
    ) -> digest::TradeNumbers {
        let row = decisions.row(index);
        let leverage = row.and_then(|row| row.leverage);
        let notional = row.and_then(|row| row.notional);
        let by_price = || Some(notional?.quantity(self.price?).ok()?.get());
        let at = settings.now.unwrap_or(self.ts);
        let end = settings
            .engine
            .guardrails()
            .max_plan_age()
            .map(|age| at.saturating_add(age));
        let expiry = policy.map(Policy::valid_until);
        digest::TradeNumbers {
            policy_hash: policy.map(Policy::hash),
            leverage: leverage.map(|(leverage, _)| leverage.get()),
            is_requested: matches!(leverage, Some((_, LeverageFrom::Intent))),
            requested: self.requested,
            size: self.size,
            size_source: self.size_source,
            notional: notional.map(|notional| notional.get()),
            not_after: match (end, expiry) {
                (Some(end), Some(expiry)) => Some(end.min(expiry)),
                (end, expiry) => expiry.or(end),
            },
            quantity: self.quantity.or_else(by_price),
        }
    }

    /// Answers the record by the general path, and keeps it as an example of its skip reason.
    fn add_sample(
        &self,
        settings: &EntrySettings<'_>,
        chunk: &Chunk,
        timeline: &Timeline,
        output: &mut ChunkOutput,
    ) {
        if let Some(record) = self.record(chunk) {
            (settings.add_sample)(record.line(), self.n, timeline, output);
        }
    }
}
