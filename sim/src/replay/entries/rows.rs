//! The entries of plain rows, which are read column by column. A row is plain if it has only columns that are keys of
//! plain lines, with values that such a line can contain. All other rows are written as lines and read by the general
//! path.

mod numbers;
#[cfg(test)]
mod tests;
mod texts;
mod times;

use std::ops::Deref;

use arrow_array::{Array, ArrayRef};
use arrow_buffer::ScalarBuffer;
use portcullis::{
    decide::{Cells, Engine, EntryColumns, EntryRow, EntryTimes},
    intent::Size,
    types::{Margin, Notional, Price, Side, Timestamp},
};
use xxhash_rust::xxh3::xxh3_64;

use self::{numbers::Numbers, texts::Texts, times::Times};
use super::{
    collected::{Entries, PendingRow, Place, quantity},
    entry::{self, Prices, Sizes, Stated, TimeFields, Word, side, stream_millis},
    keys::{
        ACTION, DECIDED_AT, ENTRY_PRICE, EVENT_TYPE, ID, INTENT_ID, KEY_COUNT, KEYS, Key, KeyKind,
        Keys, LEVERAGE, POSITION_ONLY, POSITION_SIZE_USD, POSITION_USD, PRICE, QTY, QUANTITY, SIDE,
        SIZE, SOURCE, STOP_LOSS, SYMBOL, TAKE_PROFIT, TIMESTAMP, TS,
    },
    names::Name,
};
use crate::{
    replay::digest::SizeSource,
    tape::table::{Column, Rows, ValueKind},
};

/// The divisor of the maximum length of a line that gives the maximum length of a text in a plain row. At most four
/// texts of a line can be long, and a byte has at most six bytes as an escape, so the line of a plain row is never too
/// long.
const TEXT_SHARE: usize = 32;

/// The smallest maximum length of a line, in bytes, for which the bound by [`TEXT_SHARE`] is sufficient. With a smaller
/// maximum, no row is plain.
const LINE_BYTES: usize = 8_192;

/// The keys that are read only from lines.
const LINES_ONLY: Keys = POSITION_ONLY | DECIDED_AT.bit();

/// The keys of a size beside `position_size_usd`.
const OTHER_SIZES: [Key; 4] = [SIZE, QUANTITY, QTY, POSITION_USD];

/// The number of the symbol of a row that is not plain. It is the number of no symbol.
const NO_SYMBOL: u32 = u32::MAX;

/// The entries of the rows of a chunk, as columns. The values of rows that are not plain have no meaning.
#[derive(Debug)]
pub(super) struct EntryRows {
    is_plain: Vec<bool>,
    ids: [Option<Texts>; 2],
    /// The numbers of the symbols in [`Entries`]; [`NO_SYMBOL`] for a row that is not plain.
    symbol: Vec<u32>,
    source: Values<u32>,
    side: Vec<Option<Side>>,
    /// The requested leverages; infinity if none is requested.
    leverage: Floats,
    times: Values<EntryTimes>,
    is_offset_assumed: Values<bool>,
    /// The prices that convert a notional to a quantity.
    price: Values<Option<Price>>,
    price_deviation: Values<f64>,
    stop_distance: Values<f64>,
    size_usd: ScalarBuffer<f64>,
    is_margin: Values<bool>,
    size_source: Values<SizeSource>,
    /// The quantities from which the sizes were read.
    quantity: Values<Option<f64>>,
}

/// The parts of rows that are needed for their answers.
#[derive(Debug, Clone, Copy)]
pub(in crate::replay) struct RowNeeds {
    /// True if each entry is decided at its event time. A row without one is not plain.
    pub(in crate::replay) time: bool,
    /// True if the answers contain the evidence of skips. It refers to the text of an unusable leverage or size, so a
    /// row with such a number is not plain.
    pub(in crate::replay) details: bool,
}

