//! Entries that are collected until they are decided, and the records between them.

use portcullis::{
    decide::{DecideAt, DecisionColumns, Engine, EntryRow, IntentColumns, LeverageFrom},
    policy::Policy,
    record::Scratch,
    types::{Notional, Price, Side, Symbol, Timestamp},
};
use xxhash_rust::xxh3::xxh3_64;

use super::{
    entry::{PlainEntry, Stated},
    names::{Name, Names},
    position::PlainPosition,
};
use crate::{
    replay::{chunk_output::ChunkOutput, digest, timeline::Timeline},
    tape::{Chunk, Line, Record},
};

/// The largest number of symbols or sources that are kept from one batch to the next.
pub(super) const NAMES_MAX: usize = 4_096;

/// The settings of a replay that entries depend on.
pub(in crate::replay) struct EntrySettings<'a> {
    pub(in crate::replay) engine: &'a Engine,
    /// The times at which the entries are decided.
    pub(in crate::replay) at: DecideAt<'a>,
    pub(in crate::replay) assume_in_force: bool,
    /// If true, data for an HTML report is collected.
    pub(in crate::replay) reports: bool,
    /// Answers the record of a line by the general path.
    pub(in crate::replay) answer: &'a AnswerLine<'a>,
    /// Answers a position; `None` if positions are not in the scope of the replay.
    pub(in crate::replay) position: Option<&'a AnswerPosition<'a>>,
}

/// A function that answers the record of a line at a time. The `u64` is the number of the record.
type AnswerLine<'a> =
    dyn Fn(Line<'_>, u64, Option<Timestamp>, &Timeline, &mut Scratch, &mut ChunkOutput) + 'a;

impl EntrySettings<'_> {
    /// Returns the time at which the record of a row is decided; `None` if it is the time of the record. All lines of a
    /// tape have the same time.
    pub(in crate::replay) fn now(&self, row: usize) -> Option<Timestamp> {
        match self.at {
            DecideAt::EventTime => None,
            DecideAt::Time(now) => Some(now),
            // A time is missing only if the table has fewer times than rows, which is an error of the caller.
            DecideAt::Each(times) => Some(times.get(row).copied().unwrap_or(Timestamp::MIN)),
        }
    }
}

/// A function that answers a position. The `u64` is the number of its record, and the text is its id.
type AnswerPosition<'a> =
    dyn Fn(&PlainPosition, Option<&str>, u64, &Timeline, &mut ChunkOutput) + 'a;

/// The place of a record in its chunk.
#[derive(Debug, Clone, Copy)]
pub(in crate::replay) enum Place {
    Line {
        number: u64,
        /// Where the text starts in the bytes of the chunk, and its length.
        start: usize,
        len: usize,
    },
    /// The index of a row.
    Row(usize),
}

impl Place {
    /// Returns the place of a record, and the bytes of the chunk from the record on, which are empty for a row. Returns
    /// `None` for a line without a text.
    #[inline(always)]
    pub(super) fn of<'a>(chunk: &'a Chunk, record: Record<'_>) -> Option<(Self, &'a [u8])> {
        let line = match record {
            Record::Line(line) => line,
            Record::Row(row) => return Some((Self::Row(row.index), &[])),
        };
        let text = line.text()?;
        let chunk_start = chunk.bytes().as_ptr().addr();
        let start = text.as_ptr().addr().checked_sub(chunk_start)?;
        let bytes = chunk.bytes().get(start..)?;
        let (number, len) = (line.number, text.len());
        Some((Self::Line { number, start, len }, bytes))
    }

    /// Returns the record at the place.
    pub(super) fn record(self, chunk: &Chunk) -> Option<Record<'_>> {
        match self {
            Self::Line { number, start, len } => {
                let bytes = chunk.bytes().get(start..)?.get(..len)?;
                let line = Line::new(number, simdutf8::basic::from_utf8(bytes).ok()?);
                Some(Record::Line(line))
            }
            Self::Row(index) => chunk.record_of_row(index),
        }
    }
}

/// Entries as columns.
#[derive(Debug, Default)]
pub(in crate::replay) struct Entries {
    pub(in crate::replay) columns: IntentColumns,
    pub(super) symbols: Names,
    pub(super) sources: Names,
    /// The digests of the symbols, by their numbers in `columns`.
    pub(super) symbol_hashes: Vec<u64>,
    pub(in crate::replay) rows: Vec<PendingRow>,
}

/// A record that is answered after a number of entries.
#[derive(Debug)]
pub(super) struct Deferred {
    pub(super) entries: usize,
    pub(super) n: u64,
    pub(super) record: DeferredRecord,
}

/// The record of [`Deferred`].
#[derive(Debug, Clone, Copy)]
pub(super) enum DeferredRecord {
    /// A position, as its index.
    Position(usize),
    /// A record that the general path answers.
    Other(Place),
}

/// The ids of entries.
#[derive(Debug, Default)]
pub(super) struct Ids {
    bytes: Vec<u8>,
    /// The end of each id in `bytes`.
    ends: Vec<usize>,
}

impl Ids {
    /// Appends the id of record `n`; without an id, its number.
    pub(super) fn push(&mut self, id: Option<&[u8]>, n: u64) {
        match id {
            Some(id) => self.bytes.extend_from_slice(id),
            None => self.bytes.extend_from_slice(n.to_string().as_bytes()),
        }
        self.ends.push(self.bytes.len());
    }

