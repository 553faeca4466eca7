//! The rows of a candle file, before the unit and the label of their times are decided.

use portcullis::types::Timestamp;

use super::{
    candle::Prices,
    columns::{PRICES, TimeColumn},
    error::{CANDLES_MAX, CandleFault, Place},
    input::ReadOptions,
    time::{DecidedBy, RawTime, TimeForm, Zone, number_text},
    unit::UnitOfRows,
};
use crate::simulate::units::Price;

/// A row. Its time is in microseconds since 1970 or, if the times of the file are numbers, in millionths of their unit.
#[derive(Debug)]
pub(super) struct Row {
    time: i128,
    place: u64,
    pub(super) prices: Prices,
    pub(super) volume: Option<f64>,
}

/// The rows of a file.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) column: TimeColumn,
    pub(super) rows: Vec<Row>,
    unit: UnitOfRows,
    /// True if the times are numbers; `None` before the first row.
    is_numbers: Option<bool>,
    /// The number of times without a UTC offset.
    pub(super) naive: u64,
    dates: usize,
    to_place: fn(u64) -> Place,
}

impl Rows {
    /// Creates an empty list of rows. `to_place` states whether rows are lines of text or rows of a table.
    pub(super) fn new(
        column: TimeColumn,
        options: &ReadOptions,
        to_place: fn(u64) -> Place,
    ) -> Self {
        let by_option = options.time_unit.map(|unit| (unit, DecidedBy::Option));
        let by_name = column.unit.map(|unit| (unit, DecidedBy::Name));
        Self {
            unit: UnitOfRows::new(by_option.or(by_name)),
            column,
            rows: Vec::new(),
            is_numbers: None,
            naive: 0,
            dates: 0,
            to_place,
        }
    }

    /// Appends a row. `value` is its time, and `prices` are its open, high, low and close, as text. `volume` is empty if
    /// it is not stated.
    pub(super) fn push_text(
        &mut self,
        place: u64,
        value: &str,
        (prices, volume): ([&str; 4], &str),
    ) -> Result<(), CandleFault> {
        let time = RawTime::parse(value).map_err(|expected| CandleFault::Time {
            column: self.column.name.clone(),
            value: value.to_owned(),
            expected,
        })?;
        self.push(place, time, (prices, volume))
    }

    /// Appends a row, as [`Self::push_text`] does.
    pub(super) fn push(
        &mut self,
        place: u64,
        time: RawTime,
        (prices, volume): ([&str; 4], &str),
    ) -> Result<(), CandleFault> {
        let price = |text: &str, column| {
            Price::parse(text).map_err(|why| CandleFault::Value {
                column,
                value: text.to_owned(),
                why,
            })
        };
        let ([open, high, low, close], [o, h, l, c]) = (PRICES, prices);
        let prices = [
            price(o, open)?,
            price(h, high)?,
            price(l, low)?,
            price(c, close)?,
        ];
        let prices = Prices::new(prices)?;
        let time = self.checked(time)?;
        if self.rows.len() >= CANDLES_MAX {
            return Err(CandleFault::TooMany);
        }
        self.rows.push(Row {
            time,
            place,
            prices,
            // No fill depends on the volume, so a volume that is not a number is not an error.
            volume: volume.trim().parse().ok(),
        });
        Ok(())
    }

    /// Checks that a time has the form and the unit of the times before it.
    fn checked(&mut self, time: RawTime) -> Result<i128, CandleFault> {
        let is_number = matches!(time, RawTime::Number(_));
        if *self.is_numbers.get_or_insert(is_number) != is_number {
            return Err(CandleFault::MixedTimes {
                column: self.column.name.clone(),
                value: match time {
                    RawTime::Number(number) => number_text(number),
                    RawTime::Known(at, _) => at.to_string(),
                },
                is_number,
            });
        }
        match time {
            RawTime::Number(number) => {
                self.unit.check(&self.column.name, number)?;
                Ok(number)
            }
            RawTime::Known(at, zone) => {
                self.naive += u64::from(zone == Zone::AssumedUtc);
                self.dates += usize::from(zone == Zone::Date);
                Ok(i128::from(at.as_micros()))
            }
        }
    }

    /// Returns the place of a row.
    pub(super) fn place(&self, row: &Row) -> Place {
        (self.to_place)(row.place)
    }

    /// Returns the form of the times, and its origin.
    pub(super) fn form(&self) -> (TimeForm, DecidedBy) {
        match self.unit.decided() {
            Some((unit, by)) if self.is_numbers == Some(true) => (TimeForm::Epoch(unit), by),
            _ if self.dates == self.rows.len() => (TimeForm::Dates, DecidedBy::Values),
            _ => (TimeForm::DateTimes, DecidedBy::Values),
        }
    }

    /// Returns the time of a row.
    pub(super) fn time(&self, row: &Row, form: TimeForm) -> Result<Timestamp, CandleFault> {
        let at = match form {
            TimeForm::Epoch(unit) => unit.timestamp(row.time),
            TimeForm::DateTimes | TimeForm::Dates => i64::try_from(row.time)
                .ok()
                .and_then(|micros| Timestamp::from_micros(micros).ok()),
        };
        at.ok_or_else(|| CandleFault::Time {
            column: self.column.name.clone(),
            value: number_text(row.time),
            expected: "expected a time in the years 0 to 9999; check `--time-unit`",
        })
    }
}