/// The values of a column: the same value in all rows, or one value per row.
#[derive(Debug)]
enum Values<T, C = Vec<T>> {
    Same(T),
    Each(C),
}

/// Numbers, which can be those of a column of the table.
type Floats = Values<f64, ScalarBuffer<f64>>;

impl<T: Copy, C: Deref<Target = [T]>> Values<T, C> {
    fn cells(&self) -> Cells<'_, T> {
        match self {
            Self::Same(value) => Cells::Same(*value),
            Self::Each(values) => Cells::Each(values),
        }
    }

    #[inline(always)]
    fn get(&self, row: usize) -> Option<T> {
        match self {
            Self::Same(value) => Some(*value),
            Self::Each(values) => values.get(row).copied(),
        }
    }
}

impl Entries {
    /// Appends a plain row. Returns `None` if it has no time.
    pub(super) fn push_row(&mut self, rows: &EntryRows, row: usize, n: u64) -> Option<Timestamp> {
        let emitted_at = rows.emitted_at(row)?;
        let (entry, pending) = (rows.entry(row)?, rows.pending(row, n)?);
        self.columns.push_entry(&entry);
        self.rows.push(pending);
        Some(emitted_at)
    }
}

impl EntryRows {
    /// Reads rows. Their symbols and sources get numbers in `names`.
    pub(super) fn new(rows: &Rows, engine: &Engine, needs: RowNeeds, names: &mut Entries) -> Self {
        Found::new(rows, needs).entries(engine, needs, names)
    }

    /// Returns true if the row is plain.
    #[inline(always)]
    pub(super) fn is_plain(&self, row: usize) -> bool {
        self.is_plain.get(row).copied().unwrap_or_default()
    }

    /// Returns the time of an entry.
    #[inline(always)]
    pub(super) fn emitted_at(&self, row: usize) -> Option<Timestamp> {
        self.times.get(row)?.emitted_at
    }

    /// Returns the id of an entry; `None` if the number of the record is used.
    #[inline(always)]
    pub(super) fn id(&self, row: usize) -> Option<&[u8]> {
        let mut ids = self.ids.iter().flatten();
        ids.find_map(|ids| ids.get(row))
    }

    /// Returns all rows as columns for the engine, which skips the rows that are not plain as invalid.
    pub(super) fn columns(&self) -> EntryColumns<'_> {
        EntryColumns {
            symbol: &self.symbol,
            source: self.source.cells(),
            leverage: self.leverage.cells(),
            size_usd: Cells::Each(&self.size_usd),
            is_margin: self.is_margin.cells(),
            price_deviation: self.price_deviation.cells(),
            stop_distance: self.stop_distance.cells(),
            times: self.times.cells(),
        }
    }

    /// Returns a plain row as a row for the engine.
    pub(super) fn entry(&self, row: usize) -> Option<EntryRow> {
        let times = self.times.get(row)?;
        Some(EntryRow {
            symbol: self.symbol(row),
            source: self.source.get(row)?,
            leverage: self.requested(row),
            size: Some(self.size(row)?),
            price_deviation: self.price_deviation.get(row)?,
            stop_distance: self.stop_distance.get(row)?,
            emitted_at: times.emitted_at,
            sent: times.sent,
        })
    }

    /// Returns the values of a plain row that are written into the answer of record `n`.
    #[inline(always)]
    pub(super) fn pending(&self, row: usize, n: u64) -> Option<PendingRow> {
        Some(PendingRow {
            n,
            at: Place::Row(row),
            id_hash: match self.id(row) {
                Some(id) => xxh3_64(id),
                None => xxh3_64(n.to_string().as_bytes()),
            },
            ts: self.emitted_at(row),
            symbol: self.symbol(row),
            side: self.side(row)?,
            requested: self.requested(row),
            stated: Stated {
                size: self.size(row)?,
                source: self.size_source.get(row)?,
                quantity: self.quantity.get(row)?,
            },
            price: self.price.get(row)?,
            is_offset_assumed: self.is_offset_assumed.get(row)?,
        })
    }

    /// Returns the number of the symbol of a row.
    #[inline(always)]
    pub(super) fn symbol(&self, row: usize) -> u32 {
        self.symbol.get(row).copied().unwrap_or(NO_SYMBOL)
    }

    /// Returns the side of a row.
    #[inline(always)]
    pub(super) fn side(&self, row: usize) -> Option<Side> {
        *self.side.get(row)?
    }

    /// Returns the field from which the size of a row was read.
    #[inline(always)]
    pub(super) fn size_source(&self, row: usize) -> Option<SizeSource> {
        self.size_source.get(row)
    }

    /// Returns the quantity of a trade with a notional.
    #[inline(always)]
    pub(super) fn quantity(&self, row: usize, notional: f64) -> Option<f64> {
        let stated = self.quantity.get(row)?;
        quantity(stated, Notional::new(notional).ok(), self.price.get(row)?)
    }

    /// Returns the requested leverage of a row.
    #[inline(always)]
    pub(super) fn requested(&self, row: usize) -> Option<f64> {
        self.leverage.get(row).filter(|it| *it != f64::INFINITY)
    }

    /// Returns the size of a row.
    #[inline(always)]
    pub(super) fn size(&self, row: usize) -> Option<Size> {
        let usd = *self.size_usd.get(row)?;
        match self.is_margin.get(row)? {
            true => Margin::new(usd).ok().map(Size::Margin),
            false => Notional::new(usd).ok().map(Size::Notional),
        }
    }
}

