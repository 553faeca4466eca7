//! The values of plain rows. A row is plain if it has only columns that are keys of plain lines, with values that such
//! a line can contain. All other rows are written as lines and read by the general path.

use arrow_array::{
    Array, ArrayRef, LargeStringArray, StringArray, StringViewArray,
    cast::AsArray as _,
    types::{Float64Type, Int64Type},
};
use arrow_buffer::{NullBuffer, ScalarBuffer};
use arrow_data::ByteView;
use portcullis::types::{IsoOffset, Timestamp};

use super::{
    keys::{
        DECIDED_AT, EVENT_TYPE, KEY_COUNT, KEYS, Key, KeyKind, Keys, POSITION_ONLY, TIMESTAMP, TS,
    },
    names::Name,
    values::{NotPlain, PlainValues, instant},
};
use crate::tape::table::{Column, Rows, ValueKind, has_zone, timestamp, write_number};

#[cfg(test)]
mod tests;

/// The divisor of the maximum length of a line that gives the maximum length of a text in a plain row. At most four
/// texts of a line can be long, and a byte has at most six bytes as an escape, so the line of a plain row is never too
/// long.
const TEXT_SHARE: usize = 32;

/// The longest text that is in its view, in bytes.
const INLINE_BYTES: usize = 12;

/// The smallest maximum length of a line, in bytes, for which the bound by [`TEXT_SHARE`] is sufficient. With a smaller
/// maximum, no row is plain.
const LINE_BYTES: usize = 8_192;

/// The keys that are read only from lines.
const LINES_ONLY: Keys = POSITION_ONLY | DECIDED_AT.bit();

/// The columns of plain rows, by key.
#[derive(Debug)]
pub(super) struct PlainRows {
    /// False for rows that are not plain.
    is_plain: Vec<bool>,
    texts: [Option<Texts>; KEY_COUNT],
    numbers: [Option<Numbers>; KEY_COUNT],
    ts: Option<Times>,
    timestamp: Option<Times>,
}

/// The texts of a column.
#[derive(Debug)]
enum Texts {
    View(StringViewArray),
    Offsets(StringArray),
    LargeOffsets(LargeStringArray),
}

impl Texts {
    /// Returns the texts; `None` for another type, or if a text is not UTF-8.
    fn of(values: &ArrayRef) -> Option<Self> {
        if let Some(texts) = values.as_string_view_opt() {
            Some(Self::View(texts.clone()))
        } else if let Some(bytes) = values.as_binary_view_opt() {
            bytes.clone().to_string_view().ok().map(Self::View)
        } else if let Some(texts) = values.as_string_opt::<i32>() {
            Some(Self::Offsets(texts.clone()))
        } else {
            values
                .as_string_opt::<i64>()
                .map(|texts| Self::LargeOffsets(texts.clone()))
        }
    }

    #[inline(always)]
    fn get(&self, row: usize) -> Option<&[u8]> {
        match self {
            Self::View(texts) => texts.is_valid(row).then(|| viewed(texts, row))?,
            Self::Offsets(texts) => texts.is_valid(row).then(|| texts.value(row).as_bytes()),
            Self::LargeOffsets(texts) => texts.is_valid(row).then(|| texts.value(row).as_bytes()),
        }
    }

    /// Returns a text of at most 16 bytes that does not end with a zero byte, because names are padded with zeros.
    #[inline(always)]
    fn name(&self, row: usize) -> Option<Name> {
        if let Self::View(texts) = self
            && texts.is_valid(row)
            && let Some(name) = Name::of_view(*texts.views().get(row)?)
        {
            return Some(name);
        }
        let text = self.get(row)?;
        (text.last() != Some(&0)).then_some(())?;
        Name::read(text, text.len())
    }
}

/// Returns the bytes of a view, which are in the view itself if they are few.
#[inline(always)]
fn viewed(texts: &StringViewArray, row: usize) -> Option<&[u8]> {
    let view = ByteView::from(*texts.views().get(row)?);
    let len = usize::try_from(view.length).ok()?;
    if len <= INLINE_BYTES {
        let start = row.checked_mul(16)?.checked_add(4)?;
        return texts.views().inner().as_slice().get(start..)?.get(..len);
    }
    let buffer = texts
        .data_buffers()
        .get(usize::try_from(view.buffer_index).ok()?)?;
    let start = usize::try_from(view.offset).ok()?;
    buffer.as_slice().get(start..)?.get(..len)
}

/// The numbers of a column.
#[derive(Debug)]
struct Numbers {
    values: ScalarBuffer<f64>,
    nulls: Option<NullBuffer>,
}

impl Numbers {
    fn of(values: &ArrayRef) -> Option<Self> {
        let numbers = match values.as_primitive_opt::<Float64Type>() {
            Some(numbers) => numbers.values().clone(),
            None if ValueKind::of(values.data_type()) == Some(ValueKind::Number) => {
                (0..values.len()).map(|row| parsed(values, row)).collect()
            }
            None => return None,
        };
        Some(Self {
            values: numbers,
            nulls: values.nulls().cloned(),
        })
    }

    #[inline(always)]
    fn get(&self, row: usize) -> Option<f64> {
        let is_null = self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
        if is_null {
            return None;
        }
        self.values.get(row).copied()
    }
}

/// Returns the number that the general path reads from the text of the number; NaN if it is null or not finite.
fn parsed(values: &ArrayRef, row: usize) -> f64 {
    if values.is_null(row) {
        return f64::NAN;
    }
    let mut text = Vec::new();
    write_number(values, row, &mut text);
    let number = std::str::from_utf8(&text).ok();
    number.and_then(|it| it.parse().ok()).unwrap_or(f64::NAN)
}

