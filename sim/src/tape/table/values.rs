//! Values of Arrow columns, as tapes and candles read them.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "`ValueKind::of` returns `None` for any other Arrow type"
)]

use std::{
    io::{self, Write as _},
    ops::Range,
};

use arrow_array::{
    Array, ArrowPrimitiveType,
    cast::AsArray as _,
    types::{
        Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
        DecimalType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
        Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
        TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
    },
};
use arrow_schema::{DataType, TimeUnit};
use portcullis::types::Timestamp;

const DAY_MICROS: i64 = 24 * 3600 * 1_000_000;

/// The kind of the values in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueKind {
    Text,
    Flag,
    Number,
    /// Timestamps of any unit, with or without a time zone.
    Timestamp,
    Date,
}

impl ValueKind {
    /// Returns the kind of the values of a column; `None` for an unsupported type. The kind of a dictionary or of runs
    /// is that of their values.
    pub(crate) fn of(found: &DataType) -> Option<Self> {
        match value_type(found) {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Some(Self::Text),
            DataType::Boolean => Some(Self::Flag),
            DataType::Timestamp(_, _) => Some(Self::Timestamp),
            DataType::Date32 | DataType::Date64 => Some(Self::Date),
            found if found.is_numeric() => Some(Self::Number),
            _ => None,
        }
    }
}

/// Returns the type of the values of a dictionary or of runs; of any other column, its own type.
pub(super) fn value_type(found: &DataType) -> &DataType {
    match found {
        DataType::Dictionary(_, values) => value_type(values),
        DataType::RunEndEncoded(_, values) => value_type(values.data_type()),
        found => found,
    }
}

/// Returns the bytes of a text or of bytes; empty for another type.
pub(crate) fn bytes(values: &dyn Array, row: usize) -> &[u8] {
    match values.data_type() {
        DataType::Utf8 => values.as_string::<i32>().value(row).as_bytes(),
        DataType::LargeUtf8 => values.as_string::<i64>().value(row).as_bytes(),
        DataType::Utf8View => values.as_string_view().value(row).as_bytes(),
        DataType::Binary => values.as_binary::<i32>().value(row),
        DataType::LargeBinary => values.as_binary::<i64>().value(row),
        DataType::BinaryView => values.as_binary_view().value(row),
        _ => &[],
    }
}

/// Returns a text; empty for another type.
///
/// # Errors
/// Returns an error if the bytes are not UTF-8.
pub(crate) fn text(values: &dyn Array, row: usize) -> io::Result<&str> {
    simdutf8::basic::from_utf8(bytes(values, row))
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a text is not UTF-8"))
}

/// Returns false for timestamps without a time zone, which are read as UTC.
pub(crate) fn has_zone(found: &DataType) -> bool {
    !matches!(found, DataType::Timestamp(_, None))
}

/// Writes a number as JSON, with all its digits. NaN and infinities become strings, which are not accepted as numbers.
pub(crate) fn write_number(values: &dyn Array, row: usize, to: &mut Vec<u8>) {
    // Writing to memory cannot fail.
    let _ = number(values, row, to);
}

fn number(values: &dyn Array, row: usize, to: &mut Vec<u8>) -> io::Result<()> {
    match values.data_type() {
        DataType::Int8 => whole::<Int8Type>(values, row, to),
        DataType::Int16 => whole::<Int16Type>(values, row, to),
        DataType::Int32 => whole::<Int32Type>(values, row, to),
        DataType::Int64 => whole::<Int64Type>(values, row, to),
        DataType::UInt8 => whole::<UInt8Type>(values, row, to),
        DataType::UInt16 => whole::<UInt16Type>(values, row, to),
        DataType::UInt32 => whole::<UInt32Type>(values, row, to),
        DataType::UInt64 => whole::<UInt64Type>(values, row, to),
        DataType::Decimal32(..) => decimal::<Decimal32Type>(values, row, to),
        DataType::Decimal64(..) => decimal::<Decimal64Type>(values, row, to),
        DataType::Decimal128(..) => decimal::<Decimal128Type>(values, row, to),
        DataType::Decimal256(..) => decimal::<Decimal256Type>(values, row, to),
        DataType::Float16 => float(
            f64::from(values.as_primitive::<Float16Type>().value(row)),
            to,
        ),
        DataType::Float32 => {
            // The number is formatted as an `f32`, because a conversion to `f64` would add digits.
            let number = values.as_primitive::<Float32Type>().value(row);
            match number.is_finite() {
                true => write!(to, "{number}"),
                false => write!(to, "\"{number}\""),
            }
        }
        DataType::Float64 => float(values.as_primitive::<Float64Type>().value(row), to),
        _ => Ok(()),
    }
}

fn whole<T: ArrowPrimitiveType>(values: &dyn Array, row: usize, to: &mut Vec<u8>) -> io::Result<()>
where
    T::Native: std::fmt::Display,
{
    write!(to, "{}", values.as_primitive::<T>().value(row))
}

fn decimal<T: DecimalType>(values: &dyn Array, row: usize, to: &mut Vec<u8>) -> io::Result<()> {
    write!(to, "{}", values.as_primitive::<T>().value_as_string(row))
}

fn float(number: f64, to: &mut Vec<u8>) -> io::Result<()> {
    if number.is_finite() {
        serde_json::to_writer(to, &number).map_err(io::Error::from)
    } else {
        write!(to, "\"{number}\"")
    }
}

/// Returns a timestamp, or the beginning of a date in UTC, rounded down to the microsecond. Returns `None` for null, for a
/// value out of range, and for another type.
pub(crate) fn timestamp(values: &dyn Array, row: usize) -> Option<Timestamp> {
    timestamps(values, row..row.checked_add(1)?).pop()?
}

/// Returns the timestamps of some rows of a column, as [`timestamp`] returns each.
pub(crate) fn timestamps(values: &dyn Array, rows: Range<usize>) -> Vec<Option<Timestamp>> {
    match values.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => {
            let to_micros = |seconds: i64| seconds.checked_mul(1_000_000);
            times::<TimestampSecondType>(values, rows, to_micros)
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            let to_micros = |millis: i64| millis.checked_mul(1_000);
            times::<TimestampMillisecondType>(values, rows, to_micros)
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            times::<TimestampMicrosecondType>(values, rows, Some)
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            let to_micros = |nanos: i64| Some(nanos.div_euclid(1_000));
            times::<TimestampNanosecondType>(values, rows, to_micros)
        }
        DataType::Date32 => {
            let to_micros = |days| i64::from(days).checked_mul(DAY_MICROS);
            times::<Date32Type>(values, rows, to_micros)
        }
        DataType::Date64 => {
            let to_micros = |millis: i64| millis.checked_mul(1_000);
            times::<Date64Type>(values, rows, to_micros)
        }
        _ => vec![None; rows.len()],
    }
}

fn times<T: ArrowPrimitiveType>(
    values: &dyn Array,
    rows: Range<usize>,
    to_micros: impl Fn(T::Native) -> Option<i64>,
) -> Vec<Option<Timestamp>> {
    let raw = values.as_primitive::<T>().values();
    let time = |row: usize| {
        let raw = raw.get(row).filter(|_| values.is_valid(row))?;
        Timestamp::from_micros(to_micros(*raw)?).ok()
    };
    rows.map(time).collect()
}