/// The columns of plain rows, by key.
struct Found {
    /// False for rows that are not plain.
    is_plain: Vec<bool>,
    texts: [Option<Texts>; KEY_COUNT],
    numbers: [Option<Numbers>; KEY_COUNT],
    ts: Option<Times>,
    timestamp: Option<Times>,
    /// True if a row with an unusable leverage or an unusable `position_size_usd` can be plain.
    accepts_unusable: bool,
}

impl Found {
    fn new(rows: &Rows, needs: RowNeeds) -> Self {
        let has_other_size = rows.columns().any(|(column, values)| {
            let is_absent = values.logical_null_count() == rows.len() || !column.decides();
            let mut names = OTHER_SIZES.iter().filter_map(|key| KEYS.get(key.0));
            !is_absent && names.any(|(name, _)| *name == column.name)
        });
        let mut found = Self {
            accepts_unusable: !needs.details && !has_other_size,
            is_plain: vec![rows.line_bytes_max() >= LINE_BYTES; rows.len()],
            texts: [const { None }; KEY_COUNT],
            numbers: [const { None }; KEY_COUNT],
            ts: None,
            timestamp: None,
        };
        let text_max = rows.line_bytes_max() / TEXT_SHARE;
        for (column, values) in rows.columns() {
            if values.logical_null_count() == rows.len() || !column.decides() {
                continue;
            }
            if found.add(column, values, text_max).is_none() {
                let nulls = values.logical_nulls();
                let is_valid = |row| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
                found.exclude(is_valid);
            }
        }
        found
    }

