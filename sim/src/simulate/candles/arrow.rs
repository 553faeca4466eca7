//! Candles from Arrow columns, as Parquet and Feather files contain them.

use std::io;

use arrow_array::{Array, ArrayRef, RecordBatch, cast::AsArray as _};
use arrow_schema::{DataType, Schema};

use super::{
    columns::Columns,
    error::{CandleError, CandleFault, Place},
    input::Input,
    rows::Rows,
    time::{RawTime, Zone},
};
use crate::tape::table::{ValueKind, text, timestamp, write_number};

/// The columns of a file that are read.
pub(super) struct Reader<'a> {
    input: &'a Input<'a>,
    format: &'static str,
    /// The places of time, open, high, low, close and, if there is one, volume.
    pub(super) places: Vec<usize>,
    rows: Rows,
    row: u64,
}

impl<'a> Reader<'a> {
    /// Finds the columns, which must contain text, numbers or, for the time, timestamps or dates.
    pub(super) fn new(
        input: &'a Input<'a>,
        format: &'static str,
        schema: &Schema,
    ) -> Result<Self, CandleError> {
        let fields = schema.fields().iter();
        let names: Vec<&str> = fields.map(|field| field.name().as_str()).collect();
        let columns = Columns::find(&names).map_err(|fault| input.column_error(fault, &names))?;
        let [open, high, low, close] = columns.prices;
        let places = [columns.time, open, high, low, close];
        for place in places {
            let Some(field) = schema.fields().get(place) else {
                continue;
            };
            let is_time = place == columns.time;
            let found = field.data_type();
            let is_known = match ValueKind::of(found) {
                Some(ValueKind::Text | ValueKind::Number) => true,
                Some(ValueKind::Timestamp | ValueKind::Date) => is_time,
                Some(ValueKind::Flag) | None => false,
            };
            if !is_known {
                let expected = match is_time {
                    true => "numbers, timestamps, dates or text",
                    false => "numbers or text",
                };
                let name = field.name();
                let why = format!("column `{name}` has type {found}; expected {expected}");
                return Err(input.format_error(format, why));
            }
        }
        let is_number = |place: &usize| {
            let field = schema.fields().get(*place);
            let kind = field.and_then(|field| ValueKind::of(field.data_type()));
            matches!(kind, Some(ValueKind::Text | ValueKind::Number))
        };
        let volume = columns.volume.filter(is_number);
        let places = places.into_iter().chain(volume).collect();
        Ok(Self {
            rows: Rows::new(columns.time_column, input.options, Place::Row),
            input,
            format,
            places,
            row: 0,
        })
    }

    /// Appends the candles of a batch, whose columns are those of [`Self::places`], in this order.
    pub(super) fn read(&mut self, batch: &RecordBatch) -> Result<(), CandleError> {
        let cells: Vec<Cells<'_>> = batch.columns().iter().map(Cells::new).collect();
        let [time, open, high, low, close, volume @ ..] = &*cells else {
            let why = format!("{} columns were read instead of 5", cells.len());
            return Err(self.input.format_error(self.format, why));
        };
        for row in 0..batch.num_rows() {
            self.row += 1;
            let text = |cells: &Cells<'_>| {
                let text = cells.text(row);
                text.map_err(|error| self.input.format_error(self.format, error.to_string()))
            };
            let [open, high, low, close] = [text(open)?, text(high)?, text(low)?, text(close)?];
            let volume = volume.first().map(text).transpose()?;
            let prices = [&*open, &*high, &*low, &*close];
            let values = (prices, volume.as_deref().unwrap_or_default());
            let pushed = match time.known(row) {
                Some(Ok(time)) => self.rows.push(self.row, time, values),
                Some(Err(expected)) => Err(CandleFault::Time {
                    column: self.rows.column.name.clone(),
                    value: String::new(),
                    expected,
                }),
                None => {
                    let time = text(time)?;
                    self.rows.push_text(self.row, &time, values)
                }
            };
            pushed.map_err(|fault| CandleError::Candle {
                path: self.input.path.to_owned(),
                place: Place::Row(self.row),
                fault,
            })?;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Rows {
        self.rows
    }
}

/// The values of one column of a batch.
struct Cells<'b> {
    column: &'b ArrayRef,
    /// The values of a dictionary, and the place of the value of each row.
    dictionary: Option<(&'b ArrayRef, Vec<usize>)>,
}

impl<'b> Cells<'b> {
    fn new(column: &'b ArrayRef) -> Self {
        let dictionary = column.as_any_dictionary_opt();
        Self {
            column,
            dictionary: dictionary.map(|dictionary| {
                let values = dictionary.values();
                // A dictionary without values has only nulls.
                let keys = match values.is_empty() {
                    true => Vec::new(),
                    false => dictionary.normalized_keys(),
                };
                (values, keys)
            }),
        }
    }

    /// Returns the array and the place of the value of a row; `None` for null.
    fn value(&self, row: usize) -> Option<(&'b ArrayRef, usize)> {
        if self.column.is_null(row) {
            return None;
        }
        let (values, place) = match &self.dictionary {
            Some((values, keys)) => (*values, *keys.get(row)?),
            None => (self.column, row),
        };
        values.is_valid(place).then_some((values, place))
    }

    /// Returns a text or a number as text; empty for null.
    fn text(&self, row: usize) -> io::Result<String> {
        let Some((values, place)) = self.value(row) else {
            return Ok(String::new());
        };
        if ValueKind::of(values.data_type()) != Some(ValueKind::Number) {
            return text(values, place).map(str::to_owned);
        }
        let mut number = Vec::new();
        write_number(values, place, &mut number);
        // `write_number` writes NaN and infinities in quotes.
        let number = String::from_utf8_lossy(&number);
        Ok(number.trim_matches('"').to_owned())
    }

    /// Returns the value of a column of timestamps or dates; `None` for another type.
    fn known(&self, row: usize) -> Option<Result<RawTime, &'static str>> {
        let found = self
            .dictionary
            .as_ref()
            .map_or(self.column, |(values, _)| values);
        let zone = match (ValueKind::of(found.data_type()), found.data_type()) {
            (Some(ValueKind::Date), _) => Zone::Date,
            (Some(ValueKind::Timestamp), DataType::Timestamp(_, Some(_))) => Zone::Given,
            (Some(ValueKind::Timestamp), _) => Zone::AssumedUtc,
            (Some(ValueKind::Text | ValueKind::Number | ValueKind::Flag) | None, _) => return None,
        };
        let Some((values, place)) = self.value(row) else {
            return Some(Err("it is null; each candle needs a time"));
        };
        let at = timestamp(values, place).ok_or("expected a time in the years 0 to 9999");
        Some(at.map(|at| RawTime::Known(at, zone)))
    }
}
