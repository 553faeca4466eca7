//! The times of a column.

use arrow_array::{Array, ArrayRef, cast::AsArray as _, types::Int64Type};
use portcullis::types::{IsoOffset, Timestamp};

use super::texts::Texts;
use crate::{
    replay::entries::{
        keys::{Key, TIMESTAMP, TS},
        values::instant,
    },
    tape::table::{ValueKind, has_zone, timestamps},
};

/// The times of a column; `None` for null.
#[derive(Debug)]
pub(super) enum Times {
    /// Epoch milliseconds.
    Millis(Vec<Option<i64>>),
    /// Times, and whether they state their UTC offset.
    Instants(Vec<Option<(Timestamp, IsoOffset)>>),
}

impl Times {
    /// Reads the times of a column, and excludes rows whose time only the general path reads. Returns `None` for a column
    /// that only the general path reads.
    pub(super) fn of(key: Key, values: &ArrayRef, is_plain: &mut [bool]) -> Option<Self> {
        match ValueKind::of(values.data_type()) {
            Some(ValueKind::Timestamp | ValueKind::Date) => {
                let offset = match has_zone(values.data_type()) {
                    true => IsoOffset::Given,
                    false => IsoOffset::AssumedUtc,
                };
                let times = timestamps(values, 0..values.len());
                for (is_plain, (row, time)) in is_plain.iter_mut().zip(times.iter().enumerate()) {
                    *is_plain &= time.is_some() || values.is_null(row);
                }
                let times = times.into_iter();
                let times = times.map(|time| time.map(|at| (at, offset)));
                Some(Self::Instants(times.collect()))
            }
            Some(ValueKind::Number) if key == TS => {
                let millis = values.as_primitive_opt::<Int64Type>()?;
                Some(Self::Millis(millis.iter().collect()))
            }
            Some(ValueKind::Text) | None if key == TIMESTAMP => {
                let texts = Texts::of(values)?;
                let time = |row: usize, is_plain: &mut bool| {
                    let time = texts.get(row).map(instant).transpose();
                    *is_plain &= time.is_ok();
                    time.unwrap_or_default()
                };
                let rows = is_plain.iter_mut().enumerate();
                Some(Self::Instants(
                    rows.map(|(row, is_plain)| time(row, is_plain)).collect(),
                ))
            }
            Some(ValueKind::Text | ValueKind::Flag | ValueKind::Number) | None => None,
        }
    }

    /// Returns the time of a row and whether it states its UTC offset; `None` for null.
    #[inline(always)]
    pub(super) fn instant(&self, row: usize) -> Option<(Timestamp, IsoOffset)> {
        match self {
            Self::Instants(times) => *times.get(row)?,
            Self::Millis(_) => None,
        }
    }

    /// Returns the time of a row in epoch milliseconds; `None` for null.
    #[inline(always)]
    pub(super) fn millis(&self, row: usize) -> Option<i64> {
        match self {
            Self::Millis(times) => *times.get(row)?,
            Self::Instants(times) => (*times.get(row)?).map(|(at, _)| at.as_millis()),
        }
    }
}