    /// Adds a column. Returns `None` if only the general path reads its values.
    fn add(&mut self, column: &Column, values: &ArrayRef, text_max: usize) -> Option<()> {
        let index = KEYS.iter().position(|(name, _)| *name == column.name)?;
        let key = Key(index);
        (key.bit() & LINES_ONLY == 0).then_some(())?;
        let (_, kind) = KEYS.get(index)?;
        match kind {
            _ if key == TS => self.ts = Some(Times::of(key, values, &mut self.is_plain)?),
            _ if key == TIMESTAMP => {
                self.timestamp = Some(Times::of(key, values, &mut self.is_plain)?);
            }
            KeyKind::Text if key == EVENT_TYPE => {
                let is_intent =
                    |text: Option<&[u8]>| text.is_none_or(|text| text == b"trade.intent");
                let are_intents = Texts::of(values)?.map(is_intent);
                self.exclude_unless(are_intents);
            }
            KeyKind::Text => {
                let texts = Texts::of(values)?;
                self.exclude_long(&texts, text_max);
                *self.texts.get_mut(index)? = Some(texts);
            }
            KeyKind::Number => {
                let numbers = match self.accepts_unusable {
                    true if key == LEVERAGE => Numbers::requests(values)?,
                    true if key == POSITION_SIZE_USD => Numbers::sizes(values)?,
                    true | false => Numbers::of(values, &mut self.is_plain)?,
                };
                *self.numbers.get_mut(index)? = Some(numbers);
            }
            KeyKind::TextOrNumber => {
                if let Some(texts) = Texts::of(values) {
                    self.exclude_long(&texts, text_max);
                } else if ValueKind::of(values.data_type()) != Some(ValueKind::Number) {
                    return None;
                }
            }
            KeyKind::Payload | KeyKind::Market => return None,
        }
        Some(())
    }

    fn exclude(&mut self, test: impl Fn(usize) -> bool) {
        for (row, is_plain) in self.is_plain.iter_mut().enumerate() {
            *is_plain &= !test(row);
        }
    }

    fn exclude_unless(&mut self, passes: impl IntoIterator<Item = bool>) {
        for (is_plain, passes) in self.is_plain.iter_mut().zip(passes) {
            *is_plain &= passes;
        }
    }

    fn exclude_long(&mut self, texts: &Texts, bytes_max: usize) {
        if !texts.are_all_short(bytes_max) {
            self.exclude(|row| texts.get(row).is_some_and(|text| text.len() > bytes_max));
        }
    }

    fn texts(&self, key: Key) -> Option<&Texts> {
        self.texts.get(key.0)?.as_ref()
    }

    fn numbers(&self, key: Key) -> Option<&Numbers> {
        self.numbers.get(key.0)?.as_ref()
    }

    #[inline(always)]
    fn number(&self, key: Key, row: usize) -> Option<f64> {
        self.numbers(key)?.get(row)
    }

    fn entries(mut self, engine: &Engine, needs: RowNeeds, names: &mut Entries) -> EntryRows {
        let side = self.sides();
        let mut symbol = self.symbols(names);
        let source = self.sources(names);
        let leverage = match self.numbers(LEVERAGE) {
            None => Values::Same(f64::INFINITY),
            Some(numbers) if self.accepts_unusable => Values::Each(numbers.values().clone()),
            Some(numbers) => {
                let values = numbers.values();
                // NaN is null here.
                Values::Each(match values.iter().any(|it| it.is_nan()) {
                    true => {
                        let requested = |it: &f64| if it.is_nan() { f64::INFINITY } else { *it };
                        values.iter().map(requested).collect()
                    }
                    false => values.clone(),
                })
            }
        };
        let (times, is_offset_assumed) = self.times(engine, needs.time);
        let prices = self.prices(&side);
        let sizes = self.sizes(&prices);
        for (symbol, is_plain) in symbol.iter_mut().zip(&self.is_plain) {
            *symbol = if *is_plain { *symbol } else { NO_SYMBOL };
        }
        let mut take = |key: Key| self.texts.get_mut(key.0).and_then(Option::take);
        EntryRows {
            ids: [take(ID), take(INTENT_ID)],
            is_plain: self.is_plain,
            symbol,
            source,
            side,
            leverage,
            times,
            is_offset_assumed,
            price: prices.price,
            price_deviation: prices.deviation,
            stop_distance: prices.stop_distance,
            size_usd: sizes.usd,
            is_margin: sizes.is_margin,
            size_source: sizes.source,
            quantity: sizes.quantity,
        }
    }

