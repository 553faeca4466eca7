//! The numbers of a column.

use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, PrimitiveArray,
    cast::AsArray as _,
    types::{Float64Type, Int8Type, Int16Type, Int32Type, UInt8Type, UInt16Type, UInt32Type},
};
use arrow_buffer::ScalarBuffer;
use arrow_schema::DataType;

use crate::tape::table::{ValueKind, write_number};

/// The numbers of a column. Null is NaN; a row with another number that is not plain is not read.
#[derive(Debug)]
pub(super) struct Numbers(ScalarBuffer<f64>);

impl Numbers {
    /// Reads the numbers of a column, and excludes rows with NaN, an infinity or a negative number. Returns `None` for a
    /// column of another type.
    pub(super) fn of(values: &ArrayRef, is_plain: &mut [bool]) -> Option<Self> {
        let numbers = converted(values)?;
        let nulls = values.nulls();
        match nulls {
            None => {
                for (is_plain, number) in is_plain.iter_mut().zip(&*numbers) {
                    *is_plain &= is_plain_number(*number);
                }
                Some(Self(numbers))
            }
            Some(nulls) => {
                let cells = numbers.iter().zip(nulls);
                for (is_plain, (number, is_valid)) in is_plain.iter_mut().zip(cells.clone()) {
                    *is_plain &= !is_valid | is_plain_number(*number);
                }
                let numbers = cells.map(|(number, is_valid)| match is_valid {
                    true => *number,
                    false => f64::NAN,
                });
                Some(Self(numbers.collect()))
            }
        }
    }

    /// Reads the requested leverages of a column, of which none excludes its row: infinity for null, and NaN for an
    /// infinite number. Returns `None` for a column of another type.
    pub(super) fn requests(values: &ArrayRef) -> Option<Self> {
        let numbers = converted(values)?;
        let nulls = values.nulls();
        if nulls.is_none() && numbers.iter().all(|number| *number != f64::INFINITY) {
            return Some(Self(numbers));
        }
        let request = |(row, number): (usize, &f64)| match nulls {
            Some(nulls) if nulls.is_null(row) => f64::INFINITY,
            Some(_) | None if *number == f64::INFINITY => f64::NAN,
            Some(_) | None => *number,
        };
        Some(Self(numbers.iter().enumerate().map(request).collect()))
    }

    /// Reads the sizes of a column, of which none excludes its row: NaN for null. Returns `None` for a column of another
    /// type.
    pub(super) fn sizes(values: &ArrayRef) -> Option<Self> {
        let numbers = converted(values)?;
        let Some(nulls) = values.nulls() else {
            return Some(Self(numbers));
        };
        let cells = numbers.iter().zip(nulls);
        let size = |(number, is_valid): (&f64, bool)| if is_valid { *number } else { f64::NAN };
        Some(Self(cells.map(size).collect()))
    }

    /// Returns the number of a row; `None` for null.
    #[inline(always)]
    pub(super) fn get(&self, row: usize) -> Option<f64> {
        self.0.get(row).copied().filter(|number| !number.is_nan())
    }

    /// Returns the numbers, in which NaN is null.
    pub(super) const fn values(&self) -> &ScalarBuffer<f64> {
        &self.0
    }
}

/// Returns true for a finite number without a minus sign.
#[inline(always)]
fn is_plain_number(number: f64) -> bool {
    number.to_bits() < f64::INFINITY.to_bits()
}

/// Returns the numbers that the general path reads from the texts of the values. Nulls have any number.
fn converted(values: &ArrayRef) -> Option<ScalarBuffer<f64>> {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the texts of all other numbers are parsed"
    )]
    match values.data_type() {
        DataType::Float64 => Some(values.as_primitive::<Float64Type>().values().clone()),
        DataType::Int8 => Some(whole(values.as_primitive::<Int8Type>())),
        DataType::Int16 => Some(whole(values.as_primitive::<Int16Type>())),
        DataType::Int32 => Some(whole(values.as_primitive::<Int32Type>())),
        DataType::UInt8 => Some(whole(values.as_primitive::<UInt8Type>())),
        DataType::UInt16 => Some(whole(values.as_primitive::<UInt16Type>())),
        DataType::UInt32 => Some(whole(values.as_primitive::<UInt32Type>())),
        found if ValueKind::of(found) == Some(ValueKind::Number) => {
            let mut text = Vec::new();
            let rows = 0..values.len();
            Some(rows.map(|row| parsed(values, row, &mut text)).collect())
        }
        _ => None,
    }
}

fn whole<T: ArrowPrimitiveType>(values: &PrimitiveArray<T>) -> ScalarBuffer<f64>
where
    f64: From<T::Native>,
{
    values.values().iter().map(|it| f64::from(*it)).collect()
}

/// Returns the number that the general path reads from the text of the number; NaN if it is null or not finite.
fn parsed(values: &ArrayRef, row: usize, text: &mut Vec<u8>) -> f64 {
    if values.is_null(row) {
        return f64::NAN;
    }
    text.clear();
    write_number(values, row, text);
    let number = std::str::from_utf8(text).ok();
    number.and_then(|it| it.parse().ok()).unwrap_or(f64::NAN)
}