    /// Returns the id with an index; empty if there is none.
    pub(super) fn get(&self, index: usize) -> &[u8] {
        let from = index.checked_sub(1).and_then(|it| self.ends.get(it));
        let from = from.copied().unwrap_or_default();
        let to = self.ends.get(index).copied().unwrap_or(from);
        self.bytes.get(from..to).unwrap_or_default()
    }

    /// Returns the bytes of all ids.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}

/// The values of an entry that are written into its answer next to the decision.
#[derive(Debug, Clone, Copy)]
pub(in crate::replay) struct PendingRow {
    pub(in crate::replay) n: u64,
    pub(super) at: Place,
    pub(super) id_hash: u64,
    pub(super) ts: Option<Timestamp>,
    pub(in crate::replay) symbol: u32,
    pub(super) side: Side,
    pub(super) requested: Option<f64>,
    pub(super) stated: Stated,
    pub(super) price: Option<Price>,
    pub(super) is_offset_assumed: bool,
}

impl Entries {
    /// Appends an entry. Returns `None` if the symbol is not valid.
    #[inline(always)]
    pub(super) fn push(&mut self, entry: &PlainEntry<'_>, (n, at): (u64, Place)) -> Option<()> {
        let symbol = self.symbol_number(entry.symbol)?;
        let source = match entry.source {
            None => self.absent_source(),
            Some(name) => self.source_number(name)?,
        };
        self.columns.push_entry(&EntryRow {
            symbol,
            source,
            leverage: entry.leverage,
            size: Some(entry.stated.size),
            price_deviation: entry.prices.deviation,
            stop_distance: entry.prices.stop_distance,
            emitted_at: entry.times.event_time,
            sent: entry.times.sent,
        });
        self.rows.push(PendingRow {
            n,
            at,
            id_hash: match entry.id {
                Some(id) => xxh3_64(id),
                None => xxh3_64(n.to_string().as_bytes()),
            },
            ts: entry.times.event_time,
            symbol,
            side: entry.side,
            requested: entry.leverage,
            stated: entry.stated,
            price: entry.prices.larger.map(|(price, _)| price),
            is_offset_assumed: entry.times.is_offset_assumed,
        });
        Some(())
    }

    /// Returns the number of a symbol; `None` if the name is not valid.
    #[inline(always)]
    pub(super) fn symbol_number(&mut self, name: Name) -> Option<u32> {
        self.symbols.number(name, |name| {
            let symbol = Symbol::new(name).ok()?;
            let number = self.columns.symbol_number(symbol);
            if usize::try_from(number).ok()? == self.symbol_hashes.len() {
                self.symbol_hashes.push(xxh3_64(symbol.as_str().as_bytes()));
            }
            Some(number)
        })
    }

    /// Returns the number of a source.
    #[inline(always)]
    pub(super) fn source_number(&mut self, name: Name) -> Option<u32> {
        let columns = &mut self.columns;
        self.sources
            .number(name, |name| Some(columns.source_number(Some(name))))
    }

    /// Returns the number of an absent source.
    #[inline(always)]
    pub(super) fn absent_source(&mut self) -> u32 {
        self.columns.source_number(None)
    }

    /// Removes the entries. Symbols and sources keep their numbers, unless there are too many of them.
    pub(in crate::replay) fn clear(&mut self) {
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
    pub(in crate::replay) fn record<'c>(&self, chunk: &'c Chunk) -> Option<Record<'c>> {
        self.at.record(chunk)
    }

    #[inline(always)]
    pub(super) fn trade(
        &self,
        decisions: &DecisionColumns,
        index: usize,
        policy: Option<&Policy>,
        (engine, now): (&Engine, Option<Timestamp>),
    ) -> digest::TradeNumbers {
        let row = decisions.row(index);
        let leverage = row.and_then(|row| row.leverage);
        let notional = row.and_then(|row| row.notional);
        digest::TradeNumbers {
            policy_hash: policy.map(Policy::hash),
            leverage: leverage.map(|(leverage, _)| leverage.get()),
            is_requested: matches!(leverage, Some((_, LeverageFrom::Intent))),
            requested: self.requested,
            size: self.stated.size,
            size_source: self.stated.source,
            notional: notional.map(|notional| notional.get()),
            not_after: not_after(engine, now.or(self.ts), policy),
            quantity: quantity(self.stated.quantity, notional, self.price),
        }
    }
}

/// Returns the last time at which a trade that was decided at a time may be executed.
pub(super) fn not_after(
    engine: &Engine,
    at: Option<Timestamp>,
    policy: Option<&Policy>,
) -> Option<Timestamp> {
    let end = engine
        .guardrails()
        .max_plan_age()
        .and_then(|age| Some(at?.saturating_add(age)));
    let expiry = policy.map(Policy::valid_until);
    match (end, expiry) {
        (Some(end), Some(expiry)) => Some(end.min(expiry)),
        (end, expiry) => expiry.or(end),
    }
}

/// Returns the quantity of a trade: the stated one, else the notional divided by the price.
pub(super) fn quantity(
    stated: Option<f64>,
    notional: Option<Notional>,
    price: Option<Price>,
) -> Option<f64> {
    stated.or_else(|| Some(notional?.quantity(price?).ok()?.get()))
}