    fn sides(&mut self) -> Vec<Option<Side>> {
        let sides = match (self.texts(ACTION), self.texts(SIDE)) {
            (Some(texts), None) => texts.map(|text| side(text.map(Word::of), None)),
            (None, Some(texts)) => texts.map(|text| side(None, text.map(Word::of))),
            (Some(one), Some(other)) => {
                let [one, other] = [one, other].map(|texts| texts.map(|text| text.map(Word::of)));
                one.into_iter()
                    .zip(other)
                    .map(|(one, other)| side(one, other))
                    .collect()
            }
            (None, None) => vec![None; self.is_plain.len()],
        };
        self.exclude_unless(sides.iter().map(Option::is_some));
        sides
    }

    fn symbols(&mut self, names: &mut Entries) -> Vec<u32> {
        let Some(texts) = self.texts(SYMBOL) else {
            self.is_plain.fill(false);
            return vec![NO_SYMBOL; self.is_plain.len()];
        };
        let number = |text: &[u8]| names.symbol_number(name(text)?);
        let mut number = number;
        let numbers = texts.map(|text| text.and_then(&mut number).unwrap_or(NO_SYMBOL));
        self.exclude_unless(numbers.iter().map(|number| *number != NO_SYMBOL));
        numbers
    }

    fn sources(&mut self, names: &mut Entries) -> Values<u32> {
        let absent = names.absent_source();
        let Some(texts) = self.texts(SOURCE) else {
            return Values::Same(absent);
        };
        let mut number = |text: &[u8]| names.source_number(name(text)?);
        let numbers = texts.map(|text| match text {
            Some(text) => number(text),
            None => Some(absent),
        });
        self.exclude_unless(numbers.iter().map(Option::is_some));
        let numbers = numbers.into_iter();
        Values::Each(numbers.map(|number| number.unwrap_or(absent)).collect())
    }

    fn times(&mut self, engine: &Engine, needs_time: bool) -> (Values<EntryTimes>, Values<bool>) {
        let ids = self.texts.get(ID.0).and_then(Option::as_ref);
        let (ts, timestamp) = (self.ts.as_ref(), self.timestamp.as_ref());
        if ids.is_none() && ts.is_none() && timestamp.is_none() {
            if needs_time {
                self.is_plain.fill(false);
            }
            return (Values::Same(EntryTimes::default()), Values::Same(false));
        }
        let has_candle_times = engine.guardrails().has_candle_times();
        let mut times = Vec::with_capacity(self.is_plain.len());
        let mut is_offset_assumed = Vec::with_capacity(self.is_plain.len());
        for (row, is_plain) in self.is_plain.iter_mut().enumerate() {
            let found = entry::Times::of_fields(TimeFields {
                id: ids.and_then(|ids| ids.get(row)).and_then(stream_millis),
                ts: ts.and_then(|ts| ts.millis(row)),
                timestamp: timestamp.and_then(|timestamp| timestamp.instant(row)),
                decided_at: None,
            });
            let it = found.map_or_else(EntryTimes::default, |it| EntryTimes {
                emitted_at: it.event_time,
                sent: it.sent,
            });
            *is_plain &= found.is_some_and(|it| !(it.is_stamped && has_candle_times))
                && !(needs_time && it.emitted_at.is_none());
            times.push(it);
            is_offset_assumed.push(found.is_some_and(|it| it.is_offset_assumed));
        }
        let is_offset_assumed = match timestamp {
            Some(_) => Values::Each(is_offset_assumed),
            None => Values::Same(false),
        };
        (Values::Each(times), is_offset_assumed)
    }