/// The times of a column.
#[derive(Debug)]
enum Times {
    Texts(Texts),
    /// Epoch milliseconds.
    Millis(ScalarBuffer<i64>, Option<NullBuffer>),
    /// Timestamps or dates, and whether they have a time zone.
    Instants(ArrayRef, IsoOffset),
}

impl Times {
    fn of(key: Key, values: &ArrayRef) -> Option<Self> {
        match ValueKind::of(values.data_type()) {
            Some(ValueKind::Timestamp | ValueKind::Date) => {
                let offset = match has_zone(values.data_type()) {
                    true => IsoOffset::Given,
                    false => IsoOffset::AssumedUtc,
                };
                Some(Self::Instants(values.clone(), offset))
            }
            Some(ValueKind::Number) if key == TS => {
                let millis = values.as_primitive_opt::<Int64Type>()?;
                Some(Self::Millis(
                    millis.values().clone(),
                    millis.nulls().cloned(),
                ))
            }
            Some(ValueKind::Text) | None if key == TIMESTAMP => Texts::of(values).map(Self::Texts),
            Some(ValueKind::Text | ValueKind::Flag | ValueKind::Number) | None => None,
        }
    }

    fn instant(&self, row: usize) -> Result<Option<(Timestamp, IsoOffset)>, NotPlain> {
        match self {
            Self::Texts(texts) => texts.get(row).map(instant).transpose(),
            Self::Instants(values, _) if values.is_null(row) => Ok(None),
            Self::Instants(values, offset) => {
                let at = timestamp(values, row).ok_or(NotPlain)?;
                Ok(Some((at, *offset)))
            }
            Self::Millis(..) => Err(NotPlain),
        }
    }

    #[inline(always)]
    fn millis(&self, row: usize) -> Result<Option<i64>, NotPlain> {
        if let Self::Millis(values, nulls) = self {
            let is_null = nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
            return Ok(values.get(row).copied().filter(|_| !is_null));
        }
        let instant = self.instant(row)?;
        Ok(instant.map(|(at, _)| at.as_millis()))
    }
}

impl PlainRows {
    /// Prepares the reading of rows.
    pub(super) fn new(rows: &Rows) -> Self {
        let mut plain = Self {
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
            if plain.add(column, values, text_max).is_none() {
                plain.exclude(|row| values.is_valid(row));
            }
        }
        plain
    }

    /// Adds a column. Returns `None` if only the general path reads its values.
    fn add(&mut self, column: &Column, values: &ArrayRef, text_max: usize) -> Option<()> {
        let index = KEYS.iter().position(|(name, _)| *name == column.name)?;
        let key = Key(index);
        (key.bit() & LINES_ONLY == 0).then_some(())?;
        let (_, kind) = KEYS.get(index)?;
        let is_short =
            |texts: &Texts, row| texts.get(row).is_none_or(|text| text.len() <= text_max);
        match kind {
            _ if key == TS => self.ts = Some(Times::of(key, values)?),
            _ if key == TIMESTAMP => self.timestamp = Some(Times::of(key, values)?),
            KeyKind::Text if key == EVENT_TYPE => {
                let texts = Texts::of(values)?;
                let is_intent = |text: &[u8]| text == b"trade.intent";
                self.exclude(|row| !texts.get(row).is_none_or(is_intent));
            }
            KeyKind::Text => {
                let texts = Texts::of(values)?;
                self.exclude(|row| !is_short(&texts, row));
                *self.texts.get_mut(index)? = Some(texts);
            }
            KeyKind::Number => {
                let numbers = Numbers::of(values)?;
                let is_plain = |number: f64| number.is_finite() && number.is_sign_positive();
                self.exclude(|row| !numbers.get(row).is_none_or(is_plain));
                *self.numbers.get_mut(index)? = Some(numbers);
            }
            KeyKind::TextOrNumber => {
                if let Some(texts) = Texts::of(values) {
                    self.exclude(|row| !is_short(&texts, row));
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

    /// Returns a row; `None` if it is not plain.
    #[inline(always)]
    pub(super) fn row(&self, index: usize) -> Option<PlainRow<'_>> {
        let is_plain = *self.is_plain.get(index)?;
        is_plain.then_some(PlainRow { rows: self, index })
    }
}

/// The values of a plain row.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlainRow<'a> {
    rows: &'a PlainRows,
    index: usize,
}

impl<'a> PlainValues<'a> for PlainRow<'a> {
    #[inline(always)]
    fn text(&self, key: Key) -> Option<&'a [u8]> {
        self.rows.texts.get(key.0)?.as_ref()?.get(self.index)
    }

    #[inline(always)]
    fn name(&self, key: Key) -> Option<Name> {
        self.rows.texts.get(key.0)?.as_ref()?.name(self.index)
    }

    #[inline(always)]
    fn number(&self, key: Key) -> Option<f64> {
        self.rows.numbers.get(key.0)?.as_ref()?.get(self.index)
    }

    #[inline(always)]
    fn millis(&self, key: Key) -> Result<Option<i64>, NotPlain> {
        match &self.rows.ts {
            Some(times) if key == TS => times.millis(self.index),
            Some(_) | None => Ok(None),
        }
    }

    #[inline(always)]
    fn timestamp(&self) -> Result<Option<(Timestamp, IsoOffset)>, NotPlain> {
        match &self.rows.timestamp {
            Some(times) => times.instant(self.index),
            None => Ok(None),
        }
    }
}