    fn prices(&mut self, sides: &[Option<Side>]) -> PriceColumns {
        let keys = [PRICE, ENTRY_PRICE, STOP_LOSS, TAKE_PROFIT];
        if keys.into_iter().all(|key| self.numbers(key).is_none()) {
            return PriceColumns {
                is_limit: Values::Same(false),
                price: Values::Same(None),
                deviation: Values::Same(0.0),
                stop_distance: Values::Same(0.0),
            };
        }
        let rows = self.is_plain.len();
        let [limit, planned, stop, target] =
            keys.map(|key| self.numbers.get(key.0).and_then(Option::as_ref));
        let (mut price, mut is_limit) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
        let (mut deviation, mut stop_distance) =
            (Vec::with_capacity(rows), Vec::with_capacity(rows));
        for (row, (is_plain, side)) in self.is_plain.iter_mut().zip(sides).enumerate() {
            let number = |numbers: Option<&Numbers>| numbers?.get(row);
            let prices = Prices::of(
                side.unwrap_or(Side::Buy),
                (number(limit), number(planned)),
                (number(stop), number(target)),
            );
            *is_plain &= prices.is_some();
            let prices = prices.unwrap_or(Prices::NONE);
            price.push(prices.larger.map(|(price, _)| price));
            is_limit.push(prices.larger.is_some_and(|(_, is_limit)| is_limit));
            deviation.push(prices.deviation);
            stop_distance.push(prices.stop_distance);
        }
        PriceColumns {
            is_limit: Values::Each(is_limit),
            price: Values::Each(price),
            deviation: Values::Each(deviation),
            stop_distance: Values::Each(stop_distance),
        }
    }

    fn sizes(&mut self, prices: &PriceColumns) -> SizeColumns {
        let is_only = OTHER_SIZES.iter().all(|key| self.numbers(*key).is_none());
        if let (Some(usd), true) = (
            self.numbers
                .get(POSITION_SIZE_USD.0)
                .and_then(Option::as_ref),
            is_only,
        ) {
            if !self.accepts_unusable {
                // NaN, which is an absent size, is not usable either.
                for (is_plain, usd) in self.is_plain.iter_mut().zip(usd.values()) {
                    *is_plain &= *usd > 0.0;
                }
            }
            return SizeColumns {
                usd: usd.values().clone(),
                is_margin: Values::Same(false),
                source: Values::Same(SizeSource::PositionSizeUsd),
                quantity: Values::Same(None),
            };
        }
        let rows = self.is_plain.len();
        let (mut usd, mut is_margin) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
        let (mut source, mut quantity) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
        for row in 0..rows {
            let sizes = Sizes {
                position_size_usd: self.number(POSITION_SIZE_USD, row),
                size: self.number(SIZE, row),
                quantity: self.number(QUANTITY, row),
                qty: self.number(QTY, row),
                position_usd: self.number(POSITION_USD, row),
            };
            let price = prices.price.get(row).flatten();
            let price = price.zip(prices.is_limit.get(row));
            let (limit, leverage) = (self.number(PRICE, row), self.number(LEVERAGE, row));
            let stated = Stated::of(sizes, limit, leverage, price);
            if let (None, Some(is_plain)) = (stated, self.is_plain.get_mut(row)) {
                *is_plain = false;
            }
            usd.push(stated.map_or(f64::NAN, |it| it.size.usd()));
            is_margin.push(stated.is_some_and(|it| matches!(it.size, Size::Margin(_))));
            source.push(stated.map_or(SizeSource::PositionSizeUsd, |it| it.source));
            quantity.push(stated.and_then(|it| it.quantity));
        }
        SizeColumns {
            usd: usd.into(),
            is_margin: Values::Each(is_margin),
            source: Values::Each(source),
            quantity: Values::Each(quantity),
        }
    }
}

struct PriceColumns {
    price: Values<Option<Price>>,
    /// True if `price` is the field with this name.
    is_limit: Values<bool>,
    deviation: Values<f64>,
    stop_distance: Values<f64>,
}

struct SizeColumns {
    usd: ScalarBuffer<f64>,
    is_margin: Values<bool>,
    source: Values<SizeSource>,
    quantity: Values<Option<f64>>,
}

/// Returns a name of at most 16 bytes that does not end with a zero byte, because names are padded with zeros.
fn name(text: &[u8]) -> Option<Name> {
    (text.last() != Some(&0)).then_some(())?;
    Name::read(text, text.len())
}
